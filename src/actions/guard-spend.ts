/**
 * Whether a message that costs money may leave, asked by the worker within its transaction, just before the hand-over. What
 * is held back is no error: the message goes by the next channel, and nobody outside sees a difference.
 */
import type { Purpose } from '../rules/codes.ts';
import { type Destination, readDestination } from '../rules/destinations.ts';
import type { Lane } from '../rules/lanes.ts';
import {
  CONVERSION,
  type CodesCounted,
  codesOf,
  dayOf,
  type HeldBack,
  hourOf,
  isPumped,
  NETWORK_SHARES,
  numberSpenderOf,
  type PaidChannel,
  SPEND_LIMITS,
  type Spender,
  type SpendOutcome,
  spenderOf,
} from '../rules/spend.ts';
import {
  type Bucket,
  type Budget,
  bucketKey,
  budgetOf,
  closedKey,
  countryBudgetOf,
  countryStripes,
  shareOf,
} from '../rules/spend-buckets.ts';
import { priceOf } from '../rules/spend-settings.ts';
import type { SpendMoney, StoreTransaction } from '../store/store.ts';
import { alertOnce, announce } from './alert-spend.ts';
import type { Context } from './context.ts';

type GuardContext = Pick<Context, 'keys' | 'settings' | 'log'>;

export interface PaidSend {
  channel: PaidChannel;
  /** E.164, or the provider's id of a linked chat. */
  to: string;
  lane: Lane;
  purpose: Purpose | 'notice';
  /** Of the client that began; null where one stands for everybody. */
  network?: string | null;
  now: number;
  /** Text segments that are paid for one by one; 1 where a message is one. */
  parts?: number;
  /** It was held back before and is asked for again: it counts as one message held back. */
  askedBefore?: boolean;
  /** It was perhaps sent before, and counted to its number then: an outage of the provider must not use up what a number may have. */
  countedBefore?: boolean;
}

/** What was charged, to be given back where the provider did not take the message. */
export interface SpendCharge {
  buckets: readonly Bucket[];
  /** Of the country, and of all. */
  money: readonly SpendMoney[];
}

export type SpendAnswer =
  | { allowed: true; costMicros: number; charge: SpendCharge }
  | { allowed: false; heldBack: HeldBack };

/** A send, with what the rules say of it. */
export interface Judged {
  send: PaidSend;
  destination: Destination;
  spender: Spender;
  /** HMAC of the number: no key holds a number. */
  mac: string;
}

/** Charges every budget, or none of them. */
export async function guardSpend(context: GuardContext, tx: StoreTransaction, send: PaidSend): Promise<SpendAnswer> {
  const judged: Judged = {
    send,
    destination: readDestination(send.to),
    spender: spenderOf(send.lane, send.purpose),
    mac: context.keys.identifierMac({ kind: 'phone', canonical: send.to }),
  };
  const price = priceOf(send.channel, judged.destination.country, context.settings.spend);
  const heldBack = refusalOf(context, judged, price) ?? (await closedBy(context, tx, judged));
  if (heldBack !== undefined) return holdBack(context, tx, judged, heldBack);
  const costMicros = (price ?? 0) * (send.parts ?? 1);
  const charged = await chargeAll(context, tx, judged, costMicros);
  if (typeof charged === 'string') return holdBack(context, tx, judged, charged);
  return { allowed: true, costMicros, charge: charged };
}

/** How a message is counted that left. */
export type SentOutcome = CodesCounted['sent'] | 'notice';

/** After the provider took the message, or may have taken it. A notice has no code that could be entered. */
export async function noteSent(
  tx: StoreTransaction,
  send: Pick<PaidSend, 'channel' | 'to' | 'now'> & { costMicros: number; outcome?: SentOutcome },
): Promise<void> {
  await tally(tx, send, send.outcome ?? 'sent', send.now, send.costMicros);
}

/** After the provider refused the message or was not reached: nothing was sold. */
export async function refundSpend(tx: StoreTransaction, { buckets, money }: SpendCharge): Promise<void> {
  for (const { key, limit } of buckets) await tx.limits.refund(key, limit);
  for (const taken of money) await tx.spend.refund(taken);
}

