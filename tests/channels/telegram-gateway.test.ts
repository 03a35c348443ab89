import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { createTelegramGatewayChannel } from '../../src/channels/telegram-gateway.ts';
import type { TextChannel } from '../../src/ports.ts';
import { parseTelegramGatewayUrl } from '../../src/rules/messenger-urls.ts';
import {
  type ChannelWorld,
  channelWorld,
  type Fault,
  outgoingCode,
  stopsAfter,
  webhookCall,
} from '../provider-peer.ts';
import { startTelegramGatewayPeer, type TelegramGatewayPeer } from '../telegram-peer.ts';

const TOKEN = 'AAEYJQAAh43tuSpLbRnlRl9pHYqzeN6gCVSHd9OB';
const NOW = 1_790_000_000_000;
const JANE = '+15550100';
const CODE = outgoingCode(JANE, NOW);

async function gateway(
  t: TestContext,
  more = '',
  webhookUrl = 'https://shop.example/webhooks/telegram-gateway',
): Promise<{ peer: TelegramGatewayPeer; channel: TextChannel; world: ChannelWorld }> {
  const peer = await startTelegramGatewayPeer(TOKEN);
  peer.numbers.add(JANE);
  const world = channelWorld(NOW);
  const parsed = parseTelegramGatewayUrl(`telegram-gateway://:${TOKEN}@gatewayapi.telegram.org?api=${peer.url}${more}`);
  assert.ok('settings' in parsed);
  const channel = createTelegramGatewayChannel(parsed.settings, Object.assign(world, { webhookUrl }));
  stopsAfter(t, channel, peer);
  return { peer, channel, world };
}

