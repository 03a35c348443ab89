/**
 * Whoever can call a webhook can say that a code arrived, or offer a link: a changed bit is refused, and nothing that is rightly
 * signed can break the reader.
 */
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createTelegramChannel } from '../../src/channels/telegram.ts';
import { createTelegramGatewayChannel } from '../../src/channels/telegram-gateway.ts';
import { createViberChannel } from '../../src/channels/viber.ts';
import { createWhatsAppChannel } from '../../src/channels/whatsapp.ts';
import type { TextChannel, WebhookCall } from '../../src/ports.ts';
import { channelWorld, webhookCall } from '../provider-peer.ts';

const NOW = 1_790_000_000_000;
const TOKEN = '123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawk';
const world = { ...channelWorld(NOW), webhookUrl: 'https://shop.example/hook', brand: 'Acme' };
const api = 'http://127.0.0.1:9';

const mac = (key: string | Buffer, text: string | Buffer): string =>
  createHmac('sha256', key).update(text).digest('hex');
const whatsApp = {
  api,
  phoneNumberId: '106',
  token: TOKEN,
  appSecret: TOKEN,
  verifyToken: TOKEN,
  template: 'code',
  languages: ['en'],
  number: undefined,
};

/** How each vendor signs, by the published formula; and a call that tells something. */
const VENDORS: { name: string; channel: TextChannel; sign(body: Buffer): WebhookCall; telling: string }[] = [
  {
    name: 'telegram',
    channel: createTelegramChannel({ api, token: TOKEN, bot: 'shop_bot' }, world),
    sign: (body) => {
      const secret = createHmac('sha256', TOKEN).update('regain telegram webhook').digest('base64url');
      return webhookCall(body, { 'x-telegram-bot-api-secret-token': secret });
    },
    telling:
      '{"update_id":1,"message":{"message_id":1,"date":1790000000,"chat":{"id":5,"type":"private"},"text":"hi"}}',
  },
  {
    name: 'telegram-gateway',
    channel: createTelegramGatewayChannel({ api, token: TOKEN, sender: undefined }, world),
    sign: (body) => {
      const key = createHash('sha256').update(TOKEN).digest();
      const signature = mac(key, Buffer.concat([Buffer.from(`${NOW / 1000}\n`), body]));
      return webhookCall(body, { 'x-request-timestamp': String(NOW / 1000), 'x-request-signature': signature });
    },
    telling: '{"request_id":"r","delivery_status":{"status":"read","updated_at":1790000000}}',
  },
  {
    name: 'whatsapp',
    channel: createWhatsAppChannel(whatsApp, world),
    sign: (body) => webhookCall(body, { 'x-hub-signature-256': `sha256=${mac(TOKEN, body)}` }),
    telling:
      '{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"106"},"statuses":[{"id":"w","status":"read","timestamp":"1790000000"}]}}]}]}',
  },
  {
    name: 'viber',
    channel: createViberChannel({ api, token: TOKEN, uri: 'shop' }, world),
    sign: (body) => webhookCall(body, { 'x-viber-content-signature': mac(TOKEN, body) }),
    telling: '{"event":"seen","timestamp":1790000000123,"message_token":4912661846655238145,"user_id":"u"}',
  },
];

for (const { name, channel, sign, telling } of VENDORS)
  describe(name, () => {
    test('is believed when it is signed', async () => {
      const received = await channel.receive?.(sign(Buffer.from(telling)));
      assert.ok(received?.kind === 'received' && received.events.length === 1, JSON.stringify(received));
    });

    // Telegram's bot shows a secret that does not depend on the body; TLS carries both.
    if (name !== 'telegram')
      test('every changed bit of a body is refused', async () => {
        const good = sign(Buffer.from(telling));
        for (let bit = 0; bit < good.body.length * 8; bit += 1) {
          const body = Buffer.from(good.body);
          body[bit >> 3] = (body[bit >> 3] as number) ^ (1 << (bit & 7));
          assert.deepEqual(await channel.receive?.({ ...good, body }), { kind: 'refused', status: 401 }, `bit ${bit}`);
        }
      });

    test('every changed character of what proves the caller is refused', async () => {
      const good = sign(Buffer.from(telling));
      for (const [header, value] of good.headers)
        for (let at = 0; at < value.length; at += 1) {
          const headers = new Headers(good.headers);
          headers.set(header, `${value.slice(0, at)}${value[at] === '0' ? '1' : '0'}${value.slice(at + 1)}`);
          const received = await channel.receive?.({ ...good, headers });
          assert.equal(received?.kind, 'refused', `${header}: ${headers.get(header)}`);
        }
    });

    test('any bytes and any JSON, rightly signed, are read or refused, and never break the reader', () =>
      fc.assert(
        fc.asyncProperty(
          fc.oneof(
            fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
            fc.json().map((json) => Buffer.from(json)),
            bentOutOf(telling),
          ),
          async (body) => {
            const received = await channel.receive?.(sign(body));
            assert.ok(received?.kind === 'refused' ? received.status === 400 : received?.kind === 'received');
          },
        ),
        { numRuns: 500 },
      ));
  });

/** The true call with one value somewhere in it replaced by any other. */
function bentOutOf(telling: string): fc.Arbitrary<Buffer> {
  return fc.tuple(fc.nat(), fc.jsonValue({ maxDepth: 2 })).map(([nth, value]) => {
    const paths = pathsOf(JSON.parse(telling));
    return Buffer.from(JSON.stringify(replaced(JSON.parse(telling), paths[nth % paths.length] ?? [], value)));
  });
}

function pathsOf(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]))];
}

function replaced(value: unknown, [key, ...rest]: string[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy = structuredClone(value) as Record<string, unknown>;
  copy[key] = replaced(copy[key], rest, by);
  return copy;
}
