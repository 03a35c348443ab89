/** The machine's clock and randomness: the one place where they enter. Everything else is handed them. */
import { randomBytes, randomInt } from 'node:crypto';
import type { Clock, Random } from './ports.ts';

export const systemClock: Clock = { now: () => Date.now() };

export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
  below: (below) => randomInt(below),
};
