import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { createTwilioChannel } from '../../src/channels/twilio.ts';
import type { OutgoingText, Received, TextChannel, WebhookCall } from '../../src/ports.ts';
import { parseTwilioUrl } from '../../src/rules/sms-urls.ts';
import { startTwilioPeer, type TwilioPeer, twilioSignature } from '../twilio-peer.ts';

const ACCOUNT = 'AC0123456789abcdef0123456789abcdef';
const TOKEN = 'twilio-auth-token-of-a-test-0001';
const WEBHOOK = 'https://accounts.acme.example/webhooks/twilio';
const NOW = Date.UTC(2026, 2, 14, 9, 12);
const clock = { now: () => NOW };

const TEXT: OutgoingText = {
  id: 'message-1',
  to: '+15005550006',
  text: 'Acme: someone asked to RESET YOUR PASSWORD. Only type this code on acme.com: 482913\n@acme.com #482913',
  code: '482913',
  kind: 'recovery-code',
  locale: 'en',
  usefulUntil: NOW + 540_500,
};

interface Setup {
  query?: string;
  webhookUrl?: string;
  sendTimeoutMs?: number;
}

function channelTo(
  api: string,
  { query = 'from=+15005550006', webhookUrl = WEBHOOK, sendTimeoutMs }: Setup = {},
): TextChannel {
  const settings = parseTwilioUrl(new URL(`twilio://${ACCOUNT}:${TOKEN}@api.twilio.com?${query}&api=${api}`));
  return createTwilioChannel(settings, { fetch, clock, webhookUrl, ...(sendTimeoutMs ? { sendTimeoutMs } : {}) });
}

async function peerAndChannel(t: TestContext, setup: Setup = {}): Promise<{ peer: TwilioPeer; channel: TextChannel }> {
  const peer = await startTwilioPeer({ account: ACCOUNT, authToken: TOKEN });
  t.after(async () => {
    await peer.stop();
    assert.deepEqual(peer.problems, []);
  });
  return { peer, channel: channelTo(peer.url, setup) };
}

describe('a text that Twilio takes', () => {
  test('arrives with every field that we mean', async (t) => {
    const { peer, channel } = await peerAndChannel(t);
    assert.deepEqual(await channel.send(TEXT), { kind: 'accepted', providerId: `SM${'1'.padStart(32, '0')}` });
    assert.deepEqual(peer.taken[0]?.form, {
      To: '+15005550006',
      Body: TEXT.text,
      From: '+15005550006',
      ValidityPeriod: '540',
      ContentRetention: 'discard',
      AddressRetention: 'obfuscate',
      SmartEncoded: 'false',
      ShortenUrls: 'false',
      StatusCallback: `${WEBHOOK}?message=message-1`,
    });
  });

  test('may leave by a messaging service', async (t) => {
    const { peer, channel } = await peerAndChannel(t, { query: `service=MG${'a'.repeat(32)}` });
    assert.equal((await channel.send(TEXT)).kind, 'accepted');
    assert.equal(peer.taken[0]?.form.MessagingServiceSid, `MG${'a'.repeat(32)}`);
    assert.equal(peer.taken[0]?.form.From, undefined);
  });

  test('with the login of an API key', async (t) => {
    const peer = await startTwilioPeer({ account: ACCOUNT, authToken: TOKEN, key: { sid: 'SK1', secret: 'k' } });
    t.after(() => peer.stop());
    assert.equal((await channelTo(peer.url, { query: 'from=Shop&key=SK1&key_secret=k' }).send(TEXT)).kind, 'accepted');
  });

  test('is valid for ten hours at most, as Twilio has it', async (t) => {
    const { peer, channel } = await peerAndChannel(t);
    await channel.send({ ...TEXT, usefulUntil: NOW + 86_400_000 });
    assert.equal(peer.taken[0]?.form.ValidityPeriod, '36000');
  });

  for (const webhookUrl of ['http://localhost:3000/webhooks/twilio', 'https://my_shop.example/webhooks/twilio'])
    test(`asks for no callback that Twilio would refuse the text for: ${webhookUrl}`, async (t) => {
      const { peer, channel } = await peerAndChannel(t, { webhookUrl });
      await channel.send(TEXT);
      assert.equal(peer.taken[0]?.form.Body, TEXT.text);
      assert.equal(peer.taken[0]?.form.StatusCallback, undefined);
    });

  test('does not leave when it is useless', async (t) => {
    const { peer, channel } = await peerAndChannel(t);
    assert.deepEqual(await channel.send({ ...TEXT, usefulUntil: NOW + 900 }), {
      kind: 'temporary',
      reason: 'useless_by_now',
    });
    assert.equal(peer.requests, 0);
  });
});

