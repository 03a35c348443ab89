/**
 * Which way a code takes, and which one next. What a claimant may choose, and where his code is tried first, depend on what
 * he typed and on the settings; only the worker, who knows the account, goes down the ladder, and nobody is shown that it does.
 */
import type { Purpose } from './codes.ts';
import { type Channel, isMessenger, type MessageStatus, type Messenger, type SendOutcome } from './delivery.ts';
import type { Identifier } from './identifiers.ts';
import type { State } from './recovery-flow.ts';
import { canBeTexted, type TextCountries } from './text-numbers.ts';

/** What an installation has beyond email. */
export interface Ways {
  /** Undefined where numbers are not written to. */
  texting: Texting | undefined;
  /** Messengers that people may link. */
  messengers: readonly Messenger[];
}

export interface Texting {
  countries: TextCountries;
  /** Telegram Gateway, which is tried before a text message: it costs less, and tells what was delivered. */
  telegram: boolean;
}

/**
 * Where a provider reports what arrived, a message that it took is waited for this long, from when it was handed over; then
 * the code goes on. Texts arrive within some seconds. Two ways that stay silent, and the mailbox, fit into a minute.
 */
export const RECEIPT_WAIT_MS = 20_000;
/** Where there are more, they share this time, from when the code could leave, so that the last one fits as well. */
export const LAST_WAY_WITHIN_MS = 45_000;
/** Each has at least this, however long the code waited for its turn. */
export const RECEIPT_WAIT_LEAST_MS = 10_000;
/**
 * After so many temporary refusals, or one that asks for a longer wait or took longer to come, somebody who waits gets the
 * code another way.
 */
const ATTEMPTS_PER_RUNG = 3;
const WAITED_FOR_PROVIDER_MS = 5_000;
/** Of what was not handed over, because the provider hangs: it goes on by the next way at once, where there is one. */
export const SPARED: SendOutcome = {
  kind: 'temporary',
  reason: 'provider_hangs',
  retryAfterMs: WAITED_FOR_PROVIDER_MS + 1,
};
/** A mail that is held up for so long (an outage, greylisting) goes on being tried, and other ways are tried beside it. */
const MAIL_HELD_UP_MS = 15_000;

type Asking = Pick<Identifier, 'kind' | 'canonical'> & { purpose: Purpose };

/**
 * What the claimant may choose between: the same for everybody, whether or not an account has linked anything. A number that
 * can't be texted leads to the mailbox and the chats of its account alone.
 */
export function channelsFor(asking: Asking, { texting, messengers }: Ways): Channel[] {
  const { purpose, kind, canonical } = asking;
  if (purpose !== 'recovery') return [provingChannel(asking)];
  const canText = texting !== undefined && (kind === 'email' || canBeTexted(canonical, texting.countries));
  return ['email', ...(canText ? (['sms'] as const) : []), ...messengers];
}

/** What is typed to be proven is written to itself: by another way than these something else would be proven. */
function provingChannel({ kind }: Pick<Asking, 'kind'>): Channel {
  return kind === 'phone' ? 'sms' : 'email';
}

/** The way that a recovery begins where nobody chose one: what was typed says what the person has at hand. */
export function firstChannel(asking: Asking, ways: Ways): Channel {
  return asking.kind === 'phone' && channelsFor(asking, ways).includes('sms') ? 'sms' : 'email';
}

/** The ways that a code takes in turn when it was asked for by one of them. What mails carry as a link stays with them. */
export function ladderOf(
  asked: Channel,
  { texting, messengers }: Ways,
  carries: 'code' | 'link' = 'code',
  purpose: Purpose = 'recovery',
): readonly Channel[] {
  if (purpose !== 'recovery') return [asked];
  if (asked === 'email' && carries === 'link') return ['email'];
  // A text costs most, so it comes last unless it was asked for.
  if (asked !== 'sms')
    return [...new Set<Channel>([asked, 'email', ...messengers, ...(texting ? (['sms'] as const) : [])])];
  const gateway = texting?.telegram ? (['telegram'] as const) : [];
  return [...new Set<Channel>([...gateway, 'sms', ...messengers, 'email'])];
}

