/** One call to somebody else's HTTP API, bounded in time and size, its failures told as codes. */
import type { Fetch } from './ports.ts';
import { failureOf, type HttpFailure } from './rules/http-outcomes.ts';

export interface Call {
  fetch: Fetch;
  url: string;
  headers: Record<string, string>;
  /** Sent by POST as JSON; without it the call is a GET. */
  json?: unknown;
  /** From the first byte asked to the last byte read. */
  timeoutMs: number;
}

export type Answer =
  | { kind: 'answered'; status: number; headers: Headers; text: string }
  | ({ kind: 'failed' } & HttpFailure);

/** No answer of a messenger's API is near it; a proxy's error page may be. */
const ANSWER_MAX_BYTES = 64 * 1024;

/** Never throws for what a network or a server may do. */
export async function exchange(call: Call): Promise<Answer> {
  try {
    const posts = call.json !== undefined;
    const response = await call.fetch(call.url, {
      method: posts ? 'POST' : 'GET',
      headers: { ...(posts && { 'content-type': 'application/json' }), accept: 'application/json', ...call.headers },
      ...(posts && { body: JSON.stringify(call.json) }),
      // A redirect would carry a token of ours to wherever it points.
      redirect: 'manual',
      signal: AbortSignal.timeout(call.timeoutMs),
    });
    const text = await readBounded(response);
    if (text === undefined) return { kind: 'failed', reason: 'answer_too_big', maybeObeyed: true };
    return { kind: 'answered', status: response.status, headers: response.headers, text };
  } catch (error) {
    return { kind: 'failed', ...failureOf(error) };
  }
}

/** The body as text, or undefined where it is bigger than it may be; the rest is not read. */
export async function readBounded(response: Response): Promise<string | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.byteLength;
    if (length > ANSWER_MAX_BYTES) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
