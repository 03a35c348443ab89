import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  drawHandOver,
  drawnFromBefore,
  HAND_OVER_SHOWN_AT_MOST_MS,
  HAND_OVERS_AT_LEAST,
} from '../../src/rules/hand-over-times.ts';
import { FATE_SHOWN_AFTER_MS } from '../../src/rules/limits.ts';

const NOON = Date.parse('2026-03-14T12:00:00Z');
const MINUTE = 60_000;

describe('the time for which a code is said to wait', () => {
  const times = Array.from({ length: HAND_OVERS_AT_LEAST }, (_, index) => 10 * (index + 1));

  test('is the usual one while too few are known', () => {
    assert.equal(drawHandOver(times.slice(1), NOON), FATE_SHOWN_AFTER_MS);
    assert.equal(drawHandOver([], NOON), FATE_SHOWN_AFTER_MS);
  });

  test('is one time for all who ask within a minute', () => {
    const drawn = new Set(Array.from({ length: 60 }, (_, second) => drawHandOver(times, NOON + second * 1_000)));
    assert.equal(drawn.size, 1);
  });

  test('is each of those known about as often, over the minutes', () => {
    const drawn = Array.from({ length: 10_000 }, (_, minute) => drawHandOver(times, NOON + minute * MINUTE));
    for (const tenth of [100, 200, 300, 400, 500, 600, 700, 800, 900]) {
      const share = drawn.filter((ms) => ms <= tenth).length / drawn.length;
      // Kolmogorov and Smirnov: 1.95 / sqrt(n) at one in a thousand; the minutes are always these.
      assert.ok(Math.abs(share - tenth / 1_000) < 1.95 / Math.sqrt(drawn.length), `${share} up to ${tenth} ms`);
    }
    assert.deepEqual(
      drawn.filter((ms) => !times.includes(ms)),
      [],
    );
  });

  test('is bounded: an outage, or a clock that went back, is not shown the next day', () => {
    assert.equal(drawHandOver(times.fill(300_000), NOON), HAND_OVER_SHOWN_AT_MOST_MS);
    assert.equal(drawHandOver(times.fill(-5), NOON), 0);
  });

  test('comes from codes that were over when the day began', () => {
    const before = drawnFromBefore(NOON);
    assert.equal(before, Date.parse('2026-03-13T23:50:00Z'));
    assert.equal(drawnFromBefore(Date.parse('2026-03-14T00:00:00Z')), before);
    assert.equal(drawnFromBefore(Date.parse('2026-03-14T23:59:59.999Z')), before);
  });
});