/** One attempt at a rung. */
export interface Attempted {
  channel: Channel;
  outcome: SendOutcome;
  /** This one counted. */
  attempts: number;
  /** How long the provider took to answer. */
  tookMs: number;
  /** How long ago the code could leave. */
  waitedMs: number;
  /** Whether the provider reports what arrives. */
  reports: boolean;
  /** Whether this is the way that the code was asked for. */
  isAsked: boolean;
  /** The lower rungs that the account can be reached by. */
  below: readonly Channel[];
}

export interface Onward {
  channel: Channel;
  /** When the next rung is due; until then a report that the message arrived makes it unneeded. */
  inMs: number;
  /** Whether this rung is given up. */
  leaves: boolean;
}

/** What stands ready, or is due at once, after an attempt; undefined: nothing. */
export function onward(attempted: Attempted): Onward | undefined {
  const { channel, outcome, tookMs, waitedMs, reports, below } = attempted;
  const [next] = below;
  if (next === undefined) return undefined;
  if (outcome.kind === 'accepted')
    return reports || isSilentChat(attempted)
      ? { channel: next, inMs: Math.max(0, receiptWaitMs(attempted) - tookMs), leaves: false }
      : undefined;
  if (channel === 'email') {
    // What a mail's own fate looks like must not depend on an account with other ways: it is never given up for them.
    const isOver = outcome.kind !== 'temporary' || outcome.maybeSent === true || waitedMs >= MAIL_HELD_UP_MS;
    return isOver ? { channel: next, inMs: 0, leaves: false } : undefined;
  }
  return isWorthWaiting(attempted) ? undefined : { channel: next, inMs: 0, leaves: true };
}

/** A bot of Telegram tells nothing, and whoever asked for a text need not look there: it must not end the ladder above that text. */
function isSilentChat({ channel, reports, isAsked }: Attempted): boolean {
  return isMessenger(channel) && !reports && !isAsked;
}

/** From the hand-over. */
function receiptWaitMs({ tookMs, waitedMs, below }: Attempted): number {
  const shareMs = shareOfTimeLeft(waitedMs - tookMs, below);
  return Math.min(RECEIPT_WAIT_MS, Math.max(RECEIPT_WAIT_LEAST_MS, shareMs));
}

function shareOfTimeLeft(waitedMs: number, below: readonly Channel[]): number {
  return Math.floor((LAST_WAY_WITHIN_MS - waitedMs) / below.length);
}

/** Where the answer was lost the message may have left, so another way is better than the same again. */
function isWorthWaiting({ outcome, attempts, tookMs, waitedMs, below }: Attempted): boolean {
  return (
    outcome.kind === 'temporary' &&
    outcome.maybeSent !== true &&
    attempts < ATTEMPTS_PER_RUNG &&
    shareOfTimeLeft(waitedMs, below) >= WAITED_FOR_PROVIDER_MS &&
    tookMs <= WAITED_FOR_PROVIDER_MS &&
    (outcome.retryAfterMs ?? 0) <= WAITED_FOR_PROVIDER_MS
  );
}

/**
 * The last way stays and is tried again. Where its answer was lost and it reports what arrives, it is first given the time to
 * report: sent twice is the worse mistake.
 */
export function beforeRetry(outcome: SendOutcome, reports: boolean): SendOutcome {
  if (outcome.kind !== 'temporary' || outcome.maybeSent !== true || !reports) return outcome;
  return { ...outcome, retryAfterMs: Math.max(outcome.retryAfterMs ?? 0, RECEIPT_WAIT_MS) };
}

const AFTER_CODE: readonly State[] = ['choosing', 'verified', 'held', 'completed'];

/** Why a rung that stood ready is not sent. */
export type Unneeded = 'arrived_before' | 'code_entered' | 'cancelled' | 'asked_again';

/**
 * Where somebody asked again, a ladder of its own has begun. It leaves out the ways that the code was tried by, so one that is being
 * tried (a mailbox that greylists, a provider that is down) goes on.
 * @param ready.before what is known of the message that it stands in for @param ready.isCurrent nobody asked again since
 */
export function whyUnneeded(ready: {
  before: MessageStatus | undefined;
  state: State;
  isCurrent: boolean;
  isTried: boolean;
}): Unneeded | undefined {
  const { before, state, isCurrent, isTried } = ready;
  if (AFTER_CODE.some((after) => after === state)) return 'code_entered';
  if (state === 'cancelled') return 'cancelled';
  if (before === 'delivered') return 'arrived_before';
  return isCurrent || isTried ? undefined : 'asked_again';
}
