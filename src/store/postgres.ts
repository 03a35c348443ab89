/** PostgreSQL by pg: a small pool, READ COMMITTED, and one listening connection per worker. */
import { setTimeout as wait } from 'node:timers/promises';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { Client, type CustomTypesConfig, Pool, types } from 'pg';
import type { Engine } from './engine.ts';
import type { Tables } from './tables.ts';

/** Connections of one process; a shop's database has about a hundred for everybody. */
const POOL_MAX = 10;
/** Waiting for a connection, free or new. Beyond this a request is better told to come back. */
const CONNECT_TIMEOUT_MS = 10_000;
const RETRIES = 3;
/** Above the time that most transactions take. */
const RETRY_SPACING_MS = 10;
const RETRY_PLACES = 5;
const CHANNEL = 'regain_outbox';
/** Tables of our own schema: a shop's database has `accounts` and `sessions` already. */
const SCHEMA = 'regain';
/** Any number will do that every version of Regain uses: "regain" in ASCII. */
const MIGRATION_LOCK = 0x72656761696e;
const RECONNECT_WAITS_MS = [50, 200, 1_000, 5_000] as const;

/** Opens no connection yet; the first query does. */
export function openPostgres(url: string): Engine {
  const pool = new Pool({
    connectionString: url,
    max: POOL_MAX,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    types: numbersFromInt8,
  });
  // An idle connection was lost. The pool has dropped it; whoever asks next gets a new one, or the error.
  pool.on('error', () => {});
  // A query of a new connection comes before those that wait for it; its failure fails them, too.
  pool.on('connect', (client) => void client.query(`set search_path to ${SCHEMA}`).catch(() => {}));
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const repeated = repeating();
  const transaction: Engine['transaction'] = (work) =>
    repeated(() => kysely.transaction().setIsolationLevel('read committed').execute(work));
  return {
    name: 'postgres',
    kysely,
    dialect: {
      text: sql`text collate "C"`,
      moment: sql`bigint`,
      counter: sql`bigint generated always as identity primary key`,
      strict: sql``,
      strictByKey: sql``,
    },
    transaction,
    run: transaction,
    locked: (query) => query.forUpdate(),
    skippingLocked: (query) => query.forUpdate().skipLocked(),
    async lockMigrations(transaction) {
      await sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`.execute(transaction);
      await sql`create schema if not exists ${sql.id(SCHEMA)}`.execute(transaction);
    },
    async hasMigrationsTable(transaction) {
      const found = await sql<{ exists: boolean }>`select to_regclass('migrations') is not null as exists`.execute(
        transaction,
      );
      return found.rows[0]?.exists === true;
    },
    async beforeQueuedCommit(running) {
      await running.executeQuery(sql`select pg_notify(${CHANNEL}, '')`.compile(kysely));
    },
    // The notification reaches the listeners of every process, this one among them.
    afterQueuedCommit() {},
    async onQueued(wake) {
      const listener = new Listener(url, wake);
      await listener.start();
      return () => listener.stop();
    },
    close: () => pool.end(),
  };
}

/** Moments, sums and counts fit into 53 bits; pg would return them as text. Other users of pg keep their own parsers. */
const numbersFromInt8: CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    oid === types.builtins.INT8 && format !== 'binary' ? Number : types.getTypeParser(oid, format),
};

/**
 * Transactions that lost against each other are run again, as PostgreSQL asks (manual, 13.5). Both of a deadlock can lose;
 * started again at once they met in the same place up to three times over, so losers start one after the other.
 */
function repeating(): <T>(run: () => Promise<T>) => Promise<T> {
  let losers = 0;
  return async (run) => {
    for (let retries = 0; ; retries += 1) {
      try {
        return await run();
      } catch (error) {
        const { code } = error as { code?: unknown };
        const lost = code === '40001' || code === '40P01';
        if (!lost || retries === RETRIES) throw error;
      }
      const place = losers % RETRY_PLACES;
      losers += 1;
      await wait(place * RETRY_SPACING_MS);
    }
  };
}

/** Listens on a connection of its own, and makes a new one when it is lost. */
class Listener {
  readonly #url: string;
  readonly #wake: () => void;
  #client: Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(url: string, wake: () => void) {
    this.#url = url;
    this.#wake = wake;
  }

  async start(): Promise<void> {
    const client = new Client({
      connectionString: this.#url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    });
    let listening = false;
    client.on('notification', () => this.#wake());
    // 'end' follows and mends it; without a listener here the process would end.
    client.on('error', () => {});
    client.on('end', () => {
      if (listening) this.#reconnect(0);
    });
    this.#client = client;
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      listening = true;
    } catch (error) {
      await client.end();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#client?.end();
  }

  #reconnect(attempt: number): void {
    if (this.#stopped) return;
    const waitMs = RECONNECT_WAITS_MS[Math.min(attempt, RECONNECT_WAITS_MS.length - 1)];
    this.#timer = setTimeout(() => {
      this.start().then(
        // What was queued in between was announced to nobody.
        () => this.#wake(),
        () => this.#reconnect(attempt + 1),
      );
    }, waitMs);
  }
}
