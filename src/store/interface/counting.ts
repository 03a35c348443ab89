/** What is counted: wrong guesses, limits and money. */
import type { Door } from '../../rules/delivery.ts';
import type { GuessLane } from '../../rules/lanes.ts';
import type { Limit } from '../../rules/limits.ts';
import type { CodesCounted, PaidChannel, SpendOutcome } from '../../rules/spend.ts';

/** Whose wrong guesses are counted together. */
export interface Guessed {
  identifierMac: string;
  channel: Door;
  lane: GuessLane;
}

/** Money of one channel and day of UTC (days since 1970), in millionths; `stripe` is the row that carries a part of it. */
export interface SpendMoney {
  channel: PaidChannel;
  /** ISO 3166: what was taken of the day for this country; empty: what was spent in all. */
  country: string;
  day: number;
  stripe: number;
  micros: number;
}

/** What became of messages that cost money, for one hour of UTC (hours since 1970). No number is in it. */
export interface SpendTally {
  channel: PaidChannel;
  /** A number without its last four digits; empty for a chat. */
  prefix: string;
  hour: number;
  outcome: SpendOutcome;
  /** ISO 3166; empty where there is none. */
  country: string;
  messages: number;
  /** What was paid; 0 for everything that did not leave. */
  micros: number;
}

export interface Guesses {
  /** Wrong guesses for an identifier, channel and lane since a moment. */
  wrongSince(guessed: Guessed, since: number): Promise<number>;
  /** Counts a guess, before it is compared; `weight` is the number of codes that it is compared with. */
  charge(guessed: Guessed, weight: number, now: number): Promise<void>;
  /** A success on that channel and lane, and nothing else, clears its count. */
  clear(guessed: Guessed): Promise<void>;
  purge(before: number): Promise<number>;
}

export interface Limits {
  /**
   * Generic cell rate algorithm, one statement per key: `undefined` where the charge fits, else the milliseconds until
   * it would.
   */
  charge(key: string, limit: Limit, now: number): Promise<number | undefined>;
  /** Gives a charge back. */
  refund(key: string, limit: Limit): Promise<void>;
  /** When the buckets of these keys will be full again, in one look; those never charged are left out. */
  fullAt(keys: readonly string[]): Promise<Map<string, number>>;
  /** Milliseconds until one charge would fit, without charging; 0 when it fits now. */
  wait(key: string, limit: Limit, now: number): Promise<number>;
  purge(now: number): Promise<number>;
}

export interface Spend {
  /** Adds to a row's money while it stays within `cap`, in one statement: false where it would not. */
  charge(money: SpendMoney, cap: number): Promise<boolean>;
  /** Gives money back to the row that it was taken from. */
  refund(money: SpendMoney): Promise<void>;
  /** All rows of a day: of what was spent in all, or of what was taken for one country. */
  spentOn(day: number, country?: string): Promise<SpendMoney[]>;
  /** Adds to a counter. */
  count(tally: SpendTally): Promise<void>;
  /** Codes to a prefix, and those of them that were entered, from an hour on. */
  conversion(
    channel: PaidChannel,
    prefix: string,
    sinceHour: number,
    codes: CodesCounted,
  ): Promise<{ sent: number; entered: number }>;
  /** All counters from an hour on. */
  tallies(sinceHour: number): Promise<SpendTally[]>;
  /** Removes what is older than that day and that hour. */
  purge(before: { day: number; hour: number }): Promise<number>;
}
