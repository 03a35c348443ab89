/** `regain migrate`: brings the database to this version; `serve` and `work` do the same when they start. */
import { openStore } from '../store/open.ts';
import { asksForHelp, refuseArgument, tellUsage } from './help.ts';
import { loadConfig } from './load-config.ts';

const USAGE = `Usage:
  regain migrate

Brings the database to this version; 'regain serve' and 'regain work' do the same when they start.
`;

/** @returns 0, or 2 for a wrong call */
export async function run(args: string[], environment: Record<string, string | undefined>): Promise<number> {
  if (asksForHelp(args)) return tellUsage(USAGE);
  if (args[0] !== undefined) return refuseArgument('migrate', args[0], USAGE);
  const config = await loadConfig(environment);
  const store = await openStore(config.database);
  const applied = await store.migrate();
  await store.close();
  const lines = applied.map((name) => `applied ${name}\n`).join('');
  process.stdout.write(lines === '' ? 'The database is at this version.\n' : lines);
  return 0;
}
