/** Accounts for tests, and how to read the code out of a mail. */

import type { Context } from '../src/actions/context.ts';
import { LIMITS } from '../src/rules/limits.ts';
import type { SinkMessage } from './smtp-sink.ts';

export const OLD_PASSWORD = 'the old harbour bridge 7';
export const NEW_PASSWORD = 'quiet meadow lantern 58';

export interface Person {
  emails: string[];
  phones?: string[];
  /** When the numbers were last proven, where that was earlier than now. */
  numbersProvenAt?: number;
  unconfirmed?: string[];
  name?: string;
  birthday?: string;
  password?: string | null;
}

/** One hash serves all accounts of a process: tests want accounts, not hashing. */
let oldHash: Promise<string> | undefined;

/** What accounts are put in with: a program in this process, or the database of one that runs elsewhere. */
export interface Door {
  regain: { context: Pick<Context, 'store' | 'accounts' | 'hasher'> };
  now(): number;
}

export async function addPerson({ regain, now }: Door, person: Person): Promise<string> {
  const { store, accounts, hasher } = regain.context;
  oldHash ??= hasher.hash(OLD_PASSWORD);
  const passwordHash =
    person.password === null ? null : person.password ? await hasher.hash(person.password) : await oldHash;
  const address = (kind: 'email' | 'phone', value: string, confirmedAt: number | null) => ({
    kind,
    value,
    canonical: value.toLowerCase(),
    confirmedAt,
  });
  const outcome = await store.transaction((tx) =>
    accounts.create(
      tx,
      {
        name: person.name ?? null,
        birthday: person.birthday ?? null,
        locale: null,
        passwordHash,
        addresses: [
          ...person.emails.map((value) => address('email', value, now())),
          ...(person.phones ?? []).map((value) => ({
            ...address('phone', value, now()),
            ...(person.numbersProvenAt === undefined ? {} : { provenAt: person.numbersProvenAt }),
          })),
          ...(person.unconfirmed ?? []).map((value) => address('email', value, null)),
        ],
      },
      now(),
    ),
  );
  if ('taken' in outcome) throw new Error(`${outcome.taken.canonical} is taken`);
  return outcome.created;
}

/** The code stands alone on its line of the text part. */
export function codeIn(mail: Pick<SinkMessage, 'text'>): string {
  const code = /^\s*([0-9]{6,12}|[0-9A-HJKMNP-TV-Z]{10})\s*$/m.exec(mail.text)?.[1];
  if (!code) throw new Error(`no code in:\n${mail.text}`);
  return code;
}

export function linkIn(mail: Pick<SinkMessage, 'text'>, part: string): string {
  const link = mail.text.match(/https?:\/\/\S+/g)?.find((url) => url.includes(part));
  if (!link) throw new Error(`no link with ${part} in:\n${mail.text}`);
  return new URL(link).pathname;
}

/** A code of the same shape that is not this one. */
export function wrongCode(code: string): string {
  return `${code.slice(0, -1)}${(Number(code.at(-1)) + 1) % 10}`;
}

/** How many codes a browser that was never seen gets for one identifier at once: by asking, and then by waiting. */
export const SENDS_OF_STRANGERS = LIMITS['send-stranger'].burst + LIMITS['send-waited'].burst;
