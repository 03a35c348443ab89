/** `regain accounts add`: one account; prints its id, and on the standard error in which database. */
import { parseArgs } from 'node:util';
import { addAccount, type Entered, type Person } from '../actions/add-account.ts';
import { PASSWORD_MAX_BYTES, PASSWORD_MAX_CHARACTERS } from '../rules/limits.ts';
import { PASSPHRASE_MIN_CHARACTERS, type PasswordReason } from '../rules/passwords.ts';
import { systemClock } from '../system.ts';
import { type AccountsThere, refuseUsage, withAccounts } from './accounts.ts';
import { loadConfig } from './load-config.ts';
import { errorText } from './outside-error.ts';
import { readPerson } from './read-person.ts';
import { shown } from './shown.ts';

const OPTIONS = {
  email: { type: 'string', multiple: true },
  phone: { type: 'string', multiple: true },
  name: { type: 'string' },
  birthday: { type: 'string' },
  locale: { type: 'string' },
  unconfirmed: { type: 'boolean' },
  'password-stdin': { type: 'boolean' },
} as const;
type Options = ReturnType<typeof parseOptions>;

/** @returns 0, or 1 where nothing was added, or 2 for a wrong call */
export async function runAdd(args: string[], environment: Record<string, string | undefined>): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(args);
  } catch (error) {
    return refuseUsage(errorText(error));
  }
  const config = await loadConfig(environment);
  const read = readPerson(
    {
      emails: options.email ?? [],
      phones: options.phone ?? [],
      name: options.name ?? '',
      birthday: options.birthday ?? '',
      locale: options.locale ?? '',
    },
    { defaultCountry: config.defaultCountry, now: systemClock.now() },
  );
  if (!read.ok) return refuse(read.problem);
  const password = options['password-stdin'] ? await readPassword() : undefined;
  if (password === '') return refuse('no password came on the standard input');
  // Only now: opening may make a database.
  return withAccounts(config, (context) => add(context, read.person, { confirmed: !options.unconfirmed, password }));
}

function parseOptions(args: string[]) {
  return parseArgs({ args, options: OPTIONS, strict: true, allowPositionals: false }).values;
}

async function add(
  context: AccountsThere,
  person: Person,
  options: { confirmed: boolean; password: string | undefined },
): Promise<number> {
  const outcome = await addAccount(context, person, options);
  if (outcome.kind === 'weak_password')
    return refuse(outcome.reasons.map((reason) => `password: ${REASONS[reason]}`).join('\n'));
  if (outcome.kind !== 'added') return refuse(whyNot(outcome));
  for (const { canonical } of outcome.shared)
    process.stderr.write(
      `${canonical} is the phone of another account too. Whoever recovers by it chooses one of the accounts after the code.\n`,
    );
  process.stderr.write(`Added to ${context.where}.\n`);
  process.stdout.write(`${outcome.id}\n`);
  return 0;
}

function whyNot(outcome: Exclude<Entered, { kind: 'added' }>): string {
  return outcome.kind === 'already_there'
    ? `there is an account with these already: ${outcome.id}`
    : `${outcome.identifier.kind}: ${shown(outcome.identifier.typed)} belongs to another account`;
}

/** The pages say the same to the person ("your name"); here somebody else types. */
const REASONS: Record<PasswordReason, string> = {
  too_short: 'is too short',
  too_long: `has more than ${PASSWORD_MAX_CHARACTERS} characters`,
  control_characters: 'has a line break or another control character in it',
  needs_mix: `needs letters, numbers and symbols, or ${PASSPHRASE_MIN_CHARACTERS} characters of any kind`,
  contains_name: "has the person's name in it",
  contains_birthday: "has the person's birthday in it",
  contains_email: "has the person's email address in it",
  contains_phone: "has the person's phone number in it",
  contains_brand: 'has the name of the shop in it',
  leaked: 'is on a public list of leaked passwords',
  too_guessable: 'is too easy to guess',
  not_repeated: 'was typed in two ways',
};

/** One line; its end is not part of the password, everything else is. */
async function readPassword(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write('Password (shown while you type; Enter, then Ctrl+D):\n');
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    // Too long to be one; the policy says so of what was read.
    if (bytes > 8 * PASSWORD_MAX_BYTES) break;
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

function refuse(problem: string): 1 {
  for (const line of problem.split('\n')) process.stderr.write(`regain accounts add: ${line}\n`);
  return 1;
}
