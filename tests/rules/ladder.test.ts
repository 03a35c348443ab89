import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Channel, MessageStatus, SendOutcome } from '../../src/rules/delivery.ts';
import {
  type Attempted,
  beforeRetry,
  channelsFor,
  firstChannel,
  LAST_WAY_WITHIN_MS,
  ladderOf,
  type Onward,
  onward,
  RECEIPT_WAIT_MS,
  type Unneeded,
  type Ways,
  whyUnneeded,
} from '../../src/rules/ladder.ts';
import type { State } from '../../src/rules/recovery-flow.ts';

const NONE: Ways = { texting: undefined, messengers: [] };
const US: Ways = { texting: { countries: ['US'], telegram: false }, messengers: [] };
const GATEWAY: Ways = { texting: { countries: ['US'], telegram: true }, messengers: [] };
const CHATS: Ways = { texting: undefined, messengers: ['whatsapp', 'telegram', 'viber'] };
const ALL: Ways = { texting: { countries: ['US'], telegram: true }, messengers: ['whatsapp', 'telegram', 'viber'] };
const EMAIL = { kind: 'email', canonical: 'jane@example.com' } as const;
const MOBILE = { kind: 'phone', canonical: '+12125550101' } as const;
const FRENCH = { kind: 'phone', canonical: '+33612345678' } as const;

const TAKEN: SendOutcome = { kind: 'accepted', providerId: '1' };
const BUSY: SendOutcome = { kind: 'temporary', reason: '503' };
const LOST: SendOutcome = { kind: 'temporary', reason: 'ETIMEDOUT', maybeSent: true };
const REFUSED: SendOutcome = { kind: 'permanent', reason: '400' };

