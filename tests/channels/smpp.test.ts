import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createSmppChannel, type SmppChannel } from '../../src/channels/smpp.ts';
import type { ChannelEvent, Log, OutgoingText } from '../../src/ports.ts';
import { parseSmppUrl } from '../../src/rules/sms-urls.ts';
import { receiptText, type Smsc, type SmscOptions, startSmsc } from '../smsc.ts';

const NOW = Date.UTC(2026, 2, 14, 9, 12);
const TEXT: OutgoingText = {
  id: 'message-1',
  to: '+15005550006',
  text: 'Acme: someone asked to RESET YOUR PASSWORD. Only type this code on acme.com: 482913\n@acme.com #482913',
  code: '482913',
  kind: 'recovery-code',
  locale: 'en',
  usefulUntil: NOW + 540_000,
};
const ENQUIRE_LINK = 0x15;
const LONG = `${'Price: 5€ [a~b] '.repeat(20)}end`;

interface Setup extends SmscOptions {
  query?: string;
  answerTimeoutMs?: number;
  onEvent?: (event: ChannelEvent) => void | Promise<void>;
  scheme?: 'smpp' | 'smpps';
  enquireEveryMs?: number;
}

interface Started {
  smsc: Smsc;
  channel: SmppChannel;
  events: ChannelEvent[];
  clock: { now(): number; at: number };
  logged: Record<string, unknown>[];
  /** Another channel to the same centre. */
  channelTo(port: number): SmppChannel;
}

async function start(t: TestContext, setup: Setup = {}): Promise<Started> {
  const { query = 'from=Shop', scheme = 'smpp', answerTimeoutMs = 5_000 } = setup;
  const smsc = await startSmsc(setup);
  t.after(() => smsc.stop());
  const events: ChannelEvent[] = [];
  const logged: Record<string, unknown>[] = [];
  const clock = { at: NOW, now: () => clock.at };
  const note = (event: string, fields?: Record<string, unknown>): void => void logged.push({ event, ...fields });
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const onEvent = setup.onEvent ?? ((event: ChannelEvent): void => void events.push(event));
  const channelTo = (port: number): SmppChannel => {
    const settings = parseSmppUrl(new URL(`${scheme}://user:pass@127.0.0.1:${port}?${query}`));
    const channel = createSmppChannel(
      { ...settings, enquireEveryMs: setup.enquireEveryMs ?? settings.enquireEveryMs },
      {
        clock,
        random: { bytes: (length) => Buffer.alloc(length), below: () => 0 },
        log,
        onEvent,
        answerTimeoutMs,
        reconnectWaitsMs: [20],
      },
    );
    t.after(() => channel.close());
    return channel;
  };
  return { smsc, channel: channelTo(smsc.port), events, clock, logged, channelTo };
}

const accepted = (providerId: string): unknown => ({ kind: 'accepted', providerId });

