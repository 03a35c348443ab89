/** What the operator says of money: where texts may go, what they cost, how much a day may cost. Amounts are millionths. */
import { isSupportedCountry } from 'libphonenumber-js/max';
import { PAID_CHANNELS, type PaidChannel } from './spend.ts';

export interface SpendSettings {
  /** ISO 3166 codes that texts may be sent to; none means that SMS is off. */
  smsCountries: readonly string[];
  /** Millionths of the currency for each channel and day of UTC. */
  perDay: Readonly<Record<PaidChannel, number>>;
  /** Millionths for one text segment or message, by country; `*` is any other. */
  prices: Readonly<Record<PaidChannel, ReadonlyMap<string, number>>>;
  /** For display: ISO 4217. */
  currency: string;
}

export const MILLION = 1_000_000;
/** Where nothing is set. Prices are on the dear side, so that a day's spend is rather less than what is shown. */
const DEFAULT_PER_DAY = { sms: 50 * MILLION, whatsapp: 20 * MILLION, telegram: 10 * MILLION, viber: 10 * MILLION };
const DEFAULT_PRICE = { sms: 100_000, whatsapp: 60_000, telegram: 20_000, viber: 60_000 };
/** The same as an operator would write them. */
export const DEFAULT_SPEND_PER_DAY = PAID_CHANNELS.map((name) => `${name}=${DEFAULT_PER_DAY[name] / MILLION}`).join(
  ',',
);
export const DEFAULT_PRICES = PAID_CHANNELS.map((name) => `${name}:*=${formatMoney(DEFAULT_PRICE[name])}`).join(',');

export type Read<T> = { ok: true; value: T } | { ok: false; problem: string };

/** The price of one message, or undefined where the settings name none. */
export function priceOf(
  channel: PaidChannel,
  country: string | undefined,
  { prices }: Pick<SpendSettings, 'prices'>,
): number | undefined {
  const ofChannel = prices[channel];
  return (country === undefined ? undefined : ofChannel.get(country)) ?? ofChannel.get('*');
}

/** Whether messages of a channel may go to more countries than one. Telegram's Gateway writes to numbers that may be texted. */
export function hasSeveralCountries(
  channel: PaidChannel,
  { smsCountries, prices }: Pick<SpendSettings, 'smsCountries' | 'prices'>,
): boolean {
  if (channel === 'sms' || channel === 'telegram') return smsCountries.length > 1;
  return prices[channel].has('*') || prices[channel].size > 1;
}

/** `US,CA` */
export function readCountries(text: string): Read<string[]> {
  const countries: string[] = [];
  for (const item of itemsOf(text)) {
    const country = item.toUpperCase();
    if (country === 'UK') return refused("'UK' is not an ISO 3166 code; the United Kingdom is GB");
    if (!isSupportedCountry(country)) return refused(`'${item}' is not the ISO 3166 code of a country with phones`);
    if (!countries.includes(country)) countries.push(country);
  }
  return { ok: true, value: countries };
}

/** `sms=50,whatsapp=20`; channels that are not named keep the default, 0 switches one off. */
export function readSpendPerDay(text: string): Read<Record<PaidChannel, number>> {
  const own: Partial<Record<PaidChannel, number>> = {};
  for (const item of itemsOf(text)) {
    const [name, amount] = halvesOf(item);
    if (!isPaidChannel(name)) return refused(noChannel(name));
    const micros = readMoney(amount);
    if (micros === undefined) return refused(`'${item}' needs an amount, such as ${name}=50 or ${name}=12.50`);
    if (own[name] !== undefined) return refused(`${name} is named twice`);
    own[name] = micros;
  }
  return { ok: true, value: { ...DEFAULT_PER_DAY, ...own } };
}

/** `sms:US=0.0079,sms:*=0.08`; a channel that is named has these prices alone, the others keep the default. */
export function readPrices(text: string): Read<Record<PaidChannel, ReadonlyMap<string, number>>> {
  const own: Partial<Record<PaidChannel, Map<string, number>>> = {};
  for (const item of itemsOf(text)) {
    const [place, amount] = halvesOf(item);
    const [channel = '', country = ''] = place.split(':');
    if (!isPaidChannel(channel)) return refused(noChannel(channel));
    if (country !== '*' && !isSupportedCountry(country))
      return refused(`'${place}' must name a country, such as ${channel}:US, or ${channel}:* for any other`);
    const micros = readMoney(amount);
    if (micros === undefined) return refused(`'${item}' needs a price, such as ${place}=0.08`);
    if (micros === 0) return refused(`'${item}' is free, so no budget would ever end it; give a price above 0`);
    const prices = own[channel] ?? new Map<string, number>();
    if (prices.has(country)) return refused(`${place} is named twice`);
    own[channel] = prices.set(country, micros);
  }
  const pricesOf = (channel: PaidChannel): ReadonlyMap<string, number> =>
    own[channel] ?? new Map([['*', DEFAULT_PRICE[channel]]]);
  return {
    ok: true,
    value: {
      sms: pricesOf('sms'),
      whatsapp: pricesOf('whatsapp'),
      telegram: pricesOf('telegram'),
      viber: pricesOf('viber'),
    },
  };
}

/** Up to six places after the point: "0.0079" -> 7900. */
export function readMoney(text: string): number | undefined {
  if (!/^\d{1,7}(\.\d{1,6})?$/.test(text)) return undefined;
  const [whole = '0', fraction = ''] = text.split('.');
  return Number(whole) * MILLION + Number(fraction.padEnd(6, '0'));
}

/** 4_800_000 -> "4.80", 7_900 -> "0.0079" */
export function formatMoney(micros: number): string {
  const [whole, fraction = ''] = (micros / MILLION).toFixed(6).split('.');
  return `${whole}.${fraction.replace(/0{1,4}$/, '')}`;
}

export function isPaidChannel(text: string): text is PaidChannel {
  return PAID_CHANNELS.some((channel) => channel === text);
}

function noChannel(name: string): string {
  return `'${name}' is not a channel that costs money (${PAID_CHANNELS.join(', ')})`;
}

function itemsOf(text: string): string[] {
  return text.split(',').map((item) => item.trim());
}

function halvesOf(item: string): [name: string, amount: string] {
  const at = item.indexOf('=');
  return at < 0 ? [item, ''] : [item.slice(0, at).trim(), item.slice(at + 1).trim()];
}

function refused(problem: string): { ok: false; problem: string } {
  return { ok: false, problem };
}
