/**
 * How many guesses a password costs, by zxcvbn-ts, arranged for a server that has a fraction of a millisecond for it.
 *
 * Median milliseconds of one estimate with eight words, of 300 on one machine:
 *
 * | password                       | as shipped | here |
 * |--------------------------------|------------|------|
 * | 12 characters, mixed           | 3.9        | 0.35 |
 * | 4 words, 28 characters         | 2.8        | 0.81 |
 * | 12 characters of leet          | 20         | 0.58 |
 * | 100 random characters          | 425        | 6.4  |
 * | 100 digits                     | 275        | 8.9  |
 *
 * Three things did it: every substring is looked up in three dictionaries instead of twenty, at most eight leet readings
 * are tried instead of a hundred, and only the first 64 characters are looked at (the cost is quadratic: 100 characters
 * cost about twice as much). Words given per call cost 0.04 ms. Levenshtein distances stay off: they compare the password
 * with every word of every dictionary.
 */
import { setImmediate } from 'node:timers/promises';
import type { ZxcvbnFactory } from '@zxcvbn-ts/core';

export interface StrengthEstimator {
  /** Loads the dictionaries: about 240 ms of CPU in steps of 60 ms at most, and 24 MB of heap, once. */
  warm(): Promise<void>;
  /** Estimated guesses as a base-10 logarithm, 0 to 64; `words` are what a guesser who knows the person tries first. */
  guessesLog10(password: string, words: readonly string[]): Promise<number>;
}

/** UTF-16 units. A password that is weak for so long is not made good by what follows. */
const LOOKED_AT = 64;
/** Readings of `p4$$w0rd`; more double the cost and changed no estimate of our tests. */
const LEET_READINGS = 8;

/** Nothing is loaded before the first estimate or `warm()`. */
export function createStrengthEstimator(): StrengthEstimator {
  let loading: Promise<ZxcvbnFactory> | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  const load = (): Promise<ZxcvbnFactory> => {
    loading ??= loadEstimator();
    return loading;
  };
  return {
    async warm() {
      (await load()).check('the first estimate compiles the code', []);
    },
    async guessesLog10(password, words) {
      const estimator = await load();
      // One in each turn of the event loop: a crowd of them, at up to 30 ms each, would let no other request in between.
      turn = turn.then(() => setImmediate());
      await turn;
      const { guessesLog10 } = estimator.check(password, [...words]);
      // Names that JavaScript objects inherit ("__proto__") have no rank; NaN must not pass as strong.
      return Number.isFinite(guessesLog10) ? Math.max(0, guessesLog10) : 0;
    },
  };
}

async function loadEstimator(): Promise<ZxcvbnFactory> {
  // One step after another, and requests in between: in one go it would keep them waiting for some 200 ms.
  const { ZxcvbnFactory } = await import('@zxcvbn-ts/core');
  await setImmediate();
  const common = await import('@zxcvbn-ts/language-common');
  await setImmediate();
  const english = await import('@zxcvbn-ts/language-en');
  await setImmediate();
  const { 'passwords-common': passwords = [], ...commonWords } = common.dictionary as Dictionaries;
  const words = { ...commonWords, ...(english.dictionary as Dictionaries) };
  const series = Object.entries(words).filter(([, list]) => list.length <= LONGEST_SERIES);
  const dictionary = {
    // Apart from the words, so that a leaked password keeps its rank.
    passwords,
    words: byRank(Object.values(words)),
    // Weekdays, months, numbers as words: a name of this form makes the library look for runs of them.
    'cardinalNumbers-en': byRank(series.map(([, list]) => list)),
  };
  await setImmediate();
  return new ZxcvbnFactory({
    dictionary,
    graphs: common.adjacencyGraphs,
    l33tMaxSubstitutions: LEET_READINGS,
    maxLength: LOOKED_AT,
  });
}

type Dictionaries = Record<string, (string | number)[]>;

/** The longest of the library's word series has 26 entries, the shortest of its dictionaries some thousands. */
const LONGEST_SERIES = 100;

/** One list of all: first what every list has first, then what every list has second, as a guesser would merge them. */
function byRank(lists: (string | number)[][]): string[] {
  const merged = new Set<string>();
  const longest = Math.max(...lists.map((list) => list.length));
  for (let rank = 0; rank < longest; rank += 1)
    for (const list of lists) if (rank < list.length) merged.add(String(list[rank]));
  return [...merged];
}
