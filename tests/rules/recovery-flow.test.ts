import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { PROBLEMS } from '../../src/rules/errors.ts';
import { CODE_LIFETIME_MS, CODE_RENEWED_BELOW_MS, CODE_USELESS_BELOW_MS } from '../../src/rules/limits.ts';
import {
  answer,
  EVENTS,
  FLOW,
  isWorthSending,
  type ProofTimes,
  renewal,
  STATES,
  stateAt,
} from '../../src/rules/recovery-flow.ts';

const T = 1_800_000_000_000;
const living: ProofTimes = {
  state: 'code_sent',
  triesLeft: 5,
  codeExpiresAt: T + CODE_LIFETIME_MS,
  verifiedExpiresAt: null,
  expiresAt: T + 3_600_000,
};

/** Every cell, written down a second time and by hand: what a person is told or where he gets to. */
const GONE = '!recovery_not_found';
// biome-ignore format: a table is read in rows and columns
const EXPECTED = {
  code_sent:    ['code_sent', 'verified',        'choosing',        '!wrong_code',     GONE,       'verified',      GONE,        GONE,   GONE,        'cancelled'],
  code_expired: ['code_sent', '!code_expired',   '!code_expired',   '!code_expired',   GONE,       '!code_expired', GONE,        GONE,   GONE,        'cancelled'],
  code_used_up: ['code_sent', '!too_many_tries', '!too_many_tries', '!too_many_tries', GONE,       'verified',      GONE,        GONE,   GONE,        'cancelled'],
  choosing:     [GONE,        GONE,              GONE,              GONE,              'verified', GONE,            GONE,        GONE,   GONE,        'cancelled'],
  verified:     [GONE,        GONE,              GONE,              GONE,              GONE,       GONE,            'completed', 'held', GONE,        'cancelled'],
  held:         [GONE,        GONE,              GONE,              GONE,              GONE,       GONE,            GONE,        GONE,   'completed', 'cancelled'],
  completed:    [GONE,        GONE,              GONE,              GONE,              GONE,       GONE,            GONE,        GONE,   GONE,        GONE],
  cancelled:    [GONE,        GONE,              GONE,              GONE,              GONE,       GONE,            GONE,        GONE,   GONE,        'stay'],
  ended:        [GONE,        GONE,              GONE,              GONE,              GONE,       GONE,            GONE,        GONE,   GONE,        'stay'],
} as const;

const PROVING: readonly string[] = ['enter_right_code', 'enter_shared_code', 'confirm'];

describe('recovery flow', () => {
  for (const state of STATES)
    EVENTS.forEach((event, column) => {
      test(`${state} x ${event} answers ${EXPECTED[state][column]}`, () => {
        const got = answer(state, event);
        assert.equal(typeof got === 'object' ? `!${got.refused}` : got, EXPECTED[state][column]);
        if (typeof got === 'object') assert.ok(got.refused in PROBLEMS);
      });
    });

  test('the table has no state and no event beyond the listed ones', () => {
    assert.deepEqual(Object.keys(FLOW).sort(), [...STATES].sort());
    for (const row of Object.values(FLOW)) assert.deepEqual(Object.keys(row).sort(), [...EVENTS].sort());
  });

  test('no sequence of events completes a recovery without the right code of a living code, or its link', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...EVENTS.filter((event) => !PROVING.includes(event)))), (events) => {
        let state: (typeof STATES)[number] = 'code_sent';
        for (const event of events) {
          const next = answer(state, event);
          if (typeof next === 'string' && next !== 'stay') state = next;
        }
        assert.notEqual(state, 'choosing');
        assert.notEqual(state, 'verified');
        assert.notEqual(state, 'held');
        assert.notEqual(state, 'completed');
      }),
    );
  });
});

test('after the code of several accounts no password is set before one of them is chosen', () => {
  const others = EVENTS.filter((event) => event !== 'choose_account');
  for (const event of others) assert.ok(!['verified', 'held', 'completed'].includes(String(answer('choosing', event))));
});

describe('what a stored proof amounts to', () => {
  const cases: [string, Partial<ProofTimes>, number, string][] = [
    ['a living code', {}, 0, 'code_sent'],
    ['a code in its last millisecond', {}, CODE_LIFETIME_MS - 1, 'code_sent'],
    ['a code whose time has come', {}, CODE_LIFETIME_MS, 'code_expired'],
    ['a code without tries', { triesLeft: 0 }, 0, 'code_used_up'],
    ['a count below zero', { triesLeft: -1 }, 0, 'code_used_up'],
    ['an attempt that is over', {}, 3_600_000, 'ended'],
    ['a verified one', { state: 'verified', verifiedExpiresAt: T + 10 }, 9, 'verified'],
    ['a verified one whose time has come', { state: 'verified', verifiedExpiresAt: T + 10 }, 10, 'ended'],
    ['a verified one without an end', { state: 'verified', verifiedExpiresAt: null }, 0, 'ended'],
    ['one where an account has to be chosen', { state: 'choosing', verifiedExpiresAt: T + 10 }, 9, 'choosing'],
    ['one where nothing was chosen in time', { state: 'choosing', verifiedExpiresAt: T + 10 }, 10, 'ended'],
    ['a held one, however long it waits', { state: 'held', expiresAt: T + 10 }, 9e9, 'held'],
    ['a completed one, long after', { state: 'completed' }, 9e9, 'completed'],
    ['a cancelled one, long after', { state: 'cancelled' }, 9e9, 'cancelled'],
    ['a clock that went backwards', {}, -86_400_000, 'code_sent'],
  ];
  for (const [title, change, afterMs, expected] of cases)
    test(`${title} is ${expected}`, () => assert.equal(stateAt({ ...living, ...change }, T + afterMs), expected));

  test('send again repeats a code with time left, and renews a dying or dead one', () => {
    const leftMs = (ms: number): ProofTimes => ({ ...living, codeExpiresAt: T + ms });
    assert.equal(renewal(leftMs(CODE_RENEWED_BELOW_MS), T), 'repeat');
    assert.equal(renewal(leftMs(CODE_RENEWED_BELOW_MS - 1), T), 'renew_keeping_old');
    assert.equal(renewal(leftMs(0), T), 'renew');
    assert.equal(renewal({ ...living, triesLeft: 0 }, T), 'renew');
  });

  test('a code that could not be typed in time is not worth sending', () => {
    assert.equal(isWorthSending(T + CODE_USELESS_BELOW_MS, T), true);
    assert.equal(isWorthSending(T + CODE_USELESS_BELOW_MS - 1, T), false);
  });
});
