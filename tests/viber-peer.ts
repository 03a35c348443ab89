/** Viber as its servers behave: REST bot API, field by field as published. */
import { createHmac } from 'node:crypto';
import type { z } from 'zod';
import type { WebhookCall } from '../src/ports.ts';
import {
  AccountInfo,
  Event,
  GetAccountInfo,
  MESSAGE_MAX_BYTES,
  MessageSent,
  SendMessage,
  SetWebhook,
  WebhookSet,
} from './channels/published/viber.ts';
import {
  deviations,
  type Peer,
  type PeerAnswer,
  type PeerCall,
  startPeer,
  strictly,
  webhookCall,
} from './provider-peer.ts';

export interface ViberPeer extends Peer {
  readonly sent: readonly z.infer<typeof SendMessage>[];
  /** Everybody else is not registered: status 5. Another status for a person who stands here with one. */
  readonly people: Map<string, number>;
  webhook: z.infer<typeof SetWebhook> | undefined;
  /** A callback as Viber publishes it, with a message token of its own unless one is given (digits, above 2^53). */
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
      const event = { timestamp: 1_790_000_000_123, ...fields };
      const body = JSON.stringify(event).replace(/\}$/, `,"message_token":${messageToken ?? callbacks}}`);
      peer.problems.push(...deviations(Event, JSON.parse(body), `event ${fields.event}`));
      return webhookCall(body, {
        'content-type': 'application/json',
        'x-viber-content-signature': createHmac('sha256', token).update(body).digest('hex'),
      });
    },
  });
  return viber;

  function obey(call: PeerCall): PeerAnswer {
    if (call.headers['x-viber-auth-token'] !== token) return status(2, 'invalidAuthToken');
    if (call.body.length > MESSAGE_MAX_BYTES) return status(3, 'badData');
    if (call.path === '/pa/send_message') return sendMessage(call);
    if (call.path === '/pa/set_webhook') {
      viber.webhook = strictly(SetWebhook, call, peer.problems);
      if (!viber.webhook) return status(1, 'invalidUrl');
      const json = { status: 0, status_message: 'ok', event_types: viber.webhook.event_types };
      return { status: 200, published: WebhookSet, json };
    }
    // Without what has nothing to do with us.
    if (call.path === '/pa/get_account_info' && strictly(GetAccountInfo, call, peer.problems))
      return {
        status: 200,
        published: AccountInfo,
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
    const taken = code === 0 ? { message_token: RAW_TOKEN, billing_status: 1 } : {};
    const json = { status: code, status_message: message, ...taken, chat_hostname: 'SN-CHAT-1' };
    return { status: 200, published: MessageSent, json };
  }
}

/** In Node since 21, in TypeScript's library not yet. */
const RAW_TOKEN = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(BIG_TOKEN));
