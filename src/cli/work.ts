/** `regain work`: a worker alone; run as many as you like beside `regain serve --no-worker`. */
import { compose } from '../compose.ts';
import { loadConfig } from './load-config.ts';
import { untilStopped } from './until-stopped.ts';

export async function run(_args: string[], environment: Record<string, string | undefined>): Promise<number> {
  const composed = await compose(await loadConfig(environment));
  const worker = await composed.startWorker({ otherProcesses: true });
  process.stdout.write('Regain works on the outbox.\n');
  await untilStopped();
  await worker.stop();
  await composed.close();
  return 0;
}
