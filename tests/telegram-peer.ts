/** Telegram as its servers behave: Bot API 10.1 and Gateway API, field by field as published. */
import { createHash, createHmac } from 'node:crypto';
import type { Update } from '@grammyjs/types';
import { z } from 'zod';
import type { WebhookCall } from '../src/ports.ts';
import * as botApi from './channels/published/telegram.ts';
import * as gatewayApi from './channels/published/telegram-gateway.ts';
import {
  deviations,
  type Peer,
  type PeerAnswer,
  type PeerCall,
  startPeer,
  strictly,
  webhookCall,
} from './provider-peer.ts';

type Published = botApi.Methods;

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
  /** An update as Telegram publishes it, with the next update id. */
  update(fields: Omit<Update, 'update_id'>): WebhookCall;
  /** A text of a person in a private chat. */
  says(chat: number, text: string, from?: { first_name: string; last_name?: string }): WebhookCall;
  /** A person blocks or unblocks the bot. */
  member(chat: number, status: 'kicked' | 'member'): WebhookCall;
}

export async function startTelegramPeer(token: string): Promise<TelegramPeer> {
  const sent: z.infer<typeof botApi.SendMessage>[] = [];
  const chats: TelegramPeer['chats'] = new Map();
  const bot = { id: Number(token.split(':')[0]), is_bot: true, first_name: 'Shop', username: 'shop_bot' } as const;
  let updateId = 700_000_000;
  const peer: Peer = await startPeer((call) => obey(call));
  const telegram: TelegramPeer = Object.assign(peer, {
    sent,
    chats,
    webhook: undefined as TelegramPeer['webhook'],
    commands: [] as TelegramPeer['commands'],
    unheard: undefined as TelegramPeer['unheard'],
    update(fields: Omit<Update, 'update_id'>) {
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
      });
    },
    member(chat: number, status: 'kicked' | 'member') {
      const user = { id: chat, is_bot: false, first_name: 'Jane' };
      return telegram.update({
        my_chat_member: {
          chat: { id: chat, type: 'private', first_name: 'Jane' },
          from: user,
          date: 1_790_000_100,
          old_chat_member:
            status === 'kicked' ? { user: bot, status: 'member' } : { user: bot, status: 'kicked', until_date: 0 },
          new_chat_member: status === 'kicked' ? { user: bot, status, until_date: 0 } : { user: bot, status },
        },
      });
    },
  });
  return telegram;

  function obey(call: PeerCall): PeerAnswer {
    const [, given, method] = /^\/bot([^/]+)\/(\w+)$/.exec(call.path) ?? [];
    if (given !== token) return refused(401, 'Unauthorized');
    if (method === 'sendMessage') return sendMessage(call);
    if (method === 'setWebhook') {
      telegram.webhook = strictly(botApi.SetWebhook, call, peer.problems);
      return telegram.webhook ? taken(z.literal(true), true) : refused(400, 'Bad Request: bad webhook');
    }
    if (method === 'getMe') return taken(botApi.Me, { ...bot, ...ABILITIES });
    if (method === 'getWebhookInfo')
      return taken(botApi.Webhook, {
        url: telegram.webhook?.url ?? '',
        has_custom_certificate: false,
        pending_update_count: telegram.unheard === undefined ? 0 : 3,
        ...(telegram.unheard === undefined
          ? {}
          : { last_error_date: 1_790_000_000, last_error_message: telegram.unheard }),
      });
    if (method === 'setMyCommands') {
      telegram.commands = strictly(botApi.SetMyCommands, call, peer.problems)?.commands ?? [];
      return taken(z.literal(true), true);
    }
    peer.problems.push(`${method} is no method of the Bot API`);
    return refused(404, 'Not Found');
  }

  function sendMessage(call: PeerCall): PeerAnswer {
    const message = strictly(botApi.SendMessage, call, peer.problems);
    if (!message) return refused(400, 'Bad Request: invalid message');
    const chat = typeof message.chat_id === 'number' ? chats.get(message.chat_id) : undefined;
    if (chat === undefined) return refused(400, 'Bad Request: chat not found');
    if (chat === 'blocked') return refused(403, 'Forbidden: bot was blocked by the user');
    if (chat === 'deactivated') return refused(403, 'Forbidden: user is deactivated');
    sent.push(message);
    return taken(botApi.SentMessage, {
      message_id: 1000 + sent.length,
      from: bot,
      date: 1_790_000_000,
      chat: { id: message.chat_id, type: 'private', first_name: 'Jane' },
      text: message.text,
    });
  }
}