describe('a number that Twilio refuses', () => {
  const CODES = {
    '+15005550001': '21211',
    '+15005550002': '21612',
    '+15005550003': '21408',
    '+15005550004': '21610',
    '+15005550009': '21614',
  };
  for (const [to, reason] of Object.entries(CODES))
    test(`${to} is not reached this way (${reason})`, async (t) => {
      const { peer, channel } = await peerAndChannel(t);
      assert.deepEqual(await channel.send({ ...TEXT, to }), {
        kind: 'unreachable',
        reason,
        ...(reason === '21610' ? { stopped: true } : {}),
      });
      assert.equal(peer.taken.length, 0);
    });
});

describe('what is ours to mend waits', () => {
  for (const [query, reason] of [
    ['from=+15005550001', '21212'],
    ['from=+15005550007', '21606'],
    ['from=+15005550008', '21611'],
    ['from=Shop&key=SK1&key_secret=wrong', '20003'],
  ] as const)
    test(`${query}: ${reason}`, async (t) => {
      const { channel } = await peerAndChannel(t, { query });
      assert.deepEqual(await channel.send(TEXT), { kind: 'temporary', reason });
    });
});

describe('what Twilio may answer', () => {
  const problem = (code: number, status = 400): string =>
    JSON.stringify({ code, message: 'x +15005550006', more_info: 'y', status });
  const ANSWERS: [string, Parameters<TwilioPeer['misbehave']>[0], unknown][] = [
    [
      '429 with a delay',
      { status: 429, headers: { 'Retry-After': '7' }, body: problem(20429, 429) },
      { kind: 'temporary', reason: '20429', retryAfterMs: 7000 },
    ],
    [
      '429 with a date',
      { status: 429, headers: { 'Retry-After': new Date(NOW + 9000).toUTCString() } },
      { kind: 'temporary', reason: 'http_429', retryAfterMs: 9000 },
    ],
    [
      '429 with a delay of years',
      { status: 429, headers: { 'Retry-After': '99999999' } },
      { kind: 'temporary', reason: 'http_429', retryAfterMs: 3_600_000 },
    ],
    [
      '429 with nonsense',
      { status: 429, headers: { 'Retry-After': 'soon' } },
      { kind: 'temporary', reason: 'http_429' },
    ],
    [
      '503',
      { status: 503, headers: { 'Retry-After': '2' }, body: '<html>' },
      { kind: 'temporary', reason: 'http_503', retryAfterMs: 2000 },
    ],
    [
      '500, behind which anything may have happened',
      { status: 500, body: problem(20500, 500) },
      { kind: 'temporary', reason: '20500', maybeSent: true },
    ],
    ['504 of a proxy', { status: 504, body: '<html>' }, { kind: 'temporary', reason: 'http_504', maybeSent: true }],
    ['a body that is too long', { status: 400, body: problem(21617) }, { kind: 'permanent', reason: '21617' }],
    ['a 400 without a code', { status: 400, body: 'no' }, { kind: 'temporary', reason: 'http_400' }],
    [
      'a page of somebody else',
      { status: 200, body: '<html>Sign in to this network</html>' },
      { kind: 'temporary', reason: 'http_200', maybeSent: true },
    ],
    [
      '201 with more than Twilio ever says, of which no more is read than it is',
      { status: 201, body: JSON.stringify({ sid: 'SM1', pad: 'x'.repeat(100_000) }) },
      { kind: 'accepted', providerId: 'message-1' },
    ],
    [
      '201 with what is no sid',
      { status: 201, body: JSON.stringify({ sid: 'SM\0' }) },
      { kind: 'accepted', providerId: 'message-1' },
    ],
    [
      'a redirect',
      { status: 307, headers: { Location: 'http://127.0.0.1:9/' } },
      { kind: 'temporary', reason: 'http_307' },
    ],
    ['JSON that is no object', { status: 404, body: '"gone"' }, { kind: 'temporary', reason: 'http_404' }],
  ];
  for (const [name, answer, outcome] of ANSWERS)
    test(name, async (t) => {
      const { peer, channel } = await peerAndChannel(t);
      peer.misbehave(answer);
      assert.deepEqual(await channel.send(TEXT), outcome);
      assert.equal(peer.requests, 1);
    });
});

