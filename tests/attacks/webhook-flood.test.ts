/**
 * Whoever finds a webhook can call it as often as he likes: for every receiver of a running server, forged calls by the
 * thousand, bodies without end, bodies that stand still, every content type, and true calls played again.
 */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { requestBytes, sendRaw } from '../raw-http.ts';
import { openShop, type RunningShop } from '../running-shop.ts';
import { regainSignature } from '../signed-calls.ts';
import { twilioSignature } from '../twilio-peer.ts';
import {
  ACCOUNT,
  FORGED_PROOF,
  INBOUND_SECRET,
  RECEIVERS,
  readableProof,
  signer,
  TELEGRAM_SECRET,
  TOKEN,
  WEBHOOK_SETTINGS,
} from '../webhook-shop.ts';

const SHOP = 'https://accounts.shop.example';
const MIB = 1024 * 1024;
/** Meta's batches have up to 3 MB, Twilio's calls a few parameters. */
const maxBytesOf = (provider: string): number =>
  provider === 'twilio' ? MIB / 16 : (provider === 'whatsapp' ? 3 : 1) * MIB;
const TYPES = [
  'application/json',
  'application/x-www-form-urlencoded',
  'message/rfc822',
  'multipart/form-data; boundary=x',
  'text/html',
  '',
  'application/json; charset=utf-16',
];

