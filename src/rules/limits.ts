/**
 * The security budget, on one screen: every lifetime, count and waiting time, with its reason.
 * Pages, messages and docs print these constants; nothing else holds a number of its own.
 */
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A code lives this long: long enough for a slow mail, the bound of SP 800-63B 4.2.1.2 for SMS and of ASVS 6.5.5. */
export const CODE_LIFETIME_MS = 10 * MINUTE;
/** With less than this left, "send again" makes a new code, so that a resent code is never about to die. */
export const CODE_RENEWED_BELOW_MS = 4 * MINUTE;
/** A code with less than this left is not sent any more: nobody could type it in time. */
export const CODE_USELESS_BELOW_MS = 20 * SECOND;
/** One attempt, from the identifier to the new password, with as many codes as it takes (R84: cookies of an hour at most). */
export const PROOF_LIFETIME_MS = HOUR;
/** After the right code, the time to think of a password (R63). Typing restarts nothing. */
export const VERIFIED_LIFETIME_MS = 10 * MINUTE;
/** Guesses at one code. Two codes give the ten entries that SP 800-63B 8.1 asks for. */
export const TRIES_PER_CODE = 5;
/** Waiting time before "send again", by how often it was pressed; the last one repeats. */
export const RESEND_WAITS_MS = [30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE] as const;

/**
 * What codes look like, by wrong guesses for that identifier and channel in the last 30 days. Wrong guesses make codes
 * longer; they never lock anybody out.
 */
export const GUESS_WINDOW_MS = 30 * DAY;
export const CODE_LADDER = [
  { fromWrongGuesses: 0, format: 'digits', length: 6 },
  { fromWrongGuesses: 5, format: 'digits', length: 8 },
  { fromWrongGuesses: 30, format: 'letters', length: 10 },
] as const;

/**
 * Token buckets: `burst` at once, then one more every `refillMs`. Charged by the HMAC of what was typed, whether or not
 * an account has it, so a limit tells nothing about existence.
 */
export interface Limit {
  burst: number;
  refillMs: number;
}
export const LIMITS = {
  /** Codes asked for by one identifier and channel: a mailbox under attack gets about 20 messages a day. */
  'send-hour': { burst: 10, refillMs: HOUR / 10 },
  'send-day': { burst: 20, refillMs: DAY / 20 },
  /** Codes asked for from one client address (IPv6 by /64); not charged for loopback, where one address is everybody. */
  'send-source': { burst: 20, refillMs: HOUR / 20 },
  /**
   * Sign-ins for one identifier, from browsers that never signed in to it and from those that have: a stranger's guesses
   * empty only the first. Charged before the password is looked at, right or wrong.
   */
  'sign-in': { burst: 20, refillMs: 6 * MINUTE },
  'sign-in-known-device': { burst: 20, refillMs: 6 * MINUTE },
  'sign-in-source': { burst: 100, refillMs: MINUTE },
  /** Judging a password while it is typed costs about a millisecond. */
  'judge-password': { burst: 120, refillMs: SECOND },
} as const satisfies Record<string, Limit>;
export type LimitName = keyof typeof LIMITS;

/** An address without an account gets one "there is no account here" mail in this time (STANDARDS 3.25). */
export const NO_ACCOUNT_MAIL_EVERY_MS = 7 * DAY;
/** The "this wasn't me" link of a change notice: people read mail late, and weekends are long. */
export const NOT_ME_LIFETIME_MS = 72 * HOUR;
/** A notice that could not be delivered is worth sending for a day (R68). */
export const NOTICE_USEFUL_MS = DAY;

export const SESSION_LIFETIME_MS = 30 * DAY;
export const DEVICE_LIFETIME_MS = 365 * DAY;
/** Accounts that one browser is remembered for. */
export const DEVICE_ACCOUNTS = 5;

/** Retries of a message that the provider did not take: waits grow to five minutes and stop when it is useless. */
export const RETRY_WAITS_MS = [SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE] as const;
/**
 * A worker renews the lease of what it is sending; one that has not done so for this long is dead, and its messages are
 * taken over. Short, because somebody waits for the code in it.
 */
export const LEASE_MS = 6 * SECOND;
export const LEASE_RENEWED_EVERY_MS = 2 * SECOND;
/**
 * A message leaves after a random wait below this, so that the work of sending falls on the requests of everybody alike.
 * Sent at once, it slowed the very next request and told which of two alternating identifiers had an account.
 */
export const SEND_JITTER_MS = 20;
/**
 * The live line says "waiting to leave" for this long whatever happened: a mail server is done with most messages by then,
 * so how long a single one took can't be read off.
 */
export const FATE_SHOWN_AFTER_MS = 2 * SECOND;

/** Attempts are kept while the "this wasn't me" link of a change may refer to them, and a day for support; then they go (R91). */
export const PROOF_KEPT_MS = NOT_ME_LIFETIME_MS + DAY;
export const AUDIT_KEPT_MS = 90 * DAY;
export const MESSAGE_KEPT_MS = 30 * DAY;

/** Bounds of what people type. */
export const IDENTIFIER_MAX_CHARACTERS = 320;
export const NAME_MAX_CHARACTERS = 100;
export const PASSWORD_MAX_CHARACTERS = 256;
export const PASSWORD_MAX_BYTES = 1024;
export const BODY_MAX_BYTES = 16 * 1024;

/** Argon2id (RFC 9106): OWASP's and ASVS' floor, 10 ms of CPU on a small server. Memory in KiB. */
export const ARGON2ID = { memoryKib: 19_456, passes: 2, lanes: 1 } as const;
/** Hashes that may wait; beyond this a request is told to come back, so that hashing is no lever (R61). */
export const HASH_QUEUE_MAX = 200;
