/** Tells messengers where our webhook is, until they have heard it: without that nobody can link one. */
import type { LinkedChannel, Log } from '../ports.ts';

/** From a lost packet to a token that somebody has to renew; the last one repeats. */
const AGAIN_AFTER_MS = [5_000, 30_000, 5 * 60_000, 60 * 60_000] as const;

/** Returns what ends it. */
export function startRegistering(messengers: readonly LinkedChannel[], log: Log): () => void {
  const timers = new Set<NodeJS.Timeout>();
  let stopped = false;
  for (const messenger of messengers) void register(messenger, 0);
  return () => {
    stopped = true;
    for (const timer of timers) clearTimeout(timer);
  };

  async function register(messenger: LinkedChannel, attempt: number): Promise<void> {
    const answer = await messenger.register?.();
    if (answer === undefined || stopped) return;
    if (answer.registered) {
      log.info('messenger', { messenger: messenger.provider, registered: true });
      return;
    }
    const againMs = AGAIN_AFTER_MS[Math.min(attempt, AGAIN_AFTER_MS.length - 1)] as number;
    const { reason } = answer;
    log.error('messenger', {
      messenger: messenger.provider,
      registered: false,
      reason,
      againInSeconds: againMs / 1000,
    });
    const timer = setTimeout(() => {
      timers.delete(timer);
      void register(messenger, attempt + 1);
    }, againMs);
    timer.unref();
    timers.add(timer);
  }
}
