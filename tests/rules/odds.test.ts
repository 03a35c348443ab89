/** The budget, computed a second time from the numbers on the page, and held against what it promises. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accountLimit } from '../../src/rules/account-guesses.ts';
import { breakerLimit, isHighRisk, isOpen, opensWith, rungFor } from '../../src/rules/breakers.ts';
import { lanesFor, lanesForResend, messagesADay } from '../../src/rules/lanes.ts';
import { CODE_LADDER, GUESS_BREAKERS, LIMITS, LINK_FROM_WRONG_GUESSES } from '../../src/rules/limits.ts';
import {
  chanceOf,
  mailsADayBySpellings,
  mailsADayByStrangers,
  messagesADayByStrangers,
  oddsPerAccountYear,
  oddsPerDoorYear,
  sprayedTakeoversPerYear,
} from '../../src/rules/odds.ts';

const NOW = Date.parse('2026-03-14T09:12:00Z');
const SHUT = { 'guesses-6': false, 'guesses-8': false, sends: false };

describe('what an attacker can win', () => {
  test('one account in one year, by all its ways: 90 guesses at 6 digits, or what is worth as much, then 12 digits', () => {
    const byHand = (30 + 60) * 1e-6 + 2 * 10 * 34 * 5 * 365 * 1e-12;
    assert.ok(Math.abs(oddsPerAccountYear() - byHand) < 1e-12, `${oddsPerAccountYear()} is not ${byHand}`);
    assert.ok(oddsPerAccountYear() <= 1e-4);
  });

  test('one door in one year: 15 climbs of six guesses at 6 digits and 25 at 8, then letters', () => {
    const climbs = 13 + 2;
    const letters = messagesADayByStrangers() * 365 * 5 * 32 ** -10;
    const byHand = climbs * (6e-6 + 25e-8) + letters;
    assert.ok(Math.abs(oddsPerDoorYear() - byHand) < 1e-12, `${oddsPerDoorYear()} is not ${byHand}`);
    assert.ok(oddsPerDoorYear() <= 1e-4);
  });

  test('guesses at one account: eight digits cost a hundredth of six, and longer codes nothing', () => {
    const year = 365 * 86_400_000;
    assert.deepEqual(accountLimit({ format: 'digits', length: 6 }), { burst: 30, refillMs: year / 60 });
    assert.deepEqual(accountLimit({ format: 'digits', length: 8 }), { burst: 3_000, refillMs: year / 6_000 });
    assert.equal(accountLimit({ format: 'letters', length: 10 }), undefined);
    assert.equal(accountLimit({ format: 'digits', length: 12 }), undefined);
  });

  test('sprayed over all accounts at the limit of the breakers: below 0.1 takeovers a year', () => {
    const byHand = (200 + 365 * 200) * 1e-6 + (5_000 + 365 * 5_000) * 1e-8 + 1_000 * 31_536_000 * 32 ** -10;
    assert.ok(Math.abs(sprayedTakeoversPerYear() - byHand) < 1e-9, `${sprayedTakeoversPerYear()} is not ${byHand}`);
    assert.ok(sprayedTakeoversPerYear() <= 0.1);
  });

  test('a flood through one door stays below 35 messages a day', () => {
    assert.equal(messagesADay(LIMITS['send-stranger']), 16);
    assert.equal(messagesADayByStrangers(), 34);
    assert.equal(mailsADayByStrangers(), 204);
    assert.equal(mailsADayBySpellings(), 2 * (20 + 24));
  });

  test('the rungs are as likely as their codes are long', () => {
    assert.deepEqual(CODE_LADDER.map(chanceOf), [1e-6, 1e-8, 32 ** -10]);
  });
});

describe('the ladder', () => {
  const lengthFor = (wrong: number, open: Partial<typeof SHUT> = {}, stranger = true): number =>
    rungFor({ wrong, stranger, open: { ...SHUT, ...open }, byApp: false }).length;

  test('6 digits, 8 after five wrong guesses, 10 letters and digits after thirty', () => {
    assert.deepEqual(
      [0, 4, 5, 29, 30, 1_000].map((wrong) => lengthFor(wrong)),
      [6, 6, 8, 8, 10, 10],
    );
  });

  test('open breakers lengthen the codes of strangers, and of nobody else', () => {
    assert.equal(lengthFor(0, { sends: true }), 8);
    assert.equal(lengthFor(0, { 'guesses-6': true }), 8);
    assert.equal(lengthFor(0, { 'guesses-8': true }), 10);
    assert.equal(lengthFor(30, { sends: true }), 10);
    assert.equal(lengthFor(0, { sends: true, 'guesses-6': true, 'guesses-8': true }, false), 6);
    assert.equal(lengthFor(5, {}, false), 8);
  });

  test('high risk is many guesses at one address, or guesses sprayed over all; never a flood of sends alone', () => {
    const risk = (wrong: number, open: Partial<typeof SHUT>, stranger = true, byApp = false): boolean =>
      isHighRisk({ wrong, stranger, open: { ...SHUT, ...open }, byApp });
    assert.equal(risk(0, { 'guesses-8': true }, true, true), false, 'apps of everybody go on, with longer codes');
    assert.equal(risk(LINK_FROM_WRONG_GUESSES, {}, true, true), true, 'at this one address they do not');
    assert.equal(risk(LINK_FROM_WRONG_GUESSES - 1, { sends: true }), false);
    assert.equal(risk(LINK_FROM_WRONG_GUESSES, {}), true);
    assert.equal(risk(0, { 'guesses-6': true }), true);
    assert.equal(risk(LINK_FROM_WRONG_GUESSES, { 'guesses-6': true }, false), false);
  });
});

describe('a breaker', () => {
  const limit = GUESS_BREAKERS['guesses-6'];

  test('opens at half of its burst and closes when that has come back', () => {
    const half = NOW + (limit.burst / 2) * limit.refillMs;
    assert.equal(isOpen(undefined, limit, NOW), false);
    assert.equal(isOpen(half - 1, limit, NOW), false);
    assert.equal(isOpen(half, limit, NOW), true);
    assert.equal(isOpen(half, limit, NOW + 1), false);
  });

  test('is announced by the one charge that opens it', () => {
    const before = NOW + (limit.burst / 2 - 1) * limit.refillMs;
    assert.equal(opensWith(before - limit.refillMs, limit, NOW), false);
    assert.equal(opensWith(before, limit, NOW), true);
    assert.equal(opensWith(before + limit.refillMs, limit, NOW), false);
  });

  test('that of sends opens with a busy hour beyond the usual one', () => {
    assert.deepEqual(breakerLimit('sends'), { burst: 400, refillMs: 18_000 });
    assert.deepEqual(breakerLimit('sends', 7), { burst: 14, refillMs: 514_286 });
  });
});

describe('lanes', () => {
  test('a known device has its own, work buys one, and waiting is always left', () => {
    assert.deepEqual(lanesFor({ known: true, worked: true, busy: false }), [
      'known-device',
      'worked',
      'stranger',
      'waited',
    ]);
    assert.deepEqual(lanesFor({ known: false, worked: false, busy: false }), ['stranger', 'waited']);
    assert.deepEqual(lanesFor({ known: false, worked: false, busy: true }), ['waited']);
  });

  test('"send again" keeps to its lane, and falls back to those of anybody', () => {
    assert.deepEqual(lanesForResend('known-device', true), ['known-device', 'waited']);
    assert.deepEqual(lanesForResend('stranger', true), ['waited']);
    assert.deepEqual(lanesForResend('worked', false), ['worked', 'stranger', 'waited']);
  });
});
