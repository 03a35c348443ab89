/**
 * The recovery flow: a pure, total state machine. Every state x event has an answer; what is not listed is refused.
 * Registration proves an address in the same way and walks the same table.
 */

import type { ProblemCode } from './errors.ts';
import { CODE_RENEWED_BELOW_MS, CODE_USELESS_BELOW_MS } from './limits.ts';

/** What is stored; `choosing`: the code was right, and several accounts have the number that it was sent to. */
export type StoredState = 'code_sent' | 'choosing' | 'verified' | 'held' | 'completed' | 'cancelled';
/** What it amounts to at a given moment. */
export type State = StoredState | 'code_expired' | 'code_used_up' | 'ended';
export type Event =
  | 'send_again'
  | 'enter_right_code'
  /** As `enter_right_code`, but several accounts have the number. */
  | 'enter_shared_code'
  | 'enter_wrong_code'
  | 'choose_account'
  | 'confirm'
  | 'finish'
  /** As `finish`, but the new password has to wait. */
  | 'hold'
  /** Its wait is over. */
  | 'mature'
  | 'cancel';
/** A new state, `stay` (accepted, nothing changes but counters), or the refusal that the person is told. */
export type Answer = StoredState | 'stay' | { refused: ProblemCode };

export const STATES = [
  'code_sent',
  'code_expired',
  'code_used_up',
  'choosing',
  'verified',
  'held',
  'completed',
  'cancelled',
  'ended',
] as const;
export const EVENTS = [
  'send_again',
  'enter_right_code',
  'enter_shared_code',
  'enter_wrong_code',
  'choose_account',
  'confirm',
  'finish',
  'hold',
  'mature',
  'cancel',
] as const;

const gone = { refused: 'recovery_not_found' } as const;
const unproven = { refused: 'recovery_not_found' } as const;
const expired = { refused: 'code_expired' } as const;
const usedUp = { refused: 'too_many_tries' } as const;
const wrong = { refused: 'wrong_code' } as const;

/**
 * `verified` is reached only by the right code, where several accounts have the number by choosing one of them after it, or by
 * confirming through the link of the mail, which guesses at codes don't wear out; `completed` only from `verified`, at once or
 * through `held`.
 */
// biome-ignore format: a table is read in rows and columns
export const FLOW: Record<State, Record<Event, Answer>> = {
  code_sent:    { send_again: 'code_sent', enter_right_code: 'verified', enter_shared_code: 'choosing', enter_wrong_code: wrong,   choose_account: unproven,   confirm: 'verified', finish: unproven,    hold: unproven, mature: gone,        cancel: 'cancelled' },
  code_expired: { send_again: 'code_sent', enter_right_code: expired,    enter_shared_code: expired,    enter_wrong_code: expired, choose_account: unproven,   confirm: expired,    finish: unproven,    hold: unproven, mature: gone,        cancel: 'cancelled' },
  code_used_up: { send_again: 'code_sent', enter_right_code: usedUp,     enter_shared_code: usedUp,     enter_wrong_code: usedUp,  choose_account: unproven,   confirm: 'verified', finish: unproven,    hold: unproven, mature: gone,        cancel: 'cancelled' },
  choosing:     { send_again: gone,        enter_right_code: gone,       enter_shared_code: gone,       enter_wrong_code: gone,    choose_account: 'verified', confirm: gone,       finish: unproven,    hold: unproven, mature: gone,        cancel: 'cancelled' },
  verified:     { send_again: gone,        enter_right_code: gone,       enter_shared_code: gone,       enter_wrong_code: gone,    choose_account: gone,       confirm: gone,       finish: 'completed', hold: 'held',   mature: gone,        cancel: 'cancelled' },
  held:         { send_again: gone,        enter_right_code: gone,       enter_shared_code: gone,       enter_wrong_code: gone,    choose_account: gone,       confirm: gone,       finish: gone,        hold: gone,     mature: 'completed', cancel: 'cancelled' },
  completed:    { send_again: gone,        enter_right_code: gone,       enter_shared_code: gone,       enter_wrong_code: gone,    choose_account: gone,       confirm: gone,       finish: gone,        hold: gone,     mature: gone,        cancel: gone },
  cancelled:    { send_again: gone,        enter_right_code: gone,       enter_shared_code: gone,       enter_wrong_code: gone,    choose_account: gone,       confirm: gone,       finish: gone,        hold: gone,     mature: gone,        cancel: 'stay' },
  ended:        { send_again: gone,        enter_right_code: gone,       enter_shared_code: gone,       enter_wrong_code: gone,    choose_account: gone,       confirm: gone,       finish: gone,        hold: gone,     mature: gone,        cancel: 'stay' },
};

export function answer(state: State, event: Event): Answer {
  return FLOW[state][event];
}

/** The moments and counts of a stored proof that decide what it amounts to. Moments are milliseconds since 1970. */
export interface ProofTimes {
  state: StoredState;
  triesLeft: number;
  codeExpiresAt: number;
  verifiedExpiresAt: number | null;
  expiresAt: number;
}

export function stateAt(proof: ProofTimes, now: number): State {
  // What is held waits however long ago it was asked for; the worker ends it.
  if (proof.state === 'completed' || proof.state === 'cancelled' || proof.state === 'held') return proof.state;
  if (now >= proof.expiresAt) return 'ended';
  if (proof.state === 'verified' || proof.state === 'choosing')
    return now >= (proof.verifiedExpiresAt ?? 0) ? 'ended' : proof.state;
  if (proof.triesLeft <= 0) return 'code_used_up';
  return now >= proof.codeExpiresAt ? 'code_expired' : 'code_sent';
}

/** Whether "send again" repeats the living code or makes a new one, and whether the old one lives out its time. */
export function renewal(proof: ProofTimes, now: number): 'repeat' | 'renew_keeping_old' | 'renew' {
  const state = stateAt(proof, now);
  if (state !== 'code_sent') return 'renew';
  return proof.codeExpiresAt - now >= CODE_RENEWED_BELOW_MS ? 'repeat' : 'renew_keeping_old';
}

/** Whether a code could still be typed by the time it arrives. */
export function isWorthSending(codeExpiresAt: number, now: number): boolean {
  return codeExpiresAt - now >= CODE_USELESS_BELOW_MS;
}
