/**
 * Viber: a bot that writes into chats which their owners linked (https://developers.viber.com/docs/api/rest-bot-api/).
 *
 * Linking takes two steps, because opening a link in Viber is no subscription: `conversation_started` brings the token of
 * the link and is answered with one question, whose button makes the person's first message. That message subscribes, and
 * brings the token back in `tracking_data`; only then is there a `linked` event.
 */
import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { type Answer, exchange } from '../exchange.ts';
import type {
  ChannelEvent,
  Fetch,
  LinkedChannel,
  Log,
  OutgoingText,
  Received,
  RefusedCall,
  TakenAnswer,
  UnreadCall,
  WebhookCall,
} from '../ports.ts';
import { chatName } from '../rules/chat-names.ts';
import type { SendOutcome } from '../rules/delivery.ts';
import { doubtOf } from '../rules/http-outcomes.ts';
import { isLinkToken, isStopWord } from '../rules/link-tokens.ts';
import type { ViberSettings } from '../rules/messenger-urls.ts';
import { readJson } from '../rules/read-json.ts';
import { isSameMac, mayBeMac } from '../rules/signatures.ts';

const TIMEOUT_MS = 10_000;
const TEXT_MAX = 7_000;
const SENDER_MAX = 28;
/** The least that knows keyboards with replies; a client below it would get nothing. */
const MIN_API_VERSION = 1;
/** Numbers above 2^53: 4912661846655238145 in Viber's own example. */
const BIG = ['message_token'];
const TRACKING = /^regain-link:([^:]+):([\s\S]+)$/;

/** The question that a person who opened our link is asked, and the answer that links. */
export interface ViberQuestion {
  ask: string;
  /** Label of the button; it becomes the person's message. At most 100 characters. */
  yes: string;
}

export interface ViberOptions {
  fetch: Fetch;
  log: Log;
  /** Name of the sender; cut to the 28 characters that Viber shows. */
  brand: string;
  /** Where Viber shall call: https with a certificate of a public authority. */
  webhookUrl: string;
  /** @param language of the person's device, as Viber names it ("en", "pt-BR") */
  question?: (language: string) => ViberQuestion;
  /** Shorter in tests. */
  timeoutMs?: number;
}

