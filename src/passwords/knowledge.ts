/** What is known of bad passwords: the list of leaked ones, and how fast a guesser gets there. No network is asked. */
import { fileURLToPath } from 'node:url';
import type { PasswordKnowledge } from '../ports.ts';
import type { BinaryFuse16 } from './binary-fuse16.ts';
import { isOnList, readLeakedPasswords } from './leaked.ts';
import { createStrengthEstimator } from './strength.ts';

/** The same two steps up from src/passwords and from dist/passwords. */
const BUNDLED_LIST = fileURLToPath(new URL('../../data/leaked-passwords.bin', import.meta.url));

/**
 * Nothing is read before it is needed; `warm()` reads it all, and rejects where `leakedFile` (default: the bundled list)
 * can't be read or is damaged.
 */
export function createPasswordKnowledge(
  options: { leakedFile?: string | undefined } = {},
): PasswordKnowledge & { warm(): Promise<void> } {
  const file = options.leakedFile ?? BUNDLED_LIST;
  const strength = createStrengthEstimator();
  let list: BinaryFuse16 | undefined;
  const leaked = (): BinaryFuse16 => {
    list ??= readLeakedPasswords(file);
    return list;
  };
  return {
    async warm() {
      leaked();
      await strength.warm();
    },
    isLeaked: (password) => isOnList(leaked(), password),
    guessesLog10: (password, words) => strength.guessesLog10(password, words),
  };
}