describe('a text that is submitted', () => {
  test('has every field that the specification asks for', async (t) => {
    const { smsc, channel } = await start(t);
    assert.deepEqual(await channel.send(TEXT), accepted('1'));
    assert.deepEqual(smsc.complaints, []);
    assert.deepEqual(smsc.binds, [{ systemId: 'user', password: 'pass', systemType: '', version: 0x34 }]);
    const [{ bytes, ...fields }] = smsc.submitted as [Smsc['submitted'][number]];
    assert.deepEqual(fields, {
      sourceTon: 5,
      sourceNpi: 0,
      source: 'Shop',
      destinationTon: 1,
      destinationNpi: 1,
      destination: '15005550006',
      esmClass: 0,
      validity: '000000000900000R',
      registered: 1,
      coding: 0,
      header: undefined,
      parameters: new Map(),
    });
    // One septet a byte: "@" is 0, the rest of this text has the numbers of ASCII.
    assert.equal(bytes.toString('latin1'), TEXT.text.replaceAll('@', '\0'));
  });

  test('comes from a number, or a short code', async (t) => {
    for (const [query, ton, npi, address] of [
      ['from=+15005550001', 1, 1, '15005550001'],
      ['from=70123', 3, 0, '70123'],
    ] as const) {
      const { smsc, channel } = await start(t, { query });
      await channel.send(TEXT);
      const [{ sourceTon, sourceNpi, source }] = smsc.submitted as [Smsc['submitted'][number]];
      assert.deepEqual([sourceTon, sourceNpi, source], [ton, npi, address]);
    }
  });

  test('beyond the alphabet is UCS-2', async (t) => {
    const { smsc, channel } = await start(t);
    await channel.send({ ...TEXT, text: 'Żabka: 482913' });
    const [{ coding, bytes }] = smsc.submitted as [Smsc['submitted'][number]];
    assert.equal(coding, 8);
    assert.equal(Buffer.from(bytes).swap16().toString('utf16le'), 'Żabka: 482913');
  });

  test('of several parts bears headers that join them', async (t) => {
    const { smsc, channel } = await start(t);
    assert.deepEqual(await channel.send({ ...TEXT, text: LONG }), accepted('1'));
    assert.deepEqual(smsc.complaints, []);
    assert.equal(smsc.submitted.length, 3);
    assert.deepEqual(
      smsc.submitted.map(({ esmClass, header }) => [esmClass, [...(header as Buffer)]]),
      [1, 2, 3].map((part) => [0x40, [5, 0, 3, 1, 3, part]]),
    );
    assert.ok(smsc.submitted.every(({ bytes }) => bytes.length <= 153));
    await channel.send({ ...TEXT, id: 'message-2', text: LONG });
    assert.equal(smsc.submitted[3]?.header?.[3], 2, 'the next text has another reference');
  });

  test('of several parts, by sar parameters', async (t) => {
    const { smsc, channel } = await start(t, { query: 'from=Shop&long=sar' });
    await channel.send({ ...TEXT, text: 'я'.repeat(100) });
    assert.deepEqual(smsc.complaints, []);
    assert.deepEqual(
      smsc.submitted.map(({ esmClass, parameters }) => [
        esmClass,
        ...[0x020c, 0x020e, 0x020f].map((tag) => parameters.get(tag)?.readUIntBE(0, parameters.get(tag)?.length ?? 1)),
      ]),
      [
        [0, 1, 2, 1],
        [0, 1, 2, 2],
      ],
    );
  });

  test('of several parts, whole in a payload', async (t) => {
    const { smsc, channel } = await start(t, { query: 'from=Shop&long=payload' });
    await channel.send({ ...TEXT, text: 'я'.repeat(100) });
    assert.deepEqual(smsc.complaints, []);
    assert.equal(smsc.submitted.length, 1);
    assert.equal(smsc.submitted[0]?.bytes.length, 200);
  });

  test('goes over TLS', async (t) => {
    const { smsc, channel } = await start(t, { scheme: 'smpps', tls: true });
    assert.deepEqual(await channel.send(TEXT), accepted('1'));
    assert.equal(smsc.submitted.length, 1);
  });

  test('does not leave when it is useless, or to what is no number', async (t) => {
    const { smsc, channel } = await start(t);
    assert.deepEqual(await channel.send({ ...TEXT, usefulUntil: NOW }), {
      kind: 'temporary',
      reason: 'useless_by_now',
    });
    assert.deepEqual(await channel.send({ ...TEXT, to: '12' }), { kind: 'unreachable', reason: 'not_e164' });
    assert.equal(smsc.submitted.length, 0);
  });
});

