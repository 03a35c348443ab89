/** Text messages by Twilio's Messages API (2010-04-01), its status callbacks, and what people answer. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { exchange, readBounded } from '../exchange.ts';
import type {
  ChannelEvent,
  Clock,
  Fetch,
  OutgoingText,
  Received,
  RefusedCall,
  Standing,
  TakenAnswer,
  TextChannel,
  UnreadCall,
  WebhookCall,
} from '../ports.ts';
import type { SendOutcome } from '../rules/delivery.ts';
import { failureOf, outcomeOfFailure, outcomeOfTrouble } from '../rules/http-outcomes.ts';
import { isLoopbackHost } from '../rules/loopback.ts';
import { readJson } from '../rules/read-json.ts';
import type { TwilioUrl } from '../rules/sms-urls.ts';

/** Twilio answers within a second; past this another channel is tried, while somebody waits. */
const SEND_TIMEOUT_MS = 10_000;
/** Bounds of `ValidityPeriod`, in seconds. */
const VALIDITY_MIN_S = 1;
const VALIDITY_MAX_S = 36_000;
/**
 * A message has at most 1,600 characters, its media ten addresses, and a report about twenty parameters. Whatever is read of a
 * call is read before its signature is known to be right, so little is read.
 */
const CALL_MAX_BYTES = 64 * 1024;
const CALL_MAX_PARAMETERS = 200;

export interface TwilioOptions {
  fetch: Fetch;
  clock: Clock;
  /** Our address for Twilio's calls, on our own origin: https://accounts.shop.example/webhooks/twilio */
  webhookUrl: string;
  /** Shorter in tests. */
  sendTimeoutMs?: number;
}

/**
 * A message is posted once for every `send`: Twilio has no key for repeated requests. Where the answer is lost after Twilio
 * took the message, the outcome is `maybeSent`, and the status callback, whose address holds our own id of the message, tells
 * that it left; it comes within seconds, often before the next attempt.
 *
 * Reasons are Twilio's codes, or HTTP's where it gave none.
 */
