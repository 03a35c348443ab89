import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createSmsWebhookChannel } from '../../src/channels/sms-webhook.ts';
import type { OutgoingText, Received, TextChannel } from '../../src/ports.ts';
import { parseSmsWebhookUrl } from '../../src/rules/sms-urls.ts';
import {
  type ReceiverMisbehaviour,
  reportSignature,
  startWebhookReceiver,
  type WebhookReceiver,
} from '../webhook-receiver.ts';

const SECRET = 'a key of some length & signs';
const NOW = Date.UTC(2026, 2, 14, 9, 12);
const NOW_S = NOW / 1000;
const clock = { now: () => NOW };
const TEXT: OutgoingText = {
  id: 'message-1',
  to: '+15005550006',
  text: 'Żabka: only type this code on żabka.example: 482913\n@acme.com #482913',
  code: '482913',
  kind: 'recovery-code',
  locale: 'pl',
  usefulUntil: NOW + 540_000,
};

function channelTo(url: string, sendTimeoutMs?: number): TextChannel {
  const settings = parseSmsWebhookUrl(new URL(`${url}&secret=${encodeURIComponent(SECRET)}`));
  return createSmsWebhookChannel(settings, { fetch, clock, ...(sendTimeoutMs ? { sendTimeoutMs } : {}) });
}

async function receiverAndChannel(
  t: TestContext,
  sendTimeoutMs?: number,
): Promise<{ receiver: WebhookReceiver; channel: TextChannel }> {
  const receiver = await startWebhookReceiver(SECRET, () => NOW_S);
  t.after(() => receiver.stop());
  return { receiver, channel: channelTo(`${receiver.url}/send?tenant=a%2fb`, sendTimeoutMs) };
}

describe('a text that is taken', () => {
  test('is one signed POST of four fields, to the URL without its key', async (t) => {
    const { receiver, channel } = await receiverAndChannel(t);
    assert.deepEqual(await channel.send(TEXT), { kind: 'accepted', providerId: 'message-1' });
    assert.deepEqual(receiver.complaints, []);
    const { id, to, text, kind } = TEXT;
    assert.deepEqual(receiver.taken, [{ id, to, text, kind }]);
    assert.equal(receiver.requests[0]?.url, '/send?tenant=a%2fb');
    assert.doesNotMatch(JSON.stringify(receiver.requests), /secret|some length/);
  });

  test('is signed as this vector says, which openssl computed', async (t) => {
    const { receiver, channel } = await receiverAndChannel(t);
    await channel.send({ ...TEXT, text: 'Hello' });
    assert.equal(
      receiver.requests[0]?.body,
      '{"id":"message-1","to":"+15005550006","text":"Hello","kind":"recovery-code"}',
    );
    assert.equal(
      receiver.requests[0]?.headers['regain-signature'],
      't=1773479520,v1=c3397ed0a725447b2b07b22688ef469c9ca5829b089e8d23416a3fc111af6f63',
    );
  });

  test('has the same id when it is tried again, so that it is taken once', async (t) => {
    const { receiver, channel } = await receiverAndChannel(t, 1_000);
    receiver.misbehave('hang');
    assert.deepEqual(await channel.send(TEXT), { kind: 'temporary', reason: 'ETIMEDOUT', maybeSent: true });
    assert.equal((await channel.send(TEXT)).kind, 'accepted');
    assert.equal(receiver.requests.length, 2);
    assert.equal(receiver.taken.length, 1);
  });

  test('does not leave when it is useless', async (t) => {
    const { receiver, channel } = await receiverAndChannel(t);
    assert.deepEqual(await channel.send({ ...TEXT, usefulUntil: NOW }), {
      kind: 'temporary',
      reason: 'useless_by_now',
    });
    assert.equal(receiver.requests.length, 0);
  });
});

describe('what may be answered', () => {
  const ANSWERS: [string, ReceiverMisbehaviour, unknown][] = [
    ['200', { status: 200, body: '{"ok":true}' }, { kind: 'accepted', providerId: 'message-1' }],
    ['204', { status: 204 }, { kind: 'accepted', providerId: 'message-1' }],
    ['2xx, cut off within its body', 'close-within', { kind: 'accepted', providerId: 'message-1' }],
    [
      '429 with a delay',
      { status: 429, headers: { 'Retry-After': '7' } },
      { kind: 'temporary', reason: 'http_429', retryAfterMs: 7000 },
    ],
    [
      '429 with a date',
      { status: 429, headers: { 'Retry-After': new Date(NOW + 9000).toUTCString() } },
      { kind: 'temporary', reason: 'http_429', retryAfterMs: 9000 },
    ],
    [
      '429 with a date that is over',
      { status: 429, headers: { 'Retry-After': new Date(NOW - 9000).toUTCString() } },
      { kind: 'temporary', reason: 'http_429' },
    ],
    [
      '503 with a delay',
      { status: 503, headers: { 'Retry-After': '2' } },
      { kind: 'temporary', reason: 'http_503', retryAfterMs: 2000 },
    ],
    ['500', { status: 500 }, { kind: 'temporary', reason: 'http_500', maybeSent: true }],
    ['400', { status: 400 }, { kind: 'permanent', reason: 'http_400' }],
    ['401', { status: 401 }, { kind: 'permanent', reason: 'http_401' }],
    ['404', { status: 404 }, { kind: 'permanent', reason: 'http_404' }],
    [
      'a redirect, which is not followed',
      { status: 308, headers: { Location: 'http://127.0.0.1:9/' } },
      { kind: 'temporary', reason: 'http_308' },
    ],
  ];
  for (const [name, answer, outcome] of ANSWERS)
    test(name, async (t) => {
      const { receiver, channel } = await receiverAndChannel(t);
      receiver.misbehave(answer);
      assert.deepEqual(await channel.send(TEXT), outcome);
      assert.equal(receiver.requests.length, 1);
    });

  test('nothing, on a connection that closes: in doubt', async (t) => {
    const { receiver, channel } = await receiverAndChannel(t);
    receiver.misbehave('close');
    const outcome = await channel.send(TEXT);
    assert.ok(outcome.kind === 'temporary' && outcome.maybeSent, JSON.stringify(outcome));
  });

  test('nothing, because nobody is there: not in doubt', async () => {
    const receiver = await startWebhookReceiver(SECRET, () => NOW_S);
    await receiver.stop();
    assert.deepEqual(await channelTo(`${receiver.url}/?x=`).send(TEXT), { kind: 'temporary', reason: 'ECONNREFUSED' });
  });
});