/** After a code that went by that channel was entered right, once for each. */
export async function noteEntered(
  context: Pick<Context, 'clock'>,
  tx: StoreTransaction,
  sent: Pick<PaidSend, 'channel' | 'to'>,
  outcome: CodesCounted['entered'] = 'entered',
): Promise<void> {
  await tally(tx, sent, outcome, context.clock.now(), 0);
}

/** What needs no counting. */
function refusalOf(
  { settings: { spend } }: GuardContext,
  { send: { channel }, destination }: Judged,
  price: number | undefined,
): HeldBack | undefined {
  if (channel === 'sms') {
    if (destination.country === undefined || !spend.smsCountries.includes(destination.country)) return 'country';
    if (!destination.takesTexts) return 'number_type';
  }
  return price === undefined ? 'price' : undefined;
}

/** Whether too few codes of the prefix are entered: then it is closed to all who spend like that, but owners. */
async function closedBy(
  context: GuardContext,
  tx: StoreTransaction,
  judged: Judged,
): Promise<'conversion' | undefined> {
  const { send, destination, spender } = judged;
  const { channel, now } = send;
  const { prefix } = destination;
  if (prefix === undefined || spender === 'owner') return undefined;
  const key = closedKey(spender, channel, prefix);
  if (((await tx.limits.fullAt([key])).get(key) ?? 0) > now) return 'conversion';
  if (!isPumped(await tx.spend.conversion(channel, prefix, hourOf(now) - 1, codesOf(spender)))) return undefined;
  if ((await tx.limits.charge(key, { burst: 1, refillMs: CONVERSION.closedMs }, now)) === undefined)
    await announce(context, tx, judged, 'conversion', now + CONVERSION.closedMs);
  return 'conversion';
}

/** From the rarest key to the one that everybody shares, whose row is held for the shortest time. */
async function chargeAll(
  context: GuardContext,
  tx: StoreTransaction,
  judged: Judged,
  costMicros: number,
): Promise<SpendCharge | HeldBack> {
  const buckets: Bucket[] = [];
  const money: SpendMoney[] = [];
  const undo = async (heldBack: HeldBack): Promise<HeldBack> => {
    await refundSpend(tx, { buckets, money });
    return heldBack;
  };
  for (const { key, limit, heldBack } of ownBuckets(judged)) {
    if ((await tx.limits.charge(key, limit, judged.send.now)) !== undefined) return undo(heldBack);
    buckets.push({ key, limit });
  }
  const country = await chargeCountry(context, tx, judged);
  if (country === 'full') return undo('country_rate');
  if (country !== 'none') buckets.push(country);
  for (const purse of pursesOf(context, judged)) {
    const taken = await chargeMoney(tx, judged, purse, costMicros);
    if (!taken) return undo(purse.heldBack);
    money.push(taken);
  }
  return { buckets, money };
}

interface OwnBucket extends Bucket {
  heldBack: HeldBack;
}

function ownBuckets(judged: Judged): OwnBucket[] {
  const { send, destination, spender } = judged;
  const ofNumber = send.countedBefore
    ? []
    : [...bucketsOfNumber(judged, 'number'), ...bucketsOfNumber(judged, 'number-month')];
  if (destination.prefix === undefined) return ofNumber;
  const key = bucketKey('prefix', spender, send.channel, destination.prefix);
  return [...ofNumber, { key, limit: SPEND_LIMITS.prefix[spender], heldBack: 'prefix' }];
}

/** What the client's network may have of it, and what is left of it at all. */
function bucketsOfNumber({ send, mac }: Judged, name: 'number' | 'number-month'): OwnBucket[] {
  const { channel, lane, purpose, network = null } = send;
  const spender = numberSpenderOf(lane, purpose);
  const whole = {
    key: bucketKey(name, spender, channel, mac),
    limit: SPEND_LIMITS[name][spender],
    heldBack: 'number',
  } as const;
  if (network === null || spender === 'owner' || spender === 'newcomer') return [whole];
  const key = bucketKey(`${name}-share`, spender, channel, `${mac}:${network}`);
  return [{ key, limit: NETWORK_SHARES[name][spender], heldBack: 'number' }, whole];
}

