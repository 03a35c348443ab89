/** What a day's messages cost and what was held back, read from the store alone. */

import type { Settings } from '../ports.ts';
import { maskPrefix } from '../rules/destinations.ts';
import {
  CODES,
  dayOf,
  HELD_BACK,
  type HeldBack,
  hourOf,
  PAID_CHANNELS,
  type PaidChannel,
  SPEND_LIMITS,
  SPENDERS,
  type Spender,
  type SpendOutcome,
} from '../rules/spend.ts';
import { type Bucket, bucketKey, closedKey, countryStripes } from '../rules/spend-buckets.ts';
import type { SpendTally, StoreTransaction } from '../store/store.ts';

type SpendFacts = Pick<Settings, 'spend' | 'busyHourSends'>;

export interface SpendReport {
  /** YYYY-MM-DD, UTC */
  day: string;
  currency: string;
  smsCountries: readonly string[];
  channels: ChannelSpend[];
  /** Prefixes of the day that most was sent to, first. */
  prefixes: PrefixSpend[];
  heldBack: { channel: PaidChannel; reason: HeldBack; country: string; prefix: string; messages: number }[];
  closed: Closed[];
}
export interface ChannelSpend {
  channel: PaidChannel;
  spentMicros: number;
  budgetMicros: number;
  sent: number;
  entered: number;
  /** Messages without a code, about what happened to an account. */
  notices: number;
  countries: { country: string; sent: number; entered: number; spentMicros: number }[];
}
export interface PrefixSpend {
  channel: PaidChannel;
  country: string;
  /** Masked. */
  prefix: string;
  sent: number;
  entered: number;
}
/** What lets nothing through just now. */
export interface Closed {
  channel: PaidChannel;
  reason: 'conversion' | 'prefix' | 'country_rate' | 'country_budget' | 'budget';
  /** Whom it is closed to. */
  spender: Spender;
  country: string;
  prefix: string;
  /** When it lets something through again, milliseconds since 1970. */
  until: number;
}

/** The longest that something stays closed after its last message is half of this. */
const LOOK_BACK_HOURS = 24;
/** Keys of one look into the store. */
const KEYS_AT_ONCE = 500;

export async function reportSpend(
  { settings }: { settings: SpendFacts },
  tx: StoreTransaction,
  now: number,
): Promise<SpendReport> {
  const firstHour = dayOf(now) * 24;
  const tallies = await tx.spend.tallies(Math.min(firstHour, hourOf(now) - LOOK_BACK_HOURS));
  const today = tallies.filter(({ hour }) => hour >= firstHour && hour < firstHour + 24);
  const money = await tx.spend.spentOn(dayOf(now));
  return {
    day: new Date(now).toISOString().slice(0, 10),
    currency: settings.spend.currency,
    smsCountries: settings.spend.smsCountries,
    channels: PAID_CHANNELS.map((channel) => {
      const of = today.filter((tally) => tally.channel === channel);
      const spent = money.filter((row) => row.channel === channel).reduce((sum, { micros }) => sum + micros, 0);
      return {
        channel,
        spentMicros: spent,
        budgetMicros: settings.spend.perDay[channel],
        ...sumOf(of),
        notices: sumOfOutcome(of, 'notice'),
        countries: grouped(of, ({ country }) => country)
          .map((some) => ({
            country: some[0].country,
            ...sumOf(some),
            spentMicros: some.reduce((sum, { micros }) => sum + micros, 0),
          }))
          .filter(({ sent, entered, spentMicros }) => sent + entered + spentMicros > 0),
      };
    }),
    prefixes: grouped(today, ({ channel, country, prefix }) => `${channel} ${country} ${prefix}`)
      .filter(([{ prefix }]) => prefix !== '')
      .map((some) => ({ ...placeOf(some[0]), ...sumOf(some) }))
      .filter(({ sent, entered }) => sent + entered > 0)
      .sort((a, b) => b.sent - a.sent),
    heldBack: heldBackOf(today),
    closed: await closedNow(settings, tx, tallies, now),
  };
}

function heldBackOf(today: readonly SpendTally[]): SpendReport['heldBack'] {
  return grouped(
    today.filter(({ outcome }) => HELD_BACK.some((reason) => reason === outcome)),
    ({ channel, country, prefix, outcome }) => `${channel} ${country} ${prefix} ${outcome}`,
  )
    .map((some) => ({
      ...placeOf(some[0]),
      reason: some[0].outcome as HeldBack,
      messages: some.reduce((sum, { messages }) => sum + messages, 0),
    }))
    .sort((a, b) => b.messages - a.messages);
}

