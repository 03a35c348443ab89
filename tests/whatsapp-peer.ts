/** WhatsApp's Cloud API as Meta's servers behave, field by field as published. */
import { createHmac } from 'node:crypto';
import type { WebhookCall } from '../src/ports.ts';
import type { WhatsAppSettings } from '../src/rules/messenger-urls.ts';
import {
  GraphError,
  Message,
  MessageTaken,
  NO_TEMPLATES_TO_USER_IDS,
  PhoneNumber,
  Webhook,
} from './channels/published/whatsapp.ts';
import {
  deviations,
  type Peer,
  type PeerAnswer,
  type PeerCall,
  startPeer,
  strictly,
  webhookCall,
} from './provider-peer.ts';

export interface WhatsAppPeer extends Peer {
  readonly sent: readonly Record<string, unknown>[];
  /** Numbers that are refused with this code of `error.code`, for as long as they stand here. */
  readonly refusals: Map<string, number>;
  /** Languages that the template was approved in. */
  readonly languages: Set<string>;
  /** Whatever it is, signed as Meta signs. */
  post(payload: unknown): WebhookCall;
  /** One batch: a change per value, spread over two entries where there are more. */
  payload(...values: Record<string, unknown>[]): Record<string, unknown>;
  /** The same as Meta publishes it, signed. */
  batch(...values: Record<string, unknown>[]): WebhookCall;
}

export async function startWhatsAppPeer(settings: Omit<WhatsAppSettings, 'api'>): Promise<WhatsAppPeer> {
  const sent: Record<string, unknown>[] = [];
  const refusals = new Map<string, number>();
  const languages = new Set(settings.languages);
  const peer: Peer = await startPeer((call) => obey(call));
  const whatsApp: WhatsAppPeer = Object.assign(peer, {
    sent,
    refusals,
    languages,
    post(payload: unknown) {
      const body = JSON.stringify(payload);
      const signature = createHmac('sha256', settings.appSecret).update(body).digest('hex');
      return webhookCall(body, { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` });
    },
    payload(...values: Record<string, unknown>[]) {
      const metadata = { display_phone_number: '15550100', phone_number_id: settings.phoneNumberId };
      const changes = values.map((value) => ({
        field: 'user_preferences' in value ? 'user_preferences' : 'messages',
        value: { messaging_product: 'whatsapp', metadata, ...value },
      }));
      const half = Math.ceil(changes.length / 2);
      const entry = [changes.slice(0, half), changes.slice(half)]
        .filter((part) => part.length > 0)
        .map((part) => ({ id: '102290129340398', changes: part }));
      return { object: 'whatsapp_business_account', entry };
    },
    batch(...values: Record<string, unknown>[]) {
      const payload = whatsApp.payload(...values);
      peer.problems.push(...deviations(Webhook, payload, 'webhook'));
      return whatsApp.post(payload);
    },
  });
  return whatsApp;

  function obey(call: PeerCall): PeerAnswer {
    const phone = `/v23.0/${settings.phoneNumberId}`;
    if (![`${phone}/messages`, `${phone}?fields=display_phone_number`].includes(call.path)) return failed(404, 100);
    if (call.headers.authorization !== `Bearer ${settings.token}`) return failed(401, 190);
    if (call.method === 'GET')
      return {
        status: 200,
        published: PhoneNumber,
        json: { display_phone_number: '+1 555-0100', id: settings.phoneNumberId },
      };
    const message = strictly(Message, call, peer.problems);
    if (!message) return failed(400, 131009);
    const input = 'to' in message ? message.to : message.recipient;
    const refusal = refusals.get(input);
    if (refusal !== undefined) return failed(refusal === 130429 ? 429 : 400, refusal);
    if (message.type === 'template' && !('to' in message)) return failed(400, NO_TEMPLATES_TO_USER_IDS);
    if (message.type === 'template' && !languages.has(message.template.language.code)) return failed(404, 132001);
    if (message.type === 'template' && !isAuthentication(message)) return failed(400, 132000);
    sent.push(message);
    return {
      status: 200,
      published: MessageTaken,
      json: {
        messaging_product: 'whatsapp',
        contacts: ['to' in message ? { input, wa_id: input } : { input, user_id: input }],
        messages: [{ id: `wamid.HBgL${sent.length}==`, message_status: 'accepted' }],
      },
    };
  }
}

/** The code once in the body and once in the button, the same. */
function isAuthentication(message: Message): boolean {
  if (message.type !== 'template') return false;
  const [body, button, ...more] = message.template.components ?? [];
  const code = body?.parameters[0]?.text;
  return (
    more.length === 0 &&
    body?.type === 'body' &&
    body.parameters.length === 1 &&
    button?.type === 'button' &&
    button.sub_type === 'url' &&
    button.index === '0' &&
    button.parameters.length === 1 &&
    code !== undefined &&
    code.length <= 15 &&
    button.parameters[0]?.text === code
  );
}

/** The title is a lie on purpose: nothing may be built on it. */
export function failed(status: number, code: number): PeerAnswer {
  return {
    status,
    published: GraphError,
    json: {
      error: {
        message: `(#${code}) Message to +15550123 undeliverable`,
        type: 'OAuthException',
        code,
        error_data: { messaging_product: 'whatsapp', details: 'Rate limit hit, template missing, token expired' },
        fbtrace_id: 'AbCdEf',
      },
    },
  };
}
