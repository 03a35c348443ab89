import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { createWhatsAppChannel } from '../../src/channels/whatsapp.ts';
import type { ChannelEvent, LinkedChannel, WebhookCall } from '../../src/ports.ts';
import { parseWhatsAppUrl } from '../../src/rules/messenger-urls.ts';
import {
  type ChannelWorld,
  channelWorld,
  type Fault,
  outgoingCode,
  stopsAfter,
  webhookCall,
} from '../provider-peer.ts';
import { startWhatsAppPeer, type WhatsAppPeer } from '../whatsapp-peer.ts';

const NOW = 1_790_000_000_000;
const LINK = 'q1W2e3R4t5Y6u7I8o9P0a1S2d3F4g5H6';
const JANE = '15550123';
const SETTINGS = {
  phoneNumberId: '106540352242922',
  token: 'EAAJB-token',
  appSecret: '0123456789abcdef0123456789abcdef',
  verifyToken: 'chosen-by-us',
  template: 'recovery_code',
  languages: ['en_US', 'es', 'pt_BR'],
  number: '15550100',
};
const CODE = outgoingCode(`+${JANE}`, NOW);

async function business(t: TestContext): Promise<{ peer: WhatsAppPeer; channel: LinkedChannel; world: ChannelWorld }> {
  const peer = await startWhatsAppPeer(SETTINGS);
  const world = channelWorld(NOW);
  const url = `whatsapp://${SETTINGS.phoneNumberId}:${SETTINGS.token}@graph.facebook.com/v23.0?api=${peer.url}&app_secret=${SETTINGS.appSecret}&verify_token=${SETTINGS.verifyToken}&template=${SETTINGS.template}&languages=${SETTINGS.languages}&number=%2B1+555-0100`;
  const parsed = parseWhatsAppUrl(url);
  assert.ok('settings' in parsed, JSON.stringify(parsed));
  assert.deepEqual(parsed.settings, { ...SETTINGS, api: `${peer.url}/v23.0` });
  const channel = createWhatsAppChannel(parsed.settings, world);
  stopsAfter(t, channel, peer);
  return { peer, channel, world };
}