export function createTwilioChannel(settings: TwilioUrl, options: TwilioOptions): TextChannel {
  const { clock } = options;
  const endpoint = `${settings.base}/2010-04-01/Accounts/${settings.account}/Messages.json`;
  const [user, password] = settings.key
    ? [settings.key.sid, settings.key.secret]
    : [settings.account, settings.authToken];
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

  async function send(text: OutgoingText): Promise<SendOutcome> {
    const leftS = Math.floor((text.usefulUntil - clock.now()) / 1000);
    if (leftS < VALIDITY_MIN_S) return { kind: 'temporary', reason: 'useless_by_now' };
    let response: Response;
    try {
      response = await options.fetch(endpoint, {
        method: 'POST',
        headers: { Authorization: authorization, Accept: 'application/json' },
        body: formOf(text, leftS),
        // A redirect would carry the message elsewhere.
        redirect: 'manual',
        signal: AbortSignal.timeout(options.sendTimeoutMs ?? SEND_TIMEOUT_MS),
      });
    } catch (error) {
      return outcomeOfFailure(failureOf(error));
    }
    return outcomeOf(response, await answerOf(response), text, clock.now());
  }

  function formOf(text: OutgoingText, leftS: number): URLSearchParams {
    const { sender } = settings;
    const form = new URLSearchParams({ To: text.to, Body: text.text });
    if ('from' in sender) form.set('From', sender.from);
    else form.set('MessagingServiceSid', sender.messagingService);
    form.set('ValidityPeriod', String(Math.min(leftS, VALIDITY_MAX_S)));
    // Neither the code nor the whole number stays in Twilio's log.
    form.set('ContentRetention', 'discard');
    form.set('AddressRetention', 'obfuscate');
    // We count septets ourselves; nobody else changes a character of a message that a browser reads.
    form.set('SmartEncoded', 'false');
    form.set('ShortenUrls', 'false');
    const callback = new URL(options.webhookUrl);
    // Twilio refuses the whole message for a callback that it can't reach, or whose host has an underscore (21609).
    if (!isLoopbackHost(callback.hostname) && !callback.hostname.includes('_')) {
      callback.searchParams.set('message', text.id);
      form.set('StatusCallback', callback.href);
    }
    return form;
  }

  function refuseUnread({ method, headers }: UnreadCall): RefusedCall | undefined {
    const type = (headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
    if (method !== 'POST' || type !== 'application/x-www-form-urlencoded') return { kind: 'refused', status: 400 };
    return SIGNATURE.test(signatureOf(headers)) ? undefined : { kind: 'refused', status: 403 };
  }

  async function receive(call: WebhookCall): Promise<Received> {
    const refused = refuseUnread(call);
    if (refused) return refused;
    const form = new TextDecoder().decode(call.body);
    if (form.split('&', CALL_MAX_PARAMETERS + 1).length > CALL_MAX_PARAMETERS) return { kind: 'refused', status: 400 };
    const params = new URLSearchParams(form);
    if (!isSigned(settings.authToken, call.url, params, signatureOf(call.headers)))
      return { kind: 'refused', status: 403 };
    if (params.get('AccountSid') !== settings.account) return { kind: 'refused', status: 403 };
    const status = params.get('MessageStatus');
    if (status !== null) return received(receiptOf(call.url, params, status, clock.now()));
    if (params.has('Body') && params.get('From'))
      return { ...received(inboundOf(params, clock.now())), answer: NO_REPLY };
    return { kind: 'refused', status: 400 };
  }

  /** Asks for the list of messages, which a restricted API key may read, too, and reads none of it. */
  async function standing(): Promise<Standing> {
    const answer = await exchange({
      fetch: options.fetch,
      url: `${endpoint}?PageSize=1`,
      headers: { Authorization: authorization },
      timeoutMs: options.sendTimeoutMs ?? SEND_TIMEOUT_MS,
    });
    if (answer.kind === 'failed') return { letIn: false, why: 'unreachable', reason: answer.reason };
    if (answer.status === 200) return { letIn: true };
    const { code } = ErrorAnswer.safeParse(readJson(answer.text)).data ?? {};
    if (code === TEST_CREDENTIALS) return { letIn: true, isTrial: true };
    const why = answer.status === 401 || answer.status === 403 ? 'login' : 'other';
    return { letIn: false, why, reason: String(code ?? `http_${answer.status}`) };
  }

  return {
    provider: 'twilio',
    reports: true,
    send,
    rehearse: (text, standIn) => createTwilioChannel(settings, { ...options, fetch: standIn(TAKEN) }).send(text),
    receive,
    refuseUnread,
    callMaxBytes: CALL_MAX_BYTES,
    standing,
    close: async () => {},
  };
}

/** As long as what Twilio answers. */
const TAKEN: TakenAnswer = {
  status: 201,
  body: JSON.stringify({ sid: `SM${'0'.repeat(32)}`, status: 'queued', error_code: null, uri: '/'.repeat(600) }),
};

/** Of the account's test credentials, which are let in and may send, but list nothing. */
const TEST_CREDENTIALS = 20008;

const ErrorAnswer = z.object({ code: z.number().int() });

interface Answer {
  sid?: unknown;
  code?: unknown;
}

/** What stands in the answer; an empty one where it was cut off, is too long, or is no JSON object. */
async function answerOf(response: Response): Promise<Answer> {
  try {
    const answer = readJson((await readBounded(response)) ?? '');
    return typeof answer === 'object' && answer !== null ? answer : {};
  } catch {
    return {};
  }
}

function outcomeOf(response: Response, answer: Answer, text: OutgoingText, now: number): SendOutcome {
  const { status } = response;
  if (status === 201) {
    // Cut off after the status line: the message exists, and its callbacks name it by our id.
    return { kind: 'accepted', providerId: isSid(answer.sid) ? answer.sid : text.id };
  }
  // Nothing that Twilio says, but whoever is in between may have handed the message on.
  if (response.ok) return { kind: 'temporary', reason: `http_${status}`, maybeSent: true };
  const code = typeof answer.code === 'number' ? answer.code : undefined;
  const reason = String(code ?? `http_${status}`);
  const trouble = outcomeOfTrouble(response, reason, now);
  if (trouble) return trouble;
  if (code === STOPPED) return { kind: 'unreachable', reason, stopped: true };
  if (code !== undefined && UNREACHABLE.has(code)) return { kind: 'unreachable', reason };
  if (code !== undefined && OURS_TO_MEND.has(code)) return { kind: 'temporary', reason };
  return status === 400 && code !== undefined ? { kind: 'permanent', reason } : { kind: 'temporary', reason };
}

function isSid(sid: unknown): sid is string {
  return typeof sid === 'string' && /^[A-Za-z0-9]{1,64}$/.test(sid);
}

/** The person answered STOP; START lifts it. */
const STOPPED = 21610;

/** What Twilio says of the number: no text message reaches it, now or later. */
const UNREACHABLE = new Set([
  21211, // not a phone number
  21214, // cannot be reached
  21217, // not a phone number
  21265, // a short code
  21408, // country not enabled for the account
  21612, // not reachable from this sender
  21614, // not a mobile number
  21635, // a landline
  30004, // blocked
  30005, // unknown
  30006, // landline or unreachable carrier
  30450, // held to be pumping
]);

/**
 * What it says of us: keys, sender, money, queue, callback. The operator mends it, and the message waits for that, as with
 * a mail server that does not let us in.
 */
const OURS_TO_MEND = new Set([
  14107, 20003, 20005, 20429, 21212, 21603, 21606, 21609, 21611, 21659, 21660, 21703, 21704, 21705, 63038,
]);

function signatureOf(headers: Headers): string {
  return headers.get('x-twilio-signature') ?? '';
}

/** HMAC-SHA-1 in base64. */
const SIGNATURE = /^[A-Za-z0-9+/]{27}=$/;

/**
 * Base64 of HMAC-SHA-1 over the address and every parameter, sorted by name, name and value run together; of repeated
 * parameters each value once, sorted.
 */
function isSigned(authToken: string, url: string, params: URLSearchParams, given: string): boolean {
  const data = [...valuesByName(params)]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, values]) =>
      [...values]
        .sort()
        .map((value) => name + value)
        .join(''),
    )
    .join('');
  return addressesOf(url).some((address) => {
    const expected = Buffer.from(createHmac('sha1', authToken).update(`${address}${data}`, 'utf8').digest('base64'));
    const signature = Buffer.from(given);
    return signature.length === expected.length && timingSafeEqual(signature, expected);
  });
}

