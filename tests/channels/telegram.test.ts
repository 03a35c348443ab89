import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { createTelegramChannel } from '../../src/channels/telegram.ts';
import type { LinkedChannel, WebhookCall } from '../../src/ports.ts';
import { parseTelegramUrl } from '../../src/rules/messenger-urls.ts';
import { type ChannelWorld, channelWorld, type Fault, outgoingCode, stopsAfter } from '../provider-peer.ts';
import { startTelegramPeer, type TelegramPeer } from '../telegram-peer.ts';

const BOT_TOKEN = '123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawk';
const JANE = 40_000_000_001;
const LINK = 'q1W2e3R4t5Y6u7I8o9P0a1S2d3F4g5H6';
const NOW = 1_790_000_000_000;
const CODE = {
  ...outgoingCode(String(JANE), NOW),
  text: 'Acme: your code is 482913. <b>Never</b> tell it to anybody. https://shop.example/x?a=1&b=2',
};

async function bot(t: TestContext): Promise<{ peer: TelegramPeer; channel: LinkedChannel; world: ChannelWorld }> {
  const peer = await startTelegramPeer(BOT_TOKEN);
  peer.chats.set(JANE, 'active');
  const world = channelWorld(NOW);
  const parsed = parseTelegramUrl(`telegram://${BOT_TOKEN}@api.telegram.org/shop_bot?api=${peer.url}`);
  assert.ok('settings' in parsed);
  const channel = createTelegramChannel(
    parsed.settings,
    Object.assign(world, { webhookUrl: 'https://shop.example/webhooks/telegram' }),
  );
  stopsAfter(t, channel, peer);
  return { peer, channel, world };
}

