/** What "send again" waits for: whoever presses it at once is only impatient. */
import { RESEND_WAITS_MS } from './limits.ts';

/** How long "send again" waits, by how often it was pressed. */
export function resendWaitMs(resends: number): number {
  return RESEND_WAITS_MS[Math.min(resends, RESEND_WAITS_MS.length - 1)] as number;
}

/**
 * From when a living code may be sent again. Where the clock was set back behind the moment that the wait began, at once: else
 * whoever pressed it in that hour was told to wait for the rest of it.
 */
export function resendableAt({ resendAt, resends }: { resendAt: number; resends: number }, now: number): number {
  return now < resendAt - resendWaitMs(resends) ? now : resendAt;
}
