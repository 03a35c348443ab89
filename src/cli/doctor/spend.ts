/** `regain doctor spend`: what today's messages cost, what was held back, and what is closed. It reads the database alone. */
import { parseArgs } from 'node:util';
import { type ChannelSpend, type Closed, reportSpend, type SpendReport } from '../../actions/report-spend.ts';
import type { Clock } from '../../ports.ts';
import type { HeldBack } from '../../rules/spend.ts';
import { formatMoney } from '../../rules/spend-settings.ts';
import { systemClock } from '../../system.ts';
import { asksForHelp, tellUsage } from '../help.ts';
import { loadConfig } from '../load-config.ts';
import { withDatabase } from '../open-database.ts';
import { errorText } from '../outside-error.ts';
import { count } from '../shown.ts';

const USAGE = `Usage:
  regain doctor spend [--json]

What today's messages cost by channel and country, how many codes were entered, what was held back and why, and what
is closed until when. Days and hours are UTC. Exit codes: 0 nothing is closed, 1 something is, or it could not be looked
at, 2 a wrong call. See docs/how-to/spend.md.
`;
const PREFIXES_SHOWN = 10;
const HELD_BACK_SHOWN = 20;

const WHY: Record<HeldBack, string> = {
  country: 'the country is not in REGAIN_SMS_COUNTRIES',
  number_type: 'no mobile number',
  price: 'REGAIN_PRICES has no price for it',
  number: 'the number had its share',
  conversion: 'too few codes of this prefix are entered',
  prefix: 'the prefix had its share',
  country_rate: 'the country had its share of the hour',
  country_budget: 'what one country may take of the day’s money is used up',
  budget: 'the budget of the day is used up',
};

/** @returns 0, or 1 where something is closed or could not be looked at, 2 for a wrong call */
export async function runSpend(
  args: string[],
  environment: Record<string, string | undefined>,
  clock: Clock = systemClock,
): Promise<number> {
  if (asksForHelp(args)) return tellUsage(USAGE);
  let json: boolean;
  try {
    json = parseArgs({ args, options: { json: { type: 'boolean' } } }).values.json ?? false;
  } catch (error) {
    process.stderr.write(`regain doctor spend: ${errorText(error)}\n\n${USAGE}`);
    return 2;
  }
  const config = await loadConfig(environment);
  const report = await withDatabase(config, (store) =>
    store.transaction((tx) => reportSpend({ settings: config }, tx, clock.now())),
  );
  const text = json
    ? `${JSON.stringify(inJson(report), null, 2)}\n`
    : linesOf(report)
        .map((line) => `${line}\n`)
        .join('');
  process.stdout.write(text);
  return report.closed.length > 0 ? 1 : 0;
}

function linesOf(report: SpendReport): string[] {
  return [
    `Spend of ${report.day} (UTC), at the prices of REGAIN_PRICES`,
    '',
    ...report.channels.flatMap((channel) => channelLines(channel, report)),
    ...prefixLines(report),
    '',
    ...heldBackLines(report),
    '',
    ...closedLines(report),
  ];
}

function channelLines(of: ChannelSpend, { currency, smsCountries }: SpendReport): string[] {
  const { channel, spentMicros, budgetMicros, countries } = of;
  const off =
    channel === 'sms' && smsCountries.length === 0
      ? 'off: REGAIN_SMS_COUNTRIES is empty'
      : budgetMicros === 0
        ? 'off: its budget in REGAIN_SPEND_PER_DAY is 0'
        : undefined;
  if (off !== undefined && spentMicros === 0) return [`${channel.padEnd(9)} ${off}`];
  return [
    `${channel.padEnd(9)} ${formatMoney(spentMicros)} of ${formatMoney(budgetMicros)} ${currency}, ${sentAndEntered(of)}${noticesOf(of)}`,
    ...countries.map(
      (country) =>
        `  ${(country.country || 'chats').padEnd(7)} ${formatMoney(country.spentMicros)}, ${sentAndEntered(country)}`,
    ),
  ];
}

function noticesOf({ notices }: ChannelSpend): string {
  return notices === 0 ? '' : `, ${count(notices)} notices`;
}

function prefixLines({ prefixes }: SpendReport): string[] {
  if (prefixes.length === 0) return [];
  const more = prefixes.length - PREFIXES_SHOWN;
  return [
    '',
    'By prefix',
    ...prefixes
      .slice(0, PREFIXES_SHOWN)
      .map(({ channel, country, prefix, ...of }) => `  ${channel} ${country || '-'} ${prefix}  ${sentAndEntered(of)}`),
    ...(more > 0 ? [`  and ${count(more)} more`] : []),
  ];
}

function heldBackLines({ heldBack }: SpendReport): string[] {
  if (heldBack.length === 0) return ['Nothing was held back.'];
  const more = heldBack.length - HELD_BACK_SHOWN;
  return [
    'Held back; each went by the next channel, where there is one',
    ...heldBack
      .slice(0, HELD_BACK_SHOWN)
      .map(
        ({ messages, channel, country, prefix, reason }) =>
          `  ${count(messages)} ${channel} ${[country || 'no country', prefix].join(' ').trim()}: ${WHY[reason]}`,
      ),
    ...(more > 0 ? [`  and ${count(more)} more kinds`] : []),
  ];
}

function closedLines({ closed }: SpendReport): string[] {
  if (closed.length === 0) return ['Nothing is closed.'];
  return [
    'Closed now',
    ...closed.map((one) => `  ${placeOf(one)}, until ${iso(one.until)}: ${WHY[one.reason]}. ${whom(one)}`),
  ];
}

function placeOf({ channel, country, prefix }: Closed): string {
  return [channel, country, prefix].filter((part) => part !== '').join(' ');
}

function whom({ spender }: Closed): string {
  return {
    stranger: 'Known devices have a budget of their own.',
    newcomer: 'That is for new numbers; whoever recovers has budgets of his own.',
    owner: 'This is the budget of known devices.',
  }[spender];
}

function sentAndEntered({ sent, entered }: { sent: number; entered: number }): string {
  const share = sent === 0 ? '' : ` (${Math.round((100 * entered) / sent)} %)`;
  return `${count(sent)} sent, ${count(entered)} entered${share}`;
}

function iso(moment: number): string {
  return new Date(moment).toISOString().replace('.000Z', 'Z');
}

/** Amounts as decimals of the currency, moments as ISO 8601. */
function inJson(report: SpendReport): object {
  return {
    ...report,
    channels: report.channels.map(({ spentMicros, budgetMicros, countries, ...rest }) => ({
      ...rest,
      spent: formatMoney(spentMicros),
      budget: formatMoney(budgetMicros),
      countries: countries.map(({ spentMicros: spent, ...of }) => ({ ...of, spent: formatMoney(spent) })),
    })),
    closed: report.closed.map((one) => ({ ...one, until: new Date(one.until).toISOString() })),
  };
}
