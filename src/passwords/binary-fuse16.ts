/**
 * A 3-wise binary fuse filter with 16-bit fingerprints (Graf and Lemire, "Binary Fuse Filters: Fast and Smaller Than
 * Xor Filters", ACM JEA 27, 2022): answers "is this key in the set?" in three reads, about 2.3 bytes a key, never wrong
 * for a key of the set, wrong for one other key in 65,536.
 *
 * Keys are 64 bits as two unsigned 32-bit halves. The paper's 64-bit mixing is done in 32-bit steps, because BigInt
 * arithmetic is some fifty times slower; a filter of ours is therefore readable by this file only.
 */

export interface BinaryFuse16 {
  /** Distinct keys that went in. */
  keyCount: number;
  seed: number;
  /** A power of two. */
  segmentLength: number;
  /** Segments that the first of the three places may lie in; two more follow. */
  segmentCount: number;
  /** (segmentCount + 2) * segmentLength values. */
  fingerprints: Uint16Array;
}

/** The three places of a key and its fingerprint; one object is reused, a lookup allocates nothing. */
interface Places {
  first: number;
  second: number;
  third: number;
  fingerprint: number;
}

/** Segments longer than this leave the processor's cache and win nothing (the paper's implementation has the same bound). */
const LONGEST_SEGMENT = 2 ** 18;
/** One construction fails with a probability below 1 in 100 from some thousand keys up; a tenth failure means a defect. */
const SEEDS_TRIED = 100;

export function containsKey(filter: BinaryFuse16, high: number, low: number): boolean {
  const places = { first: 0, second: 0, third: 0, fingerprint: 0 };
  locate(filter, high, low, places);
  const { fingerprints } = filter;
  const found =
    (fingerprints[places.first] as number) ^
    (fingerprints[places.second] as number) ^
    (fingerprints[places.third] as number);
  return found === places.fingerprint;
}

/**
 * Builds a filter. The same keys in the same order give the same filter, bit by bit.
 *
 * @param halves two values a key: the low half, then the high half; no key twice
 * @throws Error when keys repeat, which no seed can solve
 */
export function buildFilter(halves: Uint32Array): BinaryFuse16 {
  const keyCount = halves.length / 2;
  const shape = shapeFor(keyCount);
  for (let seed = 1; seed <= SEEDS_TRIED; seed += 1) {
    const filter = {
      keyCount,
      seed,
      ...shape,
      fingerprints: new Uint16Array((shape.segmentCount + 2) * shape.segmentLength),
    };
    const order = peel(filter, halves);
    if (order === undefined) continue;
    assign(filter, halves, order);
    return filter;
  }
  throw new Error(`no filter over these ${keyCount} keys after ${SEEDS_TRIED} seeds: are there keys twice?`);
}

/** Section 4 of the paper: the segment length and the room that let a peeling succeed almost always. */
function shapeFor(keyCount: number): { segmentLength: number; segmentCount: number } {
  const keys = Math.max(keyCount, 2);
  const segmentLength = Math.min(LONGEST_SEGMENT, 2 ** Math.max(2, Math.floor(Math.log(keys) / Math.log(3.33) + 2.25)));
  const roomFactor = Math.max(1.125, 0.875 + (0.25 * Math.log(1e6)) / Math.log(keys));
  const segments = Math.ceil(Math.round(keys * roomFactor) / segmentLength);
  return { segmentLength, segmentCount: Math.max(1, segments - 2) };
}

/** Which key was peeled at which place, in the order of peeling. */
interface PeelingOrder {
  keys: Uint32Array;
  places: Uint32Array;
}

/**
 * Takes away, again and again, a key that is alone at one of its places. Undefined where a core remains that can't be
 * peeled, and another seed is needed.
 */
function peel(filter: BinaryFuse16, halves: Uint32Array): PeelingOrder | undefined {
  const { keyCount } = filter;
  const room = filter.fingerprints.length;
  const counts = new Uint8Array(room);
  // The XOR of the numbers of all keys at a place: with one key left it is that key.
  const keysAt = new Uint32Array(room);
  const places: Places = { first: 0, second: 0, third: 0, fingerprint: 0 };
  const toggle = (place: number, key: number, by: number): number => {
    keysAt[place] = (keysAt[place] as number) ^ key;
    const count = (counts[place] as number) + by;
    counts[place] = count;
    return count;
  };

  for (let key = 0; key < keyCount; key += 1) {
    locate(filter, halves[2 * key + 1] as number, halves[2 * key] as number, places);
    const most = Math.max(toggle(places.first, key, 1), toggle(places.second, key, 1), toggle(places.third, key, 1));
    // A place holds some three keys on average; 255 of them come from repeated keys, and a byte would run over.
    if (most >= 255) return undefined;
  }

  const alone = new Uint32Array(room);
  let waiting = 0;
  for (let place = 0; place < room; place += 1) if (counts[place] === 1) alone[waiting++] = place;

  const order = { keys: new Uint32Array(keyCount), places: new Uint32Array(keyCount) };
  let peeled = 0;
  while (waiting > 0) {
    const place = alone[--waiting] as number;
    if (counts[place] !== 1) continue;
    const key = keysAt[place] as number;
    order.keys[peeled] = key;
    order.places[peeled] = place;
    peeled += 1;
    locate(filter, halves[2 * key + 1] as number, halves[2 * key] as number, places);
    if (toggle(places.first, key, -1) === 1) alone[waiting++] = places.first;
    if (toggle(places.second, key, -1) === 1) alone[waiting++] = places.second;
    if (toggle(places.third, key, -1) === 1) alone[waiting++] = places.third;
  }
  return peeled === keyCount ? order : undefined;
}

/** Last peeled, first assigned: the place of each key is free when its turn comes, and nobody needs it after. */
function assign(filter: BinaryFuse16, halves: Uint32Array, order: PeelingOrder): void {
  const { fingerprints } = filter;
  const places: Places = { first: 0, second: 0, third: 0, fingerprint: 0 };
  for (let turn = filter.keyCount - 1; turn >= 0; turn -= 1) {
    const key = order.keys[turn] as number;
    const own = order.places[turn] as number;
    locate(filter, halves[2 * key + 1] as number, halves[2 * key] as number, places);
    fingerprints[own] = 0;
    fingerprints[own] =
      places.fingerprint ^
      (fingerprints[places.first] as number) ^
      (fingerprints[places.second] as number) ^
      (fingerprints[places.third] as number);
  }
}

/** Three consecutive segments, one place in each: distinct by construction. */
function locate(filter: BinaryFuse16, high: number, low: number, places: Places): void {
  const { seed, segmentLength, segmentCount } = filter;
  const mask = segmentLength - 1;
  // Two Feistel rounds: distinct keys stay distinct whatever the seed.
  const left = (low ^ scramble(high + seed)) >>> 0;
  const right = (high ^ scramble(left + 0x9e3779b9)) >>> 0;
  const third = scramble(right ^ Math.imul(left, 0x85ebca6b));
  const start = Math.floor((right / 2 ** 32) * segmentCount * segmentLength);
  places.first = start;
  places.second = (start + segmentLength) ^ (left & mask);
  places.third = (start + 2 * segmentLength) ^ (third & mask);
  places.fingerprint = (third >>> 16) ^ (left >>> 16);
}

/** MurmurHash3's 32-bit finaliser (Appleby, public domain): every input bit flips every output bit half of the time. */
function scramble(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