describe('a code to a number', () => {
  test('goes into the authentication template, in its words and in its button', async (t) => {
    const { peer, channel } = await business(t);
    assert.deepEqual(await channel.send(CODE), { kind: 'accepted', providerId: 'wamid.HBgL1==' });
    const parameters = [{ type: 'text', text: '482913' }];
    assert.deepEqual(peer.sent, [
      {
        messaging_product: 'whatsapp',
        recipient_type: 'individual',
        biz_opaque_callback_data: 'message-1',
        to: JANE,
        type: 'template',
        template: {
          name: 'recovery_code',
          language: { policy: 'deterministic', code: 'en_US' },
          components: [
            { type: 'body', parameters },
            { type: 'button', sub_type: 'url', index: '0', parameters },
          ],
        },
      },
    ]);
  });

  for (const [locale, language] of [
    ['en', 'en_US'],
    ['en-GB', 'en_US'],
    ['es', 'es'],
    ['es-MX', 'es'],
    ['pt-BR', 'pt_BR'],
    ['pt', 'pt_BR'],
    ['ja', 'en_US'],
    ['not a locale', 'en_US'],
  ] as const)
    test(`for ${locale} is in ${language}`, async (t) => {
      const { peer, channel } = await business(t);
      await channel.send({ ...CODE, locale });
      assert.match(JSON.stringify(peer.sent[0]), new RegExp(`"code":"${language}"`));
    });

  test('a text without a code is free text without a preview', async (t) => {
    const { peer, channel } = await business(t);
    await channel.send({ ...CODE, code: undefined, text: 'Linked. https://shop.example' });
    assert.deepEqual(peer.sent, [
      {
        messaging_product: 'whatsapp',
        recipient_type: 'individual',
        biz_opaque_callback_data: 'message-1',
        to: JANE,
        type: 'text',
        text: { body: 'Linked. https://shop.example', preview_url: false },
      },
    ]);
  });

  test('a person without a number gets words, but no template', async (t) => {
    const { peer, channel } = await business(t);
    const to = 'US.13491208655302741918';
    assert.deepEqual(await channel.send({ ...CODE, to }), { kind: 'unreachable', reason: 'no_phone_number' });
    assert.equal((await channel.send({ ...CODE, to, code: undefined })).kind, 'accepted');
    assert.deepEqual(
      peer.sent.map((message) => message.recipient),
      [to],
    );
  });

  for (const to of ['15550123', '+0123456789', '+1 555 0123', '', 'US', '+1555;+1556'])
    test(`'${to}' is no number`, async (t) => {
      const { peer, channel } = await business(t);
      assert.deepEqual(await channel.send({ ...CODE, to }), { kind: 'permanent', reason: 'malformed_number' });
      assert.equal(peer.calls.length, 0);
    });

  const CODES: [number, object, 'alert' | 'quiet'][] = [
    [131026, { kind: 'unreachable' }, 'quiet'],
    [131062, { kind: 'unreachable' }, 'quiet'],
    [131049, { kind: 'unreachable' }, 'quiet'],
    [131050, { kind: 'unreachable' }, 'quiet'],
    [130472, { kind: 'unreachable' }, 'quiet'],
    [130429, { kind: 'temporary', retryAfterMs: 2000 }, 'quiet'],
    [131056, { kind: 'temporary', retryAfterMs: 6000 }, 'quiet'],
    [4, { kind: 'temporary', retryAfterMs: 30_000 }, 'quiet'],
    [80007, { kind: 'temporary', retryAfterMs: 30_000 }, 'quiet'],
    [131000, { kind: 'temporary', retryAfterMs: 2000 }, 'quiet'],
    [131016, { kind: 'temporary', retryAfterMs: 5000 }, 'quiet'],
    [1, { kind: 'temporary', retryAfterMs: 2000 }, 'quiet'],
    [0, { kind: 'temporary' }, 'alert'],
    [190, { kind: 'temporary' }, 'alert'],
    [10, { kind: 'temporary' }, 'alert'],
    [200, { kind: 'temporary' }, 'alert'],
    [299, { kind: 'temporary' }, 'alert'],
    [368, { kind: 'temporary' }, 'alert'],
    [131031, { kind: 'temporary' }, 'alert'],
    [131042, { kind: 'temporary' }, 'alert'],
    [131048, { kind: 'temporary' }, 'alert'],
    [100, { kind: 'permanent' }, 'alert'],
    [131008, { kind: 'permanent' }, 'alert'],
    [131047, { kind: 'permanent' }, 'alert'],
    [132001, { kind: 'permanent' }, 'alert'],
    [132015, { kind: 'permanent' }, 'alert'],
    [132016, { kind: 'permanent' }, 'alert'],
    [999999, { kind: 'permanent' }, 'alert'],
  ];
  for (const [code, outcome, alert] of CODES)
    test(`error ${code} is ${JSON.stringify(outcome)}, ${alert}`, async (t) => {
      const { peer, channel, world } = await business(t);
      peer.refusals.set(JANE, code);
      assert.deepEqual(await channel.send(CODE), { ...outcome, reason: String(code) });
      assert.deepEqual(world.lines, alert === 'alert' ? [`error whatsapp ${code}`] : []);
    });

  test('a limit of the whole number makes everybody wait, a limit of one person nobody else', async (t) => {
    const { peer, channel, world } = await business(t);
    peer.refusals.set(JANE, 131056);
    await channel.send(CODE);
    assert.equal((await channel.send({ ...CODE, to: '+15550124' })).kind, 'accepted');
    peer.refusals.set(JANE, 130429);
    await channel.send(CODE);
    assert.deepEqual(await channel.send({ ...CODE, to: '+15550124' }), {
      kind: 'temporary',
      reason: 'paused',
      retryAfterMs: 2000,
    });
    world.pass(2000);
    assert.equal((await channel.send({ ...CODE, to: '+15550124' })).kind, 'accepted');
  });

  test('a clock that is set back an hour meanwhile makes nobody wait longer', async (t) => {
    const { peer, channel, world } = await business(t);
    peer.refusals.set(JANE, 130429);
    await channel.send(CODE);
    const toAnother = () => channel.send({ ...CODE, to: '+15550124' });
    world.pass(-3_600_000);
    assert.deepEqual(await toAnother(), { kind: 'temporary', reason: 'paused', retryAfterMs: 2000 });
    world.pass(2000);
    assert.equal((await toAnother()).kind, 'accepted');
  });

  const FAULTS: [string, Fault, object][] = [
    [
      'answers 429 with a delay',
      { status: 429, headers: { 'retry-after': '9' } },
      { reason: '429', retryAfterMs: 9000 },
    ],
    ['answers 503', { status: 503, text: 'Service Unavailable' }, { reason: '503', retryAfterMs: 2000 }],
    ['hangs', 'hang', { reason: 'ETIMEDOUT', maybeSent: true }],
    ['closes without an answer', 'close', { reason: 'UND_ERR_SOCKET', maybeSent: true }],
    ['closes in the middle of its answer', 'close_mid_answer', { reason: 'UND_ERR_SOCKET', maybeSent: true }],
    ['answers nonsense', 'nonsense', { reason: 'unreadable_answer', maybeSent: true }],
    ['answers without end', 'endless_answer', { reason: 'answer_too_big', maybeSent: true }],
    [
      'answers 200 without an id',
      { status: 200, json: { messages: [] } },
      { reason: 'unreadable_answer', maybeSent: true },
    ],
  ];
  for (const [what, fault, outcome] of FAULTS)
    test(`waits when Meta ${what}`, async (t) => {
      const { peer, channel, world } = await business(t);
      if (fault === 'hang') world.timeoutMs = 100;
      peer.fail(fault);
      assert.deepEqual(await channel.send(CODE), { kind: 'temporary', ...outcome });
      world.pass(60_000);
      // A server that hung may not even have seen the first call yet.
      if (fault !== 'hang') assert.equal((await channel.send(CODE)).kind, 'accepted');
    });
});