describe('what the other side may answer', () => {
  for (const [status, kind, reason] of [
    [0x0b, 'unreachable', 'ESME_RINVDSTADR'],
    [0x58, 'temporary', 'ESME_RTHROTTLED'],
    [0x14, 'temporary', 'ESME_RMSGQFUL'],
    [0x08, 'temporary', 'ESME_RSYSERR'],
    [0x0a, 'temporary', 'ESME_RINVSRCADR'],
    [0x66, 'permanent', 'ESME_RX_R_APPN'],
    [0x0401, 'temporary', '0x0401'],
  ] as const)
    test(`${reason}: ${kind}`, async (t) => {
      const { smsc, channel } = await start(t);
      smsc.answerWith({ status });
      assert.deepEqual(await channel.send(TEXT), { kind, reason });
      assert.deepEqual(await channel.send(TEXT), accepted('1'));
    });

  test('a generic nack', async (t) => {
    const { smsc, channel } = await start(t);
    smsc.answerWith('nack');
    assert.equal((await channel.send(TEXT)).kind, 'temporary');
  });

  test('another request’s answer under the number of ours: in doubt', async (t) => {
    const { smsc, channel } = await start(t);
    smsc.answerWith('mistaken');
    assert.deepEqual(await channel.send(TEXT), {
      kind: 'temporary',
      reason: 'answered enquire_link_resp',
      maybeSent: true,
    });
  });

  test('an id that is empty: known by our own', async (t) => {
    const { smsc, channel } = await start(t);
    smsc.answerWith({ id: '' });
    assert.deepEqual(await channel.send(TEXT), accepted('message-1'));
  });

  test('yes to one part and no to the next: in doubt', async (t) => {
    const { smsc, channel } = await start(t);
    smsc.answerWith({ id: '1' }, { status: 0x58 });
    assert.deepEqual(await channel.send({ ...TEXT, text: LONG }), {
      kind: 'temporary',
      reason: 'ESME_RTHROTTLED',
      maybeSent: true,
    });
  });

  test('no more at a time than the window, and fewer after it asked to slow down', async (t) => {
    const { smsc, channel } = await start(t, { query: 'from=Shop&window=4' });
    const many = (round: string): Promise<unknown>[] =>
      Array.from({ length: 12 }, (_, index) => channel.send({ ...TEXT, id: `${round}-${index}` }));
    smsc.answerWith(...Array.from({ length: 12 }, () => 'hold' as const));
    const first = many('a');
    await smsc.waitFor('four submits', () => smsc.submitted.length === 4);
    for (let count = 4; count <= 12; count += 4) {
      assert.equal(smsc.submitted.length, count);
      smsc.answerHeld();
      if (count < 12) await smsc.waitFor('four more', () => smsc.submitted.length === count + 4);
    }
    await Promise.all(first);
    assert.equal(smsc.mostOutstanding, 4);
    smsc.answerWith({ status: 0x58 }, { status: 0x14 }, 'hold', 'hold');
    await channel.send({ ...TEXT, id: 'throttled-1' });
    await channel.send({ ...TEXT, id: 'throttled-2' });
    const second = many('b');
    // Its answer comes behind everything that it was free to submit.
    await smsc.request(ENQUIRE_LINK);
    assert.equal(smsc.submitted.length, 15, 'one at a time');
    smsc.answerHeld();
    await smsc.waitFor('the next', () => smsc.submitted.length >= 16);
    smsc.answerHeld();
    await Promise.all(second);
    assert.equal(smsc.submitted.length, 26);
  });
});

describe('an answer that does not come', () => {
  test('in time is waited for by the next send, which submits nothing', async (t) => {
    const { smsc, channel } = await start(t, { answerTimeoutMs: 800 });
    smsc.answerWith('hold');
    assert.deepEqual(await channel.send(TEXT), { kind: 'temporary', reason: 'ETIMEDOUT', maybeSent: true });
    const again = channel.send(TEXT);
    smsc.answerHeld();
    assert.deepEqual(await again, accepted('1'));
    assert.equal(smsc.submitted.length, 1);
  });

  test('until after the send is found by the next one', async (t) => {
    const { smsc, channel, events } = await start(t, { answerTimeoutMs: 800 });
    smsc.answerWith('hold');
    await channel.send(TEXT);
    smsc.answerHeld();
    await smsc.deliver({ source: '15005550006', esmClass: 4, message: receiptText('1', 'DELIVRD') });
    assert.deepEqual(events, [
      { type: 'receipt', providerId: '1', messageId: 'message-1', status: 'delivered', at: NOW, reason: null },
    ]);
    assert.deepEqual(await channel.send(TEXT), accepted('1'));
    assert.equal(smsc.submitted.length, 1);
    // Asked for once more on purpose, it is submitted once more.
    assert.deepEqual(await channel.send(TEXT), accepted('2'));
  });

  test('because the connection is lost: in doubt, and submitted again on a new one', async (t) => {
    const { smsc, channel, clock } = await start(t);
    smsc.answerWith('close');
    const outcome = await channel.send(TEXT);
    assert.ok(outcome.kind === 'temporary' && outcome.maybeSent, JSON.stringify(outcome));
    clock.at += 1_000;
    assert.deepEqual(await channel.send(TEXT), accepted('1'));
    assert.equal(smsc.submitted.length, 2);
    assert.equal(smsc.binds.length, 2);
  });

  test('for a text that waits behind others: not in doubt, and it never leaves', async (t) => {
    const { smsc, channel } = await start(t, { answerTimeoutMs: 800, query: 'from=Shop&window=1' });
    smsc.answerWith('hold');
    const outcomes = await Promise.all([channel.send(TEXT), channel.send({ ...TEXT, id: 'behind' })]);
    assert.deepEqual(outcomes, [
      { kind: 'temporary', reason: 'ETIMEDOUT', maybeSent: true },
      { kind: 'temporary', reason: 'ETIMEDOUT' },
    ]);
    smsc.answerHeld();
    assert.deepEqual(await channel.send({ ...TEXT, id: 'third' }), accepted('2'));
    assert.equal(smsc.submitted.length, 2);
  });

  test('until a text behind it is useless: that one stays', async (t) => {
    const { smsc, channel, clock } = await start(t, { query: 'from=Shop&window=1' });
    smsc.answerWith('hold');
    const [first, second] = [channel.send(TEXT), channel.send({ ...TEXT, id: 'behind' })];
    await smsc.waitFor('the first', () => smsc.submitted.length === 1);
    clock.at = TEXT.usefulUntil;
    smsc.answerHeld();
    assert.deepEqual(await first, accepted('1'));
    assert.deepEqual(await second, { kind: 'temporary', reason: 'useless_by_now' });
    assert.equal(smsc.submitted.length, 1);
  });
});