describe('an answer that does not come', () => {
  test('after the message was taken: in doubt', async (t) => {
    const { peer, channel } = await peerAndChannel(t, { sendTimeoutMs: 1_000 });
    peer.misbehave('hang');
    assert.deepEqual(await channel.send(TEXT), { kind: 'temporary', reason: 'ETIMEDOUT', maybeSent: true });
    peer.misbehave('close');
    const closed = await channel.send(TEXT);
    assert.ok(closed.kind === 'temporary' && closed.maybeSent, JSON.stringify(closed));
    assert.match(closed.reason, /^(UND_ERR_SOCKET|ECONNRESET)$/);
  });

  test('cut off after "201 Created": taken, known by our own id until a report names it', async (t) => {
    const { peer, channel } = await peerAndChannel(t);
    peer.misbehave('close-within');
    assert.deepEqual(await channel.send(TEXT), { kind: 'accepted', providerId: 'message-1' });
    assert.equal(peer.taken.length, 1);
  });

  test('from nobody: not in doubt', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    assert.deepEqual(await channelTo(`http://127.0.0.1:${port}`).send(TEXT), {
      kind: 'temporary',
      reason: 'ECONNREFUSED',
    });
  });
});

const STATUS_FORM = {
  MessageSid: 'SM0123456789abcdef0123456789abcdef',
  SmsSid: 'SM0123456789abcdef0123456789abcdef',
  MessageStatus: 'delivered',
  SmsStatus: 'delivered',
  To: '+15005550006',
  From: '+15005550001',
  AccountSid: ACCOUNT,
  ApiVersion: '2010-04-01',
  RawDlrDoneDate: '2603140913',
};

function callOf(
  url: string,
  form: Record<string, string> | string,
  signature: string | null,
  type = 'application/x-www-form-urlencoded',
): WebhookCall {
  const headers = new Headers({ 'Content-Type': type });
  if (signature !== null) headers.set('X-Twilio-Signature', signature);
  return {
    method: 'POST',
    url,
    headers,
    body: Buffer.from(typeof form === 'string' ? form : new URLSearchParams(form).toString()),
  };
}

const receive = (call: WebhookCall): Promise<Received> | undefined => channelTo('http://127.0.0.1:9').receive?.(call);
const signed = (form: Record<string, string>, url = WEBHOOK): WebhookCall =>
  callOf(url, form, twilioSignature(TOKEN, url, form));

