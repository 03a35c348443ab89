/** The security budget, on one screen, with its reasons; docs print it. What can be won with it is computed in odds.ts, and in a test. */
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
 * Codes by wrong guesses for that identifier, door (mailbox or phone) and kind of browser in the last 30 days: longer, never locked out.
 * A code on its way is honoured for one guess beyond its rung (`diesAfter`), then it counts as used up.
 */
export const GUESS_WINDOW_MS = 30 * DAY;
export const CODE_LADDER = [
  { fromWrongGuesses: 0, diesAfter: 6, format: 'digits', length: 6, breaker: 'guesses-6' },
  { fromWrongGuesses: 5, diesAfter: 31, format: 'digits', length: 8, breaker: 'guesses-8' },
  { fromWrongGuesses: 30, diesAfter: Number.POSITIVE_INFINITY, format: 'letters', length: 10, breaker: undefined },
] as const;
/** From so many on, a stranger's recovery is answered with a link alone: SP 800-63B 3.2.2 ends a code's use at 100. */
export const LINK_FROM_WRONG_GUESSES = 100;

/** Token buckets: `burst`, then one every `refillMs`; by the HMAC of what was typed, so they tell nothing of existence. */
export type Limit = { burst: number; refillMs: number };
export const LIMITS = {
  /** Codes to one identifier and door, by lane: strangers empty only theirs, one network its share; and to a mailbox by all its spellings. */
  'send-known-device': { burst: 10, refillMs: 2 * HOUR },
  'send-stranger': { burst: 10, refillMs: 4 * HOUR },
  'send-worked': { burst: 5, refillMs: 4 * HOUR },
  'send-waited': { burst: 3, refillMs: 6 * HOUR },
  'send-share': { burst: 5, refillMs: 4 * HOUR },
  'send-mailbox': { burst: 20, refillMs: HOUR },
  'send-mailbox-share': { burst: 10, refillMs: HOUR },
  /** Codes for one client network (IPv6 by /64), with and without work; not for known devices, nor for loopback. */
  'send-source': { burst: 20, refillMs: HOUR / 20 },
  'send-source-worked': { burst: 20, refillMs: HOUR / 20 },
  /** Sign-ins for one identifier, from strangers' browsers and from known ones. Charged before the password is looked at. */
  'sign-in': { burst: 20, refillMs: 6 * MINUTE },
  'sign-in-known-device': { burst: 20, refillMs: 6 * MINUTE },
  'sign-in-source': { burst: 100, refillMs: MINUTE },
  /** The current password, asked again of whoever is signed in before an address of the account is added or removed. */
  'check-password': { burst: 10, refillMs: 6 * MINUTE },
  /** Judging a password, typed or sent, costs about a millisecond, 30 for the worst; an answer to "help" in a chat, a message. */
  'judge-password': { burst: 120, refillMs: SECOND },
  'chat-help': { burst: 3, refillMs: HOUR },
} as const satisfies Record<string, Limit>;
export type LimitName = keyof typeof LIMITS;
/** Strangers' guesses at one account by all ways, at 6 digits; at 8 a hundredth each. Beyond, messages carry this (0037). */
export const ACCOUNT_GUESSES: Limit = { burst: 30, refillMs: (365 * DAY) / 60 };
export const UNTOLD_CODE = { format: 'digits', length: 12 } as const;
/** Of the whole service, charged by strangers: open at half of their burst; the other half is for codes on their way. */
export const GUESS_BREAKERS = {
  'guesses-6': { burst: 200, refillMs: DAY / 200 },
  'guesses-8': { burst: 5_000, refillMs: DAY / 5_000 },
} as const satisfies Record<string, Limit>;
/** Codes asked for by strangers in a busy hour, unless the operator knows better (STANDARDS R08). */
export const BUSY_HOUR_SENDS = 200;
/** Without work, a stranger's message leaves after this while the service is busy or his lane is empty. */
export const WAITED_MS = 15 * SECOND;
/** The work of about a quarter second on a phone, doubled for each time it was done for this identifier lately. */
export const WORK = { iterations: 1_000, rounds: 400, doublings: 5, lifetimeMs: 10 * MINUTE } as const;
/** The network from which a password was recovered is known to that identifier for so long: time to sign in with it. */
export const RECOVERED_HERE: Limit = { burst: 1, refillMs: 10 * MINUTE };
/** An address without an account gets one "there is no account here" mail in this time (STANDARDS 3.25). */
export const NO_ACCOUNT_MAIL_EVERY_MS = 7 * DAY;
/** The "this wasn't me" link of a change notice: people read mail late, and weekends are long. */
export const NOT_ME_LIFETIME_MS = 72 * HOUR;
/** A notice is tried for a day (R68), hosts are told of a recovery for one (R71); for 30 days changes of addresses are fresh. */
export const NOTICE_USEFUL_MS = DAY;
export const RECENT_RECOVERY_MS = DAY;
export const SUPPORT_TOLD_EVERY_MS = 7 * DAY;
export const ADDRESS_CHANGED_LATELY_MS = 30 * DAY;
/** A number proven longer ago may be somebody else's (R79): beside a mailbox it alone opens nothing at once. Weekends are long here, too. */
export const STALE_NUMBER = { afterMs: 365 * DAY, waitMs: 72 * HOUR } as const;

/** 30 days as SP 800-63B asks at AAL1; it asks for no idle time there, ASVS 7.3.1 does. */
export const SESSION_LIFETIME_MS = 30 * DAY;
export const SESSION_IDLE_MS = 14 * DAY;
export const DEVICE_LIFETIME_MS = 365 * DAY;
/** Accounts that one browser is remembered for, and confirmed addresses of one account, each of which gets every notice. */
export const DEVICE_ACCOUNTS = 5;
export const ADDRESSES_MAX = 10;

/** Retries of a message that the provider did not take: waits grow to five minutes and stop when it is useless. */
export const RETRY_WAITS_MS = [SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE] as const;
/** Leases are short, because somebody waits for the code; a worker renews what it is sending (decision 0007). */
export const LEASE_MS = 6 * SECOND;
export const LEASE_RENEWED_EVERY_MS = 2 * SECOND;
/** A message leaves after a random wait below this, so that sending slows everybody's requests alike (decision 0006). */
export const SEND_JITTER_MS = 20;
/** The live line says "waiting to leave" for this long whatever happened: how long one mail took can't be read off. */
export const FATE_SHOWN_AFTER_MS = 2 * SECOND;
/** Attempts are kept while the "this wasn't me" link of a change may refer to them, and a day for support (R91). */
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
/** Hashes that may wait, of people with a proof and of strangers; 32 are half a second on one core. More are refused (R61). */
export const HASH_QUEUE_MAX = 200;
export const HASH_STRANGERS_MAX = 32;