describe('an answer that never comes, on a connection that lives', () => {
  test('holds up no report on a text to another number', async (t) => {
    const { smsc, channel, events } = await start(t, { answerTimeoutMs: 60_000 });
    smsc.answerWith('hold');
    void channel.send({ ...TEXT, id: 'lost', to: '+15005550007' });
    await smsc.waitFor('the first', () => smsc.submitted.length === 1);
    assert.deepEqual(await channel.send(TEXT), accepted('2'));
    await smsc.deliver({ source: '15005550006', esmClass: 4, message: receiptText('2', 'DELIVRD') });
    assert.deepEqual(
      events.map((event) => event.type === 'receipt' && event.messageId),
      ['message-1'],
    );
  });

  test('gives its place in the window up', async (t) => {
    const { smsc, channel } = await start(t, { answerTimeoutMs: 300, query: 'from=Shop&window=1' });
    smsc.answerWith('hold');
    await channel.send({ ...TEXT, id: 'lost' });
    const tried: unknown[] = [];
    for (let tries = 0; tries < 10 && tried.at(-1) !== 'accepted'; tries += 1)
      tried.push((await channel.send({ ...TEXT, id: `after-${tries}` })).kind);
    assert.equal(tried.at(-1), 'accepted', tried.join());
  });

  test('is not waited for ever: the text is submitted again, and either answer tells which text a report is about', async (t) => {
    const { smsc, channel, events } = await start(t, { answerTimeoutMs: 300 });
    smsc.answerWith('hold');
    const outcomes = [await channel.send(TEXT)];
    for (let tries = 0; tries < 10 && outcomes.at(-1)?.kind !== 'accepted'; tries += 1)
      outcomes.push(await channel.send(TEXT));
    assert.equal(outcomes.at(-1)?.kind, 'accepted');
    assert.equal(smsc.submitted.length, 2);
    smsc.answerHeld();
    for (const id of ['1', '2'])
      await smsc.deliver({ source: '15005550006', esmClass: 4, message: receiptText(id, 'ENROUTE') });
    assert.deepEqual(
      events.map((event) => event.type === 'receipt' && event.messageId),
      ['message-1', 'message-1'],
    );
  });
});

