/** `regain accounts`: what an operator does to accounts. */
import { availableParallelism } from 'node:os';
import type { AccountsContext } from '../actions/add-account.ts';
import type { Config } from '../config.ts';
import { createKeys } from '../keys.ts';
import { createHasher } from '../passwords/hasher.ts';
import { createPasswordKnowledge } from '../passwords/knowledge.ts';
import { HASH_QUEUE_MAX } from '../rules/limits.ts';
import { settingsOf } from '../settings.ts';
import { openStore } from '../store/open.ts';
import { systemClock, systemRandom } from '../system.ts';
import { asksForHelp, tellUsage } from './help.ts';
import { databaseName } from './open-database.ts';
import { errorText, isFromOutside } from './outside-error.ts';

const USAGE = `Usage:
  regain accounts add --email A [--email B] [--phone P] [--name N] [--birthday YYYY-MM-DD] [--locale L]
                      [--unconfirmed] [--password-stdin]
  regain accounts import FILE.csv [--unconfirmed]
  regain accounts unfreeze (--email A | --phone P [--account ID])

See docs/how-to/import-accounts.md and docs/how-to/this-was-not-me.md.
`;

export async function run(args: string[], environment: Record<string, string | undefined>): Promise<number> {
  const [name, ...rest] = args;
  if (asksForHelp(args) || asksForHelp(rest)) return tellUsage(USAGE);
  if (name === 'add') return (await import('./accounts-add.ts')).runAdd(rest, environment);
  if (name === 'import') return (await import('./accounts-import.ts')).runImport(rest, environment);
  if (name === 'unfreeze') return (await import('./accounts-unfreeze.ts')).runUnfreeze(rest, environment);
  return refuseUsage(name === undefined ? 'say add, import or unfreeze' : `there is no '${name}' here`);
}

/** @returns the exit code of a command that was called wrongly */
export function refuseUsage(problem: string): 2 {
  process.stderr.write(`regain accounts: ${problem}\n\n${USAGE}`);
  return 2;
}

/** Its tables are made where there were none. */
const FIRST_MIGRATION = '0001-initial';

/** Accounts, and in which database: "./regain.db", or "./regain.db, a new database". */
export interface AccountsThere extends AccountsContext {
  where: string;
}

/**
 * Runs `work` on the accounts of this installation, its tables made or brought to this version.
 * @returns the exit code of `work`; 1 where the database can't be used, having said so
 */
export async function withAccounts(config: Config, work: (context: AccountsThere) => Promise<number>): Promise<number> {
  let context: AccountsThere | undefined;
  try {
    context = await openAccounts(config);
    return await work(context);
  } catch (error) {
    if (!isFromOutside(error)) throw error;
    process.stderr.write(
      `regain accounts: the database can't be used: ${errorText(error)}\n'regain doctor' says more.\n`,
    );
    return 1;
  } finally {
    await context?.store.close();
  }
}

/** Less than the whole program: a command must not touch the inbox of a development server that runs beside it. */
async function openAccounts(config: Config): Promise<AccountsThere> {
  const store = await openStore(config.database);
  let applied: string[];
  try {
    applied = await store.migrate();
  } catch (error) {
    await store.close();
    throw error;
  }
  const name = databaseName(config.database);
  return {
    where: applied.includes(FIRST_MIGRATION) ? `${name}, a new database` : name,
    store,
    keys: createKeys(config.secrets),
    random: systemRandom,
    clock: systemClock,
    hasher: createHasher({ concurrency: availableParallelism(), queueMax: HASH_QUEUE_MAX }),
    knowledge: createPasswordKnowledge({ leakedFile: config.leakedPasswordsFile }),
    settings: settingsOf(config),
  };
}
