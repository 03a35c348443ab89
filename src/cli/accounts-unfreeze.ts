/** `regain accounts unfreeze`: recovery by an address that "this wasn't me" stopped is allowed again. */
import { parseArgs } from 'node:util';
import { type Unfrozen, unfreezeAddress } from '../actions/unfreeze-address.ts';
import { settingsOf } from '../settings.ts';
import { systemClock, systemRandom } from '../system.ts';
import { refuseUsage } from './accounts.ts';
import { loadConfig } from './load-config.ts';
import { withDatabase } from './open-database.ts';
import { errorText } from './outside-error.ts';
import { readPerson } from './read-person.ts';
import { shown } from './shown.ts';

const OPTIONS = { email: { type: 'string' }, phone: { type: 'string' }, account: { type: 'string' } } as const;
type Options = ReturnType<typeof parseOptions>;

/** @returns 0; 1 where there is nothing to allow, or several accounts have the number; 2 for a wrong call */
export async function runUnfreeze(args: string[], environment: Record<string, string | undefined>): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(args);
  } catch (error) {
    return refuseUsage(errorText(error));
  }
  const { email, phone, account } = options;
  if ((email === undefined) === (phone === undefined))
    return refuseUsage('say which address: --email jane@shop.example or --phone +12015550123');
  const typed = { emails: [email ?? ''], phones: [phone ?? ''], name: '', birthday: '', locale: '' };
  const config = await loadConfig(environment);
  return withDatabase(config, async (store) => {
    const read = readPerson(typed, { defaultCountry: config.defaultCountry, now: systemClock.now() });
    const identifier = read.ok ? read.person.identifiers[0] : undefined;
    if (!identifier) return refuse(read.ok ? 'an email or a phone is needed' : read.problem);
    const context = { store, clock: systemClock, random: systemRandom, settings: settingsOf(config) };
    const outcome = await unfreezeAddress(context, identifier, account);
    if (outcome.kind !== 'unfrozen') return refuse(whyNot(outcome, shown(identifier.canonical), account));
    process.stdout.write(`${outcome.id}\n`);
    return 0;
  });
}

function parseOptions(args: string[]) {
  return parseArgs({ args, options: OPTIONS, strict: true, allowPositionals: false }).values;
}

function whyNot(
  outcome: Exclude<Unfrozen, { kind: 'unfrozen' }>,
  address: string,
  accountId: string | undefined,
): string {
  switch (outcome.kind) {
    case 'no_account':
      return `${accountId === undefined ? 'no account' : `no account ${shown(accountId)}`} has ${address} as a confirmed address`;
    case 'not_frozen':
      return `recovery by ${address} is not stopped`;
    case 'several':
      return [
        `several accounts have ${address}; say for which one`,
        ...outcome.holders.map(({ id, frozen }) => `  --account=${id}  ${frozen ? 'stopped' : 'not stopped'}`),
      ].join('\n');
  }
}

function refuse(problem: string): 1 {
  for (const line of problem.split('\n')) process.stderr.write(`regain accounts unfreeze: ${line}\n`);
  return 1;
}