describe('webhooks under attack', () => {
  let shop: RunningShop;
  before(async () => {
    shop = await openShop('sqlite', WEBHOOK_SETTINGS);
  });
  after(() => shop.close());
  const post = async (path: string, body: BodyInit, headers: Record<string, string> = {}): Promise<Response> => {
    const answer = await fetch(`${shop.program.origin}/webhooks/${path}`, { method: 'POST', body, headers });
    await answer.arrayBuffer();
    return answer;
  };
  const rows = async (): Promise<unknown> => {
    const counts: Record<string, unknown> = {};
    for (const table of ['outbox', 'audit_events', 'chats', 'suppressions'])
      counts[table] = (await shop.sql(`select count(*) as n from ${table}`))[0]?.n;
    return counts;
  };

  for (const provider of RECEIVERS)
    describe(provider, () => {
      test('a hundred and more forged calls of all content types are refused, and nothing is written', async () => {
        const before = await rows();
        const forged = ['{}', '[]', '', 'a=b', 'From: x\r\n\r\ny', '\0\xff', '{"event":"delivered","message_token":1}'];
        const calls = TYPES.flatMap((type) => forged.map((body) => ({ type, body })));
        for (const proof of [{}, FORGED_PROOF])
          for (const { status, headers: told } of await Promise.all(
            calls.map(({ type, body }) =>
              post(provider, body, { ...proof, ...(type ? { 'Content-Type': type } : {}) }),
            ),
          )) {
            assert.ok([400, 401, 403].includes(status), `${status}`);
            assert.equal(told.get('set-cookie'), null);
          }
        assert.deepEqual(await rows(), before);
      });

      test('a body of the largest size that is all names of parameters is refused, and one that is longer', async () => {
        const headers = { ...FORGED_PROOF, 'Content-Type': 'application/x-www-form-urlencoded' };
        const names = Array.from({ length: maxBytesOf(provider) / 4 }, (_, at) => at.toString(36)).join('&');
        for (const proof of [{ 'Content-Type': headers['Content-Type'] }, headers]) {
          const { status } = await post(provider, names.slice(0, maxBytesOf(provider)), proof);
          assert.ok([400, 401, 403].includes(status), `${status}`);
        }
        const longer = names.padEnd(maxBytesOf(provider) + 1, '&');
        assert.equal((await post(provider, longer, headers)).status, 413);
      });

      test('a body that is too long is refused by its length, and while it comes in', async () => {
        const maxBytes = maxBytesOf(provider);
        assert.notEqual((await post(provider, 'x'.repeat(maxBytes), readableProof(Date.now()))).status, 413);
        assert.equal((await post(provider, 'x'.repeat(maxBytes + 1))).status, 413);
        const chunk = `${(65_536).toString(16)}\r\n${'x'.repeat(65_536)}\r\n`;
        const head = requestBytes('POST', `/webhooks/${provider}`, [
          ['Host', 'accounts.shop.example'],
          ['Transfer-Encoding', 'chunked'],
          ['Connection', 'close'],
          ...Object.entries(readableProof(Date.now())),
        ]);
        // An answer to a body that still comes in may be lost with the connection; being taken is what it must not be.
        const { status } = await sendRaw(shop.program.origin, [head, ...Array((2 * maxBytes) / 65_536).fill(chunk)]);
        assert.ok(status === 413 || status === 0, `${status}`);
      });
    });

  test('fifty bodies that stand still hold nobody up', async () => {
    const sockets = RECEIVERS.flatMap((provider) =>
      Array.from({ length: 7 }, () => {
        const socket = connect({ host: '127.0.0.1', port: Number(new URL(shop.program.origin).port) });
        socket.on('error', () => {});
        const head = requestBytes('POST', `/webhooks/${provider}`, [
          ['Host', 'accounts.shop.example'],
          ['Content-Length', '60000'],
          ...Object.entries(readableProof(Date.now())),
        ]);
        return { socket, written: new Promise((done) => socket.once('connect', () => socket.write(`${head}x`, done))) };
      }),
    );
    await Promise.all(sockets.map(({ written }) => written));
    const { token, code } = await shop.recovery(await shop.someone());
    assert.equal((await shop.post('/recovery/verify', { token, code })).status, 200);
    for (const { socket } of sockets) socket.destroy();
  });

  test('a thousand forged calls at one receiver: everybody else recovers, and the next true call is taken', async () => {
    const flood = Array.from({ length: 1_000 }, (_, at) => post('viber', `{"event":"seen","n":${at}}`));
    const { token, code } = await shop.recovery(await shop.someone());
    assert.equal((await shop.post('/recovery/verify', { token, code })).status, 200);
    for (const { status } of await Promise.all(flood)) assert.equal(status, 401);
    const body = '{"event":"webhook","timestamp":1,"message_token":1}';
    const signature = createHmac('sha256', TOKEN).update(body).digest('hex');
    assert.equal((await post('viber', body, { 'X-Viber-Content-Signature': signature })).status, 200);
  });

  test('true calls played again change nothing the second time', async () => {
    const form = { AccountSid: ACCOUNT, MessageSid: `SM${'1'.repeat(32)}`, MessageStatus: 'delivered' };
    const json = '{"update_id":7,"message":{"message_id":1,"date":1,"chat":{"id":5,"type":"private"},"text":"/stop"}}';
    const batch = '[{"event":"bounce","smtp-id":"<nobody@shop.example>"}]';
    const mail = 'From: mailer-daemon@example.com\r\nTo: bounces@shop.example\r\n\r\nnot delivered';
    const replays: [provider: string, body: string, headers: Record<string, string>][] = [
      [
        'twilio',
        new URLSearchParams(form).toString(),
        {
          'Content-Type': 'application/x-www-form-urlencoded',
          'X-Twilio-Signature': twilioSignature('token', `${SHOP}/webhooks/twilio`, form),
        },
      ],
      ['telegram', json, { 'X-Telegram-Bot-Api-Secret-Token': TELEGRAM_SECRET }],
      ['sendgrid', batch, signer.sign(batch, '1')],
      ['inbound', mail, { 'Regain-Signature': regainSignature(INBOUND_SECRET, mail, Date.now()) }],
    ];
    for (const [provider, body, headers] of replays) {
      assert.equal((await post(provider, body, headers)).status, 200, provider);
      const before = await rows();
      for (let again = 0; again < 10; again += 1)
        assert.equal((await post(provider, body, headers)).status, 200, provider);
      assert.deepEqual(await rows(), before, provider);
    }
    const old = regainSignature(INBOUND_SECRET, mail, Date.now() - 600_000);
    assert.equal((await post('inbound', mail, { 'Regain-Signature': old })).status, 401, 'a call of ten minutes ago');
  });

  test('what is none is none, by every method and name', async () => {
    for (const name of ['sms', 'ses', 'constructor', '__proto__', 'toString', 'twilio/', '%00', '..%2Fhealthz'])
      assert.equal((await post(name, '{}')).status, 404, name);
    for (const provider of RECEIVERS) {
      const { status } = await fetch(`${shop.program.origin}/webhooks/${provider}`);
      assert.ok([400, 401, 403].includes(status), `${provider}: ${status}`);
    }
  });
});
