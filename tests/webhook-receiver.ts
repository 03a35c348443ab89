/** The other side of the generic SMS webhook, for tests: checks every field and the signature, and fails as it is told. */
import { createHmac } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export type ReceiverMisbehaviour =
  | { status: number; headers?: Record<string, string>; body?: string }
  /** Takes the message and never answers. */
  | 'hang'
  /** Takes the message and closes before the answer. */
  | 'close'
  /** Takes the message, says so, and closes within the body. */
  | 'close-within'
  /** Takes the message, and a proxy in between loses the answer. */
  | 'bad-gateway';

export interface WebhookReceiver {
  /** http://127.0.0.1:port */
  readonly url: string;
  /** What was taken: once for each id. */
  readonly taken: readonly { id: string; to: string; text: string; kind: string }[];
  readonly requests: readonly { url: string; headers: IncomingMessage['headers']; body: string }[];
  /** What was wrong with a request: empty in a test that is well. */
  readonly complaints: readonly string[];
  /** Resolves when there were so many requests. */
  received(count: number): Promise<void>;
  misbehave(...how: ReceiverMisbehaviour[]): void;
  stop(): Promise<void>;
}

/** @param port default: a free one */
export async function startWebhookReceiver(secret: string, nowS: () => number, port = 0): Promise<WebhookReceiver> {
  const taken = new Map<string, { id: string; to: string; text: string; kind: string }>();
  const requests: { url: string; headers: IncomingMessage['headers']; body: string }[] = [];
  const complaints: string[] = [];
  const misbehaviours: ReceiverMisbehaviour[] = [];
  const arrivals = new EventEmitter();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    requests.push({ url: request.url ?? '', headers: request.headers, body: body.toString() });
    arrivals.emit('request');
    const found = complaintsAbout(request, body, secret, nowS());
    complaints.push(...found);
    if (found.length > 0) return void response.writeHead(400).end();
    const how = misbehaviours.shift();
    if (typeof how === 'object') return void response.writeHead(how.status, how.headers).end(how.body);
    const message = JSON.parse(body.toString());
    taken.set(message.id, message);
    if (how === 'hang') return;
    if (how === 'bad-gateway') return void response.writeHead(502).end('<html>Bad Gateway</html>');
    if (how === 'close') return void request.socket.destroy();
    if (how === 'close-within') {
      response.writeHead(200, { 'Content-Length': 100 });
      return void response.write('{"ok"', () => request.socket.destroy());
    }
    response.writeHead(202).end();
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => response.destroy(error));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get taken() {
      return [...taken.values()];
    },
    requests,
    complaints,
    async received(count) {
      while (requests.length < count) await once(arrivals, 'request');
    },
    misbehave: (...how) => void misbehaviours.push(...how),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function complaintsAbout(request: IncomingMessage, body: Buffer, secret: string, nowS: number): string[] {
  const complaints: string[] = [];
  if (request.method !== 'POST') complaints.push(`method ${request.method}`);
  if (request.headers['content-type'] !== 'application/json')
    complaints.push(`type ${request.headers['content-type']}`);
  const [, at = '', mac = ''] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(request.headers['regain-signature'])) ?? [];
  if (createHmac('sha256', secret).update(`${at}.${body}`).digest('hex') !== mac) complaints.push('signature');
  if (Math.abs(Number(at) - nowS) > 300) complaints.push(`time ${at}`);
  const message = JSON.parse(body.toString()) as Record<string, unknown>;
  if (Object.keys(message).join() !== 'id,to,text,kind') complaints.push(`fields ${Object.keys(message)}`);
  if (!Object.values(message).every((value) => typeof value === 'string')) complaints.push('not all strings');
  if (!/^\+[1-9]\d{6,14}$/.test(String(message.to))) complaints.push('to');
  return complaints;
}

/** The header of a report to us. */
export function reportSignature(secret: string, at: number | string, body: string | Uint8Array): string {
  return `t=${at},v1=${createHmac('sha256', secret).update(`${at}.`).update(body).digest('hex')}`;
}
