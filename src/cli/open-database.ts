/** The database that the settings name, for commands that need one that is there. */
import { statSync } from 'node:fs';
import type { Config, DatabaseUrl } from '../config.ts';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { NoDatabase } from './outside-error.ts';

/**
 * Runs `work` on the database of this installation, as it is: in an empty one that was made by the way, nothing would be
 * found, and "0 sessions ended" would pass for success.
 * @throws NoDatabase where there is none, or its tables are of another version
 */
export async function withDatabase<T>({ database }: Config, work: (store: Store) => Promise<T>): Promise<T> {
  const name = databaseName(database);
  if (!isThere(database)) throw new NoDatabase(`there is no database at ${name}; set REGAIN_DATABASE_URL`);
  const store = await openStore(database);
  try {
    if ((await store.pendingMigrations()).length > 0)
      throw new NoDatabase(`${name} is not at this version; run 'regain migrate' first, or set REGAIN_DATABASE_URL`);
    return await work(store);
  } finally {
    await store.close();
  }
}

/** "./regain.db", or "PostgreSQL regain at db.shop.example": without user and password */
export function databaseName(database: DatabaseUrl): string {
  if (database.engine === 'sqlite') return database.file;
  const { host, pathname } = new URL(database.url);
  return `PostgreSQL ${pathname.slice(1)}${host === '' ? '' : ` at ${host}`}`;
}

/** Whether a server of PostgreSQL is there is told by the first question to it. */
function isThere(database: DatabaseUrl): boolean {
  if (database.engine === 'postgres') return true;
  return database.file !== ':memory:' && statSync(database.file, { throwIfNoEntry: false }) !== undefined;
}
