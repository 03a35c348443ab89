import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { createViberChannel } from '../../src/channels/viber.ts';
import type { ChannelEvent, LinkedChannel } from '../../src/ports.ts';
import { parseViberUrl } from '../../src/rules/messenger-urls.ts';
import {
  type ChannelWorld,
  channelWorld,
  type Fault,
  outgoingCode,
  stopsAfter,
  webhookCall,
} from '../provider-peer.ts';
import { BIG_TOKEN, startViberPeer, type ViberPeer } from '../viber-peer.ts';
import { ERRORS, Welcome } from './published/viber.ts';

const TOKEN = '445da6az1s345z78-dazcczb2542zv51a-e0vc5fva17480im9';
const NOW = 1_790_000_000_123;
const JANE = '01234567890A+/w==';
const LINK = 'q1W2e3R4t5Y6u7I8o9P0a1S2d3F4g5H6';
const CODE = outgoingCode(JANE, NOW);

async function bot(
  t: TestContext,
  brand = 'Acme',
): Promise<{ peer: ViberPeer; channel: LinkedChannel; world: ChannelWorld }> {
  const peer = await startViberPeer(TOKEN);
  peer.people.set(JANE, 0);
  const world = channelWorld(NOW);
  const parsed = parseViberUrl(`viber://:${TOKEN}@chatapi.viber.com?uri=shop&api=${peer.url}`);
  assert.ok('settings' in parsed);
  const channel = createViberChannel(
    parsed.settings,
    Object.assign(world, { brand, webhookUrl: 'https://shop.example/webhooks/viber' }),
  );
  stopsAfter(t, channel, peer);
  return { peer, channel, world };
}

describe('a code to a linked chat', () => {
  test('arrives as it was written, and keeps an id bigger than a number', async (t) => {
    const { peer, channel } = await bot(t);
    assert.deepEqual(await channel.send(CODE), { kind: 'accepted', providerId: String(BIG_TOKEN) });
    assert.deepEqual(peer.sent, [
      { receiver: JANE, min_api_version: 1, sender: { name: 'Acme' }, type: 'text', text: CODE.text },
    ]);
  });

  for (const [brand, name] of [
    ['The Old Corner Book Shop of Little Rissington', 'The Old Corner Book Shop of'],
    ['Bücher und Schallplatten 📚📚📚', 'Bücher und Schallplatten 📚'],
  ] as const)
    test(`comes from '${name}', which is all that Viber shows`, async (t) => {
      const { peer, channel } = await bot(t, brand);
      await channel.send(CODE);
      assert.equal(peer.sent[0]?.sender.name, name);
    });

  const STATUSES: [number, object, 'alert' | 'quiet'][] = [
    [1, { kind: 'permanent' }, 'alert'],
    [5, { kind: 'unreachable', stopped: true }, 'quiet'],
    [6, { kind: 'unreachable', stopped: true }, 'quiet'],
    [11, { kind: 'unreachable' }, 'quiet'],
    [13, { kind: 'unreachable' }, 'quiet'],
    [14, { kind: 'unreachable' }, 'quiet'],
    [21, { kind: 'unreachable' }, 'quiet'],
    [12, { kind: 'temporary', retryAfterMs: 60_000 }, 'quiet'],
    [2, { kind: 'temporary' }, 'alert'],
    [7, { kind: 'temporary' }, 'alert'],
    [8, { kind: 'temporary' }, 'alert'],
    [9, { kind: 'temporary' }, 'alert'],
    [10, { kind: 'temporary' }, 'alert'],
    [15, { kind: 'temporary' }, 'alert'],
    [23, { kind: 'temporary' }, 'alert'],
    [24, { kind: 'temporary' }, 'alert'],
    [3, { kind: 'permanent' }, 'alert'],
    [4, { kind: 'permanent' }, 'alert'],
    [16, { kind: 'permanent' }, 'alert'],
    [17, { kind: 'permanent' }, 'alert'],
    [19, { kind: 'permanent' }, 'alert'],
    [20, { kind: 'permanent' }, 'alert'],
    [22, { kind: 'permanent' }, 'alert'],
    [99, { kind: 'temporary' }, 'alert'],
  ];
  test('has an outcome for every status that Viber publishes', () => {
    const known = STATUSES.map(([status]) => status).filter((status) => status !== 99);
    assert.deepEqual(
      known.toSorted((a, b) => a - b),
      ERRORS,
    );
  });

  for (const [status, outcome, alert] of STATUSES)
    test(`status ${status} is ${JSON.stringify(outcome)}, ${alert}`, async (t) => {
      const { peer, channel, world } = await bot(t);
      peer.people.set(JANE, status);
      assert.deepEqual(await channel.send(CODE), { ...outcome, reason: String(status) });
      assert.deepEqual(world.lines, alert === 'alert' ? [`error viber ${status}`] : []);
    });

  const FAULTS: [string, Fault, object][] = [
    ['answers 429', { status: 429 }, { reason: '429', retryAfterMs: 5000 }],
    ['answers 503', { status: 503, text: 'Jetty' }, { reason: '503' }],
    ['hangs', 'hang', { reason: 'ETIMEDOUT', maybeSent: true }],
    ['closes without an answer', 'close', { reason: 'UND_ERR_SOCKET', maybeSent: true }],
    ['closes in the middle of its answer', 'close_mid_answer', { reason: 'UND_ERR_SOCKET', maybeSent: true }],
    ['answers nonsense', 'nonsense', { reason: 'unreadable_answer', maybeSent: true }],
    [
      'answers as in its own example',
      {
        status: 200,
        text: '{"status":12,"status_message":"Too many requests","message_token":"1234567890","chat_hostname":"SN-CHAT-0x_"}',
      },
      { reason: '12', retryAfterMs: 60_000 },
    ],
    ['answers without a status', { status: 200, json: {} }, { reason: 'unreadable_answer', maybeSent: true }],
    ['answers without end', 'endless_answer', { reason: 'answer_too_big', maybeSent: true }],
  ];
  for (const [what, fault, outcome] of FAULTS)
    test(`waits when Viber ${what}`, async (t) => {
      const { peer, channel, world } = await bot(t);
      if (fault === 'hang') world.timeoutMs = 100;
      peer.fail(fault);
      assert.deepEqual(await channel.send(CODE), { kind: 'temporary', ...outcome });
      // A server that hung may not even have seen the first call yet.
      if (fault !== 'hang') assert.equal((await channel.send(CODE)).kind, 'accepted');
    });
});

