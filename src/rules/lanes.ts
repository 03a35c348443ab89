/**
 * Who asks, as far as it can be known without looking an account up. Every lane has its own budget of sends and of guesses,
 * so that a stranger can empty only the strangers' lanes, and the owner's browser always gets its code.
 */
import type { Purpose } from './codes.ts';
import type { Limit, LimitName } from './limits.ts';
import type { StoredState } from './recovery-flow.ts';

/**
 * known-device: a browser that has signed in with this identifier before (signed cookie). stranger: any other. worked: a
 * stranger who did a proof of work. waited: a stranger who did none, where one was wanted; his message leaves later.
 */
export type Lane = 'known-device' | 'stranger' | 'worked' | 'waited';
/** Guesses are kept apart by these alone: work proves patience, not ownership. */
export type GuessLane = 'known-device' | 'stranger';

export function guessLaneOf(lane: Lane): GuessLane {
  return lane === 'known-device' ? lane : 'stranger';
}

/** The lanes whose budgets are tried, best first. `busy`: the breaker on sends is open, strangers must work or wait. */
export function lanesFor(asker: { known: boolean; worked: boolean; busy: boolean }): Lane[] {
  const { known, worked, busy } = asker;
  return [
    ...(known ? (['known-device'] as const) : []),
    ...(worked ? (['worked'] as const) : []),
    ...(busy ? [] : (['stranger'] as const)),
    'waited',
  ];
}

/** The lanes of "send again": the one that the attempt began in, then those of anybody. */
export function lanesForResend(lane: Lane, busy: boolean): Lane[] {
  return [
    ...new Set([...(lane === 'stranger' && busy ? [] : [lane]), ...lanesFor({ known: false, worked: false, busy })]),
  ];
}

export function limitOf(lane: Lane): LimitName {
  return `send-${lane}`;
}

/** Whether one network may use no more than its share of what strangers have at one identifier: work buys it more. */
export function hasShares(lane: Lane): boolean {
  return lane === 'stranger' || lane === 'waited';
}

/**
 * What strangers may have sent to one mailbox, however its address is spelled: who worked apart from those who did not. A known
 * device is none of them: it has signed in with this very spelling.
 */
export function mailboxBudgetOf(lane: Lane): 'worked' | 'strangers' | undefined {
  if (lane === 'known-device') return undefined;
  return lane === 'worked' ? 'worked' : 'strangers';
}

/** What the client's network is charged in that lane; a known device is not charged for its neighbours. */
export function sourceLimitOf(lane: Lane): LimitName | undefined {
  if (lane === 'known-device') return undefined;
  return lane === 'worked' ? 'send-source-worked' : 'send-source';
}

/** The most messages that one mailbox can be sent in a day through a lane: the burst, and what comes back meanwhile. */
export function messagesADay({ burst, refillMs }: Limit): number {
  return burst + Math.floor(86_400_000 / refillMs);
}

/**
 * Whether a recovery that is stopped, or overtaken by what the account's owner did, goes on as a decoy. Its stranger has proven
 * nothing: that it ended would tell him that somebody is there (decision 0047). A browser that the account knows is told.
 */
export function endsUnseen({ purpose, lane, state }: { purpose: Purpose; lane: Lane; state: StoredState }): boolean {
  return purpose === 'recovery' && lane !== 'known-device' && state === 'code_sent';
}
