/** What happens to a message, and when it is tried again. */
import type { Purpose } from './codes.ts';
import type { Lane } from './lanes.ts';
import { FATE_SHOWN_AFTER_MS, RETRY_WAITS_MS } from './limits.ts';

export const CHANNELS = ['email', 'sms', 'whatsapp', 'telegram', 'viber'] as const;
export type Channel = (typeof CHANNELS)[number];
/** Channels that a person links to the account. */
export const MESSENGERS = ['whatsapp', 'telegram', 'viber'] as const satisfies readonly Channel[];
export type Messenger = (typeof MESSENGERS)[number];
export function isMessenger(channel: Channel): channel is Messenger {
  return MESSENGERS.some((messenger) => messenger === channel);
}
/** Telegram and WhatsApp know people by both; who carries a text, and what it costs, depends on it. */
export type Over = 'number' | 'chat';
/** Proper names, the same in every language. */
export const MESSENGER_NAMES: Record<Messenger, string> = {
  whatsapp: 'WhatsApp',
  telegram: 'Telegram',
  viber: 'Viber',
};

/**
 * What wrong guesses and sends are counted by, beside the identifier: the mailbox, or the phone by whichever way. So an
 * installation with more messengers gives nobody a guess more, nor a message a day.
 */
export type Door = 'email' | 'sms';
export function doorOf(channel: Channel): Door {
  return channel === 'email' ? 'email' : 'sms';
}

/**
 * queued: in the outbox. sent: in the provider's hands. delivered, bounced: by its receipt. failed: refused for good, while
 * it was handed over. expired: became useless before it could leave. suppressed: there was nobody to send to. unneeded: it
 * stood ready in case the way before it failed, and that one arrived, or the code was entered; or the code was asked for anew
 * while it waited.
 */
export const MESSAGE_STATUSES = [
  'queued',
  'sent',
  'delivered',
  'bounced',
  'failed',
  'expired',
  'suppressed',
  'unneeded',
] as const;
export type MessageStatus = (typeof MESSAGE_STATUSES)[number];

/** What a channel says about one attempt. */
export type SendOutcome =
  | ({ kind: 'accepted'; providerId: string } & PerhapsPaid)
  | ({
      kind: 'temporary';
      reason: string;
      retryAfterMs?: number;
      /** The answer was lost after the message had left: the provider may have sent it, and trying again may send it twice. */
      maybeSent?: true;
    } & PerhapsPaid)
  /**
   * This channel does not reach this person; another one may, at once. `stopped`: the person ended it (blocked,
   * unsubscribed), so the next message would not arrive either.
   */
  | ({ kind: 'unreachable'; reason: string; stopped?: true } & PerhapsPaid)
  | ({ kind: 'permanent'; reason: string } & PerhapsPaid);

interface PerhapsPaid {
  /** true: the provider has its fee although it did not take the message. false: this try cost nothing, its fee was taken before. */
  paid?: boolean;
}

/**
 * The reason of a text from just before it is handed over until its fate is stored. Whoever leases a message with it takes
 * over from a worker that ended in between, and whether the text left is not known.
 */
export const HANDED_OVER = 'handed_over';
/** The reason of what may have been taken, where the answer is all that is missing. */
export const ANSWER_LOST = 'answer_lost';
/** Of what is handed over once more after its answer was lost: forgotten, each worker that ends would be the first doubt, and a text more. */
const HANDED_OVER_AGAIN = `${ANSWER_LOST} ${HANDED_OVER}`;
export const IN_HANDS: readonly string[] = [HANDED_OVER, HANDED_OVER_AGAIN];
/** Reasons of what was never handed over to this way: the account lacks it, something speaks against it, or another message goes by it. */
export const LEFT_OUT = [
  'no_address',
  'high_risk',
  'stale_number',
  'held_back',
  'not_configured',
  'tried_before',
] as const;
export type LeftOut = (typeof LEFT_OUT)[number];
/** What is then made of it: providers of texts have no key for repeated requests, so it goes on by another way where there is one. */
export const OUTCOME_OF_LOST_WORKER: SendOutcome = { kind: 'temporary', reason: ANSWER_LOST, maybeSent: true };

export type NextStep = { status: 'sent' | 'failed' | 'expired' } | { status: 'queued'; dueAt: number };

/** What becomes of a message after an attempt; `attempts` counts this one. */
export function afterAttempt(outcome: SendOutcome, attempts: number, usefulUntil: number, now: number): NextStep {
  if (outcome.kind === 'accepted') return { status: 'sent' };
  if (outcome.kind === 'permanent' || outcome.kind === 'unreachable') return { status: 'failed' };
  const wait = Math.max(
    outcome.retryAfterMs ?? 0,
    RETRY_WAITS_MS[Math.min(attempts, RETRY_WAITS_MS.length) - 1] as number,
  );
  const dueAt = now + wait;
  return dueAt < usefulUntil ? { status: 'queued', dueAt } : { status: 'expired' };
}

/** Filters that read a mail before they answer take some seconds more than we wait; then the answer comes to nobody. */
const LOST_ANSWER_WAIT_MS = 20_000;