describe('linking', () => {
  const jane = { id: JANE, name: 'Jane Doe', language: 'en', country: 'US', api_version: 10 };
  const opened = { event: 'conversation_started', type: 'open', context: LINK, user: jane, subscribed: false };

  /** The question that Viber shows to a person who opened our link. */
  async function asked(peer: ViberPeer, channel: LinkedChannel) {
    const received = await channel.receive?.(peer.callback(opened));
    assert.ok(received?.kind === 'received' && received.answer);
    assert.deepEqual(received.events, []);
    assert.equal(received.answer.contentType, 'application/json; charset=utf-8');
    return Welcome.parse(JSON.parse(received.answer.body));
  }

  const said = (text: string, tracking_data?: string) => ({
    event: 'message',
    sender: jane,
    message: { type: 'text', text, ...(tracking_data === undefined ? {} : { tracking_data }) },
  });

  async function events(channel: LinkedChannel, call: ReturnType<ViberPeer['callback']>): Promise<ChannelEvent[]> {
    const received = await channel.receive?.(call);
    assert.ok(received?.kind === 'received');
    return received.events;
  }

  test('the link names the bot and carries the token', async (t) => {
    const { channel } = await bot(t);
    assert.equal(channel.deepLink(LINK), `viber://pa?chatURI=shop&context=${LINK}`);
  });

  test('opening it links nothing: a question is asked, and its button links', async (t) => {
    const { peer, channel } = await bot(t);
    const { keyboard, tracking_data, text } = await asked(peer, channel);
    assert.equal(text, 'Shall Acme send your sign-in codes to this chat?');
    const pressed = peer.callback(said(keyboard?.Buttons[0]?.ActionBody ?? '', tracking_data), '5741311803571721999');
    assert.deepEqual(await events(channel, pressed), [
      { type: 'linked', chat: JANE, token: LINK, name: 'Jane Doe', at: NOW, eventId: '5741311803571721999' },
    ]);
  });

  test('another answer than the button links nothing', async (t) => {
    const { peer, channel } = await bot(t);
    const { tracking_data, keyboard } = await asked(peer, channel);
    const yes = keyboard?.Buttons[0]?.ActionBody ?? '';
    for (const [text, tracking] of [
      ['What is this?', tracking_data],
      ['Yes', tracking_data],
      [yes, undefined],
      [yes, 'regain-link:short:Yes, send them here'],
      [yes, `regain-link:${LINK}:`],
    ] as const)
      assert.deepEqual(
        (await events(channel, peer.callback(said(text, tracking)))).map((event) => event.type),
        ['said'],
      );
    assert.deepEqual(
      (await events(channel, peer.callback(said('stop', tracking_data)))).map((event) => event.type),
      ['stopped'],
    );
  });

  test('opened without a token, or with something else, is not answered', async (t) => {
    const { peer, channel } = await bot(t);
    for (const context of [undefined, '', 'summer-sale', `${LINK}x`])
      assert.deepEqual(await channel.receive?.(peer.callback({ ...opened, context })), {
        kind: 'received',
        events: [],
      });
  });

  test('subscribing alone tells nothing; unsubscribing is an end', async (t) => {
    const { peer, channel } = await bot(t);
    assert.deepEqual(await events(channel, peer.callback({ event: 'subscribed', user: jane })), []);
    assert.deepEqual(
      await events(channel, peer.callback({ event: 'unsubscribed', user_id: JANE }, '7000000000000000001')),
      [{ type: 'stopped', chat: JANE, at: NOW, eventId: '7000000000000000001' }],
    );
  });
});

