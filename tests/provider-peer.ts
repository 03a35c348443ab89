/** A provider at the network's edge: a real HTTP server that answers as told, and can fail in every way that servers fail. */
import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import type { z } from 'zod';
import type { Log, OutgoingText, WebhookCall } from '../src/ports.ts';

export interface PeerCall {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface PeerAnswer {
  status: number;
  json: unknown;
  headers?: Record<string, string>;
  /** What the vendor publishes of this answer: a server of tests that answers otherwise is a problem, too. */
  published: z.ZodType;
}

/**
 * What becomes of the next call instead of an answer. Those that name an answer, `hang` and `nonsense` obey the call before
 * they fail; `close` and an answer of one's own do not.
 */
export type Fault =
  | 'hang'
  | 'close'
  | 'hang_mid_answer'
  | 'close_mid_answer'
  | 'nonsense'
  | 'endless_answer'
  /** A proxy in between lost the answer. */
  | 'bad_gateway'
  | { status: number; json?: unknown; text?: string; headers?: Record<string, string> };

export interface Peer {
  /** http://127.0.0.1:port */
  readonly url: string;
  readonly calls: readonly PeerCall[];
  /** What the vendor's published description does not allow. */
  readonly problems: string[];
  /** The next calls fail in this order. */
  fail(...faults: Fault[]): void;
  /** The next calls of paths that fit fail in this order. */
  failAt(path: RegExp, ...faults: Fault[]): void;
  stop(): Promise<void>;
}

export async function startPeer(obey: (call: PeerCall) => PeerAnswer): Promise<Peer> {
  const calls: PeerCall[] = [];
  const problems: string[] = [];
  const faults: { path: RegExp; fault: Fault }[] = [];
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const call = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body };
    calls.push(call);
    const at = faults.findIndex(({ path }) => path.test(call.path));
    const fault = at < 0 ? undefined : faults.splice(at, 1)[0]?.fault;
    if (fault === 'close') return void request.socket.destroy();
    if (typeof fault === 'object') return answerWith(response, fault);
    const answer = obey(call);
    problems.push(...deviations(answer.published, answer.json, `answer to ${call.path}`));
    if (fault === undefined) return answerWith(response, answer);
    failAfter(fault, response, answer);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    problems,
    fail: (...more) => void faults.push(...more.map((fault) => ({ path: /^/, fault }))),
    failAt: (path, ...more) => void faults.push(...more.map((fault) => ({ path, fault }))),
    async stop() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function answerWith(
  response: ServerResponse,
  { status, json, text, headers }: { status: number; json?: unknown; text?: string; headers?: Record<string, string> },
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(text ?? JSON.stringify(json ?? {}));
}

function failAfter(fault: Exclude<Fault, object | 'close'>, response: ServerResponse, answer: PeerAnswer): void {
  if (fault === 'hang') return;
  if (fault === 'bad_gateway') return void response.writeHead(502).end('<html>Bad Gateway</html>');
  if (fault === 'nonsense') return void response.writeHead(200).end('<html>Welcome to the airport</html>');
  const text = JSON.stringify(answer.json);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1_000_000 });
  if (fault === 'hang_mid_answer') response.write(text.slice(0, text.length / 2));
  else if (fault === 'close_mid_answer')
    response.write(text.slice(0, text.length / 2), () => response.socket?.destroy());
  else for (let sent = 0; sent < 20; sent += 1) response.write(' '.repeat(50_000));
}

/** The body by the vendor's own description; what that does not know is a problem, told to the test and to the caller. */
export function strictly<T>(schema: z.ZodType<T>, call: PeerCall, problems: string[]): T | undefined {
  if (call.method !== 'POST') problems.push(`${call.method} ${call.path}: must be POST`);
  if (!/^application\/json\b/.test(call.headers['content-type'] ?? ''))
    problems.push(`${call.path}: content type ${call.headers['content-type']}`);
  let json: unknown;
  try {
    json = JSON.parse(call.body.toString('utf8'));
  } catch {
    problems.push(`${call.path}: no JSON`);
    return undefined;
  }
  const found = deviations(schema, json, call.path);
  problems.push(...found);
  return found.length === 0 ? schema.parse(json) : undefined;
}

/** How this differs from what the vendor publishes; nothing where it does not. Read as it goes over the wire. */
export function deviations(published: z.ZodType, json: unknown, where: string): string[] {
  const parsed = published.safeParse(JSON.parse(JSON.stringify(json)));
  return (parsed.error?.issues ?? []).map((issue) => `${where}: ${issue.path.join('.')}: ${issue.message}`);
}

/** What our server would be called with. */
export function webhookCall(
  body: string | Uint8Array,
  headers: Record<string, string>,
  url = 'https://shop.example/hook',
): WebhookCall {
  return { method: 'POST', url, headers: new Headers(headers), body: Buffer.from(body) };
}

/** What every adapter is handed: a clock that stands still until it is moved, a log that is read, and the real fetch. */
export interface ChannelWorld {
  clock: { now(): number };
  log: Log;
  /** `error telegram 401`: level, event, reason. */
  readonly lines: string[];
  fetch: typeof globalThis.fetch;
  /** As in production, because this machine may be busy; a test of a server that hangs makes it short. */
  timeoutMs: number | undefined;
  pass(ms: number): void;
}

export function channelWorld(startAt: number): ChannelWorld {
  let now = startAt;
  const lines: string[] = [];
  const write =
    (level: string) =>
    (event: string, fields: Record<string, unknown> = {}): void =>
      void lines.push(`${level} ${event} ${fields.reason}`);
  return {
    clock: { now: () => now },
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    lines,
    fetch: globalThis.fetch,
    timeoutMs: undefined,
    pass: (ms) => {
      now += ms;
    },
  };
}

/** A message with a code as an action hands it over, of use for ten minutes. */
export function outgoingCode(to: string, now: number): OutgoingText {
  return {
    id: 'message-1',
    to,
    text: 'Acme: your code is 482913.',
    code: '482913',
    kind: 'recovery-code',
    locale: 'en',
    usefulUntil: now + 600_000,
  };
}

/** Both end with the test, which fails where the channel did what the vendor's description does not allow. */
export function stopsAfter(
  t: TestContext,
  channel: { close(): Promise<void> },
  peer: Pick<Peer, 'stop' | 'problems'>,
): void {
  t.after(async () => {
    await channel.close();
    await peer.stop();
    assert.deepEqual(peer.problems, []);
  });
}