describe('a code to a phone number', () => {
  test('is our own code, asked for once and paid once', async (t) => {
    const { peer, channel } = await gateway(t, '&sender=acme_shop');
    assert.deepEqual(await channel.send(CODE), { kind: 'accepted', providerId: 'request-1' });
    assert.deepEqual(peer.sent, [
      {
        phone_number: JANE,
        request_id: 'request-1',
        code: '482913',
        ttl: 600,
        callback_url: 'https://shop.example/webhooks/telegram-gateway',
        payload: 'message-1',
        sender_username: 'acme_shop',
      },
    ]);
    assert.equal(peer.fees, 1);
  });

  for (const [leftMs, ttl] of [
    [7_200_000, 3600],
    [45_900, 45],
    [2_000, 30],
  ] as const)
    test(`that is useful for ${leftMs} ms is given up after ${ttl} s`, async (t) => {
      const { peer, channel } = await gateway(t);
      await channel.send({ ...CODE, usefulUntil: NOW + leftMs });
      assert.equal(peer.sent[0]?.ttl, ttl);
    });

  for (const webhookUrl of [
    'http://localhost:3000/webhooks/telegram-gateway',
    `https://shop.example/${'x'.repeat(240)}`,
  ])
    test(`asks for no report where Telegram would not send one: ${webhookUrl.slice(0, 30)}`, async (t) => {
      const { peer, channel } = await gateway(t, '', webhookUrl);
      assert.equal((await channel.send(CODE)).kind, 'accepted');
      assert.equal(peer.sent[0]?.callback_url, undefined);
    });

  test('to a number without Telegram goes to the next channel', async (t) => {
    const { peer, channel, world } = await gateway(t);
    assert.deepEqual(await channel.send({ ...CODE, to: '+15550199' }), {
      kind: 'unreachable',
      reason: 'PHONE_NUMBER_NOT_AVAILABLE',
    });
    assert.equal(peer.sent.length, 0);
    assert.deepEqual(world.lines, []);
  });

  for (const code of [undefined, '123', '123456789', 'K7QX2M9RTA'])
    test(`${code} can't be carried and goes to the next channel, for no fee`, async (t) => {
      const { peer, channel } = await gateway(t);
      assert.deepEqual(await channel.send({ ...CODE, code }), { kind: 'unreachable', reason: 'not_4_to_8_digits' });
      assert.equal(peer.calls.length, 0);
    });

  test('is not sent after its time, nor to what is no number', async (t) => {
    const { peer, channel } = await gateway(t);
    assert.deepEqual(await channel.send({ ...CODE, usefulUntil: NOW }), { kind: 'permanent', reason: 'expired' });
    assert.deepEqual(await channel.send({ ...CODE, to: '15550100' }), {
      kind: 'permanent',
      reason: 'malformed_number',
    });
    assert.equal(peer.calls.length, 0);
  });

  test('tried again after a failure, the fee is not paid again', async (t) => {
    const { peer, channel } = await gateway(t);
    // The first fault is for the question, the second for the code.
    peer.fail({ status: 503 });
    assert.deepEqual(await channel.send(CODE), { kind: 'temporary', reason: '503' });
    assert.equal(peer.fees, 0);
    const asked = channel.send(CODE);
    assert.equal((await asked).kind, 'accepted');
    assert.equal(peer.fees, 1);
  });

  test('whose second half failed is sent under the ability that was paid for', async (t) => {
    const { peer, channel } = await gateway(t);
    peer.fail(
      { status: 200, json: { ok: true, result: { request_id: 'request-1', phone_number: JANE, request_cost: 0.01 } } },
      'close',
    );
    assert.deepEqual(await channel.send(CODE), {
      kind: 'temporary',
      reason: 'UND_ERR_SOCKET',
      maybeSent: true,
      paid: true,
    });
    assert.deepEqual(
      peer.calls.map(({ path }) => path),
      ['/checkSendAbility', '/sendVerificationMessage'],
    );
    const tried = await channel.send(CODE);
    assert.equal(tried.paid, false, 'this time nothing was');
    assert.equal(peer.calls[2]?.path, '/sendVerificationMessage');
    assert.equal(JSON.parse(peer.calls[2]?.body.toString() ?? '').request_id, 'request-1');
  });

  for (const error of ['ACCESS_TOKEN_INVALID', 'BALANCE_NOT_ENOUGH'])
    test(`waits for the operator at ${error}`, async (t) => {
      const { peer, channel, world } = await gateway(t);
      peer.fail({ status: 200, json: { ok: false, error } });
      assert.deepEqual(await channel.send(CODE), { kind: 'temporary', reason: error });
      assert.deepEqual(world.lines, [`error telegram-gateway ${error}`]);
    });

  test('never repeats what an error says in words', async (t) => {
    const { peer, channel } = await gateway(t);
    peer.fail({ status: 200, json: { ok: false, error: 'no such user +15550100' } });
    assert.deepEqual(await channel.send(CODE), { kind: 'unreachable', reason: 'unknown_error' });
  });

  test('after a flood, the next ones wait without a call', async (t) => {
    const { peer, channel, world } = await gateway(t);
    peer.fail({ status: 200, json: { ok: false, error: 'FLOOD_WAIT_9' } });
    assert.deepEqual(await channel.send(CODE), { kind: 'temporary', reason: 'FLOOD_WAIT', retryAfterMs: 9000 });
    assert.deepEqual(await channel.send(CODE), { kind: 'temporary', reason: '429', retryAfterMs: 9000 });
    world.pass(9000);
    assert.equal((await channel.send(CODE)).kind, 'accepted');
  });

  test('a clock that is set back an hour meanwhile makes it no longer', async (t) => {
    const { peer, channel, world } = await gateway(t);
    peer.fail({ status: 200, json: { ok: false, error: 'FLOOD_WAIT_9' } });
    await channel.send(CODE);
    world.pass(-3_600_000);
    assert.deepEqual(await channel.send(CODE), { kind: 'temporary', reason: '429', retryAfterMs: 9000 });
    world.pass(9000);
    assert.equal((await channel.send(CODE)).kind, 'accepted');
  });

  test('a flood of days is believed for an hour', async (t) => {
    const { peer, channel, world } = await gateway(t);
    peer.fail({ status: 200, json: { ok: false, error: 'FLOOD_WAIT_999999' } });
    assert.deepEqual(await channel.send(CODE), { kind: 'temporary', reason: 'FLOOD_WAIT', retryAfterMs: 3_600_000 });
    world.pass(3_600_000);
    assert.equal((await channel.send({ ...CODE, usefulUntil: world.clock.now() + 600_000 })).kind, 'accepted');
  });

  const FAULTS: [string, Fault, object][] = [
    ['answers 429', { status: 429, headers: { 'retry-after': '3' } }, { reason: '429', retryAfterMs: 3000 }],
    ['answers 500', { status: 500 }, { reason: '500' }],
    ['hangs', 'hang', { reason: 'ETIMEDOUT', paid: true }],
    ['closes in the middle of its answer', 'close_mid_answer', { reason: 'UND_ERR_SOCKET', paid: true }],
    ['answers nonsense', 'nonsense', { reason: 'unreadable_answer' }],
  ];
  for (const [what, fault, outcome] of FAULTS)
    test(`waits when the question ${what}: no code has left yet`, async (t) => {
      const { peer, channel, world } = await gateway(t);
      if (fault === 'hang') world.timeoutMs = 100;
      peer.fail(fault);
      assert.deepEqual(await channel.send(CODE), { kind: 'temporary', ...outcome });
    });
});

