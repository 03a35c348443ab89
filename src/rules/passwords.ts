/**
 * Which new passwords are good enough, and why not. Two profiles: `guide` takes 8 characters with letters, numbers and
 * symbols mixed or any passphrase of 15; `nist` takes 15 characters and asks for no mix (SP 800-63B-4 3.1.1.2). Both
 * refuse what is leaked, what is made of the person's own facts, and what few guesses reach (STANDARDS R48 to R56).
 */
import { PASSWORD_MAX_BYTES, PASSWORD_MAX_CHARACTERS } from './limits.ts';
import { normalForm } from './normal-form.ts';
import { guessableWords, type PasswordFacts, type PersonalReason, personalReasons } from './password-facts.ts';

export type { PasswordFacts } from './password-facts.ts';

/** Stable keys: the API answers them, the texts are keyed by them. */
export type PasswordReason =
  | 'too_short'
  | 'too_long'
  | 'control_characters'
  | 'needs_mix'
  | PersonalReason
  | 'leaked'
  | 'too_guessable'
  /** The two fields differ; only the pages, which have two, answer this. */
  | 'not_repeated';

export type PasswordRuleKey = 'length' | 'mix' | 'personal' | 'leaked' | 'strength';

/** What a page lists and ticks, in this order. */
export const PASSWORD_RULES: Record<'guide' | 'nist', readonly PasswordRuleKey[]> = {
  guide: ['length', 'mix', 'personal', 'leaked', 'strength'],
  nist: ['length', 'personal', 'leaked', 'strength'],
};

export interface PasswordVerdict {
  /** True exactly when there are no reasons. */
  accepted: boolean;
  reasons: PasswordReason[];
  /** For the meter, by guesses: below 10^3, 10^6, 10^8, 10^10, and more. An accepted password has 3 or 4. */
  score: 0 | 1 | 2 | 3 | 4;
  /** What the page ticks, in its order. All but the first two stay unticked until the length is enough to judge them. */
  rules: { key: PasswordRuleKey; met: boolean }[];
  /** Estimated guesses as a base-10 logarithm; 0 where no estimate was made. */
  guessesLog10: number;
}

/** The part of `PasswordKnowledge` (ports.ts) that a judgement needs. */
export interface JudgesKnowledge {
  isLeaked(password: string): boolean;
  guessesLog10(password: string, words: readonly string[]): Promise<number>;
}

export interface JudgedFor {
  profile: 'guide' | 'nist';
  facts: PasswordFacts;
  knowledge: JudgesKnowledge;
  /** Estimate also what is refused for another reason, so that a meter has something to show. Off by default. */
  forMeter?: boolean;
}

/** Shortest password of the guide, where it is mixed; shorter ones are searched through offline whatever they hold (R48). */
export const PASSWORD_MIN_CHARACTERS = 8;
/** A passphrase of the guide, and the shortest password of SP 800-63B-4 where it alone signs in. */
export const PASSPHRASE_MIN_CHARACTERS = 15;
/**
 * The floor: 10^8 guesses. Online, the limit `sign-in` allows some 90,000 guesses a year for one address, a thousandth of it.
 * Offline, at 10 ms of Argon2id a guess, it is eleven days of one core for one password, time to notice and to change it.
 */
export const PASSWORD_MIN_GUESSES_LOG10 = 8;

/**
 * The form that is judged and hashed: NFC, so that an accent typed on another keyboard is the same accent. Never trimmed,
 * never folded: spaces at the ends and case are part of the password (R52).
 */
export function normalizePassword(typed: string): string {
  // A decomposed character has at most four code points, so what is longer can't become short enough; and normalising
  // a megabyte would cost more than everything else here.
  return normalForm(typed, 'NFC', PASSWORD_MAX_BYTES) ?? typed;
}

/**
 * Judges a password in the form that `normalizePassword` gives. Cheap rules come first; the estimator, which costs most,
 * is asked once at most, and not at all for a password that is too long or, unless `forMeter`, refused anyway.
 */
