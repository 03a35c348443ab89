/** Opens the store on the database that the settings name. */
import { sql } from 'kysely';
import type { DatabaseUrl } from '../config.ts';
import type { Clock } from '../ports.ts';
import { systemClock } from '../system.ts';
import { accountQueries } from './accounts.ts';
import { auditQueries } from './audit.ts';
import { auditChainQueries } from './audit-chain.ts';
import { candidateQueries } from './candidates.ts';
import { chatQueries } from './chats.ts';
import { earlyReceiptQueries } from './early-receipts.ts';
import type { Engine } from './engine.ts';
import { guessQueries } from './guesses.ts';
import { heldPasswordQueries } from './held-passwords.ts';
import { limitQueries } from './limits.ts';
import { linkTokenQueries } from './link-tokens.ts';
import { messageQueries } from './messages.ts';
import { migrate, pendingMigrations } from './migrations/migrate.ts';
import { noAccountMailQueries } from './no-account-mails.ts';
import { OpenTransaction } from './open-transaction.ts';
import { outboxQueries } from './outbox.ts';
import { proofQueries } from './proofs.ts';
import { retiredIdentifierQueries } from './retired-identifiers.ts';
import { sessionQueries } from './sessions.ts';
import { spendQueries } from './spend.ts';
import type { Store, StoreTransaction } from './store.ts';
import { suppressionQueries } from './suppressions.ts';

/** @throws where an SQLite file can't be opened; PostgreSQL is first asked by the first query */
export async function openStore(database: DatabaseUrl, clock: Clock = systemClock): Promise<Store> {
  const engine = await openEngine(database);
  const queriesOf = allQueries(engine, clock);
  return {
    engine: engine.name,
    transaction: (work, options) => transaction(engine, queriesOf, work, options),
    migrate: () => migrate(engine),
    pendingMigrations: () => pendingMigrations(engine),
    async ping() {
      await sql`select 1`.execute(engine.kysely);
    },
    onQueued: (wake, options) => engine.onQueued(wake, { otherProcesses: options?.otherProcesses ?? false }),
    close: () => engine.close(),
  };
}

/** Reads the code of one engine only. */
async function openEngine(database: DatabaseUrl): Promise<Engine> {
  if (database.engine === 'sqlite') return (await import('./sqlite.ts')).openSqlite(database.file);
  return (await import('./postgres.ts')).openPostgres(database.url);
}

async function transaction<T>(
  engine: Engine,
  queriesOf: (open: OpenTransaction) => StoreTransaction,
  work: (tx: StoreTransaction) => Promise<T>,
  options?: { ahead?: boolean },
): Promise<T> {
  let queued = false;
  const result = await engine.run(async (running) => {
    const open = new OpenTransaction(running);
    const value = await open.runToEnd(() => work(queriesOf(open)));
    open.assertSound();
    queued = open.queued;
    if (queued) await engine.beforeQueuedCommit(running);
    return value;
  }, options);
  if (queued) engine.afterQueuedCommit();
  return result;
}

function allQueries(engine: Engine, clock: Clock): (open: OpenTransaction) => StoreTransaction {
  const { kysely } = engine;
  const proofs = proofQueries(engine);
  const candidates = candidateQueries(kysely);
  const outbox = outboxQueries(engine, clock);
  const messages = messageQueries(engine);
  const noAccountMails = noAccountMailQueries(kysely);
  const retiredIdentifiers = retiredIdentifierQueries(kysely);
  const heldPasswords = heldPasswordQueries(kysely);
  const suppressions = suppressionQueries(kysely);
  const earlyReceipts = earlyReceiptQueries(kysely);
  const chats = chatQueries(engine);
  const linkTokens = linkTokenQueries(kysely);
  const guesses = guessQueries(kysely);
  const limits = limitQueries(kysely);
  const spend = spendQueries(kysely);
  const accounts = accountQueries(engine);
  const sessions = sessionQueries(engine);
  const audit = auditQueries(kysely);
  const auditChain = auditChainQueries(kysely);
  return (open) => ({
    transaction: true,
    proofs: proofs(open),
    candidates: candidates(open),
    outbox: outbox(open),
    messages: messages(open),
    noAccountMails: noAccountMails(open),
    retiredIdentifiers: retiredIdentifiers(open),
    heldPasswords: heldPasswords(open),
    suppressions: suppressions(open),
    earlyReceipts: earlyReceipts(open),
    chats: chats(open),
    linkTokens: linkTokens(open),
    guesses: guesses(open),
    limits: limits(open),
    spend: spend(open),
    accounts: accounts(open),
    sessions: sessions(open),
    audit: audit(open),
    auditChain: auditChain(open),
  });
}
