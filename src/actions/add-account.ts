/** How an operator makes accounts: one by hand, or many from another system. They go into our own tables. */
import { createHash } from 'node:crypto';
import type { Account, Address } from '../ports.ts';
import type { AuditEventName } from '../rules/audit.ts';
import { type Identifier, maskIdentifier, sendableAddress } from '../rules/identifiers.ts';
import { judgePassword, normalizePassword, type PasswordReason } from '../rules/passwords.ts';
import type { StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { newId } from './tokens.ts';

/** What is known of a person, read and checked. */
export interface Person {
  /** One or more, each once. */
  identifiers: Identifier[];
  name: string | null;
  /** YYYY-MM-DD */
  birthday: string | null;
  /** BCP 47 */
  locale: string | null;
}

export interface ImportedPerson extends Person {
  /** Argon2id as a PHC string; null where the person sets a password by recovering. */
  passwordHash: string | null;
  /** When its phone numbers were last confirmed elsewhere, milliseconds since 1970; now where nobody says. */
  numbersProvenAt?: number | null;
}

export type Entered =
  /** `shared`: phone numbers that other accounts hold too, so that they name nobody any more. */
  | { kind: 'added'; id: string; shared: Identifier[] }
  /** An account holds all of these identifiers already; it was left as it is. */
  | { kind: 'already_there'; id: string }
  /** The identifier belongs to an account that lacks the person's other ones. */
  | { kind: 'taken'; identifier: Identifier };

/** What these actions need; commands have no more. */
export type AccountsContext = Pick<
  Context,
  'store' | 'keys' | 'random' | 'clock' | 'hasher' | 'knowledge' | 'settings'
>;
type StoringContext = Pick<AccountsContext, 'store' | 'keys' | 'random' | 'clock'>;

interface Entering {
  /** Whether the addresses count as their owner's, without a code having been sent to them. */
  confirmed: boolean;
  event: AuditEventName & ('add-account' | 'import-account');
}

/**
 * Makes one account, with or without a password.
 * @returns `weak_password` with its reasons, or what became of it; only `added` has written anything
 */
export async function addAccount(
  context: AccountsContext,
  person: Person,
  options: { confirmed: boolean; password: string | undefined },
): Promise<Entered | { kind: 'weak_password'; reasons: PasswordReason[] }> {
  const { confirmed, password: typed } = options;
  const password = typed === undefined ? undefined : normalizePassword(typed);
  const reasons = password === undefined ? [] : await reasonsAgainst(context, person, password);
  if (reasons.length > 0) return { kind: 'weak_password', reasons };
  const passwordHash = password === undefined ? null : await context.hasher.hash(password);
  return context.store.transaction((tx) =>
    enter(context, tx, { ...person, passwordHash }, { confirmed, event: 'add-account' }),
  );
}

/** Makes many accounts in one transaction: all that fit go in together. @returns what became of each, in order */
export function importAccounts(
  context: StoringContext,
  people: readonly ImportedPerson[],
  options: { confirmed: boolean },
): Promise<Entered[]> {
  return context.store.transaction(async (tx) => {
    const entered: Entered[] = [];
    for (const person of people)
      entered.push(await enter(context, tx, person, { ...options, event: 'import-account' }));
    return entered;
  });
}

async function reasonsAgainst(context: AccountsContext, person: Person, password: string): Promise<PasswordReason[]> {
  const { knowledge, settings } = context;
  const ofKind = (kind: Identifier['kind']): string[] =>
    person.identifiers.filter((identifier) => identifier.kind === kind).map(({ canonical }) => canonical);
  const { name, birthday } = person;
  const facts = { name, birthday, emails: ofKind('email'), phones: ofKind('phone') };
  const verdict = await judgePassword(password, {
    profile: settings.passwordProfile,
    facts: { ...facts, brand: settings.brandName, host: settings.host },
    knowledge,
  });
  return verdict.reasons;
}

async function enter(
  context: StoringContext,
  tx: StoreTransaction,
  person: ImportedPerson,
  { confirmed, event }: Entering,
): Promise<Entered> {
  const holders = await holdersOf(tx, person.identifiers);
  const same = holders.flatMap(({ accounts }) => accounts).find((account) => holdsAll(account, person.identifiers));
  if (same) return { kind: 'already_there', id: same.id };
  const held = holders.filter(({ accounts }) => accounts.length > 0).map(({ identifier }) => identifier);
  // A family may share a phone, but then each of them needs a mailbox to be found by.
  const hasMailbox = person.identifiers.some(({ kind }) => kind === 'email');
  const taken = held.find(({ kind }) => kind === 'email' || !hasMailbox);
  if (taken) return { kind: 'taken', identifier: taken };

  const id = confirmed ? newId(context.random) : idFromIdentifiers(context, person.identifiers);
  if (!confirmed && (await tx.accounts.byId(id))) return { kind: 'already_there', id };
  const now = context.clock.now();
  const { identifiers, numbersProvenAt, ...rest } = person;
  const addresses = identifiers.map((identifier) =>
    addressOf(identifier, confirmed ? { now, numbersProvenAt: numbersProvenAt ?? now } : undefined),
  );
  const refused = await tx.accounts.insert(id, { ...rest, addresses }, now);
  if (refused) return { kind: 'taken', identifier: identifiers[addresses.indexOf(refused.taken)] as Identifier };
  await tx.audit.append({
    at: now,
    name: event,
    accountId: id,
    proofId: null,
    detail: { identifier: maskIdentifier(identifiers[0] as Identifier), confirmed },
  });
  return { kind: 'added', id, shared: held };
}

async function holdersOf(
  tx: StoreTransaction,
  identifiers: Identifier[],
): Promise<{ identifier: Identifier; accounts: Account[] }[]> {
  const holders = [];
  for (const identifier of identifiers)
    holders.push({
      identifier,
      accounts: await tx.accounts.byConfirmedAddress(identifier.kind, identifier.canonical),
    });
  return holders;
}

function holdsAll(account: Account, identifiers: Identifier[]): boolean {
  return identifiers.every(({ kind, canonical }) =>
    account.addresses.some(
      (address) => address.kind === kind && address.canonical === canonical && address.confirmedAt !== null,
    ),
  );
}

/**
 * Unconfirmed addresses are in no index, since anybody may claim them. So that a repeated import still recognises its own
 * accounts, the id of such an account is made of its identifiers, by a key that only this installation has.
 */
function idFromIdentifiers({ keys }: Pick<Context, 'keys'>, identifiers: Identifier[]): string {
  const macs = identifiers.map((identifier) => keys.identifierMac(identifier)).sort();
  return createHash('sha256').update(macs.join()).digest().subarray(0, 16).toString('base64url');
}

function addressOf(identifier: Identifier, confirmed: { now: number; numbersProvenAt: number } | undefined): Address {
  const { kind, canonical } = identifier;
  const value = kind === 'email' ? sendableAddress(identifier) : canonical;
  if (!confirmed) return { kind, canonical, value, confirmedAt: null };
  const { now, numbersProvenAt } = confirmed;
  return { kind, canonical, value, confirmedAt: now, provenAt: kind === 'phone' ? numbersProvenAt : now };
}