function report(
  body: string | Uint8Array,
  signature: string | undefined,
  method: 'GET' | 'POST' = 'POST',
): Promise<Received> | undefined {
  const headers = new Headers({ 'Content-Type': 'application/json' });
  if (signature !== undefined) headers.set('Regain-Signature', signature);
  const url = 'https://accounts.acme.example/webhooks/sms';
  return channelTo('https://sms.shop.example/?x=').receive?.({ method, url, headers, body: Buffer.from(body) });
}
const signed = (body: string | Uint8Array, at = NOW_S): Promise<Received> | undefined =>
  report(body, reportSignature(SECRET, at, body));

describe('a report', () => {
  for (const status of ['sent', 'delivered', 'read', 'failed'] as const)
    test(`of ${status}`, async () =>
      assert.deepEqual(await signed(JSON.stringify({ id: 'message-1', status })), {
        kind: 'received',
        events: [
          {
            type: 'receipt',
            providerId: 'message-1',
            messageId: 'message-1',
            status,
            at: NOW,
            reason: status === 'failed' ? 'failed' : null,
          },
        ],
      }));

  test('may name a code, and never a sentence or a number of a person', async () => {
    const reasonOf = async (reason: unknown): Promise<unknown> => {
      const answer = await signed(JSON.stringify({ id: 'm', status: 'failed', reason }));
      const event = answer?.kind === 'received' ? answer.events[0] : undefined;
      return event?.type === 'receipt' ? event.reason : undefined;
    };
    assert.equal(await reasonOf('absent_subscriber'), 'absent_subscriber');
    assert.equal(await reasonOf('30003'), '30003');
    for (const reason of ['no such number +15005550006', '15005550006', 'x'.repeat(41), '', 7, null, {}])
      assert.equal(await reasonOf(reason), 'failed');
  });

  test('may be five minutes old, or early', async () => {
    const body = '{"id":"m","status":"delivered"}';
    for (const at of [NOW_S - 300, NOW_S, NOW_S + 300]) assert.equal((await signed(body, at))?.kind, 'received');
    for (const at of [NOW_S - 301, NOW_S + 301, 0])
      assert.deepEqual(await signed(body, at), { kind: 'refused', status: 401 });
  });

  test('may bear two signatures while a key is changed', async () => {
    const body = '{"id":"m","status":"delivered"}';
    const [, right] = reportSignature(SECRET, NOW_S, body).split(',') as [string, string];
    assert.equal((await report(body, `t=${NOW_S}, v1=${'0'.repeat(64)}, ${right}`))?.kind, 'received');
  });

  const body = '{"id":"m","status":"delivered"}';
  const [at, mac] = reportSignature(SECRET, NOW_S, body).split(',') as [string, string];
  const FORGED: Record<string, string | undefined> = {
    'no signature': undefined,
    'an empty signature': '',
    'no time': mac,
    'no MAC': at,
    'another time': `t=${NOW_S + 1},${mac}`,
    'the time written differently': `t=0${NOW_S},${mac}`,
    'two times': `t=${NOW_S + 1},${at},${mac}`,
    'another key': reportSignature('other', NOW_S, body),
    'another body': reportSignature(SECRET, NOW_S, `${body} `),
    'a MAC that is too short': `${at},${mac.slice(0, -2)}`,
    'a MAC that is too long': `${at},${mac}00`,
    'an old version': `${at},${mac.replace('v1', 'v0')}`,
    'an essay': `${at},${mac}${',v1=0'.repeat(1000)}`,
  };
  for (const [name, signature] of Object.entries(FORGED))
    test(`with ${name} is refused`, async () =>
      assert.deepEqual(await report(body, signature), { kind: 'refused', status: 401 }));

  for (const wrong of [
    '',
    'null',
    '[]',
    '{}',
    '{"id":"m"}',
    '{"id":"","status":"sent"}',
    '{"id":7,"status":"sent"}',
    '{"id":"m","status":"toString"}',
    `{"id":"${'m'.repeat(201)}","status":"sent"}`,
  ])
    test(`that says ${wrong.slice(0, 30) || 'nothing'} is no report`, async () =>
      assert.deepEqual(await signed(wrong), { kind: 'refused', status: 400 }));

  test('in bytes that are no UTF-8 is no report', async () =>
    assert.deepEqual(await signed(Buffer.from([0x7b, 0xff, 0x7d])), { kind: 'refused', status: 400 }));

  test('is posted', async () =>
    assert.deepEqual(await report(body, `${at},${mac}`, 'GET'), { kind: 'refused', status: 400 }));

  test('twice and backwards is told as it comes; who keeps statuses merges them', async () => {
    for (const status of ['delivered', 'delivered', 'sent'])
      assert.equal((await signed(JSON.stringify({ id: 'm', status })))?.kind, 'received');
  });
});
