/** What happens to a message, and when it is tried again. */
import { RETRY_WAITS_MS } from './limits.ts';

export type Channel = 'email' | 'sms';
/**
 * queued: in the outbox. sent: in the provider's hands. delivered, bounced: by its receipt. failed: refused for good.
 * expired: became useless before it could leave. suppressed: there was nobody to send to.
 */
export type MessageStatus = 'queued' | 'sent' | 'delivered' | 'bounced' | 'failed' | 'expired' | 'suppressed';

/** What a channel says about one attempt. */
export type SendOutcome =
  | { kind: 'accepted'; providerId: string }
  | { kind: 'temporary'; reason: string; retryAfterMs?: number }
  | { kind: 'permanent'; reason: string };

export type NextStep = { status: 'sent' | 'failed' | 'expired' } | { status: 'queued'; dueAt: number };

/** What becomes of a message after an attempt; `attempts` counts this one. */
export function afterAttempt(outcome: SendOutcome, attempts: number, usefulUntil: number, now: number): NextStep {
  if (outcome.kind === 'accepted') return { status: 'sent' };
  if (outcome.kind === 'permanent') return { status: 'failed' };
  const wait = Math.max(
    outcome.retryAfterMs ?? 0,
    RETRY_WAITS_MS[Math.min(attempts, RETRY_WAITS_MS.length) - 1] as number,
  );
  const dueAt = now + wait;
  return dueAt < usefulUntil ? { status: 'queued', dueAt } : { status: 'expired' };
}

/**
 * What the claimant is told of a message. Without a mail to unknown addresses, a refused address would exist only where
 * an account does; then failures look like success.
 */
export type ShownStatus = 'queued' | 'sent' | 'delivered' | 'failed';
export function shownStatus(status: MessageStatus, unknownAddressesAreMailed: boolean): ShownStatus {
  if (status === 'queued' || status === 'delivered') return status;
  const failed = status === 'bounced' || status === 'failed' || status === 'expired';
  return failed && (unknownAddressesAreMailed || status === 'expired') ? 'failed' : 'sent';
}
