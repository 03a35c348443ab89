/** What differs between the databases; everything else is written once. */
import type { CompiledQuery, Kysely, QueryResult, RawBuilder, SelectQueryBuilder, Transaction } from 'kysely';
import type { Tables } from './tables.ts';

export interface Engine {
  readonly name: 'sqlite' | 'postgres';
  /** Builds the queries, and runs them outside of transactions for `ping`. */
  readonly kysely: Kysely<Tables>;
  /** How migrations spell types and tables. */
  readonly dialect: SchemaDialect;
  /** Commits when `work` resolves, rolls back when it rejects. PostgreSQL repeats it where the database asks for that. */
  transaction<T>(work: (transaction: Transaction<Tables>) => Promise<T>): Promise<T>;
  /**
   * The same for compiled statements, with nothing of kysely between them and SQLite: its executor was 0.6 ms of the
   * 15 ms that a recovery took beside its hashes. `ahead` (store.ts) means something to SQLite alone.
   */
  run<T>(work: (running: Running) => Promise<T>, options?: { ahead?: boolean }): Promise<T>;
  /** Rows that another transaction holds are waited for. */
  locked<Table extends keyof Tables, Row>(query: Select<Table, Row>): Select<Table, Row>;
  /** Rows that another transaction holds are left out. */
  skippingLocked<Table extends keyof Tables, Row>(query: Select<Table, Row>): Select<Table, Row>;
  /** Keeps other processes from migrating until the transaction ends. */
  lockMigrations(transaction: Transaction<Tables>): Promise<void>;
  hasMigrationsTable(transaction: Transaction<Tables>): Promise<boolean>;
  /** Within a transaction that queued a message, as its last statement. */
  beforeQueuedCommit(running: Running): Promise<void>;
  /** After the commit of a transaction that queued a message. */
  afterQueuedCommit(): void;
  onQueued(wake: () => void, options: { otherProcesses: boolean | 'seldom' }): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** A transaction that runs compiled statements. */
export interface Running {
  executeQuery<Row>(query: CompiledQuery<Row>): Promise<QueryResult<Row>>;
}

type Select<Table extends keyof Tables, Row> = SelectQueryBuilder<Tables, Table, Row>;

export interface SchemaDialect {
  /** Text that is compared byte by byte. */
  text: RawBuilder<unknown>;
  /** Milliseconds since 1970, and whatever else needs 53 bits. */
  moment: RawBuilder<unknown>;
  /** A primary key that counts up and is never used twice. */
  counter: RawBuilder<unknown>;
  /** Ends `create table (...)`. */
  strict: RawBuilder<unknown>;
  /** The same, for small rows that are only ever found by their primary key. */
  strictByKey: RawBuilder<unknown>;
}