describe('the connection', () => {
  test('is one for all texts, and ends with a farewell', async (t) => {
    const { smsc, channel } = await start(t);
    await Promise.all(Array.from({ length: 30 }, (_, index) => channel.send({ ...TEXT, id: String(index) })));
    await channel.close();
    assert.equal(smsc.binds.length, 1);
    assert.equal(smsc.heard.at(-1), 'unbind');
    assert.deepEqual(await channel.send(TEXT), { kind: 'temporary', reason: 'closed' });
  });

  test('is bound before a text leaves, where it is asked for', async (t) => {
    const { smsc, channel } = await start(t);
    channel.connect();
    await smsc.waitFor('a bind', () => smsc.binds.length === 1);
  });

  test('that nobody listens to', async (t) => {
    const { smsc, channelTo } = await start(t);
    await smsc.stop();
    assert.deepEqual(await channelTo(smsc.port).send(TEXT), { kind: 'temporary', reason: 'ECONNREFUSED' });
  });

  test('with the wrong password is refused, not in doubt', async (t) => {
    const { channel } = await start(t, { password: 'other' });
    assert.deepEqual(await channel.send(TEXT), { kind: 'temporary', reason: 'ESME_RINVPASWD' });
    assert.deepEqual(await channel.send(TEXT), { kind: 'temporary', reason: 'ESME_RINVPASWD' });
  });

  test('whose bind is not answered is given up, and closed at once when we stop', async (t) => {
    const { smsc, channel, channelTo } = await start(t, { answerTimeoutMs: 100 });
    smsc.fallSilent();
    assert.deepEqual(await channel.send(TEXT), { kind: 'temporary', reason: 'ETIMEDOUT' });
    const other = channelTo(smsc.port);
    other.connect();
    await other.close();
  });

  test('that is lost while idle is made again by itself', async (t) => {
    const { smsc, channel, logged } = await start(t);
    await channel.send(TEXT);
    await smsc.dropConnections();
    await smsc.waitFor('a second bind', () => smsc.binds.length === 2);
    assert.deepEqual(logged.map(({ state }) => state).slice(0, 2), ['bound', 'unbound']);
    assert.ok(!JSON.stringify(logged).includes('pass'));
  });

  test('that the other side unbinds is left politely and made again', async (t) => {
    const { smsc, channel } = await start(t);
    await channel.send(TEXT);
    assert.deepEqual(await smsc.request(0x06), { command: 0x80000006, status: 0 });
    await smsc.waitFor('a second bind', () => smsc.binds.length === 2);
  });

  test('is asked whether it is there', async (t) => {
    const { smsc, channel } = await start(t, { enquireEveryMs: 20 });
    await channel.send(TEXT);
    await smsc.waitFor('three questions', () => smsc.heard.filter((name) => name === 'enquire_link').length === 3);
    assert.equal(smsc.binds.length, 1);
  });

  test('that is dead is given up: texts on it are in doubt', async (t) => {
    const { smsc, channel, logged } = await start(t, { enquireEveryMs: 20, answerTimeoutMs: 300 });
    await channel.send({ ...TEXT, id: 'before' });
    smsc.fallSilent();
    const outcome = await channel.send(TEXT);
    assert.ok(outcome.kind === 'temporary' && outcome.maybeSent, JSON.stringify(outcome));
    await smsc.waitFor('another bind', () => smsc.heard.filter((name) => name === 'bind_transceiver').length === 2);
    assert.ok(logged.some(({ reason }) => reason === 'dead_peer'));
  });

  test('answers what it is asked, and refuses what it does not know', async (t) => {
    const { smsc, channel } = await start(t);
    await channel.send(TEXT);
    assert.deepEqual(await smsc.request(ENQUIRE_LINK), { command: 0x80000015, status: 0 });
    assert.deepEqual(await smsc.request(0x0b, Buffer.from('a\0b\0')), { command: 0x80000000, status: 3 }, 'outbind');
    assert.deepEqual(await smsc.request(0x7777), { command: 0x80000000, status: 3 });
    assert.deepEqual(await channel.send({ ...TEXT, id: 'after' }), accepted('2'));
  });

  for (const [name, bytes] of [
    ['that is too long', Buffer.from('7fffffff00000005', 'hex')],
    ['that is shorter than its head', Buffer.from('00000008000000050000000000000001', 'hex')],
    ['that is cut off', Buffer.from('0000001400000005000000000000000100ff00ff', 'hex')],
  ] as const)
    test(`survives a PDU ${name}`, async (t) => {
      const { smsc, channel, clock } = await start(t, { enquireEveryMs: 50, answerTimeoutMs: 800 });
      await channel.send(TEXT);
      smsc.write(bytes);
      clock.at += 1_000;
      let outcome = await channel.send({ ...TEXT, id: 'after' });
      for (let tries = 0; outcome.kind !== 'accepted' && tries < 20; tries += 1) {
        clock.at += 1_000;
        outcome = await channel.send({ ...TEXT, id: `after-${tries}` });
      }
      assert.equal(outcome.kind, 'accepted');
    });
});