describe('a signature of Twilio', () => {
  const INBOUND_FORM = {
    MessageSid: 'SM0123456789abcdef0123456789abcde0',
    AccountSid: ACCOUNT,
    From: '+15005550006',
    To: '+15005550001',
    Body: 'Stop éè & = +',
    NumMedia: '0',
    OptOutType: 'STOP',
  };
  /** Computed once by getExpectedTwilioSignature of twilio 6.2.0, Twilio's own library. */
  const VECTORS: [string, string, Record<string, string>, string][] = [
    ['a status', WEBHOOK, STATUS_FORM, 'DnMlL1SZml8lZxWJRHFTNGHG2gI='],
    ['a status, signed with the standard port', WEBHOOK, STATUS_FORM, '2mIjnV/b+XbtzOf0+xzOsr73eU4='],
    [
      'a status that is asked for with the standard port',
      `https://accounts.acme.example:443/webhooks/twilio`,
      STATUS_FORM,
      'DnMlL1SZml8lZxWJRHFTNGHG2gI=',
    ],
    [
      'another port and a query',
      'https://accounts.acme.example:8443/webhooks/twilio?a=b&c=%27d',
      STATUS_FORM,
      'XcmPAnvnoLI43KrpFZesbjvEVwg=',
    ],
    ['what somebody wrote', WEBHOOK, INBOUND_FORM, '4lcWgY53qnJZH0bRF451PXlufmA='],
  ];
  for (const [name, url, form, signature] of VECTORS)
    test(`${name}: as Twilio's own library computes it`, async () => {
      assert.equal((await receive(callOf(url, form, signature)))?.kind, 'received');
    });

  test('over repeated parameters, each value once', async () => {
    const body = `${new URLSearchParams(STATUS_FORM)}&MediaUrl=b&MediaUrl=a&MediaUrl=a`;
    assert.equal((await receive(callOf(WEBHOOK, body, 'uFwaG0OSGXwQl+waDbcbou1QO9M=')))?.kind, 'received');
  });

  const right = 'DnMlL1SZml8lZxWJRHFTNGHG2gI=';
  const FORGED: Record<string, WebhookCall> = {
    'none at all': callOf(WEBHOOK, STATUS_FORM, null),
    'an empty one': callOf(WEBHOOK, STATUS_FORM, ''),
    'one bit off': callOf(WEBHOOK, STATUS_FORM, right.replace('D', 'E')),
    'for another status': callOf(WEBHOOK, { ...STATUS_FORM, MessageStatus: 'failed' }, right),
    'for another parameter more': callOf(WEBHOOK, { ...STATUS_FORM, X: '', Y: '1' }, right),
    'for another address': callOf(`${WEBHOOK}?message=other`, STATUS_FORM, right),
    'for another host': callOf('https://evil.example/webhooks/twilio', STATUS_FORM, right),
    'by another key': callOf(WEBHOOK, STATUS_FORM, twilioSignature('other', WEBHOOK, STATUS_FORM)),
    'of another account': signed({ ...STATUS_FORM, AccountSid: 'AC0' }),
    'that is longer': callOf(WEBHOOK, STATUS_FORM, `${right}=`),
  };
  for (const [name, call] of Object.entries(FORGED))
    test(`${name}: refused`, async () => assert.deepEqual(await receive(call), { kind: 'refused', status: 403 }));

  test('is looked for before the parameters are, and none of these is looked up by its name until it is right', async (t) => {
    const names = Array.from({ length: 10_000 }, (_, at) => at.toString(36));
    const lookUps = lookUpsByName(t, new Set(names));
    assert.deepEqual(await receive(callOf(WEBHOOK, names.join('&'), null)), { kind: 'refused', status: 403 });
    assert.deepEqual(await receive(callOf(WEBHOOK, names.join('&'), 'AAAA')), { kind: 'refused', status: 403 });
    assert.deepEqual(await receive(callOf(WEBHOOK, names.join('&'), right)), { kind: 'refused', status: 400 });
    const most = callOf(WEBHOOK, names.slice(0, 200).join('&'), right);
    assert.deepEqual(await receive(most), { kind: 'refused', status: 403 });
    assert.equal(lookUps(), 0);
  });

  test('over two hundred parameters is taken', async () => {
    const more = Array.from({ length: 200 - Object.keys(STATUS_FORM).length }, (_, at) => [`Extra${at}`, '']);
    assert.equal((await receive(signed({ ...STATUS_FORM, ...Object.fromEntries(more) })))?.kind, 'received');
  });

  test('does not help what Twilio never sends', async () => {
    assert.deepEqual(await receive(callOf(WEBHOOK, '{}', right, 'application/json')), { kind: 'refused', status: 400 });
    assert.deepEqual(await receive({ ...signed(STATUS_FORM), method: 'GET' }), { kind: 'refused', status: 400 });
    assert.deepEqual(await receive(signed({ AccountSid: ACCOUNT })), { kind: 'refused', status: 400 });
  });
});

/** Each goes over all parameters. */
function lookUpsByName(t: TestContext, names: Set<string>): () => number {
  const { prototype } = URLSearchParams;
  const watched = [
    t.mock.method(prototype, 'get'),
    t.mock.method(prototype, 'getAll'),
    t.mock.method(prototype, 'has'),
  ];
  return () =>
    watched.flatMap(({ mock }) => mock.calls.map((it) => it.arguments[0])).filter((name) => names.has(name)).length;
}

