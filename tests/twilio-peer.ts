/**
 * Twilio as it is seen from the network, for tests: takes messages and checks every field against the published
 * description of the Messages API, as it does its own answers, with the numbers that Twilio's test credentials give a meaning
 * to, and can fail in every way that a network knows.
 */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import type { WebhookCall } from '../src/ports.ts';
import { CreateMessage, Message, MessageList, RestError, StatusCallback } from './channels/published/twilio.ts';
import { deviations, webhookCall } from './provider-peer.ts';

export interface TwilioPeerOptions {
  account: string;
  authToken: string;
  key?: { sid: string; secret: string };
}

export type Misbehaviour =
  | { status: number; headers?: Record<string, string>; body?: string }
  /** Takes the message and never answers. */
  | 'hang'
  /** Takes the message and closes before the answer. */
  | 'close'
  /** Takes the message, and closes within the body of the answer. */
  | 'close-within'
  /** Takes the message, and a proxy in between loses the answer. */
  | 'bad-gateway';

export interface TwilioPeer {
  /** http://127.0.0.1:port */
  readonly url: string;
  /** The forms of the messages that were taken, with their sids. */
  readonly taken: readonly { sid: string; form: Record<string, string> }[];
  /** Requests of any kind. */
  readonly requests: number;
  /** What Twilio's published description does not allow. */
  readonly problems: string[];
  /** A status callback as Twilio publishes it, signed for this address. */
  report(url: string, fields: Record<string, string>): WebhookCall;
  /** How the next requests are answered, one each. */
  misbehave(...how: Misbehaviour[]): void;
  stop(): Promise<void>;
}

/** Numbers of the test credentials: https://www.twilio.com/docs/iam/test-credentials */
const REFUSED_TO: Record<string, number> = {
  '+15005550001': 21211,
  '+15005550002': 21612,
  '+15005550003': 21408,
  '+15005550004': 21610,
  '+15005550009': 21614,
};
const REFUSED_FROM: Record<string, number> = { '+15005550001': 21212, '+15005550007': 21606, '+15005550008': 21611 };

export async function startTwilioPeer(options: TwilioPeerOptions): Promise<TwilioPeer> {
  const taken: { sid: string; form: Record<string, string> }[] = [];
  const misbehaviours: Misbehaviour[] = [];
  const problems: string[] = [];
  let requests = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests += 1;
    const body = await textOf(request);
    const how = misbehaviours.shift();
    if (typeof how === 'object') {
      response.writeHead(how.status, { 'Content-Type': 'application/json', ...how.headers }).end(how.body ?? '');
      return;
    }
    const problem = problemOf(request, body, options, problems);
    if (problem) {
      const { status, code } = problem;
      const document = {
        code,
        message: problem.message,
        more_info: `https://www.twilio.com/docs/errors/${code}`,
        status,
      };
      problems.push(...deviations(RestError, document, 'refusal'));
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(document));
      return;
    }
    if (request.method === 'GET') {
      const list = emptyList(request.url ?? '');
      problems.push(...deviations(MessageList, list, 'list'));
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(list));
      return;
    }
    const form = Object.fromEntries(new URLSearchParams(body));
    const sid = `SM${String(taken.length + 1).padStart(32, '0')}`;
    taken.push({ sid, form });
    const message = messageOf(sid, form, options.account);
    problems.push(...deviations(Message, message, 'answer'));
    const document = JSON.stringify(message);
    if (how === 'hang') return;
    if (how === 'bad-gateway') return void response.writeHead(502).end('<html>Bad Gateway</html>');
    if (how === 'close') return void request.socket.destroy();
    response.writeHead(201, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(document) });
    if (how === 'close-within') {
      response.write(document.slice(0, 20), () => request.socket.destroy());
      return;
    }
    response.end(document);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => response.destroy(error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken,
    get requests() {
      return requests;
    },
    problems,
    report(url, fields) {
      problems.push(...deviations(StatusCallback, fields, 'status callback'));
      const signature = twilioSignature(options.authToken, url, fields);
      const type = 'application/x-www-form-urlencoded';
      const body = new URLSearchParams(fields).toString();
      return webhookCall(body, { 'content-type': type, 'x-twilio-signature': signature }, url);
    },
    misbehave: (...how) => void misbehaviours.push(...how),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Problem {
  status: number;
  code: number;
  message: string;
}

function problemOf(
  request: IncomingMessage,
  body: string,
  options: TwilioPeerOptions,
  problems: string[],
): Problem | undefined {
  const refuse = (code: number, message: string, status = 400): Problem => ({ status, code, message });
  const [user, password] = options.key ? [options.key.sid, options.key.secret] : [options.account, options.authToken];
  const login = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  if (request.headers.authorization !== login) return refuse(20003, 'Authenticate', 401);
  if (request.method === 'GET' && request.url === `/2010-04-01/Accounts/${options.account}/Messages.json?PageSize=1`)
    return undefined;
  if (request.method !== 'POST' || request.url !== `/2010-04-01/Accounts/${options.account}/Messages.json`)
    return refuse(20404, 'The requested resource was not found', 404);
  if (!/^application\/x-www-form-urlencoded\b/.test(request.headers['content-type'] ?? ''))
    return refuse(21619, 'not a form');
  const form = new URLSearchParams(body);
  const twice = [...form.keys()].filter((name) => form.getAll(name).length > 1).map((name) => `${name} is given twice`);
  const wrong = [...deviations(CreateMessage, Object.fromEntries(form), 'message'), ...twice];
  problems.push(...wrong);
  if (wrong.length > 0) return refuse(20001, wrong.join('; '));
  const to = form.get('To') ?? '';
  const from = form.get('From');
  const code = REFUSED_TO[to] ?? REFUSED_FROM[from ?? ''];
  return code === undefined ? undefined : refuse(code, `refused ${to}`);
}

/** Of an account that sent nothing. */
function emptyList(url: string): Record<string, unknown> {
  const page = { page: 0, page_size: 1, start: 0, end: 0 };
  return { messages: [], ...page, first_page_uri: url, uri: url, next_page_uri: null, previous_page_uri: null };
}

function messageOf(sid: string, form: Record<string, string>, account: string): Record<string, unknown> {
  return {
    account_sid: account,
    api_version: '2010-04-01',
    body: form.Body,
    date_created: 'Sat, 14 Mar 2026 09:12:00 +0000',
    date_sent: null,
    date_updated: 'Sat, 14 Mar 2026 09:12:00 +0000',
    direction: 'outbound-api',
    error_code: null,
    error_message: null,
    from: form.From ?? null,
    messaging_service_sid: form.MessagingServiceSid ?? null,
    num_media: '0',
    num_segments: '1',
    price: null,
    price_unit: 'USD',
    sid,
    status: form.MessagingServiceSid ? 'accepted' : 'queued',
    subresource_uris: { media: `/2010-04-01/Accounts/${account}/Messages/${sid}/Media.json` },
    to: form.To,
    uri: `/2010-04-01/Accounts/${account}/Messages/${sid}.json`,
  };
}

/** `X-Twilio-Signature` of a form without repeated names; pinned by vectors of Twilio's own library in the test. */
export function twilioSignature(authToken: string, url: string, form: Record<string, string>): string {
  const data = Object.keys(form)
    .sort()
    .reduce((text, name) => text + name + form[name], url);
  return createHmac('sha1', authToken).update(data).digest('base64');
}
