import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { paced } from '../../src/channels/paced-texts.ts';
import type { OutgoingText, StandIn, TextChannel } from '../../src/ports.ts';
import type { SendOutcome } from '../../src/rules/delivery.ts';

const TEXT: OutgoingText = {
  id: 'message-1',
  to: '+15005550006',
  text: 'Acme: 482913',
  code: '482913',
  kind: 'recovery-code',
  locale: 'en',
  usefulUntil: 1,
};
const TAKEN = { status: 200, body: '' };
const NOWHERE: StandIn = { answering: () => async () => new Response(), take: async () => {}, close: async () => {} };
const reasonOf = (outcome: SendOutcome) => (outcome.kind === 'accepted' ? 'accepted' : outcome.reason);

/** A provider whose texts come to these outcomes, and a stand-in that notes how long it is to take. */
function pacedBy(outcomes: SendOutcome[], rehearse?: TextChannel['rehearse']) {
  const tookMs: number[] = [];
  const standIn: StandIn = {
    ...NOWHERE,
    answering(_, ms) {
      tookMs.push(ms);
      return async () => new Response();
    },
  };
  const channel: TextChannel = {
    provider: 'one',
    reports: false,
    send: async () => outcomes.shift() as SendOutcome,
    ...(rehearse && { rehearse }),
    close: async () => {},
  };
  return { texts: paced(channel, { paid: true, standIn }), tookMs };
}

describe('a provider that hangs', () => {
  const HANGS: SendOutcome = { kind: 'temporary', reason: 'ETIMEDOUT', maybeSent: true };
  const TAKES: SendOutcome = { kind: 'accepted', providerId: '1' };

  /** Answers nothing before it is told to. */
  function hanging() {
    const waiting: ((outcome: SendOutcome) => void)[] = [];
    const channel: TextChannel = {
      provider: 'one',
      reports: false,
      send: () => new Promise((answer) => waiting.push(answer)),
      close: async () => {},
    };
    const answerAll = (outcome: SendOutcome): void => {
      for (const answer of waiting.splice(0)) answer(outcome);
    };
    return { texts: paced(channel, { paid: true, standIn: NOWHERE }), waiting, answerAll };
  }

  test('is asked by one text at a time of those that have another way, and by some of those that have none', async () => {
    const { texts, waiting, answerAll } = hanging();
    const send = (goesOn: boolean, count = 1) => Array.from({ length: count }, () => texts.send(TEXT, goesOn));
    const vain = send(true, 64);
    assert.equal(waiting.length, 64, 'nothing was known before');
    answerAll(HANGS);
    assert.deepEqual(new Set(await Promise.all(vain)), new Set([HANGS]));

    const more = send(true, 5);
    assert.equal(waiting.length, 1);
    assert.deepEqual((await Promise.all(more.slice(1))).map(reasonOf), Array(4).fill('provider_hangs'));
    assert.equal(reasonOf(await texts.probe(TEXT)), 'provider_hangs', 'a decoy goes on, too');
    const alone = send(false, 30);
    assert.equal(waiting.length, 16);
    assert.deepEqual((await Promise.all(alone.slice(15))).map(reasonOf), Array(15).fill('provider_hangs'));

    answerAll(TAKES);
    assert.deepEqual(await more[0], TAKES);
    await Promise.all(alone);
    send(true, 5);
    assert.equal(waiting.length, 5, 'it answers again');
    assert.equal((await texts.probe(TEXT)).kind, 'accepted');
  });

  test('is not what one is that is slow now and then, that refuses, or that is down', async () => {
    for (const outcomes of [
      [HANGS, HANGS, TAKES, HANGS, HANGS, TAKES],
      Array<SendOutcome>(6).fill({ kind: 'temporary', reason: 'http_503' }),
      Array<SendOutcome>(6).fill({ kind: 'permanent', reason: 'http_400' }),
    ]) {
      const { texts } = pacedBy([...outcomes]);
      const told = [];
      for (const _ of outcomes) told.push(await texts.send(TEXT, true));
      assert.deepEqual(told, outcomes);
    }
  });
});

describe('a decoy', () => {
  test('is taken, before anybody was texted', async () => {
    assert.deepEqual(await pacedBy([]).texts.probe(TEXT), { kind: 'accepted', providerId: '' });
  });

  test('meets the trouble that the last text met at the provider, and no longer', async () => {
    const down: SendOutcome = { kind: 'temporary', reason: 'http_503' };
    const { texts } = pacedBy([down, { kind: 'accepted', providerId: 'of somebody' }]);
    await texts.send(TEXT, true);
    assert.deepEqual([await texts.probe(TEXT), await texts.probe(TEXT)], [down, down]);
    await texts.send(TEXT, true);
    assert.deepEqual(await texts.probe(TEXT), { kind: 'accepted', providerId: '' }, 'without the id of one');
  });

  test('is not refused for the number of somebody else', async () => {
    for (const kind of ['unreachable', 'permanent'] as const) {
      const { texts } = pacedBy([{ kind, reason: 'out_of_service' }]);
      await texts.send(TEXT, true);
      assert.deepEqual(await texts.probe(TEXT), { kind: 'accepted', providerId: '' });
    }
  });

  test('shares the time of a text out among its calls', async () => {
    const { texts, tookMs } = pacedBy([{ kind: 'accepted', providerId: '1' }], async (_, standIn) => {
      standIn(TAKEN);
      standIn(TAKEN, 2);
      return { kind: 'accepted', providerId: 'rehearsed' };
    });
    await texts.send(TEXT, true);
    await texts.probe(TEXT);
    const [whole = 0, half = 0] = tookMs;
    assert.ok(whole > 0);
    assert.equal(half, whole / 2);
  });
});
