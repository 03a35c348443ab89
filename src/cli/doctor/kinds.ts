/** The kinds of identifiers that must not be told apart, and accounts of each for a scratch installation. */
import { availableParallelism } from 'node:os';
import { type ImportedPerson, importAccounts } from '../../actions/add-account.ts';
import { createHasher } from '../../passwords/hasher.ts';
import type { Keys } from '../../ports.ts';
import { type Identifier, readIdentifier } from '../../rules/identifiers.ts';
import { STALE_NUMBER } from '../../rules/limits.ts';
import type { Store } from '../../store/store.ts';
import { systemClock, systemRandom } from '../../system.ts';

/** Each with the kind that it is compared with: one of the same form that nobody has. */
export const REFERENCE_OF = {
  /** One account has it, confirmed, with a password. */
  known: 'unknown',
  /** Typed by somebody or imported, but never confirmed. */
  unconfirmed: 'unknown',
  /** "This wasn't me" was pressed: its password opens nothing. */
  blocked: 'unknown',
  /** Its account never had a password. */
  passwordless: 'unknown',
  unknown: 'unknown',
  'known-phone': 'unknown-phone',
  /** Proven too long ago to open its account alone, beside a mailbox. */
  'stale-phone': 'unknown-phone',
  /** Two accounts have it; which they are is told after the code, and not before. */
  'shared-phone': 'unknown-phone',
  'unknown-phone': 'unknown-phone',
  'unconfirmed-phone': 'unknown-phone',
  /** No text goes there: a landline, and a mobile of a country that REGAIN_SMS_COUNTRIES does not name. */
  'known-landline': 'unknown-landline',
  'unknown-landline': 'unknown-landline',
  'known-foreign-phone': 'unknown-foreign-phone',
  'unknown-foreign-phone': 'unknown-foreign-phone',
} as const;
export type Kind = keyof typeof REFERENCE_OF;
export const KINDS = Object.keys(REFERENCE_OF) as Kind[];

export interface Subject {
  identifier: string;
  kind: Kind;
}

/** The password of every account that has one. */
export const SCRATCH_PASSWORD = 'scratch installation, one password for all';
const ACCOUNTS_PER_COMMIT = 500;

export function isKind(text: string): text is Kind {
  return Object.hasOwn(REFERENCE_OF, text);
}

/** `count` new identifiers of a kind; all of one form, so that nothing but the kind tells them apart. */
export function makeSubjects(kind: Kind, count: number): Subject[] {
  const make = kind.endsWith('-landline')
    ? randomLandline
    : kind.endsWith('-foreign-phone')
      ? randomForeignPhone
      : kind.endsWith('-phone')
        ? randomPhone
        : randomEmail;
  return Array.from({ length: count }, () => ({ identifier: make(), kind }));
}

/** Makes the accounts that the subjects' kinds ask for. */
export async function seedSubjects(
  store: Store,
  keys: Keys,
  subjects: readonly Subject[],
  now: number = systemClock.now(),
): Promise<void> {
  const hasher = createHasher({ concurrency: availableParallelism(), queueMax: 1 });
  const passwordHash = await hasher.hash(SCRATCH_PASSWORD);
  const context = { store, keys, random: systemRandom, clock: { now: () => now } };
  for (const kind of KINDS) {
    const people = subjects
      .filter((subject) => subject.kind === kind)
      .flatMap((one) => peopleOf(one, passwordHash, now));
    for (let from = 0; from < people.length; from += ACCOUNTS_PER_COMMIT) {
      const entered = await importAccounts(context, people.slice(from, from + ACCOUNTS_PER_COMMIT), {
        confirmed: !kind.startsWith('unconfirmed'),
      });
      if (kind !== 'blocked') continue;
      const ids = entered.flatMap((one) => (one.kind === 'added' ? [one.id] : []));
      await store.transaction(async (tx) => {
        for (const id of ids) await tx.accounts.update(id, { passwordBlockedAt: now, bumpGeneration: true });
      });
    }
  }
}

function peopleOf({ identifier, kind }: Subject, passwordHash: string, now: number): ImportedPerson[] {
  switch (kind) {
    case 'unknown':
    case 'unknown-phone':
    case 'unknown-landline':
    case 'unknown-foreign-phone':
      return [];
    case 'passwordless':
      return [personOf([identifier], null)];
    case 'known-phone':
    case 'unconfirmed-phone':
    case 'known-landline':
    case 'known-foreign-phone':
      return [personOf([identifier, randomEmail()], passwordHash)];
    case 'stale-phone': {
      const numbersProvenAt = now - STALE_NUMBER.afterMs - 1;
      return [{ ...personOf([identifier, randomEmail()], passwordHash), numbersProvenAt }];
    }
    case 'shared-phone':
      return [personOf([identifier, randomEmail()], passwordHash), personOf([identifier, randomEmail()], passwordHash)];
    default:
      return [personOf([identifier], passwordHash)];
  }
}

function personOf(identifiers: string[], passwordHash: string | null): ImportedPerson {
  return { identifiers: identifiers.map(read), name: 'A Shopper', birthday: null, locale: 'en', passwordHash };
}

function read(typed: string): Identifier {
  const result = readIdentifier(typed, 'US');
  if (!result.ok) throw new Error(`'${typed}' is no identifier: ${result.problem}`);
  return result.identifier;
}

function randomEmail(): string {
  return `p${systemRandom.bytes(6).toString('hex')}@shop.example`;
}

/** A mobile number of France, where every number of this range can be given out; no message leaves. */
function randomPhone(): string {
  return `+3361${String(systemRandom.below(10_000_000)).padStart(7, '0')}`;
}

/** A landline of Paris, and a mobile number of Germany. */
function randomLandline(): string {
  return `+3314${String(systemRandom.below(10_000_000)).padStart(7, '0')}`;
}

function randomForeignPhone(): string {
  return `+491511${String(systemRandom.below(10_000_000)).padStart(7, '0')}`;
}
