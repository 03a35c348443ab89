import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type BinaryFuse16, buildFilter, containsKey } from '../../src/passwords/binary-fuse16.ts';

/** Distinct keys that look random: both halves are steps of odd constants through all 32-bit numbers. */
function keys(count: number, from = 0): Uint32Array {
  const halves = new Uint32Array(2 * count);
  for (let index = 0; index < count; index += 1) {
    halves[2 * index] = Math.imul(from + index, 0x9e3779b1);
    halves[2 * index + 1] = Math.imul(from + index, 0x85ebca77) ^ 0x5bd1e995;
  }
  return halves;
}

function countFound(filter: BinaryFuse16, halves: Uint32Array): number {
  let found = 0;
  for (let at = 0; at < halves.length; at += 2)
    if (containsKey(filter, halves[at + 1] as number, halves[at] as number)) found += 1;
  return found;
}

describe('binary fuse filter', () => {
  for (const count of [0, 1, 2, 3, 10, 100, 1_000, 10_000, 300_000])
    test(`${count} keys are all found`, () => {
      const filter = buildFilter(keys(count));
      assert.equal(filter.keyCount, count);
      assert.equal(countFound(filter, keys(count)), count);
    });

  test('one other key in 65,536 is found, give or take chance', () => {
    const filter = buildFilter(keys(100_000));
    const found = countFound(filter, keys(2_000_000, 100_000));
    // 30.5 expected, standard deviation 5.5: five of them either side.
    assert.ok(found > 3 && found < 59, `${found} of 2,000,000`);
  });

  test('about 2.3 bytes a key', () => {
    const filter = buildFilter(keys(300_000));
    assert.ok((2 * filter.fingerprints.length) / 300_000 < 2.35);
  });

  test('the same keys make the same filter', () => {
    assert.deepEqual(buildFilter(keys(5_000)), buildFilter(keys(5_000)));
  });

  test('keys that look alike are no harder', () => {
    const halves = new Uint32Array(20_000).map((_, index) => (index % 2 === 0 ? index / 2 : 0));
    assert.equal(countFound(buildFilter(halves), halves), 10_000);
  });

  test('repeated keys are refused rather than searched for ever', () => {
    assert.throws(() => buildFilter(new Uint32Array([1, 2, 1, 2, 3, 4])), /keys twice/);
    assert.throws(() => buildFilter(new Uint32Array(2_000)), /keys twice/);
  });
});
