/** `regain work`: a worker alone; run as many as you like beside `regain serve --no-worker`. */
import { compose } from '../compose.ts';
import { asksForHelp, refuseArgument, tellUsage } from './help.ts';
import { loadConfig } from './load-config.ts';
import { untilStopped } from './until-stopped.ts';

const USAGE = `Usage:
  regain work

A worker alone, until it is stopped; as many as you like beside 'regain serve --no-worker'.
`;

/** @returns 0, or 2 for a wrong call */
export async function run(args: string[], environment: Record<string, string | undefined>): Promise<number> {
  if (asksForHelp(args)) return tellUsage(USAGE);
  if (args[0] !== undefined) return refuseArgument('work', args[0], USAGE);
  const composed = await compose(await loadConfig(environment));
  const worker = await composed.startWorker({ otherProcesses: true });
  process.stdout.write('Regain works on the outbox.\n');
  await untilStopped();
  await worker.stop();
  await composed.close();
  return 0;
}
