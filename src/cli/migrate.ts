/** `regain migrate`: brings the database to this version; `serve` and `work` do the same when they start. */
import { openStore } from '../store/open.ts';
import { loadConfig } from './load-config.ts';

export async function run(_args: string[], environment: Record<string, string | undefined>): Promise<number> {
  const config = await loadConfig(environment);
  const store = await openStore(config.database);
  const applied = await store.migrate();
  await store.close();
  const lines = applied.map((name) => `applied ${name}\n`).join('');
  process.stdout.write(lines === '' ? 'The database is at this version.\n' : lines);
  return 0;
}