describe('the ladder', () => {
  const TEXT = {
    channel: 'sms',
    attempts: 1,
    tookMs: 100,
    waitedMs: 100,
    reports: false,
    isAsked: true,
    below: ['email'],
  } as const;
  const leave = (channel: Channel): Onward => ({ channel, inMs: 0, leaves: true });
  const rows: [string, Partial<Attempted> & Pick<Attempted, 'outcome'>, Onward | undefined][] = [
    ['taken', { outcome: TAKEN }, undefined],
    [
      'taken by a provider that reports',
      { outcome: TAKEN, reports: true },
      { channel: 'email', inMs: RECEIPT_WAIT_MS - 100, leaves: false },
    ],
    ['the same, the last way', { outcome: TAKEN, reports: true, below: [] }, undefined],
    [
      'taken after longer than a report is waited for',
      { outcome: TAKEN, reports: true, tookMs: RECEIPT_WAIT_MS + 1 },
      { channel: 'email', inMs: 0, leaves: false },
    ],
    ['not reachable', { outcome: { kind: 'unreachable', reason: '21614' }, below: ['sms', 'email'] }, leave('sms')],
    ['refused for good', { outcome: REFUSED }, leave('email')],
    ['refused for good, the last way', { outcome: REFUSED, below: [] }, undefined],
    ['busy for the first time', { outcome: BUSY }, undefined],
    ['busy for the second time', { outcome: BUSY, attempts: 2 }, undefined],
    ['busy for the third time', { outcome: BUSY, attempts: 3 }, leave('email')],
    ['busy for the third time, the last way', { outcome: BUSY, attempts: 3, below: [] }, undefined],
    ['busy, said after five seconds', { outcome: BUSY, tookMs: 5_000 }, undefined],
    ['busy, said after longer', { outcome: BUSY, tookMs: 5_001 }, leave('email')],
    ['busy for five seconds', { outcome: { ...BUSY, retryAfterMs: 5_000 } }, undefined],
    ['busy for longer', { outcome: { ...BUSY, retryAfterMs: 5_001 } }, leave('email')],
    ['perhaps taken', { outcome: LOST }, leave('email')],
    ['perhaps taken, the last way', { outcome: LOST, below: [] }, undefined],
  ];
  for (const [title, given, expected] of rows)
    test(title, () => assert.deepEqual(onward({ ...TEXT, ...given }), expected));

  const bot = { outcome: TAKEN, channel: 'telegram' } as const;
  const chats: [string, Partial<Attempted>, Onward | undefined][] = [
    ['that was asked for', {}, undefined],
    ['that was not', { isAsked: false }, { channel: 'email', inMs: RECEIPT_WAIT_MS - 100, leaves: false }],
    ['that was not, the last way', { isAsked: false, below: [] }, undefined],
  ];
  for (const [title, given, expected] of chats)
    test(`taken by a chat that reports nothing, ${title}`, () =>
      assert.deepEqual(onward({ ...TEXT, ...bot, ...given }), expected));
  test('taken by a service of texts that reports nothing, which was not asked for', () =>
    assert.equal(onward({ ...TEXT, outcome: TAKEN, isAsked: false }), undefined));

  const three = { below: ['sms', 'whatsapp', 'email'] } as const;
  const crowded: [string, Partial<Attempted>, Onward | undefined][] = [
    ['taken', { outcome: TAKEN }, { channel: 'sms', inMs: 15_000 - 100, leaves: false }],
    ['taken at last', { outcome: TAKEN, waitedMs: 40_000 }, { channel: 'sms', inMs: 10_000 - 100, leaves: false }],
    ['busy', { outcome: BUSY, waitedMs: 30_000 }, undefined],
    ['busy, when not enough time is left for each', { outcome: BUSY, waitedMs: 30_001 }, leave('sms')],
  ];
  for (const [title, given, expected] of crowded)
    test(`with three ways below, ${title}`, () =>
      assert.deepEqual(onward({ ...TEXT, outcome: TAKEN, reports: true, ...three, ...given }), expected));

  const beside: Onward = { channel: 'sms', inMs: 0, leaves: false };
  const MAIL = { ...TEXT, channel: 'email', below: ['sms'] } as const;
  const mails: [string, Partial<Attempted> & Pick<Attempted, 'outcome'>, Onward | undefined][] = [
    ['taken', { outcome: TAKEN }, undefined],
    ['refused for good', { outcome: REFUSED }, beside],
    ['perhaps taken', { outcome: LOST }, beside],
    ['held up', { outcome: BUSY, attempts: 3, waitedMs: 14_999 }, undefined],
    ['held up for 15 seconds', { outcome: BUSY, attempts: 3, waitedMs: 15_000 }, beside],
  ];
  for (const [title, given, expected] of mails)
    test(`a mail ${title}: it is never given up for another way`, () =>
      assert.deepEqual(onward({ ...MAIL, ...given }), expected));

  for (const silent of [
    ['sms'],
    ['telegram', 'sms'],
    ['telegram', 'sms', 'viber'],
    ['telegram', 'sms', 'whatsapp', 'viber'],
  ] as const)
    test(`${silent.length} ways that stay silent, and the mailbox, fit into a minute`, () => {
      const ways: Channel[] = [...silent, 'email'];
      const tookMs = 1_000;
      let passedMs = 0;
      for (const [at, channel] of silent.entries()) {
        const below = ways.slice(at + 1);
        const next = onward({
          channel,
          outcome: TAKEN,
          attempts: 1,
          tookMs,
          waitedMs: passedMs + tookMs,
          reports: true,
          isAsked: at === 0,
          below,
        });
        passedMs += tookMs + (next?.inMs ?? 0);
      }
      assert.ok(passedMs <= LAST_WAY_WITHIN_MS, `${passedMs}`);
    });

  test('before the last way is tried again after a lost answer, its report is waited for', () => {
    assert.deepEqual(beforeRetry(LOST, true), { ...LOST, retryAfterMs: RECEIPT_WAIT_MS });
    assert.deepEqual(beforeRetry(LOST, false), LOST);
    assert.deepEqual(beforeRetry(BUSY, true), BUSY);
    assert.deepEqual(beforeRetry({ ...LOST, retryAfterMs: 60_000 }, true), { ...LOST, retryAfterMs: 60_000 });
  });

  const ladders: [string, Channel, Ways, Channel[]][] = [
    ['a text', 'sms', US, ['sms', 'email']],
    ['a text, Telegram Gateway before it', 'sms', GATEWAY, ['telegram', 'sms', 'email']],
    ['a text, with everything', 'sms', ALL, ['telegram', 'sms', 'whatsapp', 'viber', 'email']],
    ['a mail', 'email', NONE, ['email']],
    ['a mail where numbers are texted', 'email', US, ['email', 'sms']],
    ['a mail, with everything', 'email', ALL, ['email', 'whatsapp', 'telegram', 'viber', 'sms']],
    ['a chat', 'viber', ALL, ['viber', 'email', 'whatsapp', 'telegram', 'sms']],
    ['a chat where nothing else is', 'viber', { ...NONE, messengers: ['viber'] }, ['viber', 'email']],
  ];
  for (const [title, asked, ways, expected] of ladders)
    test(`its rungs: ${title}`, () => assert.deepEqual(ladderOf(asked, ways), expected));

  test('a link travels by mail alone', () => assert.deepEqual(ladderOf('email', ALL, 'link'), ['email']));
});

