/**
 * What the budgets of money are called in the store, and over how many rows they are spread. What everybody charges has
 * several rows, so that on PostgreSQL sends do not wait for one. Each has its share and the shares add up to the whole, so a
 * cap is never passed; small budgets have one row and are met exactly, large ones within a hundredth.
 */
import type { Limit } from './limits.ts';
import {
  countryLimit,
  type NumberSpender,
  type PaidChannel,
  SHARE_OF_COUNTRY,
  SHARE_OF_DAY,
  type Spender,
} from './spend.ts';
import { hasSeveralCountries, type SpendSettings } from './spend-settings.ts';

const MOST_STRIPES = 8;
const MESSAGES_PER_STRIPE = 100;

export interface Bucket {
  key: string;
  limit: Limit;
}

/** @param of what is counted: the HMAC of a number, a prefix, a country */
export function bucketKey(name: string, spender: NumberSpender, channel: PaidChannel, of: string): string {
  return `spend-${name}:${spender}:${channel}:${of}`;
}

/** Under which a prefix is closed to everybody but owners. */
export function closedKey(spender: Exclude<Spender, 'owner'>, channel: PaidChannel, prefix: string): string {
  return `spend-closed:${spender}:${channel}:${prefix}`;
}

/** The rows of a country's bucket: their bursts add up to the whole, and so does what comes back. */
export function countryStripes(
  channel: PaidChannel,
  country: string,
  spender: Spender,
  busyHourSends: number,
): Bucket[] {
  const { burst, refillMs } = countryLimit(spender, busyHourSends);
  const stripes = stripesOf(burst);
  return Array.from({ length: stripes }, (_, at) => ({
    key: `${bucketKey('country', spender, channel, country)}:${at}`,
    limit: { burst: shareOf(burst, at, stripes), refillMs: refillMs * stripes },
  }));
}

export interface Budget {
  micros: number;
  stripes: number;
}

/** What this spender may bring a day's spend to, and over how many rows: the same for all, who spend from the same ones. */
export function budgetOf(
  { perDay, prices }: Pick<SpendSettings, 'perDay' | 'prices'>,
  channel: PaidChannel,
  spender: Spender,
): Budget {
  const whole = perDay[channel];
  return { micros: Math.floor(whole * SHARE_OF_DAY[spender]), stripes: stripesOf(whole / dearest(prices, channel)) };
}

/** The same of what is taken for one country; undefined where the day alone bounds it. */
export function countryBudgetOf(
  spend: Pick<SpendSettings, 'perDay' | 'prices' | 'smsCountries'>,
  channel: PaidChannel,
  spender: NumberSpender,
): Budget | undefined {
  const whole = spend.perDay[channel];
  if (spender === 'owner' || whole === 0 || !hasSeveralCountries(channel, spend)) return undefined;
  const ofDay = SHARE_OF_DAY[spender === 'worked' ? 'stranger' : spender];
  const ofStrangers = whole * SHARE_OF_DAY.stranger * SHARE_OF_COUNTRY.stranger;
  return {
    micros: Math.floor(whole * ofDay * SHARE_OF_COUNTRY[spender]),
    stripes: stripesOf(ofStrangers / dearest(spend.prices, channel)),
  };
}

function dearest(prices: SpendSettings['prices'], channel: PaidChannel): number {
  return Math.max(1, ...prices[channel].values());
}

function stripesOf(messages: number): number {
  return Math.max(1, Math.min(MOST_STRIPES, Math.floor(messages / MESSAGES_PER_STRIPE)));
}

export function shareOf(total: number, stripe: number, stripes: number): number {
  return Math.floor(total / stripes) + (stripe < total % stripes ? 1 : 0);
}
