/**
 * The budget of money, on one screen: what may be spent on messages that cost something, with reasons. Pumping means that
 * somebody has texts sent to numbers whose carrier shares the price with him (STANDARDS 2.5): he wants many numbers of few
 * prefixes, in dear countries, and never types a code.
 */
import type { Purpose } from './codes.ts';
import type { Lane } from './lanes.ts';
import type { Limit } from './limits.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Channels whose provider is paid by the message. Telegram: the Gateway; a bot is free, so its messages ask nobody. */
export const PAID_CHANNELS = ['sms', 'whatsapp', 'telegram', 'viber'] as const;
export type PaidChannel = (typeof PAID_CHANNELS)[number];

/** Why a message was not bought. `price`: the settings name none, and nothing is free. */
export const HELD_BACK = [
  'country', 'number_type', 'price', 'number', 'conversion', 'prefix', 'country_rate', 'country_budget', 'budget',
] as const; // biome-ignore format: one list
export type HeldBack = (typeof HELD_BACK)[number];

/** What may be free again while a code lives: buckets refill, and a day ends. Settings, prices and kinds of numbers stay. */
export function mayFree(heldBack: HeldBack): boolean {
  return heldBack !== 'country' && heldBack !== 'number_type' && heldBack !== 'price';
}
/** How long a text that was held back waits before it is asked for again, where there is no other way. */
export const HELD_BACK_WAIT_MS = MINUTE;
/** A notice is of use for a day (R68) and nobody waits for it; the money of a new day is asked for as soon as there is some. */
const NOTICE_HELD_BACK_WAIT_MS = 15 * MINUTE;
export function noticeWaitMs(now: number): number {
  return Math.min(NOTICE_HELD_BACK_WAIT_MS, dayEndsAt(now) - now);
}

/**
 * owner: a browser that signed in before recovers by a number on file; or a notice, which costs whoever wants one a right
 * code or a password. stranger: anybody else who recovers by a number on file. newcomer: a number that nobody has proven
 * yet, of a registration or of one that is added: it may be a pumper's, so none of it is charged to people who recover.
 */
export const SPENDERS = ['newcomer', 'stranger', 'owner'] as const;
export type Spender = (typeof SPENDERS)[number];
export function spenderOf(lane: Lane, purpose: Purpose | 'notice'): Spender {
  if (purpose === 'notice') return 'owner';
  if (purpose !== 'recovery') return 'newcomer';
  return lane === 'known-device' ? 'owner' : 'stranger';
}

/**
 * Of one number those who did a proof of work have budgets apart, as they have in limits.ts: else strangers who ask without would
 * empty them. To its prefix and its country's hour, and of the day's money, they are strangers like the others; they may take
 * more of it for one country.
 */
export const NUMBER_SPENDERS = ['newcomer', 'stranger', 'worked', 'owner'] as const;
export type NumberSpender = (typeof NUMBER_SPENDERS)[number];
export function numberSpenderOf(lane: Lane, purpose: Purpose | 'notice'): NumberSpender {
  const spender = spenderOf(lane, purpose);
  return spender === 'stranger' && lane === 'worked' ? lane : spender;
}

/** How codes are counted that were sent and entered: those of newcomers apart, so that they close no door to others. */
export const CODES = {
  recovering: { sent: 'sent', entered: 'entered' },
  newcomer: { sent: 'newcomer_sent', entered: 'newcomer_entered' },
} as const;
export type CodesCounted = (typeof CODES)[keyof typeof CODES];
export function codesOf(spender: Spender): CodesCounted {
  return spender === 'newcomer' ? CODES.newcomer : CODES.recovering;
}
/** What is counted of messages: codes, notices without one, and what was held back. */
export type SpendOutcome = CodesCounted['sent' | 'entered'] | 'notice' | HeldBack;

/**
 * Token buckets as in limits.ts, for each channel. A prefix is a number without its last four digits: blocks are rented by
 * the ten thousand. Owners have small buckets of their own, because a pumper may have planted accounts and signed in.
 */
