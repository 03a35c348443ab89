/**
 * Transactions of a worker that share one commit. SQLite has one writer, and each message takes three turns at it; under a
 * flood every turn stands in line behind as many requests as there are connections, and syncs a disk. Whatever the worker
 * has to write when its turn comes goes into that one turn, so a hundred messages wait no longer than one.
 *
 * Not for PostgreSQL, which commits many at a time: rows of one message would stay locked while the next one is worked at,
 * and two such groups could wait for each other.
 */
import type { Store, StoreTransaction } from './store.ts';

/** Requests wait for a group, a third of a millisecond for each of its parts. */
const GROUP_MAX = 32;
const AHEAD = { ahead: true };

export function grouped(store: Store): Store {
  const waiting: Part[] = [];
  let asked = false;

  /** Not in the same breath: messages that ended together, or were taken together, come one right after the other. */
  function ask(): void {
    asked = true;
    setImmediate(() => void run());
  }

  async function run(): Promise<void> {
    let group: Part[] | undefined;
    const results: unknown[] = [];
    try {
      await store.transaction(async (tx) => {
        group ??= taken();
        for (const [at, part] of group.entries()) results[at] = await part.work(tx);
      }, AHEAD);
    } catch (error) {
      apart(group ?? taken(), error);
      return;
    }
    for (const [at, part] of (group ?? []).entries()) part.resolve(results[at]);
  }

  /** What came while the turn was waited for goes along; who comes later asks for the next turn. */
  function taken(): Part[] {
    const group = waiting.splice(0, GROUP_MAX);
    asked = false;
    if (waiting.length > 0) ask();
    return group;
  }

  /** Nobody fails for another's fault: everything was rolled back, and each has a transaction of its own. */
  function apart(group: Part[], error: unknown): void {
    if (group.length === 1) group[0]?.reject(error);
    else for (const { work, resolve, reject } of group) store.transaction(work, AHEAD).then(resolve, reject);
  }

  return {
    ...store,
    transaction: <T>(work: (tx: StoreTransaction) => Promise<T>) =>
      new Promise<T>((resolve, reject) => {
        waiting.push({ work, resolve: resolve as Part['resolve'], reject });
        if (!asked) ask();
      }),
  };
}

interface Part {
  work(tx: StoreTransaction): Promise<unknown>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}