describe('what Viber tells', () => {
  test('is signed by the published formula, over the bytes as they came', async (t) => {
    const { channel } = await bot(t);
    const body = `{"event":"webhook","timestamp":${NOW},"message_token":${BIG_TOKEN},"chat_hostname":"Ж"}`;
    const signature = createHmac('sha256', TOKEN).update(body).digest('hex');
    // The same by Python's hmac and hashlib.
    assert.equal(signature, 'e6cc9c534c3f2265fedbe93c7c61e7bb15da033bd5fcfb03db2bceccb1719124');
    assert.deepEqual(await channel.receive?.(webhookCall(body, { 'x-viber-content-signature': signature })), {
      kind: 'received',
      events: [],
    });
  });

  test('twice and backwards, each report names its message exactly', async (t) => {
    const { peer, channel } = await bot(t);
    const receipt = (event: string) =>
      peer.callback(
        { event, user_id: JANE, ...(event === 'failed' ? { desc: 'failed for +15550123' } : {}) },
        String(BIG_TOKEN),
      );
    const calls = ['seen', 'delivered', 'seen', 'failed'].map(receipt);
    const received = await Promise.all(calls.map((call) => channel.receive?.(call)));
    assert.deepEqual(
      received.flatMap((one) => (one?.kind === 'received' ? one.events : [])),
      [
        { type: 'receipt', providerId: String(BIG_TOKEN), status: 'read', at: NOW, reason: null },
        { type: 'receipt', providerId: String(BIG_TOKEN), status: 'delivered', at: NOW, reason: null },
        { type: 'receipt', providerId: String(BIG_TOKEN), status: 'read', at: NOW, reason: null },
        { type: 'receipt', providerId: String(BIG_TOKEN), status: 'failed', at: NOW, reason: 'failed' },
      ],
    );
  });

  /** Computed once by the message validator of viber-bot 1.0.18, Viber's own library, under the token of this file. */
  const VECTORS: Record<string, string> = {
    '{"event":"delivered","timestamp":1457764197627,"message_token":4912661846655238145,"user_id":"01234567890A=="}':
      'e535ce69f24b61b8f4c5e76c290200d41ea1ff5904d49fdf724cb736172e48d5',
    '{"event":"message","timestamp":1457764197627,"message_token":4912661846655238146,"sender":{"id":"01234567890A==","name":"Žofie 😀"},"message":{"type":"text","text":"Où?"}}':
      '25e926370578bc18050ddef8af1dda4fd8e666922d1fe238033f5200606aac49',
  };
  for (const [body, signature] of Object.entries(VECTORS))
    test(`is signed as Viber's own library computes it: ${JSON.parse(body).event}`, async (t) => {
      const { channel } = await bot(t);
      const taken = await channel.receive?.(webhookCall(body, { 'x-viber-content-signature': signature }));
      assert.equal(taken?.kind, 'received');
      const changed = body.replace('4912', '4913');
      assert.deepEqual(await channel.receive?.(webhookCall(changed, { 'x-viber-content-signature': signature })), {
        kind: 'refused',
        status: 401,
      });
    });

  test('forged, changed, cut off or unsigned is refused', async (t) => {
    const { peer, channel } = await bot(t);
    const good = peer.callback({ event: 'unsubscribed', user_id: JANE });
    const header = good.headers.get('x-viber-content-signature') ?? '';
    const changed = Buffer.from(Buffer.from(good.body).toString().replace(JANE, 'someone-else'));
    const other = createHmac('sha256', 'another token').update(good.body).digest('hex');
    for (const [body, signature] of [
      [changed, header],
      [good.body.subarray(0, -1), header],
      [good.body, ''],
      [good.body, header.slice(2)],
      [good.body, `${header}00`],
      [good.body, other],
    ] as const)
      assert.deepEqual(await channel.receive?.(webhookCall(body, { 'x-viber-content-signature': signature })), {
        kind: 'refused',
        status: 401,
      });
    // Viber's own library also takes the signature from the query, which ends up in logs.
    const byQuery = { ...webhookCall(good.body, {}), url: `https://shop.example/hook?sig=${header}` };
    assert.deepEqual(await channel.receive?.(byQuery), { kind: 'refused', status: 401 });
  });

  test('signed, but nothing that Viber sends, is refused', async (t) => {
    const { channel } = await bot(t);
    for (const body of ['', '[]', '{}', '{"event":1}', '{"event":"seen","timestamp":"x"}']) {
      const signature = createHmac('sha256', TOKEN).update(body).digest('hex');
      assert.deepEqual(await channel.receive?.(webhookCall(body, { 'x-viber-content-signature': signature })), {
        kind: 'refused',
        status: 400,
      });
    }
  });

  test('is asked for at our address', async (t) => {
    const { peer, channel } = await bot(t);
    assert.deepEqual(await channel.register?.(), { registered: true });
    assert.equal(peer.webhook?.url, 'https://shop.example/webhooks/viber');
    assert.deepEqual(peer.webhook?.event_types?.length, 6);
    peer.fail({ status: 200, json: { status: 2, status_message: 'invalidAuthToken' } });
    assert.deepEqual(await channel.register?.(), { registered: false, reason: '2' });
  });
});