export const SPEND_LIMITS = {
  /**
   * To one number: five tries of an evening, and in the long run ten a month. Not for life: people forget for years. Strangers have
   * what two networks may ask for, so that one can't use it up.
   */
  number: {
    owner: { burst: 5, refillMs: 2 * HOUR },
    stranger: { burst: 10, refillMs: 4 * HOUR },
    worked: { burst: 5, refillMs: 4 * HOUR },
    // Nobody proves one number again and again.
    newcomer: { burst: 5, refillMs: 8 * HOUR },
  },
  'number-month': {
    owner: { burst: 20, refillMs: 3 * DAY },
    stranger: { burst: 20, refillMs: 3 * DAY },
    worked: { burst: 10, refillMs: 6 * DAY },
    newcomer: { burst: 10, refillMs: 6 * DAY },
  },
  /** To one prefix. Of ten thousand numbers, one in a hundred of them a customer's, one or two recover in a day. */
  prefix: {
    owner: { burst: 20, refillMs: 30 * MINUTE },
    stranger: { burst: 60, refillMs: 10 * MINUTE },
    newcomer: { burst: 60, refillMs: 20 * MINUTE },
  },
} as const satisfies Record<'number' | 'number-month', Record<NumberSpender, Limit>> &
  Record<'prefix', Record<Spender, Limit>>;

/** What one network may have of it, by whichever of the account's names it asks: about half, and no more than half of what comes back. */
export const NETWORK_SHARES = {
  number: { stranger: { burst: 5, refillMs: 8 * HOUR }, worked: { burst: 3, refillMs: 8 * HOUR } },
  'number-month': { stranger: { burst: 10, refillMs: 6 * DAY }, worked: { burst: 5, refillMs: 12 * DAY } },
} as const satisfies Record<'number' | 'number-month', Record<'stranger' | 'worked', Limit>>;

/** To one country, by the shop's own busy hour: all codes of one may go to one country, and after that as many an hour. */
export function countryLimit(spender: Spender, busyHourSends: number): Limit {
  const share = { stranger: 1, newcomer: 1 / 2, owner: 1 / 4 }[spender];
  const anHour = Math.max(5, Math.round(busyHourSends * share));
  return { burst: anHour, refillMs: Math.round(HOUR / anHour) };
}

/** What a spender may bring a day's spend to: strangers leave a fifth to owners, newcomers two fifths to all who recover. */
export const SHARE_OF_DAY = { owner: 1, stranger: 0.8, newcomer: 0.6 } as const satisfies Record<Spender, number>;
/**
 * The part of it that may go to one country, where a channel goes to several. Prefixes can be rented by the dozen, so whoever pumps
 * one country would else take the whole day from strangers of all others. Half: it leaves as much to the others together, and a
 * shop whose customers live in one country for the most part can give it twice the budget. Who did a proof of work may go on to three
 * quarters: a flood asks strangers for work anyway, and the owner who does it must not wait for midnight while the others' half lies
 * unused; the last quarter is for other countries, however much work a pumper does. Owners are not counted here.
 */
export const SHARE_OF_COUNTRY = { newcomer: 1 / 2, stranger: 1 / 2, worked: 3 / 4 } as const satisfies Record<
  Exclude<NumberSpender, 'owner'>,
  number
>;
/** A budget is of one day of UTC: it can be held against a provider's bill. A day's is counted even where the clock goes back. */
export function dayOf(now: number): number {
  return Math.floor(now / DAY);
}
export function dayEndsAt(now: number): number {
  return (dayOf(now) + 1) * DAY;
}

/** Counters are kept by the hour of UTC, and for a week, to look back at an attack. */
export function hourOf(now: number): number {
  return Math.floor(now / HOUR);
}
export const SPEND_KEPT_MS = 7 * DAY;

/**
 * Real people type their codes, pumping never does (coss.com): below this share of at least so many texts to a prefix, in
 * this hour and the one before, it is closed to strangers for as long as Twilio's Fraud Guard closes one.
 */
export const CONVERSION = { leastShare: 0.2, leastSent: 50, closedMs: 12 * HOUR } as const;
export function isPumped({ sent, entered }: { sent: number; entered: number }): boolean {
  return sent >= CONVERSION.leastSent && entered < CONVERSION.leastShare * sent;
}

/** One alert for an opening: a bucket that lets one message through in between has not recovered. */
export const ALERT_EVERY_MS = 12 * HOUR;
