/** Judges a password for one verified proof, with what is known of the person; spends nothing. */
import type { Account } from '../ports.ts';
import { Refusal } from '../rules/errors.ts';
import { judgePassword, type PasswordFacts, type PasswordVerdict } from '../rules/passwords.ts';
import { stateAt } from '../rules/recovery-flow.ts';
import type { Proof, StoreTransaction } from '../store/store.ts';
import { chargeLimits } from './charge-limits.ts';
import type { Context } from './context.ts';
import { findProof, isStillAbout } from './find-proof.ts';
import { isByStaleNumber } from './stale-number.ts';

/** What a person who registers says of himself. */
export interface Profile {
  name: string | null;
  birthday: string | null;
}

/** For the page while typing. @throws Refusal `recovery_not_found`, `rate_limited` */
export async function judgeRecoveryPassword(
  context: Context,
  token: string,
  password: string,
): Promise<PasswordVerdict> {
  const facts = await context.store.transaction(async (tx) => {
    const { proof, account } = await findVerified(context, tx, token);
    await chargeLimits(tx, { 'judge-password': proof.id }, context.clock.now());
    return factsForClaimant(context, tx, proof, account);
  });
  return judge(context, password, facts, { forMeter: true });
}

/** For the page while typing. @throws Refusal `recovery_not_found`, `rate_limited` */
export async function judgeRegistrationPassword(
  context: Context,
  token: string,
  password: string,
  profile: Profile,
): Promise<PasswordVerdict> {
  const proof = await context.store.transaction(async (tx) => {
    const found = await findProof(tx, 'registration', token);
    if (stateAt(found, context.clock.now()) !== 'verified') throw new Refusal('recovery_not_found');
    await chargeLimits(tx, { 'judge-password': found.id }, context.clock.now());
    return found;
  });
  return judge(context, password, factsOf(context, proof, profile), { forMeter: true });
}

/** @throws Refusal `weak_password` with its reasons */
export async function requireGoodPassword(context: Context, password: string, facts: PasswordFacts): Promise<void> {
  const verdict = await judge(context, password, facts, { forMeter: false });
  if (!verdict.accepted) throw new Refusal('weak_password', { field: 'password', reasons: verdict.reasons });
}

/** The verified recovery behind a token, and the account it opens. @throws Refusal `recovery_not_found` */
export async function findVerified(
  context: Context,
  tx: StoreTransaction,
  token: string,
  options: { lock?: boolean } = {},
): Promise<{ proof: Proof; account: Account }> {
  const proof = await findProof(tx, 'recovery', token);
  const account =
    stateAt(proof, context.clock.now()) === 'verified' && proof.accountId !== null
      ? await context.accounts.get(tx, proof.accountId, options)
      : undefined;
  if (!account || !isStillAbout(proof, account)) throw new Refusal('recovery_not_found');
  return { proof, account };
}

/**
 * What was typed, and no more, where the code may have been read by somebody else: at a number that was not proven for long, or that
 * several accounts have. Else the reasons of refused passwords would tell him a name and a birthday, and nobody would hear of it.
 */
export async function factsForClaimant(
  context: Context,
  tx: StoreTransaction,
  proof: Proof,
  account: Account,
): Promise<PasswordFacts> {
  const isShared = (await tx.candidates.ofProof(proof.id)).length > 1;
  const isDoubtful = isShared || (await isByStaleNumber(context, tx, account, proof));
  return factsOf(context, proof, isDoubtful ? { name: null, birthday: null } : account);
}

/** What a guesser who knows the person would try. */
export function factsOf(
  context: Context,
  proof: Proof,
  person: Profile & { addresses?: Account['addresses'] },
): PasswordFacts {
  const addresses = [
    { kind: proof.identifierKind, canonical: proof.identifier },
    ...(person.addresses ?? []).map(({ kind, canonical }) => ({ kind, canonical })),
  ];
  const ofKind = (kind: 'email' | 'phone'): string[] => [
    ...new Set(addresses.filter((address) => address.kind === kind).map((address) => address.canonical)),
  ];
  return {
    name: person.name,
    birthday: person.birthday,
    emails: ofKind('email'),
    phones: ofKind('phone'),
    brand: context.settings.brandName,
    host: context.settings.host,
  };
}

function judge(
  context: Context,
  password: string,
  facts: PasswordFacts,
  options: { forMeter: boolean },
): Promise<PasswordVerdict> {
  const { knowledge, settings } = context;
  return judgePassword(password, { profile: settings.passwordProfile, facts, knowledge, ...options });
}
