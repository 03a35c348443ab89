/**
 * The real program as an attacker meets it: `regain serve` in production mode, a process of its own on a port, with a real
 * mail server; and beside it the database, for tests that put people in, read what was stored, or spoil it.
 */
import { ownAccounts } from '../src/accounts/own.ts';
import { parseConfig } from '../src/config.ts';
import { createHasher } from '../src/passwords/hasher.ts';
import { openStore } from '../src/store/open.ts';
import { systemRandom } from '../src/system.ts';
import { ENGINES } from './engines.ts';
import { addPerson, codeIn, type Person } from './people.ts';
import { type Running, serve } from './regain.ts';
import { type SinkMessage, type SmtpSink, startSmtpSink } from './smtp-sink.ts';
import { sqlOn } from './sql-on.ts';
import { type ApiAnswer, callApi, Visitor } from './visitor.ts';

/** Where the shop says that it is; the port that it listens on is reached by another name. */
export const SHOP_ORIGIN = 'https://accounts.shop.example';

export interface RunningShop {
  program: Running;
  sink: SmtpSink;
  /** Another process of the same shop, on the same database. */
  secondNode(): Promise<Running>;
  /** Calls the HTTP API by HTTP; `path` is below /api/v1. `node` defaults to the first process. */
  api(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    options?: Parameters<typeof callApi>[4],
    node?: Running,
  ): Promise<ApiAnswer>;
  post(path: string, body: unknown, node?: Running): Promise<ApiAnswer>;
  /** A browser without script; `address` is what the trusted proxy says of it, loopback otherwise. */
  visitor(address?: string): Visitor;
  /** An account with a fresh address and the old password; returns its first address. */
  someone(more?: Partial<Person>): Promise<string>;
  /** The next mail to this address that no test has read yet. */
  mail(to: string, subject?: RegExp): Promise<SinkMessage>;
  /** Asks for a recovery by the API and reads the mail. */
  recovery(email: string): Promise<{ token: string; code: string }>;
  /** A recovery whose code was right: only the password is missing. */
  proven(email: string): Promise<string>;
  /** Resolves when no message waits to be sent. */
  drained(): Promise<void>;
  /** Runs one statement on the shop's database; `?` stands for the values in turn. */
  sql(text: string, ...values: (string | number | null)[]): Promise<Record<string, unknown>[]>;
  /** The stored password hash of the account that holds this address. */
  passwordHash(email: string): Promise<unknown>;
  close(): Promise<void>;
}

export async function openShop(engine: keyof typeof ENGINES, env: Record<string, string> = {}): Promise<RunningShop> {
  const database = await ENGINES[engine]();
  const sink = await startSmtpSink();
  const settings = {
    NODE_ENV: 'production',
    REGAIN_ORIGIN: SHOP_ORIGIN,
    REGAIN_DATABASE_URL: database.url,
    REGAIN_SMTP_URL: sink.url,
    REGAIN_MAIL_FROM: 'Shop <no-reply@shop.example>',
    REGAIN_BRAND_NAME: 'Shop',
    REGAIN_TRUST_PROXY: '1',
    REGAIN_LOG_LEVEL: 'silent',
    // All tests of a file ask at one shop within seconds.
    REGAIN_BUSY_HOUR_SENDS: '10000',
    ...env,
  };
  const program = await serve(settings);
  const others: Running[] = [];
  const config = parseConfig({ REGAIN_DATABASE_URL: database.url });
  const store = await openStore(config.database);
  const context = {
    store,
    accounts: ownAccounts(systemRandom),
    hasher: createHasher({ concurrency: 1, queueMax: 10 }),
  };
  const read = new Set<SinkMessage>();
  let people = 0;

  const shop: RunningShop = {
    program,
    sink,
    async secondNode() {
      const node = await serve(settings);
      others.push(node);
      return node;
    },
    api: (method, path, options, node = program) => callApi(fetch, node.origin, method, `/api/v1${path}`, options),
    post: (path, body, node) => shop.api('POST', path, { body }, node),
    visitor: (address) => new Visitor(fetch, program.origin, address ? { 'X-Forwarded-For': address } : {}),
    async someone(more = {}) {
      people += 1;
      // All of one length, so that answers about them can be compared byte by byte.
      const email = `person${String(people).padStart(3, '0')}@example.com`;
      await addPerson({ regain: { context }, now: Date.now }, { emails: [email], ...more });
      return more.emails?.[0] ?? email;
    },
    async mail(to, subject = /./) {
      for (;;) {
        const fits = (message: SinkMessage) => message.to === to && subject.test(message.subject) && !read.has(message);
        const found = await sink.waitFor(fits, `to ${to}, ${subject}`);
        // Another reader may have waited for the same one.
        if (read.has(found)) continue;
        read.add(found);
        return found;
      }
    },
    async recovery(email) {
      const { status, json } = await shop.post('/recovery', { identifier: email });
      if (status !== 202) throw new Error(`recovery of ${email}: ${status} ${JSON.stringify(json)}`);
      return { token: json.token, code: codeIn(await shop.mail(email, /^Reset your/)) };
    },
    async proven(email) {
      const { token, code } = await shop.recovery(email);
      const { status, json } = await shop.post('/recovery/verify', { token, code });
      if (status !== 200) throw new Error(`verify for ${email}: ${status} ${JSON.stringify(json)}`);
      return token;
    },
    async drained() {
      while ((await store.transaction((tx) => tx.outbox.count('queued'))) > 0)
        await new Promise((resume) => setTimeout(resume, 5));
    },
    sql: (text, ...values) => sqlOn(config.database, text, ...values),
    async passwordHash(email) {
      const [row] = await shop.sql(
        'select password_hash from accounts where id in (select account_id from addresses where canonical = ?)',
        email,
      );
      return row?.password_hash;
    },
    async close() {
      // Not asked to stop: answers that a test did not read would hold a graceful stop for as long as it may take.
      for (const node of [program, ...others]) {
        await node.kill();
        await node.stop();
      }
      await store.close();
      await sink.stop();
      await database.remove();
    },
  };
  return shop;
}