async function chargeCountry(
  { settings }: GuardContext,
  tx: StoreTransaction,
  { send: { channel, now }, destination: { country }, spender, mac }: Judged,
): Promise<Bucket | 'full' | 'none'> {
  if (country === undefined) return 'none';
  const striped = countryStripes(channel, country, spender, settings.busyHourSends);
  const tried = new Set<string>();
  // A row that another send filled in the meantime is not tried again: what is left is looked at once more.
  for (;;) {
    const fullAt = await tx.limits.fullAt(striped.map(({ key }) => key));
    const open = inTurn(striped, turnOf(mac, striped.length)).find(
      ({ key, limit }) => !tried.has(key) && (fullAt.get(key) ?? 0) - now <= (limit.burst - 1) * limit.refillMs,
    );
    if (!open) return 'full';
    if ((await tx.limits.charge(open.key, open.limit, now)) === undefined) return open;
    tried.add(open.key);
  }
}

/** A part of the day's money. */
interface Purse {
  country: string;
  budget: Budget;
  heldBack: 'country_budget' | 'budget';
}

function pursesOf({ settings: { spend } }: GuardContext, { send, destination: { country }, spender }: Judged): Purse[] {
  const { channel, lane, purpose } = send;
  const ofAll: Purse = { country: '', budget: budgetOf(spend, channel, spender), heldBack: 'budget' };
  const ofCountry = countryBudgetOf(spend, channel, numberSpenderOf(lane, purpose));
  if (country === undefined || ofCountry === undefined) return [ofAll];
  return [{ country, budget: ofCountry, heldBack: 'country_budget' }, ofAll];
}

async function chargeMoney(
  tx: StoreTransaction,
  { send: { channel, now }, mac }: Judged,
  { country, budget }: Purse,
  micros: number,
): Promise<SpendMoney | undefined> {
  const { stripes } = budget;
  const day = dayOf(now);
  const tried = new Set<number>();
  for (;;) {
    const rows = (await tx.spend.spentOn(day, country)).filter((row) => row.channel === channel);
    // The shares keep the sum below the budget by themselves, unless the settings changed since the day began.
    if (rows.reduce((sum, row) => sum + row.micros, micros) > budget.micros) return undefined;
    const spent = new Map(rows.map((row) => [row.stripe, row.micros]));
    const stripe = inTurn([...Array(stripes).keys()], turnOf(mac, stripes)).find(
      (at) => !tried.has(at) && (spent.get(at) ?? 0) + micros <= shareOf(budget.micros, at, stripes),
    );
    if (stripe === undefined) return undefined;
    const money = { channel, country, day, stripe, micros };
    if (await tx.spend.charge(money, shareOf(budget.micros, stripe, stripes))) return money;
    tried.add(stripe);
  }
}

/** Which row a number's sends begin at. */
function turnOf(mac: string, stripes: number): number {
  return Number.parseInt(mac.slice(0, 8), 16) % stripes;
}

function inTurn<T>(items: readonly T[], first: number): T[] {
  return [...items.slice(first), ...items.slice(0, first)];
}

async function holdBack(
  context: GuardContext,
  tx: StoreTransaction,
  judged: Judged,
  heldBack: HeldBack,
): Promise<SpendAnswer> {
  const { send } = judged;
  await alertOnce(context, tx, judged, heldBack);
  if (send.askedBefore !== true) await tally(tx, send, heldBack, send.now, 0);
  return { allowed: false, heldBack };
}

async function tally(
  tx: StoreTransaction,
  { channel, to }: Pick<PaidSend, 'channel' | 'to'>,
  outcome: SpendOutcome,
  now: number,
  micros: number,
): Promise<void> {
  const { country = '', prefix = '' } = readDestination(to);
  await tx.spend.count({ channel, prefix, hour: hourOf(now), outcome, country, messages: 1, micros });
}