describe('a code to a linked chat', () => {
  test('arrives as it was written, not to be forwarded, with a button that copies it', async (t) => {
    const { peer, channel } = await bot(t);
    assert.deepEqual(await channel.send(CODE), { kind: 'accepted', providerId: '1001' });
    // `satisfies`: no field that the published types do not know.
    assert.deepEqual(peer.sent, [
      {
        chat_id: JANE,
        text: CODE.text,
        protect_content: true,
        link_preview_options: { is_disabled: true },
        reply_markup: { inline_keyboard: [[{ text: '482913', copy_text: { text: '482913' } }]] },
      },
    ] satisfies TelegramPeer['sent']);
  });

  test('a notice has no button', async (t) => {
    const { peer, channel } = await bot(t);
    await channel.send({ ...CODE, code: undefined });
    assert.equal(peer.sent[0]?.reply_markup, undefined);
  });

  for (const to of ['-1001234567890', '@channel', '0', '', '12 34', '9007199254740993'])
    test(`never goes to '${to}', which is no private chat`, async (t) => {
      const { peer, channel } = await bot(t);
      assert.deepEqual(await channel.send({ ...CODE, to }), { kind: 'permanent', reason: 'malformed_chat' });
      assert.equal(peer.calls.length, 0);
    });

  for (const state of ['blocked', 'deactivated'] as const)
    test(`to a person who has ${state} goes to the next channel, and the chat is over`, async (t) => {
      const { peer, channel, world } = await bot(t);
      peer.chats.set(JANE, state);
      assert.deepEqual(await channel.send(CODE), { kind: 'unreachable', reason: '403', stopped: true });
      assert.deepEqual(world.lines, []);
    });

  test('to a chat that does not exist goes to the next channel', async (t) => {
    const { channel } = await bot(t);
    assert.deepEqual(await channel.send({ ...CODE, to: '77' }), { kind: 'unreachable', reason: 'chat_not_found' });
  });

  test('waits, and tells the operator, when the token was revoked', async (t) => {
    const { peer, channel, world } = await bot(t);
    peer.fail({ status: 401, json: { ok: false, error_code: 401, description: 'Unauthorized' } });
    assert.deepEqual(await channel.send(CODE), { kind: 'temporary', reason: '401' });
    assert.deepEqual(world.lines, ['error telegram 401']);
  });

  test('after a 429, nobody is written to until Telegram allows it', async (t) => {
    const { peer, channel, world } = await bot(t);
    peer.chats.set(5, 'active');
    const tooMany = {
      ok: false,
      error_code: 429,
      description: 'Too Many Requests: retry after 7',
      parameters: { retry_after: 7 },
    };
    peer.fail({ status: 429, json: tooMany });
    assert.deepEqual(await channel.send(CODE), { kind: 'temporary', reason: '429', retryAfterMs: 7000 });
    world.pass(6000);
    assert.deepEqual(await channel.send({ ...CODE, to: '5' }), {
      kind: 'temporary',
      reason: '429',
      retryAfterMs: 1000,
    });
    assert.equal(peer.calls.length, 1);
    world.pass(1000);
    assert.equal((await channel.send(CODE)).kind, 'accepted');
    assert.equal(peer.sent.length, 1);
  });

  test('a clock that is set back an hour meanwhile makes it no longer, and nobody is written to before', async (t) => {
    const { peer, channel, world } = await bot(t);
    const parameters = { retry_after: 7 };
    peer.fail({ status: 429, json: { ok: false, error_code: 429, description: 'Too Many Requests', parameters } });
    await channel.send(CODE);
    world.pass(-3_600_000);
    assert.deepEqual(await channel.send(CODE), { kind: 'temporary', reason: '429', retryAfterMs: 7000 });
    world.pass(6999);
    assert.deepEqual(await channel.send(CODE), { kind: 'temporary', reason: '429', retryAfterMs: 1 });
    world.pass(1);
    assert.equal((await channel.send(CODE)).kind, 'accepted');
  });

  test('a 429 of years is believed for an hour', async (t) => {
    const { peer, channel, world } = await bot(t);
    const parameters = { retry_after: 2_000_000_000 };
    peer.fail({ status: 429, json: { ok: false, error_code: 429, description: 'Too Many Requests', parameters } });
    assert.deepEqual(await channel.send(CODE), { kind: 'temporary', reason: '429', retryAfterMs: 3_600_000 });
    world.pass(3_600_000);
    assert.equal((await channel.send(CODE)).kind, 'accepted');
  });

  const FAULTS: [string, Fault, object][] = [
    ['answers 500', { status: 500, text: 'Internal Server Error' }, { reason: '500', maybeSent: true }],
    ['answers 502 with a page', 'bad_gateway', { reason: '502', maybeSent: true }],
    ['answers 503', { status: 503, text: '' }, { reason: '503' }],
    ['redirects', { status: 302, headers: { location: 'https://elsewhere.example/' }, text: '' }, { reason: '302' }],
    ['hangs', 'hang', { reason: 'ETIMEDOUT', maybeSent: true }],
    ['closes without an answer', 'close', { reason: 'UND_ERR_SOCKET', maybeSent: true }],
    ['closes in the middle of its answer', 'close_mid_answer', { reason: 'UND_ERR_SOCKET', maybeSent: true }],
    ['answers something that is no JSON', 'nonsense', { reason: 'unreadable_answer', maybeSent: true }],
    ['answers without end', 'endless_answer', { reason: 'answer_too_big', maybeSent: true }],
    ['answers JSON of another shape', { status: 200, json: [1] }, { reason: 'unreadable_answer', maybeSent: true }],
  ];
  for (const [what, fault, outcome] of FAULTS)
    test(`waits when Telegram ${what}`, async (t) => {
      const { peer, channel, world } = await bot(t);
      if (fault === 'hang') world.timeoutMs = 100;
      peer.fail(fault);
      assert.deepEqual(await channel.send(CODE), { kind: 'temporary', ...outcome });
      // A server that hung may not even have seen the first call yet.
      if (fault !== 'hang') assert.equal((await channel.send(CODE)).kind, 'accepted');
    });

  test('waits, and can be sent again without doubt, when nothing listens', async (t) => {
    const { peer, channel } = await bot(t);
    await peer.stop();
    assert.deepEqual(await channel.send(CODE), { kind: 'temporary', reason: 'ECONNREFUSED' });
  });

  test('a mistake of ours is final, and told to the operator by its number', async (t) => {
    const { peer, channel, world } = await bot(t);
    peer.fail({
      status: 400,
      json: { ok: false, error_code: 400, description: 'Bad Request: text of 482913 is wrong' },
    });
    assert.deepEqual(await channel.send(CODE), { kind: 'permanent', reason: '400' });
    assert.deepEqual(world.lines, ['error telegram 400']);
  });
});