describe('a rung that stands ready', () => {
  const rows: [string, MessageStatus | undefined, State, boolean, Unneeded | undefined][] = [
    ['is sent after silence', 'sent', 'code_sent', true, undefined],
    ['is sent where the one before is gone', undefined, 'code_sent', true, undefined],
    ['is sent after a report of failure', 'bounced', 'code_sent', true, undefined],
    ['is not, where the one before arrived', 'delivered', 'code_sent', true, 'arrived_before'],
    ['is not, where somebody asked again', 'sent', 'code_sent', false, 'asked_again'],
    ['is not, after the right code', 'sent', 'verified', true, 'code_entered'],
    ['is not, after the new password', 'delivered', 'completed', true, 'code_entered'],
    ['is not, where it was stopped', 'sent', 'cancelled', true, 'cancelled'],
  ];
  for (const [title, before, state, isCurrent, expected] of rows)
    test(title, () => assert.equal(whyUnneeded({ before, state, isCurrent, isTried: false }), expected));

  test('and is being tried goes on where somebody asked again, until the code is entered or the message before arrived', () => {
    const tried = { before: 'sent', state: 'code_sent', isCurrent: false, isTried: true } as const;
    assert.equal(whyUnneeded(tried), undefined);
    assert.equal(whyUnneeded({ ...tried, before: 'delivered' }), 'arrived_before');
    assert.equal(whyUnneeded({ ...tried, state: 'verified' }), 'code_entered');
  });
});

describe('the ways to choose between', () => {
  const rows: [string, Parameters<typeof channelsFor>[0], Ways, Channel[], Channel][] = [
    ['an address', { purpose: 'recovery', ...EMAIL }, US, ['email', 'sms'], 'email'],
    ['an address, without texts', { purpose: 'recovery', ...EMAIL }, NONE, ['email'], 'email'],
    ['an address, with chats', { purpose: 'recovery', ...EMAIL }, CHATS, ['email', ...CHATS.messengers], 'email'],
    ['a number', { purpose: 'recovery', ...MOBILE }, US, ['email', 'sms'], 'sms'],
    ['a number, with everything', { purpose: 'recovery', ...MOBILE }, ALL, ['email', 'sms', ...ALL.messengers], 'sms'],
    ['a number, without texts', { purpose: 'recovery', ...MOBILE }, NONE, ['email'], 'email'],
    ['a number of another country', { purpose: 'recovery', ...FRENCH }, US, ['email'], 'email'],
    ['a new account', { purpose: 'registration', ...EMAIL }, ALL, ['email'], 'email'],
    ['a further address', { purpose: 'address', ...EMAIL }, ALL, ['email'], 'email'],
  ];
  for (const [title, asking, ways, channels, first] of rows)
    test(title, () => {
      assert.deepEqual(channelsFor(asking, ways), channels);
      assert.equal(firstChannel(asking, ways), first);
    });
});
