/** What happens to a message, and when it is tried again. */
import { FATE_SHOWN_AFTER_MS, RETRY_WAITS_MS } from './limits.ts';

export type Channel = 'email' | 'sms';
/**
 * queued: in the outbox. sent: in the provider's hands. delivered, bounced: by its receipt. failed: refused for good.
 * expired: became useless before it could leave. suppressed: there was nobody to send to.
 */
export type MessageStatus = 'queued' | 'sent' | 'delivered' | 'bounced' | 'failed' | 'expired' | 'suppressed';

/** What a channel says about one attempt. */
export type SendOutcome =
  | { kind: 'accepted'; providerId: string }
  | {
      kind: 'temporary';
      reason: string;
      retryAfterMs?: number;
      /** The answer was lost after the message had left: the provider may have sent it, and trying again may send it twice. */
      maybeSent?: true;
    }
  /**
   * This channel does not reach this person; another one may, at once. `stopped`: the person ended it (blocked,
   * unsubscribed), so the next message would not arrive either.
   */
  | { kind: 'unreachable'; reason: string; stopped?: true }
  | { kind: 'permanent'; reason: string };

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

/**
 * The reason of a message that an operator queued again. Only a message to an account is ever retried, so where that would
 * show, its line goes on saying what it said before.
 */
export const RETRIED = 'retried';

/**
 * What the claimant is told of a message, by its age. Where nobody is written to without an account (an unknown address
 * that gets no mail, a phone number whose account is reached by mail), what a mailbox says exists only where an account
 * does; then its refusal looks like success, at once (4xx) and in the end (5xx). An outage holds up everybody.
 */
export type ShownStatus = 'queued' | 'sent' | 'delivered' | 'failed';
export function shownStatus({ status, reason }: MessageFate, ageMs: number, unknownIsWrittenTo: boolean): ShownStatus {
  if (ageMs < FATE_SHOWN_AFTER_MS) return 'queued';
  if (!unknownIsWrittenTo && (isHeldUpByReply(reason) || reason === RETRIED)) return 'sent';
  if (status === 'queued' || status === 'delivered') return status;
  return cameToNothing(status) && (unknownIsWrittenTo || status === 'expired') ? 'failed' : 'sent';
}

/**
 * What becomes of a decoy's knock at the mail server. While an earlier mail to the same address is held up by that very
 * mailbox (a 4xx reply, not an outage), the next one to an account would be, too; so the decoy waits along.
 */
export function fateOfDecoy(knocked: SendOutcome, earlier: MessageFate | undefined): SendOutcome {
  if (knocked.kind !== 'accepted') return { kind: 'temporary', reason: knocked.reason };
  return isHeldUp(earlier) ? { kind: 'temporary', reason: 'waits_for_earlier' } : knocked;
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
