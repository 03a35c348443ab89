/** `regain sessions end`: signs one person out everywhere, or everybody. */
import { parseArgs } from 'node:util';
import { ownAccounts } from '../accounts/own.ts';
import { type EndContext, endAllSessions, endSessionsOf, type Whose } from '../actions/end-sessions.ts';
import type { Config } from '../config.ts';
import { readIdentifier } from '../rules/identifiers.ts';
import { systemClock, systemRandom } from '../system.ts';
import { asksForHelp, tellUsage } from './help.ts';
import { loadConfig } from './load-config.ts';
import { databaseName, withDatabase } from './open-database.ts';
import { errorText } from './outside-error.ts';
import { count, shown } from './shown.ts';

const USAGE = `Usage:
  regain sessions end (--email A | --phone P | --account ID | --everyone)

Who is signed in is signed out at the next request; passwords stay as they are.
`;
const OPTIONS = {
  email: { type: 'string' },
  phone: { type: 'string' },
  account: { type: 'string' },
  everyone: { type: 'boolean' },
} as const;

/** @returns 0, or 1 where there is no such account, or 2 for a wrong call */
export async function run(args: string[], environment: Record<string, string | undefined>): Promise<number> {
  const [name, ...rest] = args;
  if (asksForHelp(args) || asksForHelp(rest)) return tellUsage(USAGE);
  if (name !== 'end') return refuseUsage(name === undefined ? 'say end' : `there is no '${name}' here`);
  let options: ReturnType<typeof parseOptions>;
  try {
    options = parseOptions(rest);
  } catch (error) {
    return refuseUsage(errorText(error));
  }
  if (Object.keys(options).length !== 1)
    return refuseUsage('say whose: one of --email, --phone, --account, --everyone');
  const config = await loadConfig(environment);
  const accounts = ownAccounts(systemRandom);
  return withDatabase(config, (store) => end({ store, accounts, clock: systemClock }, options, config));
}

function parseOptions(args: string[]) {
  return parseArgs({ args, options: OPTIONS, strict: true, allowPositionals: false }).values;
}

async function end(
  context: EndContext,
  { email, phone, account, everyone }: ReturnType<typeof parseOptions>,
  { defaultCountry, database }: Config,
): Promise<number> {
  const where = databaseName(database);
  if (everyone) {
    process.stdout.write(`${sessions(await endAllSessions(context))} ended, of everybody, in ${where}\n`);
    return 0;
  }
  const typed = email ?? phone ?? account ?? '';
  const whose =
    account === undefined
      ? readWhose(typed, email === undefined ? 'phone' : 'email', defaultCountry)
      : { accountId: account };
  const outcome = whose && (await endSessionsOf(context, whose));
  if (!outcome) {
    process.stderr.write(`regain sessions end: ${shown(typed)} names no account, or more than one, in ${where}\n`);
    return 1;
  }
  process.stdout.write(`${sessions(outcome.ended)} ended, of the account ${outcome.accountId}, in ${where}\n`);
  return 0;
}

function sessions(ended: number): string {
  return `${count(ended)} session${ended === 1 ? '' : 's'}`;
}

function readWhose(typed: string, kind: 'email' | 'phone', country: string): Whose | undefined {
  const read = readIdentifier(typed, country);
  return read.ok && read.identifier.kind === kind ? { identifier: read.identifier } : undefined;
}

function refuseUsage(problem: string): 2 {
  process.stderr.write(`regain sessions: ${problem}\n\n${USAGE}`);
  return 2;
}
