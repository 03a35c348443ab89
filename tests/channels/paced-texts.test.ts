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

/** A provider whose texts come to these outcomes, and a stand-in that notes how long it is to take. */
function pacedBy(outcomes: SendOutcome[], rehearse?: TextChannel['rehearse']) {
  const tookMs: number[] = [];
  const standIn: StandIn = {
    answering(_, ms) {
      tookMs.push(ms);
      return async () => new Response();
    },
    take: async () => {},
    close: async () => {},
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

describe('a decoy', () => {
  test('is taken, before anybody was texted', async () => {
    assert.deepEqual(await pacedBy([]).texts.probe(TEXT), { kind: 'accepted', providerId: '' });
  });

  test('meets the trouble that the last text met at the provider, and no longer', async () => {
    const down: SendOutcome = { kind: 'temporary', reason: 'http_503' };
    const { texts } = pacedBy([down, { kind: 'accepted', providerId: 'of somebody' }]);
    await texts.send(TEXT);
    assert.deepEqual([await texts.probe(TEXT), await texts.probe(TEXT)], [down, down]);
    await texts.send(TEXT);
    assert.deepEqual(await texts.probe(TEXT), { kind: 'accepted', providerId: '' }, 'without the id of one');
  });

  test('is not refused for the number of somebody else', async () => {
    for (const kind of ['unreachable', 'permanent'] as const) {
      const { texts } = pacedBy([{ kind, reason: 'out_of_service' }]);
      await texts.send(TEXT);
      assert.deepEqual(await texts.probe(TEXT), { kind: 'accepted', providerId: '' });
    }
  });

  test('shares the time of a text out among its calls', async () => {
    const { texts, tookMs } = pacedBy([{ kind: 'accepted', providerId: '1' }], async (_, standIn) => {
      standIn(TAKEN);
      standIn(TAKEN, 2);
      return { kind: 'accepted', providerId: 'rehearsed' };
    });
    await texts.send(TEXT);
    await texts.probe(TEXT);
    const [whole = 0, half = 0] = tookMs;
    assert.ok(whole > 0);
    assert.equal(half, whole / 2);
  });
});