/**
 * A mail whose answer was lost was probably taken. So it goes on by another way where the account has one; where it has none it is
 * sent once more, with the same Message-ID, and then taken for sent: a server that never answers in time would else be given
 * the same code eight times, and a notice all day.
 * @param before the reason of the attempt before
 * @returns undefined for any other outcome
 */
export function afterLostAnswer(
  outcome: SendOutcome,
  before: string | null,
  { goesOn, usefulUntil, now }: { goesOn: boolean; usefulUntil: number; now: number },
): NextStep | undefined {
  if (outcome.kind !== 'temporary' || outcome.reason !== ANSWER_LOST) return undefined;
  const dueAt = now + LOST_ANSWER_WAIT_MS;
  return goesOn || before === ANSWER_LOST || dueAt >= usefulUntil ? { status: 'sent' } : { status: 'queued', dueAt };
}

/**
 * Whether an earlier try of a text may have left. Its reason says so until it is settled, whatever its provider said since: to be
 * refused now takes nothing back.
 */
export function wasPerhapsSent(reason: string | null): boolean {
  return reason === ANSWER_LOST || reason?.startsWith(`${ANSWER_LOST} `) === true;
}

/** The reason of a text while it is handed over. */
export function markOf(before: string | null): string {
  return wasPerhapsSent(before) ? HANDED_OVER_AGAIN : HANDED_OVER;
}

export function isHandedOver(reason: string | null): boolean {
  return lastWordOf(reason) === HANDED_OVER;
}

/** The reason of a text after a try that did not end well, with its provider's last word. */
export function reasonOfText(outcome: Exclude<SendOutcome, { kind: 'accepted' }>, before: string | null): string {
  const isInDoubt = wasPerhapsSent(before) || (outcome.kind === 'temporary' && outcome.maybeSent === true);
  return isInDoubt && outcome.reason !== ANSWER_LOST ? `${ANSWER_LOST} ${outcome.reason}` : outcome.reason;
}

/** Without what it says of earlier tries. */
export function lastWordOf(reason: string | null): string | null {
  return reason?.startsWith(`${ANSWER_LOST} `) ? reason.slice(ANSWER_LOST.length + 1) : reason;
}

/** A text that was perhaps sent twice is taken for sent: it costs each time, and a provider that is out of order takes it again and again. */
export function afterSecondDoubt(outcome: SendOutcome, before: string | null): NextStep | undefined {
  const isLost = outcome.kind === 'temporary' && outcome.maybeSent === true;
  return isLost && wasPerhapsSent(before) ? { status: 'sent' } : undefined;
}

/** How long what is reported waits for the end of its own `send`, which takes ten seconds at most (decision 0023). */
export const EARLY_RECEIPT_KEPT_MS = 60_000;

/** What a receipt says. */
export type ReportedStatus = 'sent' | 'delivered' | 'read' | 'failed';

/**
 * Each status says more than those before it. A mailbox may take a mail and send it back later (RFC 3464: an asynchronous
 * bounce), so for mail "bounced" is the last word; a text message or a chat that was shown was shown, whatever else is
 * reported, and WhatsApp is known to report "delivered" after "failed". An attempt that we gave up or took for refused
 * (a lost answer), or that a later asking took the place of, is corrected by a receipt, however late.
 */
const KNOWN_OF_MAIL = ['queued', 'unneeded', 'expired', 'failed', 'sent', 'delivered', 'bounced'] as const;
const KNOWN_OF_TEXTS = ['queued', 'unneeded', 'expired', 'failed', 'sent', 'bounced', 'delivered'] as const;
const STATUS_OF_REPORT = { sent: 'sent', delivered: 'delivered', read: 'delivered', failed: 'bounced' } as const;

/**
 * What is known after a receipt. Receipts come late, twice and out of order: the status only ever moves on, so whatever
 * their order it ends the same. Nobody was sent a decoy, so no receipt is about one.
 */
export function mergeStatus(channel: Channel, current: MessageStatus, reported: ReportedStatus): MessageStatus {
  if (current === 'suppressed') return current;
  const order: readonly MessageStatus[] = channel === 'email' ? KNOWN_OF_MAIL : KNOWN_OF_TEXTS;
  const told = STATUS_OF_REPORT[reported];
  return order.indexOf(told) > order.indexOf(current) ? told : current;
}

/**
 * The reason of a message that an operator queued again. Only a message to an account is ever retried, so where that would
 * show, its line goes on saying what it said before.
 */
export const RETRIED = 'retried';

/**
 * What the claimant is told of a message, by its age. Where nobody is written to without an account (an unknown address
 * that gets no mail, a phone number whose account is reached by mail), what a mailbox says exists only where an account
 * does; then its refusal looks like success, at once (4xx) and in the end (5xx). An outage holds up everybody.
 *
 * Receipts are shown only where every request is written to: a decoy gets none, and none can be made up for it, because
 * the times of the next real one would differ from the last (decision 0023).
 */
