/**
 * Which way a code takes, and which one next. What a claimant may choose, and where his code is tried first, depend on what
 * he typed and on the settings; only the worker, who knows the account, goes down the ladder, and nobody is shown that it does.
 */
import type { Purpose } from './codes.ts';
import type { Channel, SendOutcome } from './delivery.ts';
import type { Identifier } from './identifiers.ts';
import { canBeTexted, type TextCountries } from './text-numbers.ts';

/** What an installation has beyond email; undefined where it has nothing. */
export interface Texting {
  countries: TextCountries;
  /** Telegram Gateway, which is tried before a text message: it costs less, and tells what was delivered. */
  telegram: boolean;
}

/** After so many temporary refusals, or one that asks for a longer wait, somebody who waits gets the code another way. */
const ATTEMPTS_PER_RUNG = 3;
const WAITED_FOR_PROVIDER_MS = 5_000;

type Asking = Pick<Identifier, 'kind' | 'canonical'> & { purpose: Purpose };

/** What the claimant may choose between. A number that can't be texted leads to the mailbox of its account alone. */
export function channelsFor(asking: Asking, texting: Texting | undefined): Channel[] {
  const { purpose, kind, canonical } = asking;
  if (purpose !== 'recovery') return [provingChannel(asking)];
  const canText = texting !== undefined && (kind === 'email' || canBeTexted(canonical, texting.countries));
  return canText ? ['email', 'sms'] : ['email'];
}

/** What is typed to be proven is written to itself: by another way than these something else would be proven. */
function provingChannel({ kind }: Pick<Asking, 'kind'>): Channel {
  return kind === 'phone' ? 'sms' : 'email';
}

/** The way that a recovery begins where nobody chose one: what was typed says what the person has at hand. */
export function firstChannel(asking: Asking, texting: Texting | undefined): Channel {
  return asking.kind === 'phone' && channelsFor(asking, texting).includes('sms') ? 'sms' : 'email';
}

/** The ways that a code takes in turn when it was asked for by one of them. */
export function ladderOf(
  asked: Channel,
  texting: Texting | undefined,
  purpose: Purpose = 'recovery',
): readonly Channel[] {
  if (purpose !== 'recovery') return [asked];
  if (asked === 'email') return ['email'];
  return texting?.telegram ? ['telegram', 'sms', 'email'] : ['sms', 'email'];
}

/**
 * The rung to go on with after an attempt, or undefined to stay; `attempts` counts this one, `below` are the lower rungs
 * that the account can be reached by. Where the answer was lost the message may have left, so another way is better than
 * the same again.
 */
export function nextRung(outcome: SendOutcome, attempts: number, below: readonly Channel[]): Channel | undefined {
  if (outcome.kind === 'accepted') return undefined;
  if (outcome.kind === 'temporary') {
    const worthWaiting =
      outcome.maybeSent !== true &&
      attempts < ATTEMPTS_PER_RUNG &&
      (outcome.retryAfterMs ?? 0) <= WAITED_FOR_PROVIDER_MS;
    if (worthWaiting) return undefined;
  }
  return below[0];
}