async function closedNow(
  settings: SpendFacts,
  tx: StoreTransaction,
  tallies: readonly SpendTally[],
  now: number,
): Promise<Closed[]> {
  const doors = [
    ...grouped(tallies, ({ channel, prefix }) => `${channel} ${prefix}`).flatMap(([tally]) => doorsOfPrefix(tally)),
    ...grouped(tallies, ({ channel, country }) => `${channel} ${country}`).flatMap(([{ channel, country }]) =>
      doorsOfCountry(channel, country, settings.busyHourSends),
    ),
    ...PAID_CHANNELS.flatMap(doorsOfBudget),
  ];
  const keys = doors.flatMap(({ rows }) => rows.map(({ key }) => key));
  const fullAt = new Map<string, number>();
  for (let from = 0; from < keys.length; from += KEYS_AT_ONCE)
    for (const [key, at] of await tx.limits.fullAt(keys.slice(from, from + KEYS_AT_ONCE))) fullAt.set(key, at);
  return doors.flatMap(({ rows, reason, spender, channel, country, prefix }) => {
    // A door of several rows opens with the first of them.
    const until = Math.min(
      ...rows.map(({ key, limit }) => (fullAt.get(key) ?? 0) - (limit.burst - 1) * limit.refillMs),
    );
    return until > now ? [{ channel, reason, spender, country, prefix, until }] : [];
  });
}

interface Door extends Omit<Closed, 'until'> {
  rows: Bucket[];
}

/** Of a bucket that is charged once, only the moment at which it is full again matters. */
const ONCE = { burst: 1, refillMs: 1 };

function doorsOfPrefix(tally: SpendTally): Door[] {
  const { channel, prefix } = tally;
  if (prefix === '') return [];
  const place = placeOf(tally);
  return [
    ...(['stranger', 'newcomer'] as const).map(
      (spender): Door => ({
        ...place,
        reason: 'conversion',
        spender,
        rows: [{ key: closedKey(spender, channel, prefix), limit: ONCE }],
      }),
    ),
    ...SPENDERS.map(
      (spender): Door => ({
        ...place,
        reason: 'prefix',
        spender,
        rows: [{ key: bucketKey('prefix', spender, channel, prefix), limit: SPEND_LIMITS.prefix[spender] }],
      }),
    ),
  ];
}

function doorsOfCountry(channel: PaidChannel, country: string, busyHourSends: number): Door[] {
  if (country === '') return [];
  const place = { channel, country, prefix: '' };
  return SPENDERS.flatMap((spender): Door[] => [
    { ...place, reason: 'country_rate', spender, rows: countryStripes(channel, country, spender, busyHourSends) },
    { ...place, reason: 'country_budget', spender, rows: alertOf('country_budget', spender, channel, country) },
  ]);
}

function doorsOfBudget(channel: PaidChannel): Door[] {
  return SPENDERS.map((spender) => ({
    channel,
    country: '',
    prefix: '',
    reason: 'budget',
    spender,
    rows: alertOf('budget', spender, channel, ''),
  }));
}

/** Of money, the alert tells, which stands until the day ends: what is left may be too little for one country and enough for another. */
function alertOf(reason: 'country_budget' | 'budget', spender: Spender, channel: PaidChannel, of: string): Bucket[] {
  return [{ key: bucketKey(`alert-${reason}`, spender, channel, of), limit: ONCE }];
}

function placeOf({ channel, country, prefix }: SpendTally): Pick<PrefixSpend, 'channel' | 'country' | 'prefix'> {
  return { channel, country, prefix: prefix === '' ? '' : maskPrefix(prefix) };
}

function sumOf(tallies: readonly SpendTally[]): { sent: number; entered: number } {
  const { recovering, newcomer } = CODES;
  return {
    sent: sumOfOutcome(tallies, recovering.sent, newcomer.sent),
    entered: sumOfOutcome(tallies, recovering.entered, newcomer.entered),
  };
}

function sumOfOutcome(tallies: readonly SpendTally[], ...wanted: SpendOutcome[]): number {
  return tallies.filter(({ outcome }) => wanted.includes(outcome)).reduce((sum, { messages }) => sum + messages, 0);
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): [T, ...T[]][] {
  return Object.values(Object.groupBy(items, keyOf)).map((some) => some as [T, ...T[]]);
}
