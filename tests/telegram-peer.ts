/** Telegram as its servers behave: Bot API 10.1 and Gateway API, field by field as published. */
import { createHash, createHmac } from 'node:crypto';
import type { ApiMethods, Update } from '@grammyjs/types';
import { z } from 'zod';
import type { WebhookCall } from '../src/ports.ts';
import { type Peer, type PeerAnswer, type PeerCall, startPeer, strictly, webhookCall } from './provider-peer.ts';

/** https://core.telegram.org/bots/api#sendmessage, what is deprecated left out. */
const SendMessage = z.strictObject({
  business_connection_id: z.string().optional(),
  chat_id: z.union([z.number().int(), z.string().regex(/^@\w+$/)]),
  message_thread_id: z.number().int().optional(),
  text: z.string().min(1).max(4096),
  parse_mode: z.enum(['HTML', 'MarkdownV2', 'Markdown']).optional(),
  link_preview_options: z
    .strictObject({
      is_disabled: z.boolean().optional(),
      url: z.string().optional(),
      prefer_small_media: z.boolean().optional(),
      prefer_large_media: z.boolean().optional(),
      show_above_text: z.boolean().optional(),
    })
    .optional(),
  disable_notification: z.boolean().optional(),
  protect_content: z.boolean().optional(),
  allow_paid_broadcast: z.boolean().optional(),
  message_effect_id: z.string().optional(),
  reply_markup: z
    .strictObject({
      inline_keyboard: z.array(
        z.array(
          z.union([
            z.strictObject({
              text: z.string().min(1),
              copy_text: z.strictObject({ text: z.string().min(1).max(256) }),
            }),
            z.strictObject({ text: z.string().min(1), callback_data: z.string().min(1).max(64) }),
            z.strictObject({ text: z.string().min(1), url: z.url() }),
          ]),
        ),
      ),
    })
    .optional(),
});
const SetWebhook = z.strictObject({
  url: z.url({ protocol: /^https$/ }),
  ip_address: z.string().optional(),
  max_connections: z.number().int().min(1).max(100).optional(),
  allowed_updates: z.array(z.enum(['message', 'edited_message', 'callback_query', 'my_chat_member'])).optional(),
  drop_pending_updates: z.boolean().optional(),
  secret_token: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,256}$/)
    .optional(),
});
const SetMyCommands = z.strictObject({
  commands: z
    .array(z.strictObject({ command: z.string().regex(/^[a-z0-9_]{1,32}$/), description: z.string().min(1).max(256) }))
    .max(100),
});

/** By grammY's transcription of the Bot API; the compiler compares the types above with it. */
type Published = { [K in 'sendMessage' | 'setWebhook' | 'setMyCommands']: Parameters<ApiMethods<never>[K]>[0] };

export interface TelegramPeer extends Peer {
  /** What was sent, in order. */
  readonly sent: readonly Published['sendMessage'][];
  /** What the last setWebhook said. */
  webhook: Published['setWebhook'] | undefined;
  commands: Published['setMyCommands']['commands'];
  /** Why the last update did not reach the webhook. */
  unheard: string | undefined;
  /** Who started the bot, and what became of them. */
  readonly chats: Map<number, 'active' | 'blocked' | 'deactivated'>;
  /** An update as Telegram posts it, with the next update id. */
  update(fields: Record<string, unknown>): WebhookCall;
  /** A text of a person in a private chat. */
  says(chat: number, text: string, from?: { first_name: string; last_name?: string }): WebhookCall;
  /** A person blocks or unblocks the bot. */
  member(chat: number, status: 'kicked' | 'member'): WebhookCall;
}

