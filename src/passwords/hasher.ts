/** Password hashes: Argon2id as PHC strings, never more at once than there are cores, and a bounded queue (R59, R61). */
import { hash as argon2Hash, verify as argon2Verify, parseOptions } from '@node-rs/argon2';
import type { PasswordHasher } from '../ports.ts';
import { Refusal } from '../rules/errors.ts';
import { ARGON2ID } from '../rules/limits.ts';

/** The package's enums are `const enum`, which type stripping can't read. */
const ALGORITHM_ARGON2ID = 2;
const VERSION_19 = 1;
const TAG_BYTES = 32;
const SALT_BYTES = 16;
/** A full queue of 10 ms hashes is gone by then, on a single core too. */
const RETRY_AFTER_SECONDS = 3;

/**
 * A hash that no password has: verifying against it costs what verifying against a real one of today costs. Written
 * down rather than computed, so that the first unknown account does not pay for making it.
 */
const HASH_OF_NOTHING =
  `$argon2id$v=19$m=${ARGON2ID.memoryKib},t=${ARGON2ID.passes},p=${ARGON2ID.lanes}` +
  `$${unpaddedBase64(SALT_BYTES)}$${unpaddedBase64(TAG_BYTES)}`;

function unpaddedBase64(zeroBytes: number): string {
  return Buffer.alloc(zeroBytes).toString('base64').replace(/=+$/, '');
}

/**
 * @param options.concurrency hashes that run at once: the number of cores. Each takes ARGON2ID.memoryKib while it runs,
 *   on a thread of libuv's pool (4 unless UV_THREADPOOL_SIZE says otherwise).
 * @param options.queueMax hashes that may wait; one more is refused with `unavailable`
 */
export function createHasher(options: { concurrency: number; queueMax: number }): PasswordHasher {
  const inTurn = createTurns(options.concurrency, options.queueMax);
  return {
    hash: (password) =>
      inTurn(() =>
        argon2Hash(password, {
          algorithm: ALGORITHM_ARGON2ID,
          memoryCost: ARGON2ID.memoryKib,
          timeCost: ARGON2ID.passes,
          parallelism: ARGON2ID.lanes,
          outputLen: TAG_BYTES,
        }),
      ),
    async verify(hash, password) {
      // An unknown account's missing hash is read like a real one, too.
      const stored = readHash(hash ?? HASH_OF_NOTHING);
      const equal = await inTurn(() => argon2Verify(stored?.phc ?? HASH_OF_NOTHING, password));
      const right = equal && hash !== undefined && stored !== undefined;
      return { right, outdated: right && stored.outdated };
    },
  };
}

interface StoredHash {
  phc: string;
  /** Below today's parameters in any respect. */
  outdated: boolean;
}

/** Undefined where it is none of ours; that costs a verification of nothing. */
function readHash(phc: string): StoredHash | undefined {
  if (!phc.startsWith('$argon2id$')) return undefined;
  try {
    const { version, memoryCost, timeCost, parallelism, saltLen, outputLen } = parseOptions(phc);
    const outdated =
      version < VERSION_19 ||
      memoryCost < ARGON2ID.memoryKib ||
      timeCost < ARGON2ID.passes ||
      parallelism < ARGON2ID.lanes ||
      saltLen < SALT_BYTES ||
      outputLen < TAG_BYTES;
    return { phc, outdated };
  } catch {
    // parseOptions is the only judge of what is readable; its error says no more than that.
    return undefined;
  }
}

/** Runs tasks in the order of asking, `concurrency` at once. */
function createTurns(concurrency: number, queueMax: number): <T>(task: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (task) => {
    if (running < concurrency) running += 1;
    else if (waiting.length >= queueMax) throw new Refusal('unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS });
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      // A turn is handed on rather than given back: nobody who asks later can slip in between.
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
