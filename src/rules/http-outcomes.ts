/** What the adapters of HTTP providers have in common: requests that fail without an answer, and answers that ask to wait. */
import type { SendOutcome } from './delivery.ts';

/** A provider means seconds or minutes; a broken proxy may ask for years. */
const RETRY_AFTER_MAX_MS = 60 * 60_000;

/** The connection never stood (codes of the system, of DNS, of TLS, of Node's fetch), so nothing can have been taken. */
const NOTHING_SENT =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_.*|ERR_SSL_.*|CERT_.*|DEPTH_ZERO_.*|SELF_SIGNED_.*|UNABLE_TO_.*)$/;

/** Of what `fetch` threw. The reason is a code, never a text: texts hold addresses. */
export function outcomeOfFailure(error: unknown): SendOutcome {
  const { name, cause } = error as { name?: string; cause?: { code?: unknown } };
  const reason =
    name === 'TimeoutError' || name === 'AbortError'
      ? 'ETIMEDOUT'
      : typeof cause?.code === 'string'
        ? cause.code
        : 'fetch_failed';
  return NOTHING_SENT.test(reason) ? { kind: 'temporary', reason } : { kind: 'temporary', reason, maybeSent: true };
}

/** `Retry-After`, in seconds or as a date (RFC 9110 10.2.3); an hour at most. */
export function retryAfter(headers: Headers, now: number): { retryAfterMs?: number } {
  const value = headers.get('retry-after');
  if (value === null) return {};
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return ms > 0 ? { retryAfterMs: Math.min(ms, RETRY_AFTER_MAX_MS) } : {};
}