describe('the question whether an address is ours', () => {
  const ask = (query: string): WebhookCall => ({
    method: 'GET',
    url: `https://shop.example/webhooks/whatsapp?${query}`,
    headers: new Headers(),
    body: new Uint8Array(),
  });

  test('is answered with the bare challenge', async (t) => {
    const { channel } = await business(t);
    assert.deepEqual(
      await channel.receive?.(ask('hub.mode=subscribe&hub.verify_token=chosen-by-us&hub.challenge=1158201444')),
      { kind: 'received', events: [], answer: { contentType: 'text/plain; charset=utf-8', body: '1158201444' } },
    );
  });

  for (const query of [
    '',
    'hub.mode=subscribe&hub.challenge=1',
    'hub.mode=subscribe&hub.verify_token=&hub.challenge=1',
    'hub.mode=subscribe&hub.verify_token=chosen-by-u&hub.challenge=1',
    'hub.mode=unsubscribe&hub.verify_token=chosen-by-us&hub.challenge=1',
  ])
    test(`is refused: ${query || 'nothing'}`, async (t) => {
      const { channel } = await business(t);
      assert.deepEqual(await channel.receive?.(ask(query)), { kind: 'refused', status: 403 });
    });

  test('echoes no markup', async (t) => {
    const { channel } = await business(t);
    const query = `hub.mode=subscribe&hub.verify_token=chosen-by-us&hub.challenge=${encodeURIComponent('<script>')}`;
    assert.deepEqual(await channel.receive?.(ask(query)), { kind: 'refused', status: 400 });
  });
});

