/**
 * Writes what is made from code: the references in docs/reference, and checks the filter of leaked passwords. `--check`
 * writes nothing and fails where a file is not what the code would make.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { OpenAPIHono } from '@hono/zod-openapi';
import { SETTINGS } from '../src/config.ts';
import { AUDIT_EVENTS } from '../src/rules/audit.ts';
import { breakerLimit } from '../src/rules/breakers.ts';
import { PROBLEMS } from '../src/rules/errors.ts';
import * as limits from '../src/rules/limits.ts';
import {
  chanceOf,
  mailsADayBySpellings,
  mailsADayByStrangers,
  messagesADayByStrangers,
  OWNER_RECOVERIES_PER_YEAR,
  oddsPerAccountYear,
  oddsPerDoorYear,
  sprayedTakeoversPerYear,
} from '../src/rules/odds.ts';
import { PASSWORD_MIN_GUESSES_LOG10 } from '../src/rules/passwords.ts';
import * as spend from '../src/rules/spend.ts';
import { apiRoutes, openApiDocument } from '../src/web/api/api.ts';
import type { Web } from '../src/web/request.ts';
import { BUNDLED_OUTPUT, leakedPasswordsFile } from './build-leaked-passwords.ts';

const checking = process.argv.includes('--check');
const HEADER = '<!-- Made by `npm run generate`; do not edit. -->\n';

const pages: Record<string, string> = {
  'docs/reference/settings.md': settings(),
  'docs/reference/security-budget.md': securityBudget(),
  'docs/reference/problems.md': problems(),
  'docs/explanation/threat-model.md': withNumbers('docs/explanation/threat-model.md'),
  'docs/reference/openapi.json': `${JSON.stringify(openApi(), null, 2)}\n`,
};
const stale: string[] = [];
mkdirSync('docs/reference', { recursive: true });
for (const [file, text] of Object.entries(pages)) {
  if (read(file) === text) continue;
  if (checking) stale.push(file);
  else writeFileSync(file, text);
}
const filter = await leakedPasswordsFile();
if (!readFileSync(BUNDLED_OUTPUT).equals(filter)) {
  if (checking) stale.push('data/leaked-passwords.bin');
  else writeFileSync(BUNDLED_OUTPUT, filter);
}
if (stale.length > 0) {
  process.stderr.write(`Not what the code makes: ${stale.join(', ')}. Run: npm run generate\n`);
  process.exitCode = 1;
} else process.stdout.write(checking ? 'Generated files are fresh.\n' : 'Generated.\n');

function settings(): string {
  const rows = Object.values(SETTINGS).map(
    ({ key, variable, meaning, default: byDefault, example }) =>
      `| \`${variable}\` | \`${key}\` | ${meaning} | ${byDefault} | \`${example}\` |`,
  );
  return `${HEADER}# Settings

Each is an environment variable, and a key of \`regain.config.ts\`; the variable wins. A refused setting is one line when
Regain starts: the name, what is wrong, an example.

\`NODE_ENV\` says which program runs. \`production\` is for real shops. Unset, \`development\` or \`test\` is the development program,
with a demo account and everybody's codes at \`/dev/inbox\`. Any other word is refused.

Variables that begin with \`REGAIN_\` and are not in the table are refused, because a mistyped one would be missed by nobody. Those that
Kubernetes makes of a Service called \`regain\` (\`REGAIN_SERVICE_HOST\`, \`REGAIN_PORT=tcp://...\` and the like) are passed over.

| variable | key | meaning | default | example |
|---|---|---|---|---|
${rows.join('\n')}
`;
}

function securityBudget(): string {
  const durations: [string, number][] = [
    ['a code lives', limits.CODE_LIFETIME_MS],
    ['"send again" makes a new code below', limits.CODE_RENEWED_BELOW_MS],
    ['a code is not sent any more below', limits.CODE_USELESS_BELOW_MS],
    ['one attempt lasts', limits.PROOF_LIFETIME_MS],
    ['after the right code, a password may be set for', limits.VERIFIED_LIFETIME_MS],
    ['wrong guesses are remembered for', limits.GUESS_WINDOW_MS],
    ['an address without an account is written to at most every', limits.NO_ACCOUNT_MAIL_EVERY_MS],
    ['"this wasn\'t me" works for', limits.NOT_ME_LIFETIME_MS],
    [
      'a phone number is enough alone, where the account has a mailbox, after it was proven, for',
      limits.STALE_NUMBER.afterMs,
    ],
    ['a new password waits, where its code may have come by an older number, for', limits.STALE_NUMBER.waitMs],
    ['a notice is tried for', limits.NOTICE_USEFUL_MS],
    ['a session lasts', limits.SESSION_LIFETIME_MS],
    ['a session that is not used ends after', limits.SESSION_IDLE_MS],
    ['a browser is remembered for', limits.DEVICE_LIFETIME_MS],
    ['an attempt is kept', limits.PROOF_KEPT_MS],
    ['audit events are kept', limits.AUDIT_KEPT_MS],
    ['messages (without their text) are kept', limits.MESSAGE_KEPT_MS],
  ];
  const ladder = limits.CODE_LADDER.map(
    ({ fromWrongGuesses, diesAfter, format, length }) =>
      `| ${fromWrongGuesses} | ${length} ${format === 'digits' ? 'digits' : 'letters and digits'} | ${Number.isFinite(diesAfter) ? diesAfter : 'never'} | ${oneIn(limits.TRIES_PER_CODE * chanceOf({ format, length }))} |`,
  );
  const buckets = Object.entries(limits.LIMITS).map(
    ([name, { burst, refillMs }]) => `| \`${name}\` | ${burst} | one every ${span(refillMs)} |`,
  );
  const breakers = (['guesses-6', 'guesses-8', 'sends'] as const).map((name) => {
    const { burst, refillMs } = breakerLimit(name);
    return `| \`${name}\` | ${burst / 2} | ${burst} | one every ${span(refillMs)} |`;
  });
  const spendRow = (title: string, of: Partial<Record<spend.NumberSpender, limits.Limit>>): string =>
    `| ${title} | ${spend.NUMBER_SPENDERS.map((one) => (of[one] ? bucketText(of[one]) : '')).join(' | ')} |`;
  const asStrangers = (cellOf: (spender: spend.Spender) => string): string =>
    spend.NUMBER_SPENDERS.map((one) => (one === 'worked' ? 'as strangers, and with them' : cellOf(one))).join(' | ');
  const spendBuckets = [
    ...(['number', 'number-month'] as const).flatMap((name) => [
      spendRow(name, spend.SPEND_LIMITS[name]),
      spendRow(`${name}, what one network may have of it`, spend.NETWORK_SHARES[name]),
    ]),
    `| prefix | ${asStrangers((one) => bucketText(spend.SPEND_LIMITS.prefix[one]))} |`,
  ];
  return `${HEADER}# The security budget

Every number of Regain stands in \`src/rules/limits.ts\`, those of money in \`src/rules/spend.ts\`, with its reason. This page prints them.

## Codes

Tries for one code: ${limits.TRIES_PER_CODE}. Waiting times before "send again": ${limits.RESEND_WAITS_MS.map(span).join(', ')}.

| wrong guesses in ${span(limits.GUESS_WINDOW_MS)} | the next code has | codes on their way die after | odds of ${limits.TRIES_PER_CODE} guesses |
|---|---|---|---|
${ladder.join('\n')}

From ${limits.LINK_FROM_WRONG_GUESSES} wrong guesses on, and while a breaker on guesses is open, a stranger's recovery by email is answered with a link alone.
Guesses and messages are counted for one identifier and door, apart for browsers that have signed in with it before. There are two
doors: the mailbox, and the phone, whether the code goes there as a text, by Telegram Gateway or to a linked chat. So a further
messenger is no further door. All guesses of strangers at one account are counted once more: ${limits.ACCOUNT_GUESSES.burst} at six digits, then one every
${span(limits.ACCOUNT_GUESSES.refillMs)}; a guess at eight digits is a hundredth of one. Once they are spent, messages carry ${limits.UNTOLD_CODE.length} digits and short codes open nothing,
which nobody is told ([decision 0037](../decisions/0037-one-account-however-many-doors.md)).

## What an attacker can win

| attack | bound |
|---|---|
| one account, one year, by all its identifiers and doors, an attacker who never stops | ${oddsPerAccountYear().toExponential(2)} (${oneIn(oddsPerAccountYear())}) |
| the same by one identifier and door, where the owner recovers ${OWNER_RECOVERIES_PER_YEAR} times | ${oddsPerDoorYear().toExponential(2)} (${oneIn(oddsPerDoorYear())}) |
| takeovers to be expected in a year over all accounts, guesses sprayed at the limit of the breakers | ${sprayedTakeoversPerYear().toFixed(3)} |
| messages that strangers can cause in a day through one door, naming one identifier | ${messagesADayByStrangers()} |
| mails to one mailbox, where the account has a number and texts are on: codes by both, word of each text, and its code where it can't be texted | ${mailsADayByStrangers()} |
| mails to one mailbox that strangers ask for by all spellings of its address | ${mailsADayBySpellings()} |

Computed by \`src/rules/odds.ts\`; \`tests/rules/odds.test.ts\` computes them a second time.

## Breakers of the whole service

| breaker | opens after | codes on their way die after | comes back |
|---|---|---|---|
${breakers.join('\n')}

The breaker on sends follows \`REGAIN_BUSY_HOUR_SENDS\`. While it is open, strangers' codes have 8 digits and leave after
${span(limits.WAITED_MS)}, or at once for work.

## Budgets

Token buckets, charged by the HMAC of what was typed or by the client's network, whether or not an account exists.

| bucket | at once | then |
|---|---|---|
${buckets.join('\n')}

## Money

Messages that cost money, by channel. An owner is a browser that has signed in to the account and recovers it, or a notice to an
account; anybody else who recovers is a stranger, with budgets of one number apart where he did a proof of work. A newcomer is
a number that is registered or added to an account.
A prefix is a number without its last four digits.

| bucket | newcomers | strangers | strangers who did work | owners |
|---|---|---|---|---|
${spendBuckets.join('\n')}
| country, following \`REGAIN_BUSY_HOUR_SENDS\` | ${asStrangers((one) =>
    bucketText(spend.countryLimit(one, limits.BUSY_HOUR_SENDS)),
  )} |
| budget of a day (UTC), \`REGAIN_SPEND_PER_DAY\` | ${asStrangers(
    (one) => `${Math.round(100 * spend.SHARE_OF_DAY[one])} %`,
  )} |
| the part of it that may go to one country, where the channel goes to several | ${spend.NUMBER_SPENDERS.map(countryShareText).join(' | ')} |

A prefix is closed to strangers, or to newcomers, for ${span(spend.CONVERSION.closedMs)} when of ${spend.CONVERSION.leastSent} messages or more, in this hour and the one before, fewer than
${100 * spend.CONVERSION.leastShare} % had their code entered. Counters are kept for ${span(spend.SPEND_KEPT_MS)}.

## Times

| what | time |
|---|---|
${durations.map(([what, ms]) => `| ${what} | ${span(ms)} |`).join('\n')}

## Audit events

${AUDIT_EVENTS.map((name) => `\`${name}\``).join(', ')}
`;
}

/** Of the whole budget, as the row above. Owners are not asked. */
function countryShareText(spender: spend.NumberSpender): string {
  if (spender === 'owner') return '';
  const ofDay = spend.SHARE_OF_DAY[spender === 'worked' ? 'stranger' : spender];
  return `${Math.round(100 * ofDay * spend.SHARE_OF_COUNTRY[spender])} %`;
}

