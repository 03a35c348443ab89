/** One transaction, as the queries see it. */
import type { QueryResult } from 'kysely';
import type { Running } from './engine.ts';
import type { Statement } from './statement.ts';

/**
 * Runs statements until the transaction ends. A transaction in which a statement failed can't commit, even where the
 * failure was caught: PostgreSQL would roll it back and report success, SQLite would keep the rest.
 */
export class OpenTransaction {
  readonly #transaction: Running;
  readonly #running = new Set<Promise<unknown>>();
  #failed: { error: unknown } | undefined;
  #ended = false;
  /** Whether a message was queued in it. */
  queued = false;

  constructor(transaction: Running) {
    this.#transaction = transaction;
  }

  async run<Values extends object>(statement: Statement<Values, unknown>, values: Values): Promise<void> {
    await this.#execute(statement, values);
  }

  /** Two statements as one: where nobody waits for them, the end waits for both. */
  async runBoth<First extends object, Second extends object>(
    [first, firstValues]: [Statement<First, unknown>, First],
    [second, secondValues]: [Statement<Second, unknown>, Second],
  ): Promise<void> {
    await this.#track(async () => {
      await this.#transaction.executeQuery(first.with(firstValues));
      return this.#transaction.executeQuery(second.with(secondValues));
    });
  }

  async rows<Values extends object, Row>(statement: Statement<Values, Row>, values: Values): Promise<Row[]> {
    return (await this.#execute(statement, values)).rows;
  }

  async first<Values extends object, Row>(statement: Statement<Values, Row>, values: Values): Promise<Row | undefined> {
    return (await this.#execute(statement, values)).rows[0];
  }

  /** How many rows the statement changed. */
  async changed<Values extends object>(statement: Statement<Values, unknown>, values: Values): Promise<number> {
    return Number((await this.#execute(statement, values)).numAffectedRows ?? 0);
  }

  /** Runs `work` and ends: statements that nobody awaited are waited for, so that none slips past the commit. */
  async runToEnd<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      this.#ended = true;
      if (this.#running.size > 0) await Promise.allSettled(this.#running);
    }
  }

  /** @throws the first error of a statement, where there was one */
  assertSound(): void {
    if (this.#failed) throw this.#failed.error;
  }

  #execute<Values extends object, Row>(statement: Statement<Values, Row>, values: Values): Promise<QueryResult<Row>> {
    return this.#track(() => this.#transaction.executeQuery(statement.with(values)));
  }

  async #track<Row>(execute: () => Promise<QueryResult<Row>>): Promise<QueryResult<Row>> {
    if (this.#ended) throw new Error('This transaction has ended; a query came after its commit or rollback.');
    const running = execute();
    this.#running.add(running);
    try {
      return await running;
    } catch (error) {
      this.#failed ??= { error };
      throw error;
    } finally {
      this.#running.delete(running);
    }
  }
}