export type ShownStatus = 'queued' | 'sent' | 'delivered' | 'failed';
export function shownStatus({ status, reason }: MessageFate, ageMs: number, writtenTo: WrittenTo): ShownStatus {
  if (ageMs < FATE_SHOWN_AFTER_MS) return 'queued';
  if (status === 'delivered' || status === 'bounced') {
    if (writtenTo !== 'everybody') return 'sent';
    return status === 'delivered' ? status : 'failed';
  }
  if (writtenTo === 'accounts' && (isHeldUpByReply(reason) || reason === RETRIED)) return 'sent';
  // Nobody is told of a decoy's mail, which has no last byte; and it did leave.
  if (status === 'queued' && reason === ANSWER_LOST) return 'sent';
  if (status === 'queued') return status;
  return cameToNothing(status) && (writtenTo !== 'accounts' || status === 'expired') ? 'failed' : 'sent';
}

/**
 * Whether somebody without an account is written to as well. everybody: at each request (registration). at-times: once a
 * week, and again where that came to nothing at once (recovery by mail). accounts: never.
 */
export type WrittenTo = 'everybody' | 'at-times' | 'accounts';

/**
 * What the claimant is told of a code that was asked for by a phone channel: the same for everybody. Unknown numbers are never
 * texted, so no fate of a real message (an outage, a number out of service, the next rung of the ladder) has a counterpart
 * there; `sent` says that the code is on its way, by whichever rung.
 * @param sinceMs since the message that was asked for could leave
 */
export function shownStatusByPhone(sinceMs: number): ShownStatus {
  return sinceMs < FATE_SHOWN_AFTER_MS ? 'queued' : 'sent';
}

/**
 * Whether a line that is shown may still say something else, so that it is worth asking. By phone a stranger's says all it ever will
 * with `sent`; a browser that has signed in hears more of its recovery. By how the attempt began alone, never by whom it found.
 */
export function mayChange(
  shown: ShownStatus,
  { channel, lane, purpose }: { channel: Channel; lane: Lane; purpose: Purpose },
): boolean {
  if (shown !== 'sent') return shown === 'queued';
  return channel === 'email' || (lane === 'known-device' && purpose === 'recovery');
}

/**
 * What becomes of a decoy's knock at the mail server. While an earlier mail to the same address is held up by that very
 * mailbox (a 4xx reply, not an outage), the next one to an account would be, too; so the decoy waits along.
 */
export function fateOfDecoy(knocked: SendOutcome, earlier: MessageFate | undefined): SendOutcome {
  if (knocked.kind !== 'accepted') return { kind: 'temporary', reason: knocked.reason };
  return isHeldUp(earlier) ? { kind: 'temporary', reason: 'waits_for_earlier' } : knocked;
}

/** One message of a code. */
export interface CodeMessage extends MessageFate {
  id: string;
  channel: Channel;
  attempts: number;
  ask: number | null;
  follows: string | null;
}

/**
 * The message that says what became of a code, of all that carried it, newest first: the one that arrived, else the one
 * that it went on by. A rung that only stands ready, or was not needed, says nothing.
 */
export function decisiveMessage<M extends CodeMessage>(codes: readonly M[]): M | undefined {
  const [newest] = codes;
  const asked = codes.filter(({ ask }) => ask === newest?.ask);
  const isReady = ({ status, attempts, follows }: M): boolean => {
    const before = codes.find(({ id }) => id === follows)?.status;
    return status === 'queued' && attempts === 0 && (before === 'sent' || before === 'delivered');
  };
  const gone = asked.filter((message) => message.status !== 'unneeded' && !isReady(message));
  return (
    gone.find(({ status }) => status === 'delivered') ??
    gone.find(({ id }) => !gone.some(({ follows }) => follows === id)) ??
    newest
  );
}

/**
 * What really happened, for a browser that has signed in to this account: it knows that there is one, so nothing is hidden
 * from it. `by`: the way that the code went on by, where that is not the one that was asked for.
 */
export function toldOwner(asked: Channel, codes: readonly CodeMessage[]): { delivery: ShownStatus; by?: Channel } {
  const message = decisiveMessage(codes);
  if (message === undefined) return { delivery: 'queued' };
  const { status, channel } = message;
  const failed = cameToNothing(status) || status === 'suppressed' || status === 'unneeded';
  return { delivery: failed ? 'failed' : (status as ShownStatus), ...(channel === asked ? {} : { by: channel }) };
}

/** What is known of a message so far. */
export interface MessageFate {
  status: MessageStatus;
  /** The provider's last word. */
  reason: string | null;
}

/** Whether the mailbox itself lets a message wait, as greylisting does. */
export function isHeldUp(message: MessageFate | undefined): boolean {
  return message?.status === 'queued' && isHeldUpByReply(message.reason);
}

function isHeldUpByReply(reason: string | null): boolean {
  return /^4\d\d\b/.test(reason ?? '');
}

/** Whether a message ended without reaching the provider's hands: it does not count as sent. */
export function cameToNothing(status: MessageStatus | undefined): boolean {
  return status === 'failed' || status === 'bounced' || status === 'expired';
}
