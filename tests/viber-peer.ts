/** Viber as its servers behave: REST Bot API, field by field as published. */
import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { WebhookCall } from '../src/ports.ts';
import { type Peer, type PeerAnswer, type PeerCall, startPeer, strictly, webhookCall } from './provider-peer.ts';

const Sender = z.strictObject({ name: z.string().min(1).max(28), avatar: z.url().optional() });
const Keyboard = z.strictObject({
  Type: z.literal('keyboard'),
  DefaultHeight: z.boolean().optional(),
  BgColor: z.string().optional(),
  InputFieldState: z.enum(['regular', 'minimized', 'hidden']).optional(),
  Buttons: z
    .array(
      z.strictObject({
        Columns: z.number().int().min(1).max(6).optional(),
        Rows: z.number().int().min(1).max(2).optional(),
        ActionType: z.enum(['reply', 'open-url', 'location-picker', 'share-phone', 'none']).optional(),
        ActionBody: z.string().min(1),
        Text: z.string().max(250).optional(),
        TextSize: z.enum(['small', 'medium', 'large']).optional(),
        Silent: z.boolean().optional(),
      }),
    )
    .min(1)
    .max(24),
});
const text = {
  min_api_version: z.number().int().min(1).max(10).optional(),
  sender: Sender,
  type: z.literal('text'),
  text: z.string().min(1).max(7000),
  tracking_data: z.string().max(4000).optional(),
  keyboard: Keyboard.optional(),
};
const SendMessage = z.strictObject({ receiver: z.string().min(1), ...text });
/** The answer to `conversation_started`: a message without a receiver. */
export const ViberWelcome = z.strictObject(text);
const SetWebhook = z.strictObject({
  url: z.url({ protocol: /^https$/ }),
  event_types: z
    .array(z.enum(['delivered', 'seen', 'failed', 'subscribed', 'unsubscribed', 'conversation_started']))
    .optional(),
  send_name: z.boolean().optional(),
  send_photo: z.boolean().optional(),
});

export interface ViberPeer extends Peer {
  readonly sent: readonly z.infer<typeof SendMessage>[];
  /** Everybody else is not registered: status 5. Another status for a person who stands here with one. */
  readonly people: Map<string, number>;
  webhook: z.infer<typeof SetWebhook> | undefined;
  /** A callback as Viber posts it, with a message token of its own unless one is given (digits, above 2^53). */
  callback(fields: Record<string, unknown>, messageToken?: string): WebhookCall;
}

/** Viber's own example of a token that is no JavaScript number. */
export const BIG_TOKEN = 4912661846655238145n;

export async function startViberPeer(token: string): Promise<ViberPeer> {
  const sent: z.infer<typeof SendMessage>[] = [];
  const people = new Map<string, number>();
  let callbacks = 5741311803571721087n;
  const peer: Peer = await startPeer((call) => obey(call));
  const viber: ViberPeer = Object.assign(peer, {
    sent,
    people,
    webhook: undefined as ViberPeer['webhook'],
    callback(fields: Record<string, unknown>, messageToken?: string) {
      callbacks += 1n;
      const json = JSON.stringify({ timestamp: 1_790_000_000_123, chat_hostname: 'SN-CHAT-1', ...fields });
      const body = json.replace(/\}$/, `,"message_token":${messageToken ?? callbacks}}`);
      return webhookCall(body, {
        'content-type': 'application/json',
        'x-viber-content-signature': createHmac('sha256', token).update(body).digest('hex'),
      });
    },
  });
  return viber;

  function obey(call: PeerCall): PeerAnswer {
    if (call.headers['x-viber-auth-token'] !== token) return status(2, 'invalidAuthToken');
    if (call.body.length > 30_000) return status(3, 'badData');
    if (call.path === '/pa/send_message') return sendMessage(call);
    if (call.path === '/pa/set_webhook') {
      viber.webhook = strictly(SetWebhook, call, peer.problems);
      return viber.webhook ? status(0, 'ok') : status(1, 'invalidUrl');
    }
    // https://developers.viber.com/docs/api/rest-bot-api/#get-account-info, without what has nothing to do with us
    if (call.path === '/pa/get_account_info')
      return {
        status: 200,
        json: {
          status: 0,
          status_message: 'ok',
          id: 'pa:75346594275468546724',
          name: 'Shop',
          uri: 'shop',
          ...(viber.webhook ? { webhook: viber.webhook.url, event_types: viber.webhook.event_types } : {}),
          subscribers_count: 35,
        },
      };
    peer.problems.push(`${call.path} is no method of the REST bot API`);
    return status(8, 'notFound');
  }

  function sendMessage(call: PeerCall): PeerAnswer {
    const message = strictly(SendMessage, call, peer.problems);
    if (!message) return status(3, 'badData');
    const state = people.get(message.receiver) ?? 5;
    if (state !== 0) return status(state, 'see status');
    sent.push(message);
    return status(0, 'ok');
  }

  /** HTTP 200, whatever it is; the token is written as Viber does, as a bare number. */
  function status(code: number, message: string): PeerAnswer {
    const token = code === 0 ? { message_token: RAW_TOKEN } : {};
    return { status: 200, json: { status: code, status_message: message, ...token, chat_hostname: 'SN-CHAT-1' } };
  }
}

/** In Node since 21, in TypeScript's library not yet. */
const RAW_TOKEN = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(BIG_TOKEN));