/** In one pass: `getAll` for each name goes over all parameters again, and of a forged call there may be many. */
function valuesByName(params: URLSearchParams): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const [name, value] of params) {
    const values = found.get(name);
    if (values) values.add(value);
    else found.set(name, new Set([value]));
  }
  return found;
}

/**
 * Without a port, and with the one that was called or the standard one: Twilio's own library takes either, and a port of one's
 * own is left out of what some of its services sign. Not by `new URL`, which would write some characters of the query
 * differently from what was signed.
 */
function addressesOf(url: string): string[] {
  const parts = /^(https?):\/\/(\[[^\]]*\]|[^:/?#]*)(:\d+)?(.*)$/s.exec(url);
  if (!parts) return [url];
  const [, scheme = '', host = '', port, rest = ''] = parts;
  const standard = scheme === 'https' ? ':443' : ':80';
  return [`${scheme}://${host}${rest}`, `${scheme}://${host}${port ?? standard}${rest}`];
}

type Status = Extract<ChannelEvent, { type: 'receipt' }>['status'];

/** Of a message that left. What is not listed is on its way: in Twilio's hands, which is all that "sent" says. */
const STATUSES: Record<string, Status> = {
  delivered: 'delivered',
  read: 'read',
  undelivered: 'failed',
  failed: 'failed',
  canceled: 'failed',
};

function receiptOf(url: string, params: URLSearchParams, told: string, now: number): ChannelEvent[] {
  const providerId = params.get('MessageSid') ?? params.get('SmsSid');
  if (!providerId || told === 'receiving' || told === 'received') return [];
  const messageId = URL.canParse(url) ? new URL(url).searchParams.get('message') : null;
  const status = STATUSES[told] ?? 'sent';
  const code = params.get('ErrorCode') ?? '';
  return [
    {
      type: 'receipt',
      providerId,
      ...(messageId ? { messageId } : {}),
      status,
      at: now,
      reason: status === 'failed' ? (/^\d{1,6}$/.test(code) ? code : told) : null,
    },
  ];
}

/** The whole message, as carriers have it; "please stop sending" is talk. Twilio itself sends no more after these. */
const STOP_WORDS = /^(?:stop|stopall|unsubscribe|end|quit|cancel|revoke|optout)$/i;

function inboundOf(params: URLSearchParams, now: number): ChannelEvent[] {
  const chat = params.get('From') as string;
  const text = (params.get('Body') ?? '').trim();
  const stopped = params.has('OptOutType') ? params.get('OptOutType') === 'STOP' : STOP_WORDS.test(text);
  return [stopped ? { type: 'stopped', chat, at: now } : { type: 'said', chat, text, at: now }];
}

/** TwiML that says nothing; an empty body is an error in Twilio's log. */
const NO_REPLY = { contentType: 'text/xml; charset=utf-8', body: '<?xml version="1.0" encoding="UTF-8"?><Response/>' };

function received(events: ChannelEvent[]): Received & { kind: 'received' } {
  return { kind: 'received', events };
}