describe('what Telegram tells', () => {
  async function registered(t: TestContext) {
    const all = await bot(t);
    assert.deepEqual(await all.channel.register?.(), { registered: true });
    return all;
  }

  test('is asked for at our address, with a secret that is not the token', async (t) => {
    const { peer } = await registered(t);
    assert.equal(peer.webhook?.url, 'https://shop.example/webhooks/telegram');
    assert.deepEqual(peer.webhook?.allowed_updates, ['message', 'callback_query', 'my_chat_member']);
    // HMAC-SHA-256 with the token as key, so that every replica knows it.
    const secret = createHmac('sha256', BOT_TOKEN).update('regain telegram webhook').digest('base64url');
    assert.equal(peer.webhook?.secret_token, secret);
    assert.deepEqual(
      peer.commands.map(({ command }) => command),
      ['stop', 'help'],
    );
  });

  test('registering says why it failed', async (t) => {
    const { peer, channel } = await bot(t);
    peer.fail({ status: 401, json: { ok: false, error_code: 401, description: 'Unauthorized' } });
    assert.deepEqual(await channel.register?.(), { registered: false, reason: '401' });
  });

  test('/start with a token links the chat', async (t) => {
    const { peer, channel } = await registered(t);
    const call = peer.says(JANE, `/start ${LINK}`, { first_name: 'Jane', last_name: 'D\u202eoe\n' });
    assert.deepEqual(await channel.receive?.(call), {
      kind: 'received',
      events: [
        {
          type: 'linked',
          chat: String(JANE),
          token: LINK,
          name: 'Jane Doe',
          at: 1_790_000_000_000,
          eventId: '700000001',
        },
      ],
    });
    assert.equal(channel.deepLink(LINK), `https://t.me/shop_bot?start=${LINK}`);
  });

  const SAID: [string, string][] = [
    ['/start', 'said'],
    ['/start short', 'said'],
    [`/start ${LINK} and more`, 'said'],
    [LINK, 'said'],
    ['/help', 'said'],
    ['please do not stop', 'said'],
    ['/stop', 'stopped'],
    ['/stop@shop_bot', 'stopped'],
    ['STOP', 'stopped'],
  ];
  for (const [text, type] of SAID)
    test(`'${text}' is ${type}`, async (t) => {
      const { peer, channel } = await registered(t);
      const received = await channel.receive?.(peer.says(JANE, text));
      assert.ok(received?.kind === 'received');
      assert.deepEqual(
        received.events.map((event) => event.type),
        [type],
      );
    });

  test('blocking is an end; unblocking is no consent', async (t) => {
    const { peer, channel } = await registered(t);
    assert.deepEqual(await channel.receive?.(peer.member(JANE, 'kicked')), {
      kind: 'received',
      events: [{ type: 'stopped', chat: String(JANE), at: 1_790_000_100_000, eventId: '700000001' }],
    });
    assert.deepEqual(await channel.receive?.(peer.member(JANE, 'member')), { kind: 'received', events: [] });
  });

  test('groups, other bots and updates that nobody asked for tell nothing', async (t) => {
    const { peer, channel } = await registered(t);
    const from = { id: JANE, is_bot: false, first_name: 'Jane' };
    const message = {
      message_id: 1,
      date: 1_790_000_000,
      from,
      chat: { id: JANE, type: 'private' as const, first_name: 'Jane' },
      text: `/start ${LINK}`,
    };
    const { text: _, ...without } = message;
    const updates: Parameters<TelegramPeer['update']>[0][] = [
      { message: { ...message, chat: { id: -100123, type: 'supergroup', title: 'Chat' } } },
      { message: { ...message, from: { ...from, is_bot: true } } },
      { message: { ...without, dice: { emoji: '🎲', value: 3 } } },
      { edited_message: { ...message, edit_date: 1_790_000_001 } },
      { message_reaction_count: { chat: message.chat, message_id: 1, date: 1_790_000_000, reactions: [] } },
    ];
    for (const fields of updates)
      assert.deepEqual(await channel.receive?.(peer.update(fields)), { kind: 'received', events: [] });
  });

  test('the same update twice has the same id', async (t) => {
    const { peer, channel } = await registered(t);
    const call = peer.says(JANE, `/start ${LINK}`);
    assert.deepEqual(await channel.receive?.(call), await channel.receive?.(call));
  });

  test('without the secret, with another or with a part of it, is refused', async (t) => {
    const { peer, channel } = await registered(t);
    const secret = peer.webhook?.secret_token ?? '';
    for (const forged of ['', 'x', secret.slice(0, -1), `${secret}x`, secret.toUpperCase(), BOT_TOKEN]) {
      const call: WebhookCall = peer.says(JANE, `/start ${LINK}`);
      call.headers.set('x-telegram-bot-api-secret-token', forged);
      assert.deepEqual(await channel.receive?.(call), { kind: 'refused', status: 401 }, forged);
    }
    const bare = peer.says(JANE, 'hi');
    bare.headers.delete('x-telegram-bot-api-secret-token');
    assert.deepEqual(await channel.receive?.(bare), { kind: 'refused', status: 401 });
  });

  test('cut off or of another shape, is refused', async (t) => {
    const { peer, channel } = await registered(t);
    const call = peer.says(JANE, 'hi');
    for (const body of [
      call.body.subarray(0, 40),
      Buffer.from('{}'),
      Buffer.from(''),
      Buffer.from('[]'),
      Buffer.from([0xff]),
    ])
      assert.deepEqual(await channel.receive?.({ ...call, body }), { kind: 'refused', status: 400 });
    assert.deepEqual(await channel.receive?.({ ...call, method: 'GET' }), { kind: 'refused', status: 400 });
  });
});
