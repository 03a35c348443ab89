/** SQLite by node:sqlite: one connection, one transaction at a time, durable at every commit. */
import { closeSync, openSync, watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely';
import type { Engine } from './engine.ts';
import { SharedCommits, Turns, type Writer } from './shared-commit.ts';
import type { Tables } from './tables.ts';

/** @throws where the file can't be opened or is no database */
export function openSqlite(file: string): Engine {
  const database = openDatabase(file);
  const turns = new Turns();
  const connection = new SqliteConnection(database);
  const commits = new SharedCommits(connection, turns);
  const kysely = new Kysely<Tables>({ dialect: dialectOf(connection, turns) });
  const wakes = new Set<() => void>();
  return {
    name: 'sqlite',
    kysely,
    dialect: {
      text: sql`text`,
      moment: sql`integer`,
      counter: sql`integer primary key autoincrement`,
      strict: sql`strict`,
      strictByKey: sql`strict, without rowid`,
    },
    transaction: (work) => kysely.transaction().execute(work),
    run: (work, { ahead = false } = {}) => commits.run(work, ahead),
    // The one writer holds the whole database.
    locked: (query) => query,
    skippingLocked: (query) => query,
    async lockMigrations() {},
    async hasMigrationsTable(transaction) {
      const found = await sql`select 1 from sqlite_schema where type = 'table' and name = 'migrations'`.execute(
        transaction,
      );
      return found.rows.length > 0;
    },
    async beforeQueuedCommit() {},
    afterQueuedCommit() {
      for (const wake of wakes) wake();
    },
    async onQueued(wake, { otherProcesses }) {
      wakes.add(wake);
      const unwatch =
        otherProcesses && file !== ':memory:'
          ? await watchOtherProcesses(file, commits, wake, otherProcesses === 'seldom' ? SELDOM_MS : 0)
          : () => {};
      return async () => {
        wakes.delete(wake);
        unwatch();
      };
    },
    async close() {
      // What was asked for before is served; where it can't be, those who asked are told.
      await commits.run(async () => {}).catch(() => {});
      const done = await turns.take();
      if (database.isOpen) database.close();
      done();
    },
  };
}

/** Between two looks for what others committed, where that is rare. */
const SELDOM_MS = 1_000;

function openDatabase(file: string): DatabaseSync {
  // Password hashes and addresses are nobody else's business; the files beside it take over its permissions.
  if (file !== ':memory:') closeSync(openSync(file, 'a', 0o600));
  const database = new DatabaseSync(file);
  // First the time-out: switching to write-ahead logging may have to wait for another process.
  database.exec('pragma busy_timeout = 5000');
  database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on');
  return database;
}

/**
 * Every commit of any process writes to the log; `data_version` grows only with those of others, so the worker's own
 * commits don't wake it in a circle. It is read under the write lock: the log is written a moment before the commit shows.
 */
async function watchOtherProcesses(
  file: string,
  commits: SharedCommits<SqliteConnection>,
  wake: () => void,
  everyMs: number,
): Promise<() => void> {
  const path = resolve(file);
  const log = `${basename(path)}-wal`;
  let seen = await dataVersion(commits);
  let asked = false;
  let stopped = false;
  const look = async (): Promise<void> => {
    const current = await dataVersion(commits, () => {
      asked = false;
    });
    if (!stopped && current !== seen) wake();
    seen = current;
  };
  const lookNow = (): void => {
    look().catch(() => {
      asked = false;
      // Whoever is woken meets the fault too, and reports it.
      if (!stopped) wake();
    });
  };
  let later: NodeJS.Timeout | undefined;
  const watcher = watch(dirname(path), (_, name) => {
    if (name !== log || asked) return;
    asked = true;
    if (everyMs === 0) lookNow();
    else later = setTimeout(lookNow, everyMs);
  });
  return () => {
    stopped = true;
    clearTimeout(later);
    watcher.close();
  };
}

/** Grows with the commits of other connections; `locked` is called once nobody else can commit. */
function dataVersion(commits: SharedCommits<SqliteConnection>, locked = () => {}): Promise<unknown> {
  return commits.run(async (connection) => {
    locked();
    return connection.execute<{ data_version: number }>('pragma data_version', []).rows[0]?.data_version;
  });
}

function dialectOf(connection: SqliteConnection, turns: Turns): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new SqliteDriver(connection, turns),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

class SqliteDriver implements Driver {
  readonly #connection: SqliteConnection;
  readonly #turns: Turns;
  #done: (() => void) | undefined;

  constructor(connection: SqliteConnection, turns: Turns) {
    this.#connection = connection;
    this.#turns = turns;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<SqliteConnection> {
    this.#done = await this.#turns.take();
    return this.#connection;
  }

  async beginTransaction(connection: SqliteConnection): Promise<void> {
    connection.begin();
  }

  async commitTransaction(connection: SqliteConnection): Promise<void> {
    connection.commit();
  }

  async rollbackTransaction(connection: SqliteConnection): Promise<void> {
    connection.rollback();
  }

  async releaseConnection(): Promise<void> {
    this.#done?.();
  }

  async destroy(): Promise<void> {}
}

interface Prepared {
  statement: StatementSync;
  /** Empty where the statement returns no rows. */
  columns: string[];
}

class SqliteConnection implements DatabaseConnection, Writer {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, Prepared>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Immediate: a deferred transaction that reads first and writes later fails where another process wrote in between. */
  begin(): void {
    this.execute('begin immediate', []);
  }

  commit(): void {
    this.execute('commit', []);
  }

  /** A full disk or a failing one has ended the transaction already; asking again would hide the first error. */
  rollback(): void {
    if (this.#database.isTransaction) this.execute('rollback', []);
  }

  beginPart(): void {
    this.execute('savepoint part', []);
  }

  keepPart(): void {
    this.execute('release part', []);
  }

  undoPart(): void {
    this.execute('rollback to part', []);
    this.execute('release part', []);
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    return this.execute<Row>(query.sql, query.parameters);
  }

  execute<Row>(text: string, parameters: readonly unknown[]): QueryResult<Row> {
    const { statement, columns } = this.#prepare(text);
    const values = parameters as SQLInputValue[];
    if (columns.length === 0) return { rows: [], numAffectedRows: BigInt(statement.run(...values).changes) };
    return { rows: statement.all(...values).map((row) => toRecord(columns, row as unknown as unknown[]) as Row) };
  }

  // biome-ignore lint/correctness/useYield: kysely asks for the method; nothing of ours streams
  async *streamQuery(): AsyncIterableIterator<never> {
    throw new Error('Rows are not streamed from SQLite.');
  }

  #prepare(text: string): Prepared {
    const known = this.#prepared.get(text);
    if (known) return known;
    const statement = this.#database.prepare(text);
    // Rows as arrays: plain objects made of them cost less than the prototype-less ones that node:sqlite makes itself.
    statement.setReturnArrays(true);
    const prepared = { statement, columns: statement.columns().map(({ name }) => name) };
    this.#prepared.set(text, prepared);
    return prepared;
  }
}

function toRecord(columns: string[], row: unknown[]): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (let at = 0; at < columns.length; at += 1) record[columns[at] as string] = row[at];
  return record;
}
