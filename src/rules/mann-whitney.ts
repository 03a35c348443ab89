/**
 * Whether two sets of measurements can be told apart: the rank test of Mann and Whitney (1947), with the correction for
 * ties, and its effect size. Times of answers have long tails; ranks don't mind them.
 */

export interface RankTest {
  /** The chance that a random value of `a` is above a random value of `b`, ties counted half: 0.5 is silence. */
  auc: number;
  /** Two-sided, by the normal approximation; good from about eight values a side. 1 where all values are equal. */
  p: number;
}

/** @throws RangeError where a side is empty or holds what is no number */
export function mannWhitney(a: readonly number[], b: readonly number[]): RankTest {
  if (a.length === 0 || b.length === 0) throw new RangeError('both sides need a value');
  if ([...a, ...b].some(Number.isNaN)) throw new RangeError('every value must be a number');
  const { ranksOfA, tieTerm } = rankTogether(a, b);
  const pairs = a.length * b.length;
  const total = a.length + b.length;
  const above = ranksOfA - (a.length * (a.length + 1)) / 2;
  const spread = (pairs / 12) * (total + 1 - tieTerm / (total * (total - 1)));
  const z = spread > 0 ? Math.abs(above - pairs / 2) / Math.sqrt(spread) : 0;
  return { auc: above / pairs, p: twoSided(z) };
}

/** Standard deviation of the AUC of two samples of one distribution without ties: what chance alone does to it. */
export function aucSpread(a: number, b: number): number {
  return Math.sqrt((a + b + 1) / (12 * a * b));
}

/**
 * The 95 % interval of the AUC by the structural components of DeLong, DeLong and Clarke-Pearson (1988), which holds far
 * from 0.5, too. Not symmetric at the ends: it stops at 0 and 1.
 * @throws RangeError where a side has fewer than two values
 */
export function aucInterval(a: readonly number[], b: readonly number[]): { low: number; high: number } {
  if (a.length < 2 || b.length < 2) throw new RangeError('both sides need two values');
  const ofA = placements(a, b);
  const ofB = placements(b, a);
  const auc = mean(ofA);
  const half = 1.96 * Math.sqrt(variance(ofA) / a.length + variance(ofB) / b.length);
  return { low: Math.max(0, auc - half), high: Math.min(1, auc + half) };
}

/** For each value, the share of `others` below it, ties counted half. */
function placements(values: readonly number[], others: readonly number[]): number[] {
  const sorted = others.toSorted((left, right) => left - right);
  return values.map((value) => (below(sorted, value) + atOrBelow(sorted, value)) / 2 / sorted.length);
}

function below(sorted: readonly number[], value: number): number {
  return firstWhere(sorted, (other) => other >= value);
}

function atOrBelow(sorted: readonly number[], value: number): number {
  return firstWhere(sorted, (other) => other > value);
}

/** Index of the first value that fits, by halving; the length where none does. */
function firstWhere(sorted: readonly number[], fits: (value: number) => boolean): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (fits(sorted[middle] as number)) to = middle;
    else from = middle + 1;
  }
  return from;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function variance(values: readonly number[]): number {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1);
}

/** Ranks from 1 over both sides; equal values share the mean of their ranks. */
function rankTogether(a: readonly number[], b: readonly number[]): { ranksOfA: number; tieTerm: number } {
  const values = [...a.map((value) => ({ value, ofA: true })), ...b.map((value) => ({ value, ofA: false }))];
  values.sort((left, right) => left.value - right.value);
  let ranksOfA = 0;
  let tieTerm = 0;
  for (let from = 0; from < values.length; ) {
    let to = from;
    let ofA = 0;
    while (to < values.length && values[to]?.value === values[from]?.value) {
      if (values[to]?.ofA) ofA += 1;
      to += 1;
    }
    const equal = to - from;
    ranksOfA += (ofA * (from + 1 + to)) / 2;
    tieTerm += equal ** 3 - equal;
    from = to;
  }
  return { ranksOfA, tieTerm };
}

/** P(|Z| >= z): the complementary error function by Abramowitz and Stegun 7.1.26, wrong by 1.5e-7 at most. */
function twoSided(z: number): number {
  if (z === 0) return 1;
  const x = z / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const series = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return series * Math.exp(-x * x);
}
