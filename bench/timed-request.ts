/** One request and how long its answer took, over kept-alive connections; `fetch` costs the load's process three times as much. */
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Timed {
  status: number;
  body: string;
  /** From sending to the last byte. */
  ms: number;
  retryAfterSeconds: number;
}
export interface Call {
  method: 'GET' | 'POST';
  path: string;
  json?: object;
  /** X-Forwarded-For, where the program trusts one proxy. */
  from?: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

export function timedRequest(origin: string, { method, path, json, from }: Call): Promise<Timed> {
  const startedAt = performance.now();
  const headers = {
    ...(json === undefined ? {} : { 'content-type': 'application/json' }),
    ...(from === undefined ? {} : { 'x-forwarded-for': from }),
  };
  return new Promise((resolve, reject) => {
    const asking = request(new URL(path, origin), { method, headers, agent }, (answer) => {
      const { statusCode: status = 0 } = answer;
      const retryAfterSeconds = Number(answer.headers['retry-after'] ?? 0);
      text(answer).then(
        (body) => resolve({ status, body, ms: performance.now() - startedAt, retryAfterSeconds }),
        reject,
      );
    });
    asking.on('error', reject);
    asking.end(json === undefined ? undefined : JSON.stringify(json));
  });
}
