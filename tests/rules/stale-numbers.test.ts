/** Numbers get new owners: how long one is trusted, and what a recovery proves (STANDARDS R79). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { waitFor } from '../../src/rules/address-trust.ts';
import { ANSWER_LOST, HANDED_OVER, markOf } from '../../src/rules/delivery.ts';
import { STALE_NUMBER } from '../../src/rules/limits.ts';
import {
  type CodeMessage,
  isStale,
  isTooLittle,
  type Proven,
  provenEnd,
  staleSince,
} from '../../src/rules/stale-numbers.ts';

const NOW = 1_790_000_000_000;
const HOUR = 3_600_000;
const number = (provenAt: number | null, confirmedAt: number | null = 0): Proven => ({
  kind: 'phone',
  confirmedAt,
  provenAt,
});
const old = number(NOW - STALE_NUMBER.afterMs - 1);

describe('a number', () => {
  test('is trusted for twelve months, to the millisecond', () => {
    assert.equal(STALE_NUMBER.afterMs, 365 * 24 * HOUR);
    assert.equal(isStale(number(NOW - STALE_NUMBER.afterMs), NOW), false);
    assert.equal(isStale(old, NOW), true);
  });

  test('of which only the confirmation was written down is as old as that', () => {
    assert.equal(isStale(number(null, NOW - STALE_NUMBER.afterMs - 1), NOW), true);
    assert.equal(isStale(number(null, NOW - 1), NOW), false);
    assert.equal(isStale(number(NOW - 1, NOW - STALE_NUMBER.afterMs - 1), NOW), false);
  });

  test('that was never confirmed is not stale, and no mailbox is', () => {
    assert.equal(isStale(number(null, null), NOW), false);
    assert.equal(isStale({ ...old, kind: 'email' }, NOW), false);
  });

  test('is to be confirmed again beside a mailbox, where texts go to it', () => {
    const stale = { ...old, canonical: '+447400123456' };
    const mailbox = { kind: 'email', canonical: 'jane@example.com', confirmedAt: 0, provenAt: 0 } as const;
    const account = { addresses: [stale, mailbox] };
    const asking = { countries: ['GB'], now: NOW } as const;
    assert.equal(staleSince(stale, account, asking), stale.provenAt);
    assert.equal(staleSince({ ...stale, provenAt: NOW }, account, asking), undefined);
    assert.equal(staleSince(stale, { addresses: [stale] }, asking), undefined);
    assert.equal(staleSince(stale, { addresses: [stale, { ...mailbox, confirmedAt: null }] }, asking), undefined);
    assert.equal(staleSince(stale, account, { ...asking, countries: ['FR'] }), undefined);
    assert.equal(staleSince(stale, account, { ...asking, countries: undefined }), undefined);
  });

  test('is too little where it is stale, a mailbox could be asked, and the browser is a stranger', () => {
    const asking = { hasMailbox: true, lane: 'stranger', now: NOW } as const;
    assert.equal(isTooLittle(old, asking), true);
    for (const lane of ['worked', 'waited'] as const) assert.equal(isTooLittle(old, { ...asking, lane }), true);
    assert.equal(isTooLittle(old, { ...asking, lane: 'known-device' }), false);
    assert.equal(isTooLittle(old, { ...asking, hasMailbox: false }), false);
    assert.equal(isTooLittle(number(NOW), asking), false);
    assert.equal(isTooLittle(undefined, asking), false);
  });
});

describe('what a recovery has proven', () => {
  const byCode = { verifiedBy: 'code', textedAt: null } as const;
  const byText = { verifiedBy: 'code', textedAt: NOW } as const;
  const gone = (end: CodeMessage['end'], change: Partial<CodeMessage> = {}): CodeMessage => ({
    end,
    status: 'sent',
    attempts: 1,
    reason: null,
    ...change,
  });

  test('one way that the code went, or the link', () => {
    assert.equal(provenEnd(byText, [gone('number')]), 'number');
    assert.equal(provenEnd(byCode, [gone('mailbox')]), 'mailbox');
    assert.equal(provenEnd(byCode, [gone('chat')]), undefined);
    assert.equal(provenEnd(byCode, []), undefined);
    const byLink = { verifiedBy: 'link', textedAt: NOW } as const;
    assert.equal(provenEnd(byLink, [gone('number'), gone('mailbox')]), 'mailbox');
    assert.equal(provenEnd({ verifiedBy: null, textedAt: NOW }, [gone('number')]), undefined);
  });

  test('nothing where the code may have gone two ways', () => {
    assert.equal(provenEnd(byText, [gone('number'), gone('mailbox')]), undefined);
    assert.equal(provenEnd(byCode, [gone('chat'), gone('mailbox')]), undefined);
    const inDoubt: Partial<CodeMessage>[] = [
      { status: 'failed', reason: 'ETIMEDOUT' },
      { status: 'queued', attempts: 0, reason: HANDED_OVER },
      { status: 'queued', attempts: 0, reason: markOf(ANSWER_LOST) },
      { status: 'bounced', reason: '5.1.1' },
      { status: 'expired', reason: 'ETIMEDOUT' },
      // Its answer was lost, and somebody asked again.
      { status: 'unneeded', attempts: 1, reason: 'asked_again' },
    ];
    for (const doubt of inDoubt) assert.equal(provenEnd(byText, [gone('number'), gone('mailbox', doubt)]), undefined);
  });

  test('what never left is no second way', () => {
    const never: Partial<CodeMessage>[] = [
      { status: 'queued', attempts: 0 },
      { status: 'unneeded', attempts: 0, reason: 'arrived_before' },
      { status: 'suppressed' },
      ...['no_address', 'high_risk', 'stale_number', 'held_back', 'not_configured', 'tried_before'].map((reason) => ({
        status: 'failed' as const,
        reason,
      })),
    ];
    for (const left of never) assert.equal(provenEnd(byText, [gone('number'), gone('chat', left)]), 'number');
  });
});

describe('a wait', () => {
  test('is three days for a stale number, the cool-off for a change, and the longer of both', () => {
    const wait = (stale_number: boolean, changed: boolean, coolOffHours: number) =>
      waitFor({ stale_number, changed }, coolOffHours * HOUR);
    assert.equal(wait(false, false, 24), undefined);
    assert.equal(wait(false, true, 0), undefined);
    assert.deepEqual(wait(true, false, 0), { heldFor: 'stale_number', waitMs: 72 * HOUR });
    assert.deepEqual(wait(true, true, 0), { heldFor: 'stale_number', waitMs: 72 * HOUR });
    assert.deepEqual(wait(false, true, 24), { heldFor: 'changed', waitMs: 24 * HOUR });
    // A code by email would wait as well.
    assert.deepEqual(wait(true, true, 24), { heldFor: 'changed', waitMs: 72 * HOUR });
    assert.deepEqual(wait(true, true, 168), { heldFor: 'changed', waitMs: 168 * HOUR });
  });
});
