/** Brings the tables to this version: numbered files, each applied once, in one transaction. */
import { type Kysely, sql } from 'kysely';
import type { Engine, SchemaDialect } from '../engine.ts';
import * as initial from './0001-initial.ts';
import * as lanes from './0002-lanes.ts';
import * as auditChain from './0003-audit-chain.ts';
import * as retiredIdentifiers from './0004-retired-identifiers.ts';
import * as heldPasswords from './0005-held-passwords.ts';
import * as suppressions from './0006-suppressions.ts';
import * as spend from './0007-spend.ts';
import * as messageEvents from './0008-message-events.ts';
import * as ladder from './0009-ladder.ts';
import * as chats from './0010-chats.ts';
import * as rungs from './0011-rungs.ts';
import * as candidates from './0012-candidates.ts';
import * as urgency from './0013-urgency.ts';
import * as requests from './0014-requests.ts';
import * as provenAddresses from './0015-proven-addresses.ts';
import * as decoysOfTheStopped from './0016-decoys-of-the-stopped.ts';
import * as scopedIds from './0017-scoped-ids.ts';
import * as removedAddresses from './0018-removed-addresses.ts';
import * as earlyReceipts from './0019-early-receipts.ts';
import * as retries from './0020-retries.ts';
import * as spendByCountry from './0021-spend-by-country.ts';
import * as waysThatMayWorkAgain from './0022-ways-that-may-work-again.ts';

interface Migration {
  name: string;
  up(db: Kysely<unknown>, dialect: SchemaDialect): Promise<void>;
}

/** In order. A migration that was published is never changed; what it got wrong, the next one mends. */
const MIGRATIONS: readonly Migration[] = [
  { name: '0001-initial', up: initial.up },
  { name: '0002-lanes', up: lanes.up },
  { name: '0003-audit-chain', up: auditChain.up },
  { name: '0004-retired-identifiers', up: retiredIdentifiers.up },
  { name: '0005-held-passwords', up: heldPasswords.up },
  { name: '0006-suppressions', up: suppressions.up },
  { name: '0007-spend', up: spend.up },
  { name: '0008-message-events', up: messageEvents.up },
  { name: '0009-ladder', up: ladder.up },
  { name: '0010-chats', up: chats.up },
  { name: '0011-rungs', up: rungs.up },
  { name: '0012-candidates', up: candidates.up },
  { name: '0013-urgency', up: urgency.up },
  { name: '0014-requests', up: requests.up },
  { name: '0015-proven-addresses', up: provenAddresses.up },
  { name: '0016-decoys-of-the-stopped', up: decoysOfTheStopped.up },
  { name: '0017-scoped-ids', up: scopedIds.up },
  { name: '0018-removed-addresses', up: removedAddresses.up },
  { name: '0019-early-receipts', up: earlyReceipts.up },
  { name: '0020-retries', up: retries.up },
  { name: '0021-spend-by-country', up: spendByCountry.up },
  { name: '0022-ways-that-may-work-again', up: waysThatMayWorkAgain.up },
];

/** Returns the names applied. Another process that migrates at the same moment is waited for. */
export async function migrate(engine: Engine): Promise<string[]> {
  const pending = await pendingMigrations(engine);
  const applied: string[] = [];
  for (const migration of MIGRATIONS)
    if (pending.includes(migration.name) && (await apply(engine, migration))) applied.push(migration.name);
  return applied;
}

export async function pendingMigrations(engine: Engine): Promise<string[]> {
  const applied = await engine.transaction(async (transaction) => {
    if (!(await engine.hasMigrationsTable(transaction))) return [];
    return transaction.selectFrom('migrations').select('name').execute();
  });
  return MIGRATIONS.map(({ name }) => name).filter((name) => !applied.some((row) => row.name === name));
}

/** False where another process was faster. */
function apply({ transaction, lockMigrations, dialect }: Engine, migration: Migration): Promise<boolean> {
  return transaction(async (db) => {
    await lockMigrations(db);
    await sql`create table if not exists migrations (name ${dialect.text} primary key) ${dialect.strict}`.execute(db);
    const { name } = migration;
    if (await db.selectFrom('migrations').select('name').where('name', '=', name).executeTakeFirst()) return false;
    await migration.up(db as unknown as Kysely<unknown>, dialect);
    await db.insertInto('migrations').values({ name }).execute();
    return true;
  });
}
