import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { aucInterval, aucSpread, mannWhitney } from '../../src/rules/mann-whitney.ts';

const close = (actual: number, expected: number, within: number): void =>
  assert.ok(Math.abs(actual - expected) <= within, `${actual} is not ${expected} ± ${within}`);

describe('the rank test', () => {
  test('an example without ties, its pairs counted by hand', () => {
    // 19 is above three of the right side, 22 above four, 16 above two, 29 above five, 24 above four.
    const { auc } = mannWhitney([19, 22, 16, 29, 24], [20, 11, 17, 12, 28]);
    assert.equal(auc, 18 / 25);
  });

  test('the p values of the normal approximation, as tables have them', () => {
    // z = (25 - 12.5) / sqrt(25 * 11 / 12) = 2.6112, two-sided 0.00902.
    close(mannWhitney([6, 7, 8, 9, 10], [1, 2, 3, 4, 5]).p, 0.00902, 1e-4);
    assert.equal(mannWhitney([6, 7, 8, 9, 10], [1, 2, 3, 4, 5]).auc, 1);
    assert.equal(mannWhitney([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]).auc, 0);
    close(mannWhitney([1, 4, 5, 8], [2, 3, 6, 7]).p, 1, 1e-6);
  });

  test('ties count half, and shrink the variance', () => {
    assert.deepEqual(mannWhitney([1, 1, 1], [1, 1, 1]), { auc: 0.5, p: 1 });
    assert.equal(mannWhitney([1, 2, 2], [1, 2, 2]).auc, 0.5);
    assert.equal(mannWhitney([2, 3], [1, 2]).auc, 3.5 / 4);
    // z = 1.5 / sqrt(4 / 12 * (5 - 6 / 12)) = 1.2247, two-sided 0.2207; without the correction 0.2453.
    close(mannWhitney([2, 3], [1, 2]).p, 0.2207, 1e-4);
  });

  test('order does not matter, sides mirror', () => {
    const a = [3, 1, 4, 1, 5, 9, 2, 6];
    const b = [2, 7, 1, 8, 2, 8];
    const one = mannWhitney(a, b);
    assert.deepEqual(mannWhitney(a.toReversed(), b.toSorted()), one);
    close(mannWhitney(b, a).auc, 1 - one.auc, 1e-12);
    close(mannWhitney(b, a).p, one.p, 1e-12);
  });

  test('an empty side and what is no number are refused', () => {
    assert.throws(() => mannWhitney([], [1]), RangeError);
    assert.throws(() => mannWhitney([1], []), RangeError);
    assert.throws(() => mannWhitney([1, Number.NaN], [1]), RangeError);
  });

  test('the spread is that of the AUC over every way to deal the ranks', () => {
    const deals = dealOut(8, 4);
    const aucs = deals.map(({ a, b }) => mannWhitney(a, b).auc);
    const variance = aucs.reduce((sum, auc) => sum + (auc - 0.5) ** 2, 0) / aucs.length;
    assert.equal(deals.length, 70);
    close(aucSpread(4, 4), Math.sqrt(variance), 1e-12);
    close(aucSpread(2000, 2000), 0.00913, 1e-5);
  });

  test('the interval, its components counted by hand', () => {
    // Of [2, 3]: 1/2 and 1 of the other side lie below; of [1, 2.5]: 1 and 1/2 above. 1.96 * sqrt(1/8 / 2 + 1/8 / 2) = 0.693.
    const { low, high } = aucInterval([2, 3], [1, 2.5]);
    close(low, 0.057, 1e-3);
    assert.equal(high, 1);
  });

  test('the interval is that of the spread where nothing differs, and no wider than a point where all differs', () => {
    const even = Array.from({ length: 400 }, (_, at) => 2 * at);
    const odd = even.map((value) => value + 1);
    const { low, high } = aucInterval(even, odd);
    close(high - low, 2 * 1.96 * aucSpread(400, 400), 2e-3);
    assert.deepEqual(aucInterval(odd, [-1, -2]), { low: 1, high: 1 });
    assert.throws(() => aucInterval([1], [1, 2]), RangeError);
  });
});

/** Every way to give `toA` of the ranks 1 to `ranks` to one side. */
function dealOut(ranks: number, toA: number): { a: number[]; b: number[] }[] {
  const all = Array.from({ length: ranks }, (_, at) => at + 1);
  return Array.from({ length: 2 ** ranks }, (_, mask) => {
    const a = all.filter((rank) => mask & (1 << (rank - 1)));
    return { a, b: all.filter((rank) => !a.includes(rank)) };
  }).filter(({ a }) => a.length === toA);
}
