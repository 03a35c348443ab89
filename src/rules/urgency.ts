/**
 * Who is served first when more messages wait than leave. It is chosen when a message is queued, by what is known from the
 * outside, so that known and unknown identifiers wait alike (decision 0034).
 */
import type { Purpose } from './codes.ts';
import type { Lane } from './lanes.ts';

/**
 * proven: a browser that has signed in before, somebody who gave the password or the code. worked: a stranger who did a proof
 * of work. asked: a stranger who recovers. newcomer: a stranger who registers; he has nothing to lose yet.
 */
export const URGENCIES = ['proven', 'worked', 'asked', 'newcomer'] as const;
export type Urgency = (typeof URGENCIES)[number];

/** A number for each, such as messages in flight. */
export type PerUrgency = Readonly<Record<Urgency, number>>;

/**
 * Messages of one worker in flight at once. Each urgency has places of its own, so none waits for a backlog of another, and none
 * is starved by those above. A stranger's recovery in a flood is mostly a decoy: it takes a mail's time, but no connection.
 * Were all of these real mails at a server that takes 300 ms for one, by ten connections (smtp-urls.ts), the last would leave in 2.8 s.
 */
export const IN_FLIGHT: PerUrgency = { proven: 10, worked: 10, asked: 64, newcomer: 8 };

/** Of a message with a code. */
export function urgencyOf(purpose: Purpose, lane: Lane): Urgency {
  // Asked for with the password by somebody who is signed in.
  if (purpose === 'address' || lane === 'known-device') return 'proven';
  if (lane === 'worked') return 'worked';
  return purpose === 'registration' ? 'newcomer' : 'asked';
}

/** Of one at least. */
export function mostUrgent(urgencies: readonly [Urgency, ...Urgency[]]): Urgency {
  return URGENCIES.find((urgency) => urgencies.includes(urgency)) ?? urgencies[0];
}