export async function judgePassword(
  password: string,
  { profile, facts, knowledge, forMeter = false }: JudgedFor,
): Promise<PasswordVerdict> {
  const characters = countCharacters(password);
  if (characters === undefined) return verdictOf(profile, ['too_long'], undefined, { longEnough: false, mixed: false });

  const longEnough = characters >= (profile === 'guide' ? PASSWORD_MIN_CHARACTERS : PASSPHRASE_MIN_CHARACTERS);
  const mixed = characters >= PASSPHRASE_MIN_CHARACTERS || isMixed(password);
  const reasons: PasswordReason[] = [];
  if (!longEnough) reasons.push('too_short');
  if (hasControlCharacters(password)) reasons.push('control_characters');
  if (profile === 'guide' && !mixed) reasons.push('needs_mix');
  reasons.push(...personalReasons(password, facts));
  if (characters >= PASSWORD_MIN_CHARACTERS && isLeaked(password, knowledge)) reasons.push('leaked');

  const estimated = password !== '' && (forMeter || reasons.length === 0);
  const guessesLog10 = estimated ? await knowledge.guessesLog10(password, guessableWords(facts)) : undefined;
  if (guessesLog10 !== undefined && guessesLog10 < PASSWORD_MIN_GUESSES_LOG10) reasons.push('too_guessable');
  return verdictOf(profile, reasons, guessesLog10, { longEnough, mixed });
}

/**
 * Code points, or undefined for more than we take; a huge text is not walked through to learn that. No count of bytes is
 * needed: PASSWORD_MAX_CHARACTERS code points have PASSWORD_MAX_BYTES in UTF-8 at most.
 */
function countCharacters(password: string): number | undefined {
  if (password.length > 2 * PASSWORD_MAX_CHARACTERS) return undefined;
  const characters = [...password].length;
  return characters > PASSWORD_MAX_CHARACTERS ? undefined : characters;
}

/** C0, DEL and C1: nobody can type them again. Half a surrogate pair has no UTF-8 form, so that two would hash alike. */
function hasControlCharacters(password: string): boolean {
  return /\p{Cc}/u.test(password) || !password.isWellFormed();
}

/** Letters, numbers and symbols of any script; a space and an emoji are symbols. */
function isMixed(password: string): boolean {
  return /\p{L}/u.test(password) && /\p{N}/u.test(password) && /[^\p{L}\p{M}\p{N}]/u.test(password);
}

/**
 * On the whole password: a passphrase may contain a leaked one (R53). Also in lower case, since guessers try both. Not
 * without its last digits and symbols: that refuses good passwords with a leaked beginning, and the estimate counts the
 * few guesses that "password!1" adds.
 */
function isLeaked(password: string, knowledge: JudgesKnowledge): boolean {
  const lower = password.toLowerCase();
  return knowledge.isLeaked(password) || (lower !== password && knowledge.isLeaked(lower));
}

function verdictOf(
  profile: 'guide' | 'nist',
  reasons: PasswordReason[],
  guessesLog10: number | undefined,
  { longEnough, mixed }: { longEnough: boolean; mixed: boolean },
): PasswordVerdict {
  const leaked = reasons.includes('leaked');
  const personal = reasons.some((reason) => reason.startsWith('contains_'));
  const strong = guessesLog10 !== undefined && guessesLog10 >= PASSWORD_MIN_GUESSES_LOG10;
  const met: Record<PasswordRuleKey, boolean> = {
    length: longEnough,
    mix: mixed,
    personal: longEnough && !personal,
    leaked: longEnough && !leaked,
    strength: longEnough && strong,
  };
  const score = scoreOf(guessesLog10 ?? 0);
  return {
    accepted: reasons.length === 0,
    reasons,
    // A meter that shows "strong" beside a refusal is not believed again; who knows the list or the person needs few guesses.
    score: leaked || personal ? (Math.min(score, 1) as 0 | 1) : score,
    rules: PASSWORD_RULES[profile].map((key) => ({ key, met: met[key] })),
    guessesLog10: guessesLog10 ?? 0,
  };
}

function scoreOf(guessesLog10: number): PasswordVerdict['score'] {
  if (guessesLog10 < 3) return 0;
  if (guessesLog10 < 6) return 1;
  if (guessesLog10 < PASSWORD_MIN_GUESSES_LOG10) return 2;
  return guessesLog10 < 10 ? 3 : 4;
}