function bucketText({ burst, refillMs }: limits.Limit): string {
  return `${burst}, then one every ${span(refillMs)}`;
}

function problems(): string {
  const rows = Object.entries(PROBLEMS).map(([code, { status }]) => `| \`${code}\` | ${status} |`);
  return `${HEADER}# Problems

Errors of the HTTP API are RFC 9457 documents (\`application/problem+json\`) with one of these codes.

| code | status |
|---|---|
${rows.join('\n')}
`;
}

/** A page that is written by hand, with its one table of numbers made anew. */
function withNumbers(file: string): string {
  const text = readFileSync(file, 'utf8');
  const [begin, end] = ['<!-- numbers: made by `npm run generate` -->\n', '<!-- end of numbers -->\n'];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has no place for its numbers`);
  return text.slice(0, from) + begin + numbersOfAttacks() + text.slice(to);
}

function numbersOfAttacks(): string {
  const rounded = (value: number): string => Math.round(value).toLocaleString('en-US');
  const { burst, refillMs } = limits.LIMITS['sign-in'];
  const { memoryKib, passes } = limits.ARGON2ID;
  const rows: [string, string][] = [
    ['one account by its codes, a year without a pause', `${oneIn(oddsPerAccountYear())} at most`],
    ['all accounts by spraying codes', `${sprayedTakeoversPerYear().toFixed(3)} takeovers a year at most`],
    [
      `one account of ${limits.ADDRESSES_MAX} addresses by its password, from browsers that never signed in`,
      `${rounded(limits.ADDRESSES_MAX * (burst + (365 * 86_400_000) / refillMs))} guesses a year, a tenth with one address, at a password that costs 10^${PASSWORD_MIN_GUESSES_LOG10} or more`,
    ],
    ['one password from a stolen database', `${memoryKib / 1024} MiB and ${passes} passes of Argon2id for each guess`],
    [
      'messages of strangers to one mailbox',
      `${messagesADayByStrangers()} a day; ${mailsADayBySpellings()} by many spellings of its address; ${mailsADayByStrangers()} where the account has a number and texts are on`,
    ],
    [
      'a number that its account, which has a mailbox, did not prove for long',
      `${span(limits.STALE_NUMBER.afterMs)} after the last proof: a wait of ${span(limits.STALE_NUMBER.waitMs)} that every mailbox can end`,
    ],
    ['a code', `${limits.TRIES_PER_CODE} tries within ${span(limits.CODE_LIFETIME_MS)}`],
    ['the link of a mail', `as long as its code; "this wasn't me" ${span(limits.NOT_ME_LIFETIME_MS)}`],
    ['a stolen session', `${span(limits.SESSION_LIFETIME_MS)}, ${span(limits.SESSION_IDLE_MS)} without use`],
    ['a stolen device cookie', `${span(limits.DEVICE_LIFETIME_MS)} of a budget of its own`],
  ];
  return `| what is attacked | what it comes to |\n|---|---|\n${rows.map(([what, bound]) => `| ${what} | ${bound} |\n`).join('')}`;
}

/** The document needs no running program: the routes are only described. */
function openApi(): object {
  const app = new OpenAPIHono();
  app.route('/', apiRoutes({ config: { origin: 'https://accounts.shop.example' } } as Web));
  return openApiDocument(app, 'https://accounts.shop.example');
}

function oneIn(chance: number): string {
  return `1 in ${Math.round(1 / chance).toLocaleString('en-US')}`;
}

function span(ms: number): string {
  const units: [string, number][] = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
    ['second', 1_000],
  ];
  const [name, size] = units.find(([, unit]) => ms >= unit && ms % unit === 0) ?? ['second', 1_000];
  const count = ms / size;
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
