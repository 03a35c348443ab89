/** How the tests of the contract are registered: each in a store of its own. */
import type { Store, StoreTransaction } from '../../store/store.ts';

/** A store on a fresh, empty database, and what ends both. */
export type OpenStore = () => Promise<{ store: Store; close(): Promise<void> }>;

export type InStore = (title: string, body: (store: Store) => Promise<void>) => void;

export type InTransaction = (title: string, body: (tx: StoreTransaction) => Promise<void>) => void;

export async function withMigrated(open: OpenStore, body: (store: Store) => Promise<void>): Promise<void> {
  const { store, close } = await open();
  try {
    await store.migrate();
    await body(store);
  } finally {
    await close();
  }
}

export function times<T>(count: number, run: (at: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, at) => run(at)));
}

/** Counts how often it was rung; `reaches` resolves when it was rung that often. */
export function createBell(): { ring(): void; rung(): number; reaches(count: number): Promise<void> } {
  let rung = 0;
  let waiting: { count: number; resolve(): void }[] = [];
  return {
    ring() {
      rung += 1;
      for (const { count, resolve } of waiting) if (rung >= count) resolve();
      waiting = waiting.filter(({ count }) => rung < count);
    },
    rung: () => rung,
    reaches: (count) =>
      new Promise((resolve) => {
        if (rung >= count) resolve();
        else waiting.push({ count, resolve });
      }),
  };
}
