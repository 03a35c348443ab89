/**
 * Providers of texts at the network's edge, for tests that play the same faults with each: how to configure one, how to make
 * it fail, what it took, and how it reports.
 */
import type { WebhookCall } from '../src/ports.ts';
import type { Messenger } from '../src/rules/delivery.ts';
import type { InProcess } from './in-process.ts';
import { receiptText, startSmsc } from './smsc.ts';
import { startTelegramGatewayPeer, startTelegramPeer } from './telegram-peer.ts';
import { startTwilioPeer } from './twilio-peer.ts';
import { BIG_TOKEN, startViberPeer } from './viber-peer.ts';
import { reportSignature, startWebhookReceiver } from './webhook-receiver.ts';
import { failed, startWhatsAppPeer } from './whatsapp-peer.ts';

export const PHONE = '+12125550101';

/**
 * `slow`: 429 with a delay of two minutes. `lost`: takes the message and closes before the answer. `proxied`: takes it, and a
 * proxy in between answers 502.
 */
export type Fault = 'down' | 'slow' | 'refused' | 'lost' | 'proxied' | 'hang';

export interface Carrier {
  env: Record<string, string>;
  /** Whether it reports what arrives. */
  reports: boolean;
  /** A messenger, and the chat that it carries codes to; undefined for a provider that writes to numbers. */
  chat?: { channel: Messenger; chat: string };
  /** The next message fails so. */
  fail(fault: Fault, times?: number): void;
  /** Codes that it took, or may have taken, in order. */
  codes(): string[];
  /** What became of the newest message that it took; absent where nothing is ever told. */
  report?(program: InProcess, status: 'sent' | 'delivered' | 'failed'): Promise<void>;
  /** Whoever has the chat writes STOP in it, and the messenger says so. */
  sayStop?(program: InProcess): Promise<void>;
  complaints(): readonly string[];
  stop(): Promise<void>;
}

const SECRET = 'a key of the shop';
const GATEWAY_TOKEN = 'AAEYJQAAh43tuSpLbRnlRl9pHYqzeN6gCVSHd9OB';
const TWILIO = { account: 'AC00000000000000000000000000000001', authToken: 'token' };
const NOW_S = Date.parse('2026-03-14T09:12:00Z') / 1000;

