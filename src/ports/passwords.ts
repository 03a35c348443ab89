/** Hashing, and what is known of bad passwords. */

/**
 * Who waits for a hash. `proven`: a verified proof, or a browser that has signed in to what is typed; `stranger`: whoever
 * asks. Neither depends on whether an account exists. Sources take turns within a lane.
 */
export interface HashTurn {
  lane: 'proven' | 'stranger';
  /** Id of the proof, client network, or MAC of the identifier: whoever asks often waits behind himself. */
  source: string;
}

/** Password hashing, bounded in concurrency and queue. Without a turn, a hash is the operator's, a verification a stranger's. */
export interface PasswordHasher {
  /** @throws Refusal `unavailable` when too many hashes wait */
  hash(password: string, turn?: HashTurn): Promise<string>;
  /** Undefined where others want a hash: for what can as well be done another day. */
  hashIfIdle(password: string): Promise<string | undefined>;
  /**
   * Verifies against `hash`, or against a hash of nothing when it is undefined: an unknown account costs the same.
   * @throws Refusal `unavailable` when too many hashes wait
   */
  verify(hash: string | undefined, password: string, turn?: HashTurn): Promise<{ right: boolean; outdated: boolean }>;
}

/** What is known of bad passwords. Both answers come without a network. */
export interface PasswordKnowledge {
  /** Whether the exact password is on the list of leaked ones. */
  isLeaked(password: string): boolean;
  /** Estimated guesses, as a base-10 logarithm. `words` are extra words that a guesser would try first. */
  guessesLog10(password: string, words: readonly string[]): Promise<number>;
}