export async function startTelegramPeer(token: string): Promise<TelegramPeer> {
  const sent: z.infer<typeof SendMessage>[] = [];
  const chats: TelegramPeer['chats'] = new Map();
  let updateId = 700_000_000;
  const peer: Peer = await startPeer((call) => obey(call));
  const telegram: TelegramPeer = Object.assign(peer, {
    sent,
    chats,
    webhook: undefined as TelegramPeer['webhook'],
    commands: [] as TelegramPeer['commands'],
    unheard: undefined as TelegramPeer['unheard'],
    update(fields: Record<string, unknown>) {
      updateId += 1;
      return webhookCall(JSON.stringify({ update_id: updateId, ...fields }), {
        'content-type': 'application/json',
        'x-telegram-bot-api-secret-token': telegram.webhook?.secret_token ?? '',
      });
    },
    says(chat: number, text: string, from: { first_name: string; last_name?: string } = { first_name: 'Jane' }) {
      return telegram.update({
        message: {
          message_id: 12,
          date: 1_790_000_000,
          chat: { id: chat, type: 'private', ...from },
          from: { id: chat, is_bot: false, ...from, language_code: 'en' },
          text,
        },
      } satisfies Omit<Update, 'update_id'>);
    },
    member(chat: number, status: 'kicked' | 'member') {
      const user = { id: chat, is_bot: false, first_name: 'Jane' };
      const bot = { id: 123456789, is_bot: true, first_name: 'Shop', username: 'shop_bot' };
      return telegram.update({
        my_chat_member: {
          chat: { id: chat, type: 'private', first_name: 'Jane' },
          from: user,
          date: 1_790_000_100,
          old_chat_member:
            status === 'kicked' ? { user: bot, status: 'member' } : { user: bot, status: 'kicked', until_date: 0 },
          new_chat_member: status === 'kicked' ? { user: bot, status, until_date: 0 } : { user: bot, status },
        },
      } satisfies Omit<Update, 'update_id'>);
    },
  });
  return telegram;

  function obey(call: PeerCall): PeerAnswer {
    const [, given, method] = /^\/bot([^/]+)\/(\w+)$/.exec(call.path) ?? [];
    if (given !== token) return refused(401, 'Unauthorized');
    if (method === 'sendMessage') return sendMessage(call);
    if (method === 'setWebhook') {
      telegram.webhook = strictly(SetWebhook, call, peer.problems);
      return telegram.webhook ? taken(true) : refused(400, 'Bad Request: bad webhook');
    }
    if (method === 'getMe')
      return taken({ id: Number(token.split(':')[0]), is_bot: true, first_name: 'Shop', username: 'shop_bot' });
    if (method === 'getWebhookInfo')
      return taken({
        url: telegram.webhook?.url ?? '',
        has_custom_certificate: false,
        pending_update_count: telegram.unheard === undefined ? 0 : 3,
        ...(telegram.unheard === undefined
          ? {}
          : { last_error_date: 1_790_000_000, last_error_message: telegram.unheard }),
      });
    if (method === 'setMyCommands') {
      telegram.commands = strictly(SetMyCommands, call, peer.problems)?.commands ?? [];
      return taken(true);
    }
    peer.problems.push(`${method} is no method of the Bot API`);
    return refused(404, 'Not Found');
  }

  function sendMessage(call: PeerCall): PeerAnswer {
    const message = strictly(SendMessage, call, peer.problems);
    if (!message) return refused(400, 'Bad Request: invalid message');
    const chat = typeof message.chat_id === 'number' ? chats.get(message.chat_id) : undefined;
    if (chat === undefined) return refused(400, 'Bad Request: chat not found');
    if (chat === 'blocked') return refused(403, 'Forbidden: bot was blocked by the user');
    if (chat === 'deactivated') return refused(403, 'Forbidden: user is deactivated');
    sent.push(message);
    return taken({
      message_id: 1000 + sent.length,
      date: 1_790_000_000,
      chat: { id: message.chat_id, type: 'private' },
      text: message.text,
    });
  }
}

function taken(result: unknown): PeerAnswer {
  return { status: 200, json: { ok: true, result } };
}

function refused(status: number, description: string): PeerAnswer {
  return { status, json: { ok: false, error_code: status, description } };
}