const ABILITIES = {
  can_join_groups: true,
  can_read_all_group_messages: false,
  supports_inline_queries: false,
  can_connect_to_business: false,
  has_main_web_app: false,
  has_topics_enabled: false,
  allows_users_to_create_topics: false,
  can_manage_bots: false,
  supports_join_request_queries: false,
};

function taken(published: z.ZodType, result: unknown): PeerAnswer {
  return { status: 200, published: botApi.success(published), json: { ok: true, result } };
}

function refused(status: number, description: string): PeerAnswer {
  return { status, published: botApi.Failure, json: { ok: false, error_code: status, description } };
}

export interface TelegramGatewayPeer extends Peer {
  readonly sent: readonly z.infer<typeof gatewayApi.SendVerificationMessage>[];
  /** Numbers with Telegram. */
  readonly numbers: Set<string>;
  /** Fees taken: one per question, none for the code that follows it. */
  readonly fees: number;
  /** A report as the Gateway publishes it. */
  report(
    requestId: string,
    status: (typeof gatewayApi.DELIVERY_STATUSES)[number],
    updatedAt: number,
    timestamp?: number,
  ): WebhookCall;
}

export async function startTelegramGatewayPeer(token: string): Promise<TelegramGatewayPeer> {
  const sent: z.infer<typeof gatewayApi.SendVerificationMessage>[] = [];
  const numbers = new Set<string>();
  const paid = new Map<string, string>();
  let fees = 0;
  const peer: Peer = await startPeer((call) => obey(call));
  const key = createHash('sha256').update(token).digest();
  return Object.defineProperty(
    Object.assign(peer, {
      sent,
      numbers,
      report(requestId: string, status: string, updatedAt: number, timestamp = updatedAt): WebhookCall {
        const report = {
          request_id: requestId,
          phone_number: '+15550100',
          request_cost: 0.01,
          delivery_status: { status, updated_at: updatedAt },
          // As it was given with the code.
          payload: sent.find(({ request_id }) => request_id === requestId)?.payload,
        };
        peer.problems.push(...deviations(gatewayApi.RequestStatus, report, 'report'));
        const body = JSON.stringify(report);
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
        const check = strictly(gatewayApi.CheckSendAbility, call, peer.problems);
        if (!check || !numbers.has(check.phone_number)) return error('PHONE_NUMBER_NOT_AVAILABLE');
        fees += 1;
        const id = `request-${fees}`;
        paid.set(id, check.phone_number);
        return status(id, check.phone_number);
      }
      case '/sendVerificationMessage': {
        const message = strictly(gatewayApi.SendVerificationMessage, call, peer.problems);
        if (!message || !numbers.has(message.phone_number)) return error('PHONE_NUMBER_NOT_AVAILABLE');
        if (message.request_id === undefined || paid.get(message.request_id) !== message.phone_number)
          return error('REQUEST_ID_INVALID');
        // Free once; the same id again is an error.
        paid.delete(message.request_id);
        sent.push(message);
        return status(message.request_id, message.phone_number, { status: 'sent', updated_at: 1_790_000_000 });
      }
      default:
        peer.problems.push(`${call.path} is no method of the Gateway`);
        return error('UNKNOWN_METHOD');
    }
  }

  function status(request_id: string, phone_number: string, delivery_status?: unknown): PeerAnswer {
    const charged = delivery_status === undefined ? { remaining_balance: 9.5 } : { delivery_status };
    const result = { request_id, phone_number, request_cost: 0.01, ...charged };
    return { status: 200, published: gatewayApi.success(gatewayApi.RequestStatus), json: { ok: true, result } };
  }

  function error(code: string): PeerAnswer {
    return { status: 200, published: gatewayApi.Failure, json: { ok: false, error: code } };
  }
}
