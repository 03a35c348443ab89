/** One call to somebody else's HTTP API, bounded in time and size, its failures told as codes. */

/** What `fetch` is handed in as; the one that reaches the network is picked in `compose.ts`. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Call {
  fetch: Fetch;
  url: string;
  headers: Record<string, string>;
  /** Sent by POST as JSON. */
  json: unknown;
  /** From the first byte asked to the last byte read. */
  timeoutMs: number;
}

export type Answer =
  | { kind: 'answered'; status: number; headers: Headers; text: string }
  | {
      kind: 'failed';
      /** ECONNREFUSED, ETIMEDOUT, answer_too_big ...: never an address or a text. */
      reason: string;
      /** The request had left before it failed, so that it may have been obeyed. */
      maybeObeyed: boolean;
    };

/** No answer of a messenger's API is near it; a proxy's error page may be. */
const ANSWER_MAX_BYTES = 64 * 1024;

/**
 * Failures before a byte of the request can have reached the other side: the name, the route, the connection, TLS. With any
 * other the request may have been obeyed.
 */
const NOT_SENT = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_HAS_EXPIRED',
]);

/** Never throws for what a network or a server may do. */
export async function exchange(call: Call): Promise<Answer> {
  try {
    const response = await call.fetch(call.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', ...call.headers },
      body: JSON.stringify(call.json),
      // A redirect would carry a token of ours to wherever it points.
      redirect: 'manual',
      signal: AbortSignal.timeout(call.timeoutMs),
    });
    const text = await readBounded(response);
    if (text === undefined) return { kind: 'failed', reason: 'answer_too_big', maybeObeyed: true };
    return { kind: 'answered', status: response.status, headers: response.headers, text };
  } catch (error) {
    const reason = codeOf(error);
    return { kind: 'failed', reason, maybeObeyed: !NOT_SENT.has(reason) };
  }
}

/** The body as text, or undefined where it is bigger than it may be; the rest is not read. */
async function readBounded(response: Response): Promise<string | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.byteLength;
    if (length > ANSWER_MAX_BYTES) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** `fetch` wraps the code of the network in a TypeError without one. */
function codeOf(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'ETIMEDOUT';
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } };
  const found = cause?.code ?? code;
  return typeof found === 'string' && /^[A-Z0-9_]{1,64}$/.test(found) ? found : 'connection_failed';
}

/** Seconds of `Retry-After` (RFC 9110 10.2.3) in milliseconds; undefined where it is absent or a date. */
export function retryAfterMsOf(headers: Headers): number | undefined {
  const value = headers.get('retry-after')?.trim() ?? '';
  return /^\d{1,6}$/.test(value) ? Number(value) * 1000 : undefined;
}
