/** `regain accounts unfreeze`: recovery by an address that "this wasn't me" stopped is allowed again. */
import { parseArgs } from 'node:util';
import { unfreezeAddress } from '../actions/unfreeze-address.ts';
import { systemClock } from '../system.ts';
import { refuseUsage } from './accounts.ts';
import { loadConfig } from './load-config.ts';
import { withDatabase } from './open-database.ts';
import { errorText } from './outside-error.ts';
import { readPerson } from './read-person.ts';
import { shown } from './shown.ts';

/** @returns 0; 1 where there is nothing to allow; 2 for a wrong call */
export async function runUnfreeze(args: string[], environment: Record<string, string | undefined>): Promise<number> {
  let email: string | undefined;
  try {
    email = parseArgs({ args, options: { email: { type: 'string' } }, strict: true }).values.email;
  } catch (error) {
    return refuseUsage(errorText(error));
  }
  if (email === undefined) return refuseUsage('say which address: --email jane@shop.example');
  const typed = { emails: [email], phones: [], name: '', birthday: '', locale: '' };
  const config = await loadConfig(environment);
  return withDatabase(config, async (store) => {
    const read = readPerson(typed, { defaultCountry: config.defaultCountry, now: systemClock.now() });
    const identifier = read.ok ? read.person.identifiers[0] : undefined;
    if (!identifier) return refuse(read.ok ? 'an email is needed' : read.problem);
    const outcome = await unfreezeAddress({ store, clock: systemClock }, identifier);
    if (outcome.kind === 'no_account')
      return refuse(`no account has ${shown(identifier.canonical)} as a confirmed address`);
    if (outcome.kind === 'not_frozen') return refuse(`recovery by ${shown(identifier.canonical)} is not stopped`);
    process.stdout.write(`${outcome.id}\n`);
    return 0;
  });
}

function refuse(problem: string): 1 {
  process.stderr.write(`regain accounts unfreeze: ${problem}\n`);
  return 1;
}