/** https://core.telegram.org/gateway/api */
const Check = z.strictObject({ phone_number: z.e164() });
const SendCode = z.strictObject({
  phone_number: z.e164(),
  request_id: z.string().optional(),
  sender_username: z.string().optional(),
  code: z
    .string()
    .regex(/^\d{4,8}$/)
    .optional(),
  code_length: z.number().int().min(4).max(8).optional(),
  callback_url: z
    .url({ protocol: /^https$/ })
    .max(256)
    .optional(),
  payload: z.string().max(128).optional(),
  ttl: z.number().int().min(30).max(3600).optional(),
});
const Revoke = z.strictObject({ request_id: z.string() });

export interface TelegramGatewayPeer extends Peer {
  readonly sent: readonly z.infer<typeof SendCode>[];
  readonly revoked: readonly string[];
  /** Numbers with Telegram. */
  readonly numbers: Set<string>;
  /** Fees taken: one per question, none for the code that follows it. */
  readonly fees: number;
  /** A report as the Gateway posts it. */
  report(requestId: string, status: string, updatedAt: number, timestamp?: number): WebhookCall;
}

export async function startTelegramGatewayPeer(token: string): Promise<TelegramGatewayPeer> {
  const sent: z.infer<typeof SendCode>[] = [];
  const revoked: string[] = [];
  const numbers = new Set<string>();
  const paid = new Map<string, string>();
  let fees = 0;
  const peer: Peer = await startPeer((call) => obey(call));
  const key = createHash('sha256').update(token).digest();
  return Object.defineProperty(
    Object.assign(peer, {
      sent,
      revoked,
      numbers,
      report(requestId: string, status: string, updatedAt: number, timestamp = updatedAt): WebhookCall {
        const body = JSON.stringify({
          request_id: requestId,
          phone_number: '+15550100',
          request_cost: 0.01,
          delivery_status: { status, updated_at: updatedAt },
          // As it was given with the code.
          payload: sent.find(({ request_id }) => request_id === requestId)?.payload,
        });
        return webhookCall(body, {
          'content-type': 'application/json',
          'x-request-timestamp': String(timestamp),
          'x-request-signature': createHmac('sha256', key).update(`${timestamp}\n${body}`).digest('hex'),
        });
      },
    }),
    'fees',
    { get: () => fees },
  ) as unknown as TelegramGatewayPeer;

  function obey(call: PeerCall): PeerAnswer {
    if (call.headers.authorization !== `Bearer ${token}`) return error('ACCESS_TOKEN_INVALID');
    switch (call.path) {
      case '/checkSendAbility': {
        const check = strictly(Check, call, peer.problems);
        if (!check || !numbers.has(check.phone_number)) return error('PHONE_NUMBER_NOT_AVAILABLE');
        fees += 1;
        const id = `request-${fees}`;
        paid.set(id, check.phone_number);
        return status(id, check.phone_number);
      }
      case '/sendVerificationMessage': {
        const message = strictly(SendCode, call, peer.problems);
        if (!message || !numbers.has(message.phone_number)) return error('PHONE_NUMBER_NOT_AVAILABLE');
        if (message.request_id === undefined || paid.get(message.request_id) !== message.phone_number)
          return error('REQUEST_ID_INVALID');
        sent.push(message);
        return status(message.request_id, message.phone_number);
      }
      case '/revokeVerificationMessage': {
        const revoke = strictly(Revoke, call, peer.problems);
        revoked.push(revoke?.request_id ?? '');
        return taken(true);
      }
      default:
        peer.problems.push(`${call.path} is no method of the Gateway`);
        return error('UNKNOWN_METHOD');
    }
  }

  function status(request_id: string, phone_number: string): PeerAnswer {
    return taken({ request_id, phone_number, request_cost: 0.01, remaining_balance: 9.5 });
  }

  function error(code: string): PeerAnswer {
    return { status: 200, json: { ok: false, error: code } };
  }
}
