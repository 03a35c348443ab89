/**
 * What an attacker can win against the budget of limits.ts. Every number is an upper bound: chances of single guesses are
 * added, and whoever guesses is taken to know the budget and to use all of it.
 */
import { messagesADay } from './lanes.ts';
import {
  ACCOUNT_GUESSES,
  ADDRESSES_MAX,
  CODE_LADDER,
  GUESS_BREAKERS,
  GUESS_WINDOW_MS,
  LIMITS,
  TRIES_PER_CODE,
  UNTOLD_CODE,
} from './limits.ts';

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
/** A success on the channel clears the count of its door. Whoever forgets more often than this a year adds one climb for each time. */
export const OWNER_RECOVERIES_PER_YEAR = 2;
/** Requests that an attacker could get through to all accounts together; no limit stands behind this number. */
const SPRAYED_GUESSES_PER_SECOND = 1_000;

/** The chance that one guess at a code of this rung is right. */
export function chanceOf({ format, length }: { format: 'digits' | 'letters'; length: number }): number {
  return 1 / (format === 'digits' ? 10 : 32) ** length;
}

/**
 * The chance of one takeover in a year through one door (an identifier, and its mailbox or its phone by whichever way: doorOf in
 * delivery.ts), by an attacker who never stops: each window of 30 days, and each success of the owner, lets him climb once.
 */
export function oddsPerDoorYear(): number {
  const climb = CODE_LADDER.reduce((sum, rung, at) => {
    const used = at === 0 ? 0 : (CODE_LADDER[at - 1]?.diesAfter ?? 0);
    return Number.isFinite(rung.diesAfter) ? sum + (rung.diesAfter - used) * chanceOf(rung) : sum;
  }, 0);
  const climbs = Math.ceil(YEAR_MS / GUESS_WINDOW_MS) + OWNER_RECOVERIES_PER_YEAR;
  return climbs * climb + guessesADayByStrangers() * 365 * chanceOf(CODE_LADDER[2]);
}

/**
 * The same at one account, through every door that it can have, two for each of its addresses: short codes are worth what the
 * account's own count leaves of them, whatever its owner does, and all other guesses are at codes that no door tells of.
 */
export function oddsPerAccountYear(): number {
  const shortCodes = (ACCOUNT_GUESSES.burst + YEAR_MS / ACCOUNT_GUESSES.refillMs) * chanceOf(CODE_LADDER[0]);
  return shortCodes + 2 * ADDRESSES_MAX * guessesADayByStrangers() * 365 * chanceOf(UNTOLD_CODE);
}

/** Through one door. */
function guessesADayByStrangers(): number {
  return messagesADayByStrangers() * TRIES_PER_CODE;
}

/** What a flood of one identifier can cause through one door: every guess needs a code, every code one of these messages. */
export function messagesADayByStrangers(): number {
  return (
    messagesADay(LIMITS['send-stranger']) + messagesADay(LIMITS['send-worked']) + messagesADay(LIMITS['send-waited'])
  );
}

/**
 * Mails to the one mailbox of an account that has a number, too: by each of the two, the codes that are asked for by mail, word of
 * those that are asked for by text, and their codes where no text can be sent.
 */
export function mailsADayByStrangers(): number {
  return 2 * 3 * messagesADayByStrangers();
}

/** Mails to one mailbox, however its address is spelled: without work and with it. A number that leads there has its own. */
export function mailsADayBySpellings(): number {
  return 2 * messagesADay(LIMITS['send-mailbox']);
}

/** Takeovers to be expected in a year over all accounts, by somebody who sprays guesses at the limit of the breakers. */
export function sprayedTakeoversPerYear(): number {
  return CODE_LADDER.reduce((sum, rung) => {
    const guesses =
      rung.breaker === undefined
        ? (SPRAYED_GUESSES_PER_SECOND * YEAR_MS) / 1000
        : GUESS_BREAKERS[rung.breaker].burst + YEAR_MS / GUESS_BREAKERS[rung.breaker].refillMs;
    return sum + guesses * chanceOf(rung);
  }, 0);
}
