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
 * What the claimant is told of a message, by its age. Without a mail to unknown addresses, a refused address would exist
 * only where an account does; then failures look like success.
 */
export type ShownStatus = 'queued' | 'sent' | 'delivered' | 'failed';
export function shownStatus(status: MessageStatus, ageMs: number, unknownAddressesAreMailed: boolean): ShownStatus {
  if (ageMs < FATE_SHOWN_AFTER_MS || status === 'queued') return 'queued';
  if (status === 'delivered') return status;
  return cameToNothing(status) && (unknownAddressesAreMailed || status === 'expired') ? 'failed' : 'sent';
}

/**
 * What becomes of a decoy's knock at the mail server. While an earlier mail to the same address is held up by that very
 * mailbox (a 4xx reply, not an outage), the next one to an account would be, too; so the decoy waits along.
 */
export function fateOfDecoy(knocked: SendOutcome, earlier: EarlierMail | undefined): SendOutcome {
  if (knocked.kind !== 'accepted') return { kind: 'temporary', reason: knocked.reason };
  const heldUp = earlier?.status === 'queued' && /^4\d\d\b/.test(earlier.reason ?? '');
  return heldUp ? { kind: 'temporary', reason: 'waits_for_earlier' } : knocked;
}

/** What is known of the last mail to an address without an account. */
export interface EarlierMail {
  status: MessageStatus;
  /** The provider's last word. */
  reason: string | null;
}

/** Whether a message ended without reaching the provider's hands: it does not count as sent. */
export function cameToNothing(status: MessageStatus | undefined): boolean {
  return status === 'failed' || status === 'bounced' || status === 'expired';
}