describe('a receipt', () => {
  const receipt = (fields: object): unknown => ({
    type: 'receipt',
    providerId: '1',
    messageId: 'message-1',
    at: NOW,
    reason: null,
    ...fields,
  });
  const STATES = [
    ['DELIVRD', '000', { status: 'delivered' }],
    ['ACCEPTD', '000', { status: 'sent' }],
    ['ENROUTE', '000', { status: 'sent' }],
    ['UNDELIV', '001', { status: 'failed', reason: 'UNDELIV 001' }],
    ['EXPIRED', '000', { status: 'failed', reason: 'EXPIRED' }],
    ['REJECTD', '0B4', { status: 'failed', reason: 'REJECTD 0B4' }],
  ] as const;
  for (const [stat, err, fields] of STATES)
    test(`by text: ${stat}`, async (t) => {
      const { smsc, channel, events } = await start(t);
      await channel.send(TEXT);
      assert.equal(
        await smsc.deliver({ source: '15005550006', esmClass: 0x04, message: receiptText('1', stat, err) }),
        0,
      );
      assert.deepEqual(events, [receipt(fields)]);
    });

  test('whose text ends with a zero, right behind the id, which is no part of it', async (t) => {
    const { smsc, channel, events } = await start(t);
    await channel.send(TEXT);
    await smsc.deliver({ source: '15005550006', esmClass: 0x04, message: 'stat:DELIVRD err:000 id:1\0' });
    assert.deepEqual(
      events.map((event) => event.type === 'receipt' && [event.messageId, event.status]),
      [['message-1', 'delivered']],
    );
  });

  test('by parameters, which count more than a text', async (t) => {
    const { smsc, channel, events } = await start(t);
    await channel.send(TEXT);
    const parameters = [
      [0x001e, Buffer.from('1\0')],
      [0x0427, Buffer.from([2])],
    ] as const;
    await smsc.deliver({ source: '15005550006', esmClass: 0x04, message: receiptText('999', 'UNDELIV'), parameters });
    await smsc.deliver({ source: '15005550006', esmClass: 0, parameters });
    assert.deepEqual(events, [receipt({ status: 'delivered' }), receipt({ status: 'delivered' })]);
  });

  test('by parameters without the closing zero', async (t) => {
    const { smsc, channel, events } = await start(t);
    await channel.send(TEXT);
    const parameters = [
      [0x001e, Buffer.from('1')],
      [0x0427, Buffer.from([5])],
    ] as const;
    await smsc.deliver({ source: '15005550006', esmClass: 0x04, parameters });
    assert.deepEqual(events, [receipt({ status: 'failed', reason: 'UNDELIV' })]);
  });

  test('with commas, in another order, in a data_sm', async (t) => {
    const { smsc, channel, events } = await start(t);
    await channel.send(TEXT);
    await smsc.deliver({ source: '15005550006', esmClass: 0x04, message: 'stat:DELIVRD,id:1,err:0' });
    const payload = Buffer.from(receiptText('1', 'DELIVRD'));
    assert.equal(
      await smsc.deliver({ source: '15005550006', esmClass: 0x04, dataSm: true, parameters: [[0x0424, payload]] }),
      0,
    );
    assert.deepEqual(events, [receipt({ status: 'delivered' }), receipt({ status: 'delivered' })]);
  });

  for (const [submitted, told] of [
    ['1A2B3C', '1715004'],
    ['1715004', '1a2b3c'],
    ['0001a2b3c', '1A2B3C'],
    ['0000000042', '42'],
  ] as const)
    test(`of ${submitted} that says ${told}`, async (t) => {
      const { smsc, channel, events } = await start(t);
      smsc.answerWith({ id: submitted });
      await channel.send(TEXT);
      await smsc.deliver({ source: '15005550006', esmClass: 0x04, message: receiptText(told, 'DELIVRD') });
      assert.deepEqual(events, [receipt({ providerId: submitted, status: 'delivered' })]);
    });

  test('in decimal is not taken for another text’s hexadecimal id', async (t) => {
    const { smsc, channel, events } = await start(t);
    smsc.answerWith({ id: '10' }, { id: '16' });
    await channel.send(TEXT);
    await channel.send({ ...TEXT, id: 'other', to: '+15005550007' });
    await smsc.deliver({ source: '15005550006', esmClass: 0x04, message: receiptText('16', 'DELIVRD') });
    assert.deepEqual(events, [receipt({ providerId: '10', status: 'delivered' })]);
  });

  /** To +33612345678: how centres write the addresses of a receipt. */
  const WRITTEN = {
    'with a plus': ['+33612345678', 'Shop'],
    'with the prefix of international calls': ['0033612345678', 'Shop'],
    'in its national form': ['612345678', 'Shop'],
    'in its national form, with a trunk zero': ['0612345678', 'Shop'],
    'as the destination, as it was in the submit': ['Shop', '33612345678'],
    'as the destination, in its national form': ['Shop', '0612345678'],
  } as const;
  for (const [how, [source, destination]] of Object.entries(WRITTEN)) {
    test(`with the number ${how}, in the other base, is of that text and not of another`, async (t) => {
      const { smsc, channel, events } = await start(t);
      smsc.answerWith({ id: '10' }, { id: '16' });
      await channel.send({ ...TEXT, to: '+33612345678' });
      await channel.send({ ...TEXT, id: 'other', to: '+33612345679' });
      await smsc.deliver({ source, destination, esmClass: 0x04, message: receiptText('16', 'DELIVRD') });
      assert.deepEqual(events, [receipt({ providerId: '10', status: 'delivered' })]);
    });

    test(`with the number ${how}, before the answer to its submit, names our id`, async (t) => {
      const of = (id: string) => ({ source, destination, esmClass: 0x04, message: receiptText(id, 'DELIVRD') });
      const { smsc, channel, events } = await start(t, { receiptWith: { when: 'before', of } });
      assert.deepEqual(await channel.send({ ...TEXT, to: '+33612345678' }), accepted('1'));
      await smsc.waitFor('its answer', () => smsc.heard.includes('deliver_sm_resp'));
      assert.deepEqual(events, [receipt({ status: 'delivered' })]);
    });
  }

  test('that names no number, before the answer to its submit, names our id', async (t) => {
    const of = (id: string) => ({ source: 'Shop', esmClass: 0x04, message: receiptText(id, 'DELIVRD') });
    const { smsc, channel, events } = await start(t, { receiptWith: { when: 'before', of } });
    assert.deepEqual(await channel.send(TEXT), accepted('1'));
    await smsc.waitFor('its answer', () => smsc.heard.includes('deliver_sm_resp'));
    assert.deepEqual(events, [receipt({ status: 'delivered' })]);
  });

  test('that names no number is of the text that has its id, and no id is read in the other base', async (t) => {
    const { smsc, channel, events } = await start(t);
    smsc.answerWith({ id: '10' });
    await channel.send(TEXT);
    for (const id of ['16', '10'])
      await smsc.deliver({ source: 'Shop', esmClass: 0x04, message: receiptText(id, 'DELIVRD') });
    assert.deepEqual(events, [
      { type: 'receipt', providerId: '16', status: 'delivered', at: NOW, reason: null },
      receipt({ providerId: '10', status: 'delivered' }),
    ]);
  });

  test('that is of no text on its way waits for their answers no longer than one of them takes', async (t) => {
    const { smsc, channel, events } = await start(t, { answerTimeoutMs: 300 });
    smsc.answerWith('hold');
    const held = channel.send(TEXT);
    await smsc.waitFor('the submit', () => smsc.submitted.length === 1);
    await smsc.deliver({ source: '15005550007', esmClass: 0x04, message: receiptText('77', 'DELIVRD') });
    assert.deepEqual(events, [{ type: 'receipt', providerId: '77', status: 'delivered', at: NOW, reason: null }]);
    assert.equal((await held).kind, 'temporary');
  });

  test('keeps the underscores of an id, which are others in GSM 7-bit', async (t) => {
    const { smsc, channel, events } = await start(t);
    smsc.answerWith({ id: 'a_b$c' });
    await channel.send(TEXT);
    await smsc.deliver({ source: '15005550006', esmClass: 0x04, message: receiptText('a_b$c', 'DELIVRD') });
    assert.deepEqual(events, [receipt({ providerId: 'a_b$c', status: 'delivered' })]);
  });

  test('of an earlier process is told by the id alone', async (t) => {
    const { smsc, channel, events } = await start(t);
    channel.connect();
    await smsc.waitFor('a bind', () => smsc.binds.length === 1);
    await smsc.deliver({ source: '15005550006', esmClass: 0x04, message: receiptText('77', 'DELIVRD') });
    assert.deepEqual(events, [{ type: 'receipt', providerId: '77', status: 'delivered', at: NOW, reason: null }]);
  });

  test('that waited is heard in the same breath as the bind', async (t) => {
    const greeting = { source: '15005550006', esmClass: 0x04, message: receiptText('77', 'DELIVRD') };
    const { smsc, channel, events } = await start(t, { greeting });
    channel.connect();
    await smsc.waitFor('its answer', () => smsc.heard.includes('deliver_sm_resp'));
    assert.equal(events.length, 1);
  });

  for (const when of ['before', 'together'] as const)
    test(`that comes ${when === 'before' ? 'before' : 'together with'} the answer to its submit names our id`, async (t) => {
      const receiptWith = {
        when,
        of: (id: string, source: string) => ({ source, esmClass: 0x04, message: receiptText(id, 'DELIVRD') }),
      };
      const { smsc, channel, events } = await start(t, { receiptWith });
      assert.deepEqual(await channel.send(TEXT), accepted('1'));
      await smsc.waitFor('its answer', () => smsc.heard.includes('deliver_sm_resp'));
      assert.deepEqual(events, [receipt({ status: 'delivered' })]);
    });

  test('of one part says that it is on its way, of all that it is delivered', async (t) => {
    const { smsc, channel, events } = await start(t);
    await channel.send({ ...TEXT, text: LONG });
    for (const id of ['3', '3', '1', '2'])
      await smsc.deliver({ source: '15005550006', esmClass: 0x04, message: receiptText(id, 'DELIVRD') });
    assert.deepEqual(
      events,
      ['sent', 'sent', 'sent', 'delivered'].map((status) => receipt({ status })),
    );
  });

  test('twice and backwards is told as it comes; who keeps statuses merges them', async (t) => {
    const { smsc, channel, events } = await start(t);
    await channel.send(TEXT);
    for (const stat of ['DELIVRD', 'DELIVRD', 'ENROUTE'])
      await smsc.deliver({ source: '15005550006', esmClass: 0x04, message: receiptText('1', stat) });
    assert.deepEqual(
      events,
      ['delivered', 'delivered', 'sent'].map((status) => receipt({ status })),
    );
  });

  test('that says nothing is answered and forgotten', async (t) => {
    const { smsc, channel, events } = await start(t);
    await channel.send(TEXT);
    for (const message of ['', 'hello', 'id: stat:', 'stat:DELIVRD'])
      assert.equal(await smsc.deliver({ source: '1', esmClass: 0x04, message }), 0);
    assert.deepEqual(events, []);
  });

  test('that could not be kept is asked for again', async (t) => {
    let fails = true;
    const { smsc, channel } = await start(t, {
      onEvent: async () => {
        if (fails) throw new Error('the database is away');
      },
    });
    await channel.send(TEXT);
    const delivery = { source: '15005550006', esmClass: 0x04, message: receiptText('1', 'DELIVRD') };
    assert.equal(await smsc.deliver(delivery), 0x64);
    fails = false;
    assert.equal(await smsc.deliver(delivery), 0);
  });
});

