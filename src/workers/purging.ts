/** Removes what is too old, soon after the start and then every hour. */
import type { Log } from '../ports.ts';

const FIRST_MS = 60_000;
const EVERY_MS = 3_600_000;

export function startPurging(purge: () => Promise<Record<string, number>>, log: Log): () => void {
  let timer = setTimeout(run, FIRST_MS);
  timer.unref();
  return () => clearTimeout(timer);

  function run(): void {
    purge()
      .then((removed) => log.info('purge', removed))
      .catch((error: unknown) => log.error('purge-fault', { error: String(error) }))
      .finally(() => {
        timer = setTimeout(run, EVERY_MS);
        timer.unref();
      });
  }
}
