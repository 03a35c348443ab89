/**
 * Transactions that share one commit. SQLite has one writer, and syncs the disk with each commit, while nothing else in the
 * process moves: in a flood that was half of the time of the thread that serves everybody, and on a slow disk it would be most
 * of it. Whatever waits for the writer when its turn comes goes into one transaction, each part within a savepoint of its own;
 * nobody is answered before the commit. A hundred that ask at once wait no longer than one.
 *
 * Not for PostgreSQL, which commits many at a time: rows of one part would stay locked while the next one is worked at, and two
 * such groups could wait for each other.
 */

/** The one connection that writes. Everything throws where the database does. */
export interface Writer {
  begin(): void;
  commit(): void;
  /** Does nothing where the database has ended the transaction by itself: a full disk, a failing one. */
  rollback(): void;
  beginPart(): void;
  keepPart(): void;
  /** @throws where the database has ended the whole transaction */
  undoPart(): void;
}

/** Other work of the process waits for a group, a third of a millisecond for each of its parts. */
const GROUP_MAX = 32;
/** Of those, for whoever goes ahead (store.ts): what a crowd of requests would make of a worker's turn, people wait for by mail. */
const KEPT_AHEAD = 16;

export class SharedCommits<Connection extends Writer> {
  readonly #connection: Connection;
  readonly #turns: Turns;
  readonly #line: Part<Connection>[] = [];
  readonly #ahead: Part<Connection>[] = [];
  #asked = false;

  constructor(connection: Connection, turns: Turns) {
    this.#connection = connection;
    this.#turns = turns;
  }

  /** Resolves after the commit; where `work` rejects, it alone is rolled back. It may run again where the whole was. */
  run<T>(work: (connection: Connection) => Promise<T>, ahead = false): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      (ahead ? this.#ahead : this.#line).push({ work, resolve: resolve as Part<Connection>['resolve'], reject });
      this.#ask();
    });
  }

  /** Not in the same breath: requests that were read from the network together come one right after the other. */
  #ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    setImmediate(() => void this.#takeTurn());
  }

  async #takeTurn(): Promise<void> {
    const done = await this.#turns.take();
    this.#asked = false;
    const group = this.#group();
    try {
      await this.#runGroup(group);
    } catch (error) {
      // Not even what was begun could be undone.
      for (const { reject } of group) reject(error);
    } finally {
      done();
    }
    if (this.#line.length + this.#ahead.length > 0) this.#ask();
  }

  /** What came while the turn was waited for goes along. */
  #group(): Part<Connection>[] {
    const kept = Math.max(GROUP_MAX - this.#line.length, KEPT_AHEAD);
    const ahead = this.#ahead.splice(0, kept);
    return [...ahead, ...this.#line.splice(0, GROUP_MAX - ahead.length)];
  }

  async #runGroup(group: Part<Connection>[]): Promise<void> {
    try {
      this.#connection.begin();
    } catch (error) {
      // Another process holds the writer for longer than anybody should wait: so it would be for each of them.
      for (const { reject } of group) reject(error);
      return;
    }
    try {
      const [only, ...others] = group;
      const ends = only && others.length === 0 ? [await this.#runAlone(only)] : await this.#runEach(group);
      this.#connection.commit();
      for (const end of ends) end();
    } catch (error) {
      this.#connection.rollback();
      // Nobody fails for another's fault: all was rolled back, and each has a transaction of its own.
      if (group.length === 1) group[0]?.reject(error);
      else for (const part of group) await this.#runGroup([part]);
    }
  }

  async #runAlone({ work, resolve }: Part<Connection>): Promise<() => void> {
    const value = await work(this.#connection);
    return () => resolve(value);
  }

  async #runEach(group: Part<Connection>[]): Promise<(() => void)[]> {
    const ends: (() => void)[] = [];
    for (const { work, resolve, reject } of group) {
      this.#connection.beginPart();
      try {
        const value = await work(this.#connection);
        this.#connection.keepPart();
        ends.push(() => resolve(value));
      } catch (error) {
        this.#connection.undoPart();
        ends.push(() => reject(error));
      }
    }
    return ends;
  }
}

interface Part<Connection> {
  work(connection: Connection): Promise<unknown>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** A mutex. Who asked first is served first. */
export class Turns {
  readonly #line: (() => void)[] = [];
  #taken = false;

  /** Resolves when it is the caller's turn, with what ends it. */
  async take(): Promise<() => void> {
    if (this.#taken) await new Promise<void>((start) => this.#line.push(start));
    this.#taken = true;
    return () => this.#hand();
  }

  /** A turn is handed on rather than given back: nobody who asks later can slip in between. */
  #hand(): void {
    const next = this.#line.shift();
    if (next) next();
    else this.#taken = false;
  }
}
