/**
 * How long a code that was asked for by phone waits to leave in the eyes of a stranger: a time that codes of days before
 * took, drawn anew each minute and the same for everybody who asks in it. What becomes of his own message can't be shown, nor
 * left out where there is none (decision 0044).
 */
import { createHmac } from 'node:crypto';
import { CODE_LIFETIME_MS, FATE_SHOWN_AFTER_MS } from './limits.ts';
import { dayStartsAt } from './spend.ts';

/** Of fewer, one would weigh enough to be found among them; more say nothing new. */
export const HAND_OVERS_AT_LEAST = 100;
export const HAND_OVERS_AT_MOST = 200;
/** As long as one call to a provider may take: a day of outage does not make the next one's line wait for minutes. */
export const HAND_OVER_SHOWN_AT_MOST_MS = 10_000;
const DRAWN_EVERY_MS = 60_000;

/** Codes created before this are drawn from: none of them can be under way any more when the day of `askedAt` begins. */
export function drawnFromBefore(askedAt: number): number {
  return dayStartsAt(askedAt) - CODE_LIFETIME_MS;
}

/**
 * @param times ms from when a code could leave to when a provider took it
 * @returns ms for which a code that was asked for at `askedAt` is said to wait
 */
export function drawHandOver(times: readonly number[], askedAt: number): number {
  if (times.length < HAND_OVERS_AT_LEAST) return FATE_SHOWN_AFTER_MS;
  const minute = Math.floor(askedAt / DRAWN_EVERY_MS);
  const drawn = createHmac('sha256', 'hand-over').update(String(minute)).digest().readUInt32BE(0) / 2 ** 32;
  const took = times[Math.floor(drawn * times.length)] ?? FATE_SHOWN_AFTER_MS;
  return Math.max(0, Math.min(took, HAND_OVER_SHOWN_AT_MOST_MS));
}