describe('what people write', () => {
  test('STOP, in either coding, and nothing that only contains it', async (t) => {
    const { smsc, channel, events } = await start(t);
    await channel.send(TEXT);
    await smsc.deliver({ source: '15005550006', message: ' Stop\r\n' });
    await smsc.deliver({ source: '15005550006', coding: 8, message: Buffer.from('STOP', 'utf16le').swap16() });
    await smsc.deliver({ source: '15005550006', message: 'please stop' });
    await smsc.deliver({ source: '70123', sourceTon: 3, coding: 4, message: Buffer.from([0xff, 0x01]) });
    assert.deepEqual(events, [
      { type: 'stopped', chat: '+15005550006', at: NOW },
      { type: 'stopped', chat: '+15005550006', at: NOW },
      { type: 'said', chat: '+15005550006', text: 'please stop', at: NOW },
      { type: 'said', chat: '70123', text: '£', at: NOW },
    ]);
  });

  test('never passes for a receipt', async (t) => {
    const { smsc, channel, events } = await start(t);
    await channel.send(TEXT);
    await smsc.deliver({ source: '15005550006', message: receiptText('1', 'DELIVRD') });
    assert.deepEqual(
      events.map(({ type }) => type),
      ['said'],
    );
  });

  test('with a header that lies does no harm', async (t) => {
    const { smsc, channel } = await start(t);
    await channel.send(TEXT);
    for (const bytes of [[0xff], [5, 0, 0xff, 1], [0], [1, 1], [3, 0x24, 0, 9]])
      assert.equal(await smsc.deliver({ source: '15005550006', esmClass: 0x40, message: Buffer.from(bytes) }), 0);
    assert.deepEqual(await channel.send({ ...TEXT, id: 'after' }), accepted('2'));
  });
});