describe('what Twilio reports', () => {
  const reported = async (form: Record<string, string>, url = WEBHOOK): Promise<unknown> => {
    const answer = await receive(signed({ ...STATUS_FORM, ...form }, url));
    assert.equal(answer?.kind, 'received');
    return answer?.kind === 'received' ? answer.events : undefined;
  };
  const receipt = { type: 'receipt', providerId: STATUS_FORM.MessageSid, at: NOW, reason: null };

  for (const [told, status] of [
    ['accepted', 'sent'],
    ['queued', 'sent'],
    ['sending', 'sent'],
    ['sent', 'sent'],
    ['delivered', 'delivered'],
    ['read', 'read'],
  ] as const)
    test(`${told} means ${status}`, async () =>
      assert.deepEqual(await reported({ MessageStatus: told }), [{ ...receipt, status }]));

  test('failures with their code, never with a number or a text', async () => {
    assert.deepEqual(await reported({ MessageStatus: 'undelivered', ErrorCode: '30003' }), [
      { ...receipt, status: 'failed', reason: '30003' },
    ]);
    assert.deepEqual(await reported({ MessageStatus: 'failed' }), [{ ...receipt, status: 'failed', reason: 'failed' }]);
    assert.deepEqual(await reported({ MessageStatus: 'canceled', ErrorCode: 'to +1500' }), [
      { ...receipt, status: 'failed', reason: 'canceled' },
    ]);
  });

  test('with our own id of the message, so that one whose answer was lost is found', async (t) => {
    const { peer, channel } = await peerAndChannel(t, { sendTimeoutMs: 1_000 });
    peer.misbehave('hang');
    await channel.send({ ...TEXT, id: 'lost & found' });
    const [{ sid, form }] = peer.taken as [{ sid: string; form: { StatusCallback: string } }];
    assert.deepEqual(await reported({ MessageSid: sid, MessageStatus: 'sent' }, form.StatusCallback), [
      { ...receipt, providerId: sid, messageId: 'lost & found', status: 'sent' },
    ]);
  });

  test('twice and backwards is told as it comes; who keeps statuses merges them', async () => {
    for (const told of ['delivered', 'delivered', 'sent'])
      assert.deepEqual(await reported({ MessageStatus: told }), [{ ...receipt, status: told }]);
  });
});

describe('what people answer', () => {
  const said = async (Body: string, more: Record<string, string> = {}): Promise<Received | undefined> =>
    receive(
      signed({ AccountSid: ACCOUNT, MessageSid: 'SM1', From: '+15005550006', To: '+15005550001', Body, ...more }),
    );

  for (const word of ['STOP', ' stop\n', 'StopAll', 'UNSUBSCRIBE', 'end', 'quit', 'cancel', 'revoke', 'OptOut'])
    test(`${JSON.stringify(word)} stops`, async () => {
      const answer = await said(word);
      assert.deepEqual(answer?.kind === 'received' && answer.events, [
        { type: 'stopped', chat: '+15005550006', at: NOW },
      ]);
    });

  for (const text of ['please stop', 'Stop it', 'STOP.', 'non-stop', ''])
    test(`${JSON.stringify(text)} is talk`, async () => {
      const answer = await said(text);
      assert.deepEqual(answer?.kind === 'received' && answer.events, [
        { type: 'said', chat: '+15005550006', text, at: NOW },
      ]);
    });

  test('in another language, Twilio says that it was an opt-out', async () => {
    const answer = await said('ARRET', { OptOutType: 'STOP' });
    assert.deepEqual(answer?.kind === 'received' && answer.events, [
      { type: 'stopped', chat: '+15005550006', at: NOW },
    ]);
  });

  test('is answered with nothing, as TwiML', async () => {
    const answer = await said('hello');
    assert.deepEqual(answer?.kind === 'received' && answer.answer, {
      contentType: 'text/xml; charset=utf-8',
      body: '<?xml version="1.0" encoding="UTF-8"?><Response/>',
    });
  });
});
