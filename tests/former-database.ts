/** A database of this version's tables, for tests that put it back to what a former version left and migrate it. */
import type { TestContext } from 'node:test';
import { type Config, parseConfig } from '../src/config.ts';
import { openStore } from '../src/store/open.ts';
import type { Store } from '../src/store/store.ts';
import { ENGINES } from './engines.ts';
import { TEST_SECRET } from './regain.ts';

export interface FormerDatabase {
  database: Config['database'];
  /** Opens the store for `work` alone: between two of them the database may be changed by hand. */
  inStore<T>(work: (store: Store) => Promise<T>): Promise<T>;
}

export async function formerDatabase(t: TestContext, engine: keyof typeof ENGINES): Promise<FormerDatabase> {
  const { url, remove } = await ENGINES[engine]();
  t.after(() => remove());
  const { database } = parseConfig({ REGAIN_DATABASE_URL: url, REGAIN_SECRET: TEST_SECRET });
  return {
    database,
    async inStore(work) {
      const store = await openStore(database);
      try {
        return await work(store);
      } finally {
        await store.close();
      }
    },
  };
}