/** Started with the program's clock in the second half of a day: reports may come within the hour. */
export const CARRIERS = {
  async twilio(): Promise<Carrier> {
    const peer = await startTwilioPeer(TWILIO);
    const faults = {
      down: { status: 503 },
      slow: { status: 429, headers: { 'Retry-After': '120' } },
      refused: { status: 400, body: JSON.stringify({ code: 21614, message: 'not a mobile number', status: 400 }) },
      lost: 'close',
      proxied: 'bad-gateway',
      hang: 'hang',
    } as const;
    return {
      env: texting(`twilio://${TWILIO.account}:${TWILIO.authToken}@api.twilio.com?from=%2B12125550199&api=${peer.url}`),
      reports: true,
      fail: (fault, times = 1) => peer.misbehave(...Array.from({ length: times }, () => faults[fault])),
      codes: () => peer.taken.map(({ form }) => codeOf(form.Body ?? '')),
      async report(program, status) {
        const { sid, form } = peer.taken.at(-1) ?? { sid: '', form: {} as Record<string, string> };
        const url = form.StatusCallback ?? '';
        const told = status === 'failed' ? 'undelivered' : status;
        const fields = { MessageSid: sid, MessageStatus: told, To: PHONE, AccountSid: TWILIO.account };
        const { body, headers } = peer.report(url, fields);
        await post(program, url, new TextDecoder().decode(body), Object.fromEntries(headers));
      },
      complaints: () => peer.problems,
      stop: () => peer.stop(),
    };
  },

  async smpp(): Promise<Carrier> {
    const smsc = await startSmsc();
    let refusals = 0;
    const faults = {
      // ESME_RSYSERR, ESME_RTHROTTLED, ESME_RINVDSTADR.
      down: { status: 0x08 },
      slow: { status: 0x58 },
      refused: { status: 0x0b },
      lost: 'close',
      // There is none here.
      proxied: 'close',
      hang: 'hold',
    } as const;
    return {
      env: texting(`smpp://user:password@127.0.0.1:${smsc.port}?from=Shop`),
      reports: true,
      fail(fault, times = 1) {
        smsc.answerWith(...Array.from({ length: times }, () => faults[fault]));
        if (typeof faults[fault] === 'object') refusals += times;
      },
      codes: () => smsc.submitted.slice(refusals).map(({ bytes }) => codeOf(bytes.toString('latin1'))),
      async report(_, status) {
        const stat = { sent: 'ENROUTE', delivered: 'DELIVRD', failed: 'UNDELIV' }[status];
        const message = receiptText(String(smsc.submitted.length), stat);
        await smsc.deliver({ source: PHONE.slice(1), esmClass: 4, message });
      },
      complaints: () => smsc.complaints,
      stop: () => smsc.stop(),
    };
  },

  async webhook(nowS: () => number = () => NOW_S): Promise<Carrier> {
    const receiver = await startWebhookReceiver(SECRET, nowS);
    const faults = {
      down: { status: 503 },
      slow: { status: 429, headers: { 'Retry-After': '120' } },
      refused: { status: 400 },
      lost: 'close',
      proxied: 'bad-gateway',
      hang: 'hang',
    } as const;
    return {
      env: texting(`${receiver.url}/send?secret=${encodeURIComponent(SECRET)}`),
      reports: false,
      fail: (fault, times = 1) => receiver.misbehave(...Array.from({ length: times }, () => faults[fault])),
      codes: () => receiver.taken.map(({ text }) => codeOf(text)),
      async report(program, status) {
        const body = JSON.stringify({ id: receiver.taken.at(-1)?.id, status });
        const signature = reportSignature(SECRET, Math.floor(program.now() / 1000), body);
        await post(program, `${program.regain.config.origin}/webhooks/sms`, body, { 'Regain-Signature': signature });
      },
      complaints: () => receiver.complaints,
      stop: () => receiver.stop(),
    };
  },

  /** The first rung; the texts below it go to a webhook that takes none. */
  async gateway(): Promise<Carrier> {
    const peer = await startTelegramGatewayPeer(GATEWAY_TOKEN);
    const below = await startWebhookReceiver(SECRET, () => NOW_S);
    peer.numbers.add(PHONE);
    below.misbehave(...Array.from({ length: 50 }, () => ({ status: 400 })));
    const url = `telegram-gateway://:${GATEWAY_TOKEN}@gatewayapi.telegram.org?api=${peer.url}`;
    return {
      env: {
        ...texting(`${below.url}/send?secret=${encodeURIComponent(SECRET)}`),
        REGAIN_TELEGRAM_GATEWAY_URL: url,
      },
      reports: true,
      fail(fault, times = 1) {
        const error = { ok: false, error: 'PHONE_NUMBER_NOT_AVAILABLE' };
        const faults = {
          down: { status: 502 },
          slow: { status: 429, headers: { 'Retry-After': '120' } },
          refused: { status: 200, json: error },
          lost: 'close_mid_answer',
          proxied: 'bad_gateway',
          hang: 'hang',
        } as const;
        peer.fail(...Array.from({ length: times }, () => faults[fault]));
      },
      codes: () => peer.sent.map(({ code }) => code ?? ''),
      async report(program, status) {
        const told = status === 'failed' ? 'expired' : status;
        const call = peer.report(`request-${peer.fees}`, told, Math.floor(program.now() / 1000));
        await post(
          program,
          `${program.regain.config.origin}/webhooks/telegram-gateway`,
          new TextDecoder().decode(call.body),
          Object.fromEntries(call.headers),
        );
      },
      complaints: () => peer.problems,
      async stop() {
        await peer.stop();
        await below.stop();
      },
    };
  },
} as const;

const JANE = '15550123';
export const WHATSAPP = {
  phoneNumberId: '106540352242922',
  token: 'EAAJB-token',
  appSecret: '0123456789abcdef0123456789abcdef',
  verifyToken: 'chosen-by-us',
  template: 'recovery_code',
  languages: ['en_US'],
  number: '15550100',
};
export const VIBER_TOKEN = '445da6az1s345z78-dazcczb2542zv51a-e0vc5fva17480im9';
export const VIBER_USER = '01234567890A=';
const BOT_TOKEN = '123456789:AAHsecretsecretsecretsecretsecret';
const SLOW = { status: 429, headers: { 'Retry-After': '120' } };

