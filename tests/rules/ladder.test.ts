import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Channel, SendOutcome } from '../../src/rules/delivery.ts';
import { channelsFor, firstChannel, ladderOf, nextRung, type Texting } from '../../src/rules/ladder.ts';

const US: Texting = { countries: ['US'], telegram: false };
const EMAIL = { kind: 'email', canonical: 'jane@example.com' } as const;
const MOBILE = { kind: 'phone', canonical: '+12125550101' } as const;
const FRENCH = { kind: 'phone', canonical: '+33612345678' } as const;

describe('the ladder', () => {
  const rows: [string, SendOutcome, number, Channel[], Channel | undefined][] = [
    ['taken', { kind: 'accepted', providerId: '1' }, 1, ['email'], undefined],
    ['not reachable', { kind: 'unreachable', reason: '21614' }, 1, ['sms', 'email'], 'sms'],
    ['refused for good', { kind: 'permanent', reason: '400' }, 1, ['email'], 'email'],
    ['refused for good, the last way', { kind: 'permanent', reason: '400' }, 1, [], undefined],
    ['busy for the first time', { kind: 'temporary', reason: '503' }, 1, ['email'], undefined],
    ['busy for the second time', { kind: 'temporary', reason: '503' }, 2, ['email'], undefined],
    ['busy for the third time', { kind: 'temporary', reason: '503' }, 3, ['email'], 'email'],
    ['busy for the third time, the last way', { kind: 'temporary', reason: '503' }, 3, [], undefined],
    ['busy for five seconds', { kind: 'temporary', reason: '429', retryAfterMs: 5_000 }, 1, ['email'], undefined],
    ['busy for longer', { kind: 'temporary', reason: '429', retryAfterMs: 5_001 }, 1, ['email'], 'email'],
    ['perhaps taken', { kind: 'temporary', reason: 'ETIMEDOUT', maybeSent: true }, 1, ['email'], 'email'],
    ['perhaps taken, the last way', { kind: 'temporary', reason: 'ETIMEDOUT', maybeSent: true }, 1, [], undefined],
  ];
  for (const [title, outcome, attempts, below, expected] of rows)
    test(title, () => assert.equal(nextRung(outcome, attempts, below), expected));

  test('its rungs: Telegram before a text where it is configured, the mailbox last; a mail stays a mail', () => {
    assert.deepEqual(ladderOf('sms', { ...US, telegram: true }), ['telegram', 'sms', 'email']);
    assert.deepEqual(ladderOf('sms', US), ['sms', 'email']);
    assert.deepEqual(ladderOf('email', { ...US, telegram: true }), ['email']);
  });
});

describe('the ways to choose between', () => {
  const rows: [string, Parameters<typeof channelsFor>[0], Texting | undefined, Channel[], Channel][] = [
    ['an address', { purpose: 'recovery', ...EMAIL }, US, ['email', 'sms'], 'email'],
    ['an address, without texts', { purpose: 'recovery', ...EMAIL }, undefined, ['email'], 'email'],
    ['a number', { purpose: 'recovery', ...MOBILE }, US, ['email', 'sms'], 'sms'],
    ['a number, without texts', { purpose: 'recovery', ...MOBILE }, undefined, ['email'], 'email'],
    ['a number of another country', { purpose: 'recovery', ...FRENCH }, US, ['email'], 'email'],
    ['a new account', { purpose: 'registration', ...EMAIL }, US, ['email'], 'email'],
    ['a further address', { purpose: 'address', ...EMAIL }, US, ['email'], 'email'],
  ];
  for (const [title, asking, texting, channels, first] of rows)
    test(title, () => {
      assert.deepEqual(channelsFor(asking, texting), channels);
      assert.equal(firstChannel(asking, texting), first);
    });
});
