/** Password hashes: Argon2id as PHC strings, never more at once than there are cores, in bounded lanes (R59, R61). */
import { hash as argon2Hash, verify as argon2Verify, parseOptions } from '@node-rs/argon2';
import type { HashTurn, PasswordHasher } from '../ports.ts';
import { ARGON2ID } from '../rules/limits.ts';
import { createTurns } from './turns.ts';

/** The package's enums are `const enum`, which type stripping can't read. */
const ALGORITHM_ARGON2ID = 2;
const VERSION_19 = 1;
const TAG_BYTES = 32;
const SALT_BYTES = 16;
/** Callers that name no source share one, so that none of them fares better for it. */
const UNNAMED = '';
/**
 * libuv's pool has four threads (UV_THREADPOOL_SIZE), and hashes share them with name look-ups and files: one stays free,
 * or the mail server's name would wait behind a flood.
 */
const THREADS_AT_MOST = 3;

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

/** How many hashes this machine computes at once. */
export function hashConcurrency(cores: number): number {
  return Math.min(cores, THREADS_AT_MOST);
}

/**
 * @param options.concurrency hashes that run at once. Each takes ARGON2ID.memoryKib while it runs.
 * @param options.queueMax hashes of proven people that may wait; one more is refused with `unavailable`
 * @param options.strangersMax the same for strangers; as many as of the proven where it is not said
 */
export function createHasher(options: {
  concurrency: number;
  queueMax: number;
  strangersMax?: number;
}): PasswordHasher {
  const { concurrency, queueMax, strangersMax = queueMax } = options;
  const turns = createTurns(concurrency, { proven: queueMax, stranger: strangersMax });
  return {
    hash: (password, turn = { lane: 'proven', source: UNNAMED }) => turns.inTurn(turn, () => argon2id(password)),
    hashIfIdle: (password) => turns.ifIdle(() => argon2id(password)),
    async verify(hash, password, turn: HashTurn = { lane: 'stranger', source: UNNAMED }) {
      // An unknown account's missing hash is read like a real one, too.
      const stored = readHash(hash ?? HASH_OF_NOTHING);
      const equal = await turns.inTurn(turn, () => argon2Verify(stored?.phc ?? HASH_OF_NOTHING, password));
      const right = equal && hash !== undefined && stored !== undefined;
      return { right, outdated: right && stored.outdated };
    },
  };
}

function argon2id(password: string): Promise<string> {
  return argon2Hash(password, {
    algorithm: ALGORITHM_ARGON2ID,
    memoryCost: ARGON2ID.memoryKib,
    timeCost: ARGON2ID.passes,
    parallelism: ARGON2ID.lanes,
    outputLen: TAG_BYTES,
  });
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