export function createViberChannel(settings: ViberSettings, options: ViberOptions): LinkedChannel {
  const { brand, log } = options;
  const sender = { name: cut(brand, SENDER_MAX) };
  const question = options.question ?? (() => questionOf(brand));

  async function send(text: OutgoingText): Promise<SendOutcome> {
    if (text.to.length === 0 || text.to.length > 256) return { kind: 'permanent', reason: 'malformed_chat' };
    if (text.text.length === 0 || text.text.length > TEXT_MAX) return { kind: 'permanent', reason: 'text_length' };
    // No button copies in Viber: those of its keyboards only reply, open, share or locate. A long press does.
    const message = { receiver: text.to, min_api_version: MIN_API_VERSION, sender, type: 'text', text: text.text };
    const { outcome, alert } = verdictOf(await call('send_message', message));
    if (alert && outcome.kind !== 'accepted') log.error('viber', { reason: outcome.reason });
    return outcome;
  }

  function refuseUnread({ method, headers }: UnreadCall): RefusedCall | undefined {
    if (method !== 'POST') return { kind: 'refused', status: 400 };
    return mayBeMac(signatureOf(headers)) ? undefined : { kind: 'refused', status: 401 };
  }

  async function receive(request: WebhookCall): Promise<Received> {
    const refused = refuseUnread(request);
    if (refused) return refused;
    if (!isSigned(request.body, signatureOf(request.headers), settings.token)) return { kind: 'refused', status: 401 };
    const callback = Callback.safeParse(readJson(request.body, BIG));
    if (!callback.success) return { kind: 'refused', status: 400 };
    const welcome = welcomeTo(callback.data);
    const events = eventsOf(callback.data);
    return { kind: 'received', events, ...(welcome ? { answer: welcome } : {}) };
  }

  /** Goes out in the answer to the callback itself: the only message that Viber takes before a person has written. */
  function welcomeTo({ event, context, user }: Callback): { contentType: string; body: string } | undefined {
    if (event !== 'conversation_started' || context === undefined || !isLinkToken(context)) return undefined;
    const { ask, yes } = question(user?.language ?? 'en');
    const message = {
      sender,
      min_api_version: MIN_API_VERSION,
      type: 'text',
      text: ask,
      tracking_data: `regain-link:${context}:${yes}`,
      keyboard: {
        Type: 'keyboard',
        DefaultHeight: false,
        Buttons: [{ Columns: 6, Rows: 1, ActionType: 'reply', ActionBody: yes, Text: yes, TextSize: 'large' }],
      },
    };
    return { contentType: 'application/json; charset=utf-8', body: JSON.stringify(message) };
  }

  function call(method: string, json: unknown): Promise<Answer> {
    return exchange({
      fetch: options.fetch,
      url: `${settings.api}/pa/${method}`,
      headers: { 'x-viber-auth-token': settings.token },
      json,
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    });
  }

  return {
    provider: 'viber',
    reports: true,
    send,
    rehearse: (text, standIn) => createViberChannel(settings, { ...options, fetch: standIn(TAKEN) }).send(text),
    receive,
    refuseUnread,
    deepLink: (token) => `viber://pa?chatURI=${encodeURIComponent(settings.uri)}&context=${encodeURIComponent(token)}`,
    async register() {
      const { outcome } = verdictOf(
        await call('set_webhook', {
          url: options.webhookUrl,
          event_types: ['delivered', 'seen', 'failed', 'subscribed', 'unsubscribed', 'conversation_started'],
          send_name: true,
          send_photo: false,
        }),
      );
      return outcome.kind === 'accepted' ? { registered: true } : { registered: false, reason: outcome.reason };
    },
    async standing() {
      const answer = await call('get_account_info', {});
      const { outcome } = verdictOf(answer);
      if (outcome.kind !== 'accepted') {
        const { reason } = outcome;
        const why = answer.kind === 'failed' ? 'unreachable' : reason === INVALID_TOKEN ? 'login' : 'other';
        return { letIn: false, why, reason };
      }
      const info = answer.kind === 'answered' ? AccountInfo.safeParse(readJson(answer.text, BIG)).data : undefined;
      const { uri = settings.uri, webhook } = info ?? {};
      return { letIn: true, name: uri, setting: settings.uri, ...(webhook ? { webhook: { url: webhook } } : {}) };
    },
    close: async () => {},
  };
}

function questionOf(brand: string): ViberQuestion {
  return { ask: `Shall ${brand} send your sign-in codes to this chat?`, yes: 'Yes, send them here' };
}

/** By UTF-16 units, as Viber counts, but never through the middle of a character. */
function cut(text: string, max: number): string {
  let kept = '';
  for (const character of text) {
    if (kept.length + character.length > max) break;
    kept += character;
  }
  return kept.trim();
}

interface Verdict {
  outcome: SendOutcome;
  /** Somebody must act. */
  alert: boolean;
}

/** `status` is the answer; HTTP says 200 to everything that Viber itself answers. */
const TAKEN: TakenAnswer = {
  status: 200,
  body: JSON.stringify({ status: 0, status_message: 'ok', message_token: '0'.repeat(19) }),
};

const ApiAnswer = z.object({ status: z.number().int(), message_token: z.string().optional() });

/** https://developers.viber.com/docs/api/rest-bot-api/#error-codes */
const INVALID_TOKEN = '2';
/** `webhook` is absent until one was set. */
const AccountInfo = z.object({ uri: z.string().optional(), webhook: z.string().optional() });

function verdictOf(answer: Answer): Verdict {
  if (answer.kind === 'failed') return waits(answer.reason, answer.maybeObeyed ? { maybeSent: true } : {});
  if (answer.status !== 200)
    return waits(String(answer.status), answer.status === 429 ? { retryAfterMs: 5_000 } : doubtOf(answer.status));
  const parsed = ApiAnswer.safeParse(readJson(answer.text, BIG));
  if (!parsed.success) return waits('unreadable_answer', { maybeSent: true });
  const { status, message_token } = parsed.data;
  return status === 0
    ? { outcome: { kind: 'accepted', providerId: message_token ?? '' }, alert: false }
    : refusalOf(status);
}