describe('what Meta tells', () => {
  const status = (id: string, status: string, timestamp: number, more = {}) => ({
    id,
    status,
    timestamp: String(timestamp),
    recipient_id: JANE,
    ...more,
  });
  const message = (id: string, fields: Record<string, unknown>) => ({
    from: JANE,
    id,
    timestamp: '1790000000',
    ...fields,
  });
  const text = (id: string, body: string) => message(id, { type: 'text', text: { body } });
  const events = async (channel: LinkedChannel, call: WebhookCall): Promise<ChannelEvent[]> => {
    const received = await channel.receive?.(call);
    assert.ok(received?.kind === 'received', JSON.stringify(received));
    return received.events;
  };

  test('is signed by the published formula', async (t) => {
    const { channel } = await business(t);
    const body = '{"object":"whatsapp_business_account","entry":[]}';
    const signature = createHmac('sha256', SETTINGS.appSecret).update(body).digest('hex');
    // The same by Python's hmac and hashlib.
    assert.equal(signature, 'eefab58106e73358686845848feb95c56372e7391b3dc050b6a31c8c5f347ece');
    assert.deepEqual(await channel.receive?.(webhookCall(body, { 'x-hub-signature-256': `sha256=${signature}` })), {
      kind: 'received',
      events: [],
    });
  });

  test('in a batch over entries and changes, all of it is read', async (t) => {
    const { peer, channel } = await business(t);
    const failed = status('wamid.3', 'failed', 1_790_000_003, {
      errors: [{ code: 131026, title: 'Message undeliverable', error_data: { details: 'to +15550123' } }],
    });
    const call = peer.batch(
      { statuses: [status('wamid.1', 'read', 1_790_000_002), status('wamid.1', 'delivered', 1_790_000_001)] },
      { statuses: [status('wamid.2', 'sent', 1_790_000_000), status('wamid.2', 'sent', 1_790_000_000)] },
      { statuses: [failed, status('wamid.4', 'played', 1_790_000_000)] },
    );
    const receipt = (providerId: string, status: string, at: number, reason: string | null = null) => ({
      type: 'receipt',
      providerId,
      status,
      at: at * 1000,
      reason,
    });
    assert.deepEqual(await events(channel, call), [
      receipt('wamid.1', 'read', 1_790_000_002),
      receipt('wamid.1', 'delivered', 1_790_000_001),
      receipt('wamid.2', 'sent', 1_790_000_000),
      receipt('wamid.2', 'sent', 1_790_000_000),
      receipt('wamid.3', 'failed', 1_790_000_003, '131026'),
    ]);
  });

  test('one strange item does not lose the others', async (t) => {
    const { peer, channel } = await business(t);
    const payload = peer.payload(
      { statuses: [{ id: 7 }, null, status('wamid.1', 'sent', 1_790_000_000)] },
      { messages: 'none', statuses: [status('wamid.2', 'sent', 1_790_000_000)] },
      { messages: [{ type: 'unsupported', errors: [] }, text('wamid.5', 'hello')] },
    );
    assert.deepEqual(
      (await events(channel, peer.post(payload))).map((event) => event.type),
      ['receipt', 'receipt', 'said'],
    );
  });

  test('about another number of the same app is not ours', async (t) => {
    const { peer, channel } = await business(t);
    const metadata = { display_phone_number: '1', phone_number_id: '999' };
    assert.deepEqual(await events(channel, peer.batch({ metadata, messages: [text('wamid.1', `LINK ${LINK}`)] })), []);
  });

  test('a message with the token anywhere links, under the name of the right contact', async (t) => {
    const { peer, channel } = await business(t);
    const contacts = [
      { profile: { name: 'Somebody Else' }, wa_id: '15550999' },
      { profile: { name: 'Jane Doe' }, wa_id: JANE },
    ];
    for (const body of [`LINK ${LINK}`, `hi!! ${LINK}, thanks`, LINK, `link\n${LINK}.`])
      assert.deepEqual(await events(channel, peer.batch({ contacts, messages: [text('wamid.9', body)] })), [
        { type: 'linked', chat: `+${JANE}`, token: LINK, name: 'Jane Doe', at: NOW, eventId: 'wamid.9' },
      ]);
  });

  test('a person without a number is known by the id of this business', async (t) => {
    const { peer, channel } = await business(t);
    const user = 'US.13491208655302741918';
    const { from: _, ...anonymous } = text('wamid.1', `LINK ${LINK}`);
    const call = peer.batch({
      contacts: [{ profile: { name: 'Jane', username: 'jane' }, user_id: user }],
      messages: [{ ...anonymous, from_user_id: user }],
    });
    assert.deepEqual(await events(channel, call), [
      { type: 'linked', chat: user, token: LINK, name: 'Jane', at: NOW, eventId: 'wamid.1' },
    ]);
  });

  test('a person with a number is known by both, and by the id alone once the number is hidden', async (t) => {
    const { peer, channel } = await business(t);
    const ids = { chat: `+${JANE}`, scopedId: 'US.1' };
    const shown = { ...text('wamid.1', `LINK ${LINK}`), from_user_id: 'US.1' };
    const { from: _, ...hidden } = { ...text('wamid.2', 'stop'), from_user_id: 'US.1' };
    const stopped = { ...text('wamid.3', 'stop'), from_user_id: 'US.1' };
    assert.deepEqual(await events(channel, peer.batch({ messages: [shown, hidden, stopped] })), [
      { type: 'linked', ...ids, token: LINK, name: null, at: NOW, eventId: 'wamid.1' },
      { type: 'stopped', chat: 'US.1', at: NOW, eventId: 'wamid.2' },
      { type: 'stopped', ...ids, at: NOW, eventId: 'wamid.3' },
    ]);
  });

  test('of several people without a number, each links under the own name, whether numbers are empty or absent', async (t) => {
    const { peer, channel } = await business(t);
    for (const none of [{}, { from: '', wa_id: '' }] as { from?: string; wa_id?: string }[]) {
      const { from, ...wa_id } = none;
      const { from: _, ...anonymous } = text('wamid.1', `LINK ${LINK}`);
      const call = peer.batch({
        contacts: [
          { profile: { name: 'Somebody Else' }, ...wa_id, user_id: 'US.1' },
          { profile: { name: 'Jane' }, ...wa_id, user_id: 'US.2' },
        ],
        messages: [{ ...anonymous, ...(from === undefined ? {} : { from }), from_user_id: 'US.2' }],
      });
      assert.deepEqual(await events(channel, call), [
        { type: 'linked', chat: 'US.2', token: LINK, name: 'Jane', at: NOW, eventId: 'wamid.1' },
      ]);
    }
  });

  test('words, buttons and lists are said; a word that stops is an end', async (t) => {
    const { peer, channel } = await business(t);
    const reply = { id: 'b1', title: 'Yes' };
    const call = peer.batch({
      messages: [
        text('1', 'where is my order'),
        message('2', { type: 'button', button: { payload: 'p', text: 'Help' } }),
        message('3', { type: 'interactive', interactive: { type: 'button_reply', button_reply: reply } }),
        message('4', { type: 'interactive', interactive: { type: 'list_reply', list_reply: reply } }),
        text('5', ' Stop. '),
        message('6', { type: 'button', button: { payload: 'x', text: 'STOP' } }),
        text('7', 'stop the recovery please'),
        message('8', { type: 'image', image: { id: '1', mime_type: 'image/jpeg', sha256: 'x' } }),
      ],
    });
    assert.deepEqual(
      (await events(channel, call)).map((event) => (event.type === 'said' ? event.text : event.type)),
      ['where is my order', 'Help', 'Yes', 'Yes', 'stopped', 'stopped', 'stop the recovery please'],
    );
  });

  test('promotions that were stopped at WhatsApp do not stop codes', async (t) => {
    const { peer, channel } = await business(t);
    const preference = { wa_id: JANE, detail: 'x', category: 'marketing_messages', timestamp: 1_790_000_000 };
    const call = peer.batch({
      user_preferences: [
        { ...preference, value: 'stop' },
        { ...preference, value: 'resume' },
      ],
    });
    assert.deepEqual(await events(channel, call), [
      { type: 'stopped', chat: `+${JANE}`, at: NOW, scope: 'promotions' },
    ]);
  });

  test('a number that was given up reaches its owner no more', async (t) => {
    const { peer, channel } = await business(t);
    const system = { type: 'user_changed_number', body: 'changed', wa_id: '15550777' };
    assert.deepEqual(await events(channel, peer.batch({ messages: [message('1', { type: 'system', system })] })), [
      { type: 'stopped', chat: `+${JANE}`, at: NOW, eventId: '1' },
    ]);
  });

  test('of an id that changed the former one is meant, whoever the message is said to be from', async (t) => {
    const { peer, channel } = await business(t);
    const system = { body: 'changed', user_id: 'US.2', previous_user_id: 'US.1' };
    const { from: _, ...hidden } = message('1', {
      type: 'system',
      system: { ...system, type: 'user_changed_user_id' },
    });
    const number = message('2', {
      type: 'system',
      system: { ...system, type: 'user_changed_number', wa_id: '15550777' },
    });
    const { previous_user_id: __, ...untold } = system;
    const older = { ...hidden, id: '3', from_user_id: 'US.1', system: { ...untold, type: 'user_changed_user_id' } };
    const call = peer.batch({ messages: [hidden, { ...hidden, from_user_id: 'US.2' }, number, older] });
    assert.deepEqual(await events(channel, call), [
      { type: 'stopped', chat: 'US.1', at: NOW, eventId: '1' },
      { type: 'stopped', chat: 'US.1', at: NOW, eventId: '1' },
      { type: 'stopped', chat: `+${JANE}`, scopedId: 'US.1', at: NOW, eventId: '2' },
      { type: 'stopped', chat: 'US.1', at: NOW, eventId: '3' },
    ]);
  });

  test('what is said in a group links nobody', async (t) => {
    const { peer, channel } = await business(t);
    const call = peer.batch({ messages: [{ ...text('1', `LINK ${LINK}`), group_id: 'g1' }] });
    assert.deepEqual(await events(channel, call), []);
  });

  test('forged, changed, cut off, unsigned or for another app is refused', async (t) => {
    const { peer, channel } = await business(t);
    const good = peer.batch({ messages: [text('1', `LINK ${LINK}`)] });
    const header = good.headers.get('x-hub-signature-256') ?? '';
    const changed = Buffer.from(Buffer.from(good.body).toString().replace(JANE, '15550666'));
    const sha1 = createHmac('sha1', SETTINGS.appSecret).update(good.body).digest('hex');
    const reserialised = Buffer.from(JSON.stringify(JSON.parse(Buffer.from(good.body).toString()), null, 1));
    const other = createHmac('sha256', 'another secret').update(good.body).digest('hex');
    for (const [body, signature] of [
      [changed, header],
      [good.body.subarray(0, -1), header],
      [reserialised, header],
      [good.body, ''],
      [good.body, header.slice('sha256='.length)],
      [good.body, `${header.slice(0, -1)}g`],
      [good.body, header.slice(0, -2)],
      [good.body, `sha1=${sha1}`],
      [good.body, `sha256=${other}`],
      [good.body, 'sha256='],
    ] as const)
      assert.deepEqual(await channel.receive?.(webhookCall(body, { 'x-hub-signature-256': signature })), {
        kind: 'refused',
        status: 401,
      });
  });

  test('a forged batch of plain letters is copied nowhere: both spellings of it are the same', async (t) => {
    const { channel } = await business(t);
    const { mock } = t.mock.method(Buffer, 'allocUnsafe');
    const body = Buffer.alloc(1_000_003, 'x');
    const headers = { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` };
    assert.deepEqual(await channel.receive?.(webhookCall(body, headers)), { kind: 'refused', status: 401 });
    const copies = mock.calls.filter(({ arguments: [length] }) => length >= body.length);
    assert.equal(copies.length, 0);
  });

  test('signed, but nothing that WhatsApp sends, is refused', async (t) => {
    const { peer, channel } = await business(t);
    for (const payload of [{}, [], { object: 'page', entry: [] }, { object: 'whatsapp_business_account' }])
      assert.deepEqual(await channel.receive?.(peer.post(payload)), { kind: 'refused', status: 400 });
  });
});

test('a deep link opens a draft that is not sent until the person sends it', async (t) => {
  const { channel } = await business(t);
  assert.equal(channel.deepLink(LINK), `https://wa.me/15550100?text=LINK%20${LINK}`);
});