describe('a report of the Gateway', () => {
  const AT_S = NOW / 1000;

  test('is signed by the published formula', async (t) => {
    const { channel } = await gateway(t);
    const body = `{"request_id":"r1","delivery_status":{"status":"delivered","updated_at":${AT_S}}}`;
    const key = createHash('sha256').update(TOKEN).digest();
    const signature = createHmac('sha256', key).update(`${AT_S}\n${body}`).digest('hex');
    // The same by Python's hmac and hashlib.
    assert.equal(signature, 'c4b31995b7adc26650a9102d1ca38aad180a272f5d8658eaa27acc84e24ef03f');
    const headers = { 'x-request-timestamp': String(AT_S), 'x-request-signature': signature };
    assert.deepEqual(await channel.receive?.(webhookCall(body, headers)), {
      kind: 'received',
      events: [{ type: 'receipt', providerId: 'r1', status: 'delivered', at: NOW, reason: null }],
    });
  });

  for (const [status, told, reason] of [
    ['sent', 'sent', null],
    ['delivered', 'delivered', null],
    ['read', 'read', null],
    ['expired', 'failed', 'expired'],
    ['revoked', 'failed', 'revoked'],
  ] as const)
    test(`'${status}' becomes ${told}`, async (t) => {
      const { peer, channel } = await gateway(t);
      assert.deepEqual(await channel.receive?.(peer.report('request-1', status, AT_S)), {
        kind: 'received',
        events: [{ type: 'receipt', providerId: 'request-1', status: told, at: NOW, reason }],
      });
    });

  test('names our message by what was given along with the code, also where the answer to that was lost', async (t) => {
    const { peer, channel } = await gateway(t);
    peer.failAt(/sendVerificationMessage/, 'close_mid_answer');
    await channel.send(CODE);
    const received = await channel.receive?.(peer.report('request-1', 'delivered', AT_S));
    assert.deepEqual(received, {
      kind: 'received',
      events: [
        {
          type: 'receipt',
          providerId: 'request-1',
          messageId: 'message-1',
          status: 'delivered',
          at: NOW,
          reason: null,
        },
      ],
    });
  });

  test('comes twice and backwards, each with its own moment', async (t) => {
    const { peer, channel } = await gateway(t);
    const reports = [peer.report('r', 'read', AT_S + 2, AT_S), peer.report('r', 'delivered', AT_S + 1, AT_S)];
    const received = await Promise.all([...reports, ...reports].map((report) => channel.receive?.(report)));
    assert.deepEqual(
      received.map(
        (one) => one?.kind === 'received' && one.events.map((event) => event.type === 'receipt' && event.status),
      ),
      [['read'], ['delivered'], ['read'], ['delivered']],
    );
  });

  test('of a status that nobody knows yet tells nothing and is answered 200', async (t) => {
    const { channel } = await gateway(t);
    const body = `{"request_id":"r","delivery_status":{"status":"teleported","updated_at":${AT_S}}}`;
    const key = createHash('sha256').update(TOKEN).digest();
    const signature = createHmac('sha256', key).update(`${AT_S}\n${body}`).digest('hex');
    const headers = { 'x-request-timestamp': String(AT_S), 'x-request-signature': signature };
    assert.deepEqual(await channel.receive?.(webhookCall(body, headers)), { kind: 'received', events: [] });
  });

  test('that is old, from the future, changed, cut off or signed by another is refused', async (t) => {
    const { peer, channel, world } = await gateway(t);
    const good = peer.report('request-1', 'delivered', AT_S);
    assert.equal((await channel.receive?.(good))?.kind, 'received');
    const changed = Buffer.from(Buffer.from(good.body).toString().replace('delivered', 'expired'));
    const later = new Headers(good.headers);
    later.set('x-request-timestamp', String(AT_S + 1));
    const unsigned = new Headers(good.headers);
    unsigned.delete('x-request-signature');
    for (const forged of [
      peer.report('request-1', 'delivered', AT_S, AT_S - 901),
      peer.report('request-1', 'delivered', AT_S, AT_S + 301),
      { ...good, body: changed },
      { ...good, body: good.body.subarray(0, -1) },
      { ...good, headers: later },
      { ...good, headers: unsigned },
      (await startedElsewhere(t)).report('request-1', 'delivered', AT_S),
    ])
      assert.deepEqual(await channel.receive?.(forged), { kind: 'refused', status: 401 });
    world.pass(901_000);
    assert.deepEqual(await channel.receive?.(good), { kind: 'refused', status: 401 });
  });
});

async function startedElsewhere(t: TestContext): Promise<TelegramGatewayPeer> {
  const peer = await startTelegramGatewayPeer('another token altogether');
  t.after(() => peer.stop());
  return peer;
}
