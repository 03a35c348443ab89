/** What HTTP providers have in common: calls that fail without an answer, and answers that ask to wait. */
import type { SendOutcome } from './delivery.ts';

/** A provider means seconds or minutes; a broken proxy may ask for years. */
const RETRY_AFTER_MAX_MS = 60 * 60_000;

/** How long a provider is waited for that asks for `askedMs`. */
export function believedWaitMs(askedMs: number): number {
  return Math.min(askedMs, RETRY_AFTER_MAX_MS);
}

/** The connection never stood (codes of the system, of DNS, of TLS, of Node's fetch), so nothing can have been taken. */
const NOTHING_SENT =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_.*|ERR_SSL_.*|CERT_.*|DEPTH_ZERO_.*|SELF_SIGNED_.*|UNABLE_TO_.*)$/;

export interface HttpFailure {
  /** ECONNREFUSED, ETIMEDOUT ...: a code, never a text, because texts hold addresses. */
  reason: string;
  /** The request had left before it failed, so that it may have been obeyed. */
  maybeObeyed: boolean;
}

/** Of what `fetch` threw: it wraps the code of the network in a TypeError without one. */
export function failureOf(error: unknown): HttpFailure {
  const { name, code, cause } = error as { name?: string; code?: unknown; cause?: { code?: unknown } };
  if (name === 'TimeoutError' || name === 'AbortError') return { reason: 'ETIMEDOUT', maybeObeyed: true };
  const found = cause?.code ?? code;
  const reason = typeof found === 'string' && /^[A-Z0-9_]{1,64}$/.test(found) ? found : 'connection_failed';
  return { reason, maybeObeyed: !NOTHING_SENT.test(reason) };
}

export function outcomeOfFailure({ reason, maybeObeyed }: HttpFailure): SendOutcome {
  return { kind: 'temporary', reason, ...(maybeObeyed ? { maybeSent: true } : {}) };
}

/** 429 and 5xx; undefined for any other answer. */
export function outcomeOfTrouble(
  { status, headers }: Pick<Response, 'status' | 'headers'>,
  reason: string,
  now: number,
): SendOutcome | undefined {
  if (status !== 429 && status < 500) return undefined;
  const retryAfterMs = retryAfterMsOf(headers, now);
  return {
    kind: 'temporary',
    reason,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...doubtOf(status),
  };
}

/** 503 is told by a door that let nothing in; behind any other 5xx, a proxy's for one, the message may have been taken. */
export function doubtOf(status: number): { maybeSent?: true } {
  return status >= 500 && status !== 503 ? { maybeSent: true } : {};
}

/** `Retry-After`, in seconds or as a date (RFC 9110 10.2.3); an hour at most. Undefined where it names no time to come. */
export function retryAfterMsOf(headers: Headers, now: number): number | undefined {
  const value = headers.get('retry-after')?.trim() ?? '';
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : /[A-Za-z]/.test(value) ? Date.parse(value) - now : Number.NaN;
  return ms > 0 ? believedWaitMs(ms) : undefined;
}
