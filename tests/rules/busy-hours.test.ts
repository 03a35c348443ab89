/** What a usual busy hour is, and when the operator is told that his setting leaves it no room. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { advisedBusyHour, usualBusyHour } from '../../src/rules/busy-hours.ts';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-03-14T09:12:00Z');
const hour = (hoursAgo: number, codes: number) => ({ startedAt: NOW - hoursAgo * HOUR, codes });

test('the busiest hour of each day counts, and of seven days the one in the middle', () => {
  assert.equal(usualBusyHour([], NOW), 0);
  const days = [10, 20, 30, 40, 50, 60, 70].flatMap((codes, day) => [
    hour(day * 24 + 3, codes),
    hour(day * 24 + 9, codes - 5),
  ]);
  assert.equal(usualBusyHour(days, NOW), 40);
});

test('a flood on three days, and what is older than a week, change nothing', () => {
  const quiet = [0, 1, 2, 3, 4, 5, 6].map((day) => hour(day * 24 + 3, 12));
  const flood = [0, 1, 2].map((day) => hour(day * 24 + 5, 90_000));
  assert.equal(usualBusyHour([...quiet, ...flood, hour(7 * 24 + 1, 400)], NOW), 12);
});

test('days without a code count as such', () => {
  assert.equal(usualBusyHour([hour(1, 500), hour(30, 500), hour(60, 500)], NOW), 0);
});

test('advice comes where twice the usual would be too much, is five times the usual, and in two digits', () => {
  assert.equal(advisedBusyHour(100, 200), undefined);
  assert.equal(advisedBusyHour(101, 200), 510);
  assert.equal(advisedBusyHour(1_234, 200), 6_200);
  assert.equal(advisedBusyHour(0, 10), undefined);
});
