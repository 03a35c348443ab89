/**
 * The list of leaked passwords, offline: a filter of fingerprints in a file (STANDARDS R53). The file holds no password,
 * and none can be read out of it; it answers "is this very password on the list?".
 *
 * The file, all numbers unsigned and little-endian:
 *
 * | bytes    | meaning                                               |
 * |----------|-------------------------------------------------------|
 * | 0 to 7   | `RGNLEAK1`: what this is, and the version of the format |
 * | 8 to 27  | keys, seed, segment length, segments, fingerprints: 4 bytes each |
 * | 28 to 59 | SHA-256 of all the other bytes                        |
 * | 60 to    | the fingerprints, 2 bytes each                        |
 */
import { createHash, hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type BinaryFuse16, buildFilter, containsKey } from './binary-fuse16.ts';

const MAGIC = 'RGNLEAK1';
const NUMBERS_AT = 8;
const CHECKSUM_AT = 28;
const FINGERPRINTS_AT = 60;

/** Shorter ones can't be chosen anyway, and the list has half as many entries without them. */
export const LEAKED_MIN_CHARACTERS = 8;

/** Whether the list has this very password; true for one other password in 65,536. */
export function isOnList(list: BinaryFuse16, password: string): boolean {
  const digest = passwordDigest(password);
  return containsKey(list, digest.readUInt32LE(4), digest.readUInt32LE(0));
}

/**
 * Reads and checks a file that `encodeList` made.
 * @throws Error naming the file and what is wrong with it
 */
export function readLeakedPasswords(file: string): BinaryFuse16 {
  return decodeList(readFileSync(file), file);
}

/**
 * The filter in `bytes`; `file` is named in errors.
 * @throws Error when the bytes are no list, or not as they were written
 */
export function decodeList(bytes: Buffer, file: string): BinaryFuse16 {
  const refuse = (problem: string): never => {
    throw new Error(`${file} ${problem}; build it with scripts/build-leaked-passwords.ts`);
  };
  if (bytes.length < FINGERPRINTS_AT || bytes.toString('latin1', 0, NUMBERS_AT) !== MAGIC)
    return refuse('is not a list of leaked passwords that this version can read');
  const [keyCount, seed, segmentLength, segmentCount, fingerprintCount] = [0, 1, 2, 3, 4].map((index) =>
    bytes.readUInt32LE(NUMBERS_AT + 4 * index),
  ) as [number, number, number, number, number];
  if (bytes.length !== FINGERPRINTS_AT + 2 * fingerprintCount)
    return refuse(`has ${bytes.length} bytes, needs ${FINGERPRINTS_AT + 2 * fingerprintCount}`);
  if (!checksum(bytes).equals(bytes.subarray(CHECKSUM_AT, FINGERPRINTS_AT))) return refuse('is damaged');
  const consistent =
    segmentLength > 0 &&
    (segmentLength & (segmentLength - 1)) === 0 &&
    segmentCount > 0 &&
    fingerprintCount === (segmentCount + 2) * segmentLength;
  if (!consistent) return refuse('contradicts itself');
  const fingerprints = new Uint16Array(fingerprintCount);
  for (let index = 0; index < fingerprintCount; index += 1)
    fingerprints[index] = bytes.readUInt16LE(FINGERPRINTS_AT + 2 * index);
  return { keyCount, seed, segmentLength, segmentCount, fingerprints };
}

/** Collects passwords for a list. Keeps 8 bytes each, in blocks, whatever their length. */
export class LeakedPasswordCollector {
  /** Keys taken, before repeated ones go. */
  taken = 0;
  private readonly full: Uint32Array[] = [];
  private block = new Uint32Array(2 * KEYS_PER_BLOCK);
  private inBlock = 0;

  /** Takes a password; a shorter one than the policy allows is left out. */
  add(typed: string): void {
    const password = typed.normalize('NFC');
    if (!hasCharacters(password, LEAKED_MIN_CHARACTERS)) return;
    const digest = passwordDigest(password);
    this.block[this.inBlock++] = digest.readUInt32LE(0);
    this.block[this.inBlock++] = digest.readUInt32LE(4);
    this.taken += 1;
    if (this.inBlock < this.block.length) return;
    this.full.push(this.block);
    this.block = new Uint32Array(2 * KEYS_PER_BLOCK);
    this.inBlock = 0;
  }

  /** The file of everything taken; the collector is empty afterwards. The order of taking does not matter. */
  toFile(): Buffer {
    return encodeList(buildFilter(this.distinctHalves()));
  }

  /** Sorted as 64-bit numbers, which brings equal keys together and makes the result independent of the input's order. */
  private distinctHalves(): Uint32Array {
    const halves = new Uint32Array(2 * this.taken);
    let at = 0;
    for (let block = this.full.shift(); block !== undefined; block = this.full.shift()) {
      halves.set(block, at);
      at += block.length;
    }
    halves.set(this.block.subarray(0, this.inBlock), at);
    this.block = new Uint32Array(2 * KEYS_PER_BLOCK);
    this.inBlock = 0;
    this.taken = 0;
    new BigUint64Array(halves.buffer).sort();
    return withoutRepeats(halves);
  }
}

const KEYS_PER_BLOCK = 2 ** 18;

function withoutRepeats(halves: Uint32Array): Uint32Array {
  let kept = 0;
  for (let at = 0; at < halves.length; at += 2) {
    const repeated = kept > 0 && halves[kept - 2] === halves[at] && halves[kept - 1] === halves[at + 1];
    if (repeated) continue;
    halves[kept] = halves[at] as number;
    halves[kept + 1] = halves[at + 1] as number;
    kept += 2;
  }
  return halves.subarray(0, kept);
}

/** The bytes of the file for a filter. */
export function encodeList(list: BinaryFuse16): Buffer {
  const bytes = Buffer.alloc(FINGERPRINTS_AT + 2 * list.fingerprints.length);
  bytes.write(MAGIC, 0, 'latin1');
  [list.keyCount, list.seed, list.segmentLength, list.segmentCount, list.fingerprints.length].forEach(
    (number, index) => {
      bytes.writeUInt32LE(number, NUMBERS_AT + 4 * index);
    },
  );
  list.fingerprints.forEach((fingerprint, index) => {
    bytes.writeUInt16LE(fingerprint, FINGERPRINTS_AT + 2 * index);
  });
  checksum(bytes).copy(bytes, CHECKSUM_AT);
  return bytes;
}

function checksum(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes.subarray(0, CHECKSUM_AT)).update(bytes.subarray(FINGERPRINTS_AT)).digest();
}

/** Its first 8 bytes are the key. Evenly spread, so nobody can craft a list whose filter fails to build. */
function passwordDigest(password: string): Buffer {
  return hash('sha256', password, 'buffer');
}

function hasCharacters(password: string, atLeast: number): boolean {
  return password.length >= 2 * atLeast || [...password].length >= atLeast;
}