/** https://developers.viber.com/docs/api/rest-bot-api/#error-codes */
function refusalOf(status: number): Verdict {
  const reason = String(status);
  switch (status) {
    // The receiver is unknown or has unsubscribed.
    case 5:
    case 6:
      return { outcome: { kind: 'unreachable', reason, stopped: true }, alert: false };
    // No suitable device, a client too old, a country that is not served.
    case 11:
    case 13:
    case 14:
    case 21:
      return { outcome: { kind: 'unreachable', reason }, alert: false };
    // At most 100 messages an hour to a person who does not answer.
    case 12:
      return waits(reason, { retryAfterMs: 60_000 });
    // Token, account blocked, not found, suspended, no webhook, not authorised, out of free messages, out of money.
    case 2:
    case 7:
    case 8:
    case 9:
    case 10:
    case 15:
    case 23:
    case 24:
      return { outcome: { kind: 'temporary', reason }, alert: true };
    // URL, bad or missing data, and what has to do with broadcasts and payments: a message that we should not have made.
    case 1:
    case 3:
    case 4:
    case 16:
    case 17:
    case 18:
    case 19:
    case 20:
    case 22:
      return { outcome: { kind: 'permanent', reason }, alert: true };
    default:
      return { outcome: { kind: 'temporary', reason }, alert: true };
  }
}

function waits(reason: string, more: { retryAfterMs?: number; maybeSent?: true }): Verdict {
  return { outcome: { kind: 'temporary', reason, ...more }, alert: reason === '401' || reason === '403' };
}

function signatureOf(headers: Headers): string {
  return headers.get('x-viber-content-signature') ?? '';
}

function isSigned(body: Uint8Array, signature: string, token: string): boolean {
  return isSameMac(signature, createHmac('sha256', token).update(body).digest());
}

const Person = z.object({ id: z.string().min(1), name: z.string().optional(), language: z.string().optional() });
const Callback = z.object({
  event: z.string(),
  /** Milliseconds. */
  timestamp: z.number().int().nonnegative(),
  message_token: z.string().optional(),
  context: z.string().optional(),
  user: Person.optional(),
  user_id: z.string().min(1).optional(),
  sender: Person.optional(),
  message: z.object({ type: z.string(), text: z.string().optional(), tracking_data: z.string().optional() }).optional(),
});
type Callback = z.infer<typeof Callback>;

function eventsOf(callback: Callback): ChannelEvent[] {
  const { event, timestamp: at, message_token, user_id } = callback;
  const eventId = message_token === undefined ? {} : { eventId: message_token };
  if (event === 'unsubscribed' && user_id !== undefined) return [{ type: 'stopped', chat: user_id, at, ...eventId }];
  if (event === 'message') return messageEvents(callback).map((said) => ({ ...said, ...eventId }));
  if (message_token === undefined) return [];
  const receipt = { type: 'receipt' as const, providerId: message_token, at };
  if (event === 'delivered') return [{ ...receipt, status: 'delivered', reason: null }];
  if (event === 'seen') return [{ ...receipt, status: 'read', reason: null }];
  // `desc` says why in a sentence, and there is no code.
  if (event === 'failed') return [{ ...receipt, status: 'failed', reason: 'failed' }];
  return [];
}

/** Whoever writes something else than the button says is asking, not agreeing. */
function messageEvents({ sender, message, timestamp: at }: Callback): ChannelEvent[] {
  const text = message?.text;
  if (!sender || text === undefined) return [];
  const chat = sender.id;
  const [, token, yes] = TRACKING.exec(message?.tracking_data ?? '') ?? [];
  if (token !== undefined && isLinkToken(token) && text.trim() === yes?.trim())
    return [{ type: 'linked', chat, token, name: chatName(sender.name), at }];
  return [isStopWord(text) ? { type: 'stopped', chat, at } : { type: 'said', chat, text, at }];
}
