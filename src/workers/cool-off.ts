/** Looks for passwords whose wait is over, soon after the start and then every so often. */
import type { Log } from '../ports.ts';

const FIRST_MS = 1_000;
const EVERY_MS = 20_000;

/** Returns what ends it: no new look begins, and one that has begun is waited for. */
export function startCoolOff(completeHeld: () => Promise<number>, log: Log): () => Promise<void> {
  let running = Promise.resolve();
  let stopped = false;
  let timer = setTimeout(run, FIRST_MS);
  timer.unref();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await running;
  };

  function run(): void {
    running = completeHeld()
      .then((completed) => {
        if (completed > 0) log.info('cool-off', { completed });
      })
      .catch((error: unknown) => log.error('cool-off-fault', { error: String(error) }))
      .finally(() => {
        if (stopped) return;
        timer = setTimeout(run, EVERY_MS);
        timer.unref();
      });
  }
}
