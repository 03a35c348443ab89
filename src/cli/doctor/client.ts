/** One kept connection to an installation, with a clock beside it. */
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';

export interface Ask {
  method: 'GET' | 'POST';
  path: string;
  /** An object goes as JSON, a form as a form. */
  body?: object | URLSearchParams;
  headers?: Record<string, string>;
}

export interface Answered {
  /** Milliseconds from the first byte of the request to the last of the answer. */
  ms: number;
  status: number;
  headers: IncomingHttpHeaders;
  /** In the order in which they came, names in lower case. */
  rawHeaders: [name: string, value: string][];
  body: string;
}

export interface DoctorClient {
  ask(ask: Ask): Promise<Answered>;
  close(): void;
}

/** The operator finds our requests in his logs by this name. */
const USER_AGENT = 'regain-doctor';

/**
 * A new connection for each request would cost more, and more unevenly, than the answers.
 * @param options.paceMs least time from the start of one request to that of the next
 */
export function openClient(origin: string, options: { signal: AbortSignal; paceMs?: number }): DoctorClient {
  const { signal, paceMs = 0 } = options;
  const secure = new URL(origin).protocol === 'https:';
  const agent = new (secure ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: 1 });
  const send = secure ? httpsRequest : httpRequest;
  let nextAt = 0;

  async function ask({ method, path, body, headers }: Ask): Promise<Answered> {
    const waitMs = nextAt - performance.now();
    if (waitMs > 0) await pause(waitMs, undefined, { signal });
    nextAt = performance.now() + paceMs;
    const { promise, resolve, reject } = Promise.withResolvers<Answered>();
    const [type, text] = encoded(body);
    const all = { 'user-agent': USER_AGENT, accept: '*/*', 'accept-language': 'en', ...type, ...headers };
    const startedAt = performance.now();
    const request = send(new URL(path, origin), { method, headers: all, agent, signal }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const ms = performance.now() - startedAt;
        const { statusCode = 0, headers: answered } = response;
        const body = Buffer.concat(chunks).toString();
        resolve({ ms, status: statusCode, headers: answered, rawHeaders: pairs(response.rawHeaders), body });
      });
    });
    request.on('error', reject);
    request.end(text);
    return promise;
  }

  return { ask, close: () => agent.destroy() };
}

function pairs(raw: readonly string[]): [string, string][] {
  return Array.from({ length: raw.length / 2 }, (_, at) => [(raw[2 * at] ?? '').toLowerCase(), raw[2 * at + 1] ?? '']);
}

function encoded(body: Ask['body']): [headers: Record<string, string>, text: string | undefined] {
  if (body === undefined) return [{}, undefined];
  if (body instanceof URLSearchParams)
    return [{ 'content-type': 'application/x-www-form-urlencoded' }, body.toString()];
  return [{ 'content-type': 'application/json' }, JSON.stringify(body)];
}

/** `name=value` of a Set-Cookie whose name ends so, to be sent back. */
export function cookieOf(answer: Pick<Answered, 'headers'>, name: string): string | undefined {
  const pairs = (answer.headers['set-cookie'] ?? []).map((line) => line.split(';')[0] as string);
  return pairs.find((pair) => pair.slice(0, pair.indexOf('=')).endsWith(name));
}
