/**
 * Telegram: a bot that writes into chats which their owners linked (Bot API, https://core.telegram.org/bots/api).
 *
 * There are no delivery reports for messages of bots: `accepted` is the last that is known.
 */
import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { type Answer, exchange } from '../exchange.ts';
import { Pause } from '../pause.ts';
import type {
  ChannelEvent,
  Clock,
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
import { believedWaitMs, doubtOf, outcomeOfFailure } from '../rules/http-outcomes.ts';
import { isLinkToken, isStopWord } from '../rules/link-tokens.ts';
import type { TelegramSettings } from '../rules/messenger-urls.ts';
import { readJson } from '../rules/read-json.ts';
import { isSameSecret } from '../rules/signatures.ts';

const TIMEOUT_MS = 10_000;
/** Of UTF-16 units; longer texts are no codes of ours. */
const TEXT_MAX = 4096;
const COPY_TEXT_MAX = 256;
/** What to wait where a 429 does not say: twice the pause that bulk senders see most. */
const PAUSE_MS = 5_000;
const COMMANDS = [
  { command: 'stop', description: 'Get no more messages here' },
  { command: 'help', description: 'What this chat is for' },
];

export interface TelegramOptions {
  fetch: Fetch;
  clock: Clock;
  log: Log;
  /** Where Telegram shall call: https, one of the ports 443, 80, 88, 8443. */
  webhookUrl: string;
  /** Shorter in tests. */
  timeoutMs?: number;
}

export function createTelegramChannel(settings: TelegramSettings, options: TelegramOptions): LinkedChannel {
  const { clock, log } = options;
  const secret = webhookSecret(settings.token);
  /** Telegram lengthens the penalty of a bot that goes on sending after a 429, to whomever: all of its sends wait. */
  const pause = new Pause();

  async function send(text: OutgoingText): Promise<SendOutcome> {
    // Private chats have positive ids of at most 52 bits; a negative one is a group, where others would read the code.
    if (!/^[1-9]\d{0,15}$/.test(text.to) || !Number.isSafeInteger(Number(text.to)))
      return { kind: 'permanent', reason: 'malformed_chat' };
    if (text.text.length === 0 || text.text.length > TEXT_MAX) return { kind: 'permanent', reason: 'text_length' };
    const pauseMs = pause.leftMs(clock.now());
    if (pauseMs > 0) return { kind: 'temporary', reason: '429', retryAfterMs: pauseMs };
    const answer = await call('sendMessage', messageOf(text));
    const outcome = outcomeOf(answer);
    if (outcome.kind === 'temporary' && outcome.reason === '429') pause.begin(outcome.retryAfterMs ?? 0, clock.now());
    if (isOperatorsFault(outcome)) log.error('telegram', { reason: outcome.reason });
    return outcome;
  }

  function refuseUnread({ method, headers }: UnreadCall): RefusedCall | undefined {
    if (method !== 'POST') return { kind: 'refused', status: 400 };
    const given = headers.get('x-telegram-bot-api-secret-token') ?? '';
    return isSameSecret(given, secret) ? undefined : { kind: 'refused', status: 401 };
  }

  async function receive(request: WebhookCall): Promise<Received> {
    const refused = refuseUnread(request);
    if (refused) return refused;
    const update = Update.safeParse(readJson(request.body));
    if (!update.success) return { kind: 'refused', status: 400 };
    return { kind: 'received', events: eventsOf(update.data) };
  }

  function call(method: string, json: unknown): Promise<Answer> {
    const url = `${settings.api}/bot${settings.token}/${method}`;
    return exchange({ fetch: options.fetch, url, headers: {}, json, timeoutMs: options.timeoutMs ?? TIMEOUT_MS });
  }

  return {
    provider: 'telegram',
    // A bot is told of no delivery: what Telegram took is in the chat.
    reports: false,
    send,
    rehearse: (text, standIn) => createTelegramChannel(settings, { ...options, fetch: standIn(TAKEN) }).send(text),
    receive,
    refuseUnread,
    deepLink: (token) => `https://t.me/${settings.bot}?start=${token}`,
    async register() {
      const calls: [string, unknown][] = [
        [
          'setWebhook',
          {
            url: options.webhookUrl,
            allowed_updates: ['message', 'callback_query', 'my_chat_member'],
            secret_token: secret,
          },
        ],
        ['setMyCommands', { commands: COMMANDS }],
      ];
      for (const [method, json] of calls) {
        const outcome = outcomeOf(await call(method, json));
        if (outcome.kind !== 'accepted') return { registered: false, reason: outcome.reason };
      }
      return { registered: true };
    },
    async standing() {
      const me = await call('getMe', {});
      const outcome = outcomeOf(me);
      if (outcome.kind !== 'accepted') {
        const { reason } = outcome;
        const why = me.kind === 'failed' ? 'unreachable' : ['401', '404'].includes(reason) ? 'login' : 'other';
        return { letIn: false, why, reason };
      }
      const username = resultOf(Me, me)?.username ?? settings.bot;
      const names = { name: `@${username.toLowerCase()}`, setting: `@${settings.bot.toLowerCase()}` };
      const info = resultOf(WebhookInfo, await call('getWebhookInfo', {}));
      if (!info) return { letIn: true, ...names };
      const { url, pending_update_count: waiting, last_error_message: reason } = info;
      // The last error is told for ever; while nothing waits, it is over.
      return { letIn: true, ...names, webhook: { url, ...(waiting > 0 && reason !== undefined && { reason }) } };
    },
    close: async () => {},
  };
}

/**
 * What Telegram shall show on every call, derived from the bot's token: every replica knows it without a setting, and who
 * reads it in a proxy's log can't write as the bot.
 */
function webhookSecret(token: string): string {
  return createHmac('sha256', token).update('regain telegram webhook').digest('base64url');
}

function messageOf(text: OutgoingText): Record<string, unknown> {
  const copied = text.code !== undefined && text.code.length <= COPY_TEXT_MAX ? text.code : undefined;
  return {
    chat_id: Number(text.to),
    text: text.text,
    // Neither forwarded nor saved: a code is for this person, now.
    protect_content: true,
    link_preview_options: { is_disabled: true },
    ...(copied === undefined
      ? {}
      : { reply_markup: { inline_keyboard: [[{ text: copied, copy_text: { text: copied } }]] } }),
  };
}

const ApiAnswer = z.object({
  ok: z.boolean(),
  result: z.unknown().optional(),
  error_code: z.number().int().optional(),
  description: z.string().optional(),
  parameters: z.object({ retry_after: z.number().int().positive().optional() }).optional(),
});

/** As long as what Telegram answers, who repeats the message. */
const TAKEN: TakenAnswer = {
  status: 200,
  body: JSON.stringify({
    ok: true,
    result: { message_id: 1, date: 0, chat: { id: 1, type: 'private' }, text: '0'.repeat(300) },
  }),
};

function outcomeOf(answer: Answer): SendOutcome {
  if (answer.kind === 'failed') return outcomeOfFailure(answer);
  const parsed = ApiAnswer.safeParse(readJson(answer.text));
  if (!parsed.success)
    return answer.status >= 200 && answer.status < 300
      ? { kind: 'temporary', reason: 'unreadable_answer', maybeSent: true }
      : refusalOf(answer.status, '', undefined);
  const { ok, result, error_code, description, parameters } = parsed.data;
  if (!ok) return refusalOf(error_code ?? answer.status, description ?? '', parameters?.retry_after);
  const sent = z.object({ message_id: z.number().int() }).safeParse(result);
  // Methods other than sendMessage answer `true`.
  return { kind: 'accepted', providerId: sent.success ? String(sent.data.message_id) : '' };
}

const Me = z.object({ username: z.string() });
const WebhookInfo = z.object({
  url: z.string(),
  pending_update_count: z.number().int(),
  last_error_message: z.string().optional(),
});

function resultOf<T>(schema: z.ZodType<T>, answer: Answer): T | undefined {
  const parsed = answer.kind === 'answered' ? ApiAnswer.safeParse(readJson(answer.text)) : undefined;
  return schema.safeParse(parsed?.data?.result).data;
}

/** By status, because sentences change; but for `chat not found`, which shares 400 with every mistake of ours. */
function refusalOf(status: number, description: string, retryAfterS: number | undefined): SendOutcome {
  const reason = String(status);
  if (status === 403) return { kind: 'unreachable', reason, stopped: true };
  if (status === 400 && /chat not found/i.test(description)) return { kind: 'unreachable', reason: 'chat_not_found' };
  if (status === 429)
    return {
      kind: 'temporary',
      reason,
      retryAfterMs: retryAfterS === undefined ? PAUSE_MS : believedWaitMs(retryAfterS * 1000),
    };
  if (status >= 400 && status < 500 && ![401, 404, 408, 409].includes(status)) return { kind: 'permanent', reason };
  return { kind: 'temporary', reason, ...doubtOf(status) };
}

/** 401: the token was revoked. 404: there is no such bot or server. 400: a request that we should not make. */
function isOperatorsFault(outcome: SendOutcome): outcome is Exclude<SendOutcome, { kind: 'accepted' }> {
  return outcome.kind !== 'accepted' && ['401', '404', '400'].includes(outcome.reason);
}

const User = z.object({
  first_name: z.string().optional(),
  last_name: z.string().optional(),
  is_bot: z.boolean().optional(),
});
const Chat = z.object({ id: z.number().int(), type: z.string() });
const Update = z.object({
  update_id: z.number().int(),
  message: z
    .object({ date: z.number().int(), chat: Chat, from: User.optional(), text: z.string().optional() })
    .optional(),
  callback_query: z
    .object({
      data: z.string().optional(),
      message: z.object({ chat: Chat, date: z.number().int() }).optional(),
    })
    .optional(),
  my_chat_member: z
    .object({ chat: Chat, date: z.number().int(), new_chat_member: z.object({ status: z.string() }) })
    .optional(),
});

/** Groups are not our business: what is said there is no one person's word. */
function eventsOf({ update_id, message, callback_query, my_chat_member }: z.infer<typeof Update>): ChannelEvent[] {
  const eventId = String(update_id);
  if (message && message.chat.type === 'private' && message.text !== undefined && !message.from?.is_bot)
    return [{ ...said(message.chat.id, message.text, message.date, message.from), eventId }];
  if (callback_query?.message?.chat.type === 'private' && callback_query.data !== undefined) {
    const { chat, date } = callback_query.message;
    return [{ type: 'said', chat: String(chat.id), text: callback_query.data, at: date * 1000, eventId }];
  }
  // Blocking is an end; unblocking ("member") is no new consent, so it tells nothing.
  if (my_chat_member?.chat.type === 'private' && my_chat_member.new_chat_member.status === 'kicked')
    return [{ type: 'stopped', chat: String(my_chat_member.chat.id), at: my_chat_member.date * 1000, eventId }];
  return [];
}

function said(chatId: number, text: string, date: number, from: z.infer<typeof User> | undefined): ChannelEvent {
  const chat = String(chatId);
  const at = date * 1000;
  const token = /^\/start(?:@\w+)?\s+(\S+)\s*$/.exec(text)?.[1];
  if (token !== undefined && isLinkToken(token))
    return { type: 'linked', chat, token, name: chatName(from?.first_name, from?.last_name), at };
  return isStopWord(text.replace(/^(\/\w+)@\w+/, '$1'))
    ? { type: 'stopped', chat, at }
    : { type: 'said', chat, text, at };
}