/** Messengers whose chats people link. */
export const MESSENGER_CARRIERS = {
  async whatsapp(): Promise<Carrier> {
    const peer = await startWhatsAppPeer(WHATSAPP);
    const { phoneNumberId, token, appSecret, verifyToken, template, number } = WHATSAPP;
    const url = `whatsapp://${phoneNumberId}:${token}@graph.facebook.com/v23.0?api=${peer.url}&app_secret=${appSecret}&verify_token=${verifyToken}&template=${template}&languages=en_US&number=${number}`;
    return {
      env: { REGAIN_WHATSAPP_URL: url },
      reports: true,
      chat: { channel: 'whatsapp', chat: `+${JANE}` },
      fail: (fault, times = 1) =>
        peer.fail(...Array.from({ length: times }, () => (fault === 'refused' ? failed(400, 131026) : FAULTS[fault]))),
      codes: () => peer.sent.map((message) => /"text":"(\d{6})"/.exec(JSON.stringify(message))?.[1] ?? ''),
      async report(program, status) {
        const at = String(Math.floor(program.now() / 1000));
        const { biz_opaque_callback_data } = peer.sent.at(-1) ?? {};
        const id = `wamid.HBgL${peer.sent.length}==`;
        const fields = { id, status, timestamp: at, recipient_id: JANE, biz_opaque_callback_data };
        const errors = status === 'failed' ? { errors: [{ code: 131026, title: 'Message undeliverable' }] } : {};
        await call(program, 'whatsapp', peer.batch({ statuses: [{ ...fields, ...errors }] }));
      },
      async sayStop(program) {
        const timestamp = String(Math.floor(program.now() / 1000));
        const message = { id: 'wamid.stop', timestamp, from: JANE, type: 'text', text: { body: 'STOP' } };
        await call(program, 'whatsapp', peer.batch({ messages: [message] }));
      },
      complaints: () => peer.problems,
      stop: () => peer.stop(),
    };
  },

  async viber(): Promise<Carrier> {
    const peer = await startViberPeer(VIBER_TOKEN);
    peer.people.set(VIBER_USER, 0);
    return {
      env: { REGAIN_VIBER_URL: `viber://:${VIBER_TOKEN}@chatapi.viber.com?uri=shop&api=${peer.url}` },
      reports: true,
      chat: { channel: 'viber', chat: VIBER_USER },
      fail(fault, times = 1) {
        // Not subscribed to this account.
        const refused = { status: 200, json: { status: 6, status_message: 'notSubscribed' } };
        peer.failAt(
          /send_message/,
          ...Array.from({ length: times }, () => (fault === 'refused' ? refused : FAULTS[fault])),
        );
      },
      codes: () => peer.sent.map((message) => codeOf('text' in message ? String(message.text) : '')),
      async report(program, status) {
        // Viber has no word for it.
        if (status === 'sent') return;
        await call(
          program,
          'viber',
          peer.callback(
            { event: status, user_id: VIBER_USER, ...(status === 'failed' ? { desc: 'x' } : {}) },
            String(BIG_TOKEN),
          ),
        );
      },
      async sayStop(program) {
        const sender = { id: VIBER_USER, name: 'Jane', api_version: 1 };
        const said = { event: 'message', timestamp: program.now(), sender, message: { type: 'text', text: 'STOP' } };
        await call(program, 'viber', peer.callback(said));
      },
      complaints: () => peer.problems,
      stop: () => peer.stop(),
    };
  },

  async bot(): Promise<Carrier> {
    const peer = await startTelegramPeer(BOT_TOKEN);
    const chat = 987654321;
    peer.chats.set(chat, 'active');
    const [id, secret] = BOT_TOKEN.split(':');
    const parameters = { retry_after: 120 };
    const slow = { status: 429, json: { ok: false, error_code: 429, description: 'Too Many Requests', parameters } };
    return {
      env: { REGAIN_TELEGRAM_URL: `telegram://${id}:${secret}@api.telegram.org/shop_bot?api=${peer.url}` },
      reports: false,
      chat: { channel: 'telegram', chat: String(chat) },
      fail(fault, times = 1) {
        if (fault === 'refused') peer.chats.set(chat, 'blocked');
        else
          peer.failAt(/sendMessage/, ...Array.from({ length: times }, () => (fault === 'slow' ? slow : FAULTS[fault])));
      },
      codes: () => peer.sent.map(({ text }) => codeOf(text)),
      async sayStop(program) {
        const jane = { id: chat, first_name: 'Jane' };
        const message = {
          message_id: 12,
          date: Math.floor(program.now() / 1000),
          chat: { ...jane, type: 'private' as const },
          from: { ...jane, is_bot: false },
          text: 'STOP',
        };
        await call(program, 'telegram', peer.update({ message }));
      },
      complaints: () => peer.problems,
      stop: () => peer.stop(),
    };
  },
} as const;

const FAULTS = {
  down: { status: 502 },
  slow: SLOW,
  lost: 'close_mid_answer',
  proxied: 'bad_gateway',
  hang: 'hang',
} as const;

async function call(program: InProcess, name: string, { body, headers }: WebhookCall): Promise<void> {
  const text = new TextDecoder().decode(body);
  await post(program, `${program.regain.config.origin}/webhooks/${name}`, text, Object.fromEntries(headers));
}

/** As if the owner had linked it, before anything else happened. */
export async function linkChat(
  { regain, now }: InProcess,
  accountId: string,
  { channel, chat }: NonNullable<Carrier['chat']>,
): Promise<void> {
  const at = now();
  const row = { id: `${channel} of ${accountId}`, accountId, channel, chat, scopedId: null, name: 'Jane' };
  await regain.context.store.transaction((tx) =>
    tx.chats.link({ ...row, consentedAt: at, linkedAt: at, stoppedAt: null }),
  );
}

function texting(url: string): Record<string, string> {
  return { REGAIN_SMS_URL: url, REGAIN_SMS_COUNTRIES: 'US' };
}

async function post(program: InProcess, url: string, body: string, headers: Record<string, string>): Promise<void> {
  const { status } = await program.regain.fetch(new Request(url, { method: 'POST', body, headers }));
  if (status !== 200 && status !== 204) throw new Error(`the report was answered with ${status}`);
}

/** The code in the last line of a text. */
export function codeOf(text: string): string {
  return /[# ]([0-9A-Z]+)$/.exec(text)?.[1] ?? 'none';
}
