import type { Account } from '../ports.ts';
import { canRecover } from '../rules/address-trust.ts';
import type { Purpose } from '../rules/codes.ts';
import { Refusal } from '../rules/errors.ts';
import type { Proof, StoreTransaction } from '../store/store.ts';
import { digestToken } from './tokens.ts';

/**
 * The proof behind a claimant's token; `lock` keeps others from changing it until the transaction ends.
 * @throws Refusal `recovery_not_found`
 */
export async function findProof(
  tx: StoreTransaction,
  purpose: Purpose,
  token: string,
  options: { lock?: boolean } = {},
): Promise<Proof> {
  const proof = await tx.proofs.byToken(purpose, digestToken(token), options);
  if (!proof) throw new Refusal('recovery_not_found');
  return proof;
}

/**
 * Whether this is still the account that the proof was about: none of its credentials has changed since, and what was named
 * to recover it is still its own and may recover it. Mailboxes and numbers get new owners (ADVISORIES rows 10, 21).
 */
export function isStillAbout(proof: Proof, account: Account): boolean {
  if (account.generation !== proof.accountGeneration) return false;
  // An address that is being added is nobody's yet.
  return proof.purpose === 'address' || mayRecover(account, proof);
}

/** Whether it is the account that the proof was about, and none of its credentials has changed since. */
export function isOf(proof: Proof, account: Account): boolean {
  return account.id === proof.accountId && account.generation === proof.accountGeneration;
}

/** Whether what was named still recovers the account: not after somebody said that it is in wrong hands. */
export function mayRecover({ addresses }: Account, proof: Proof): boolean {
  return addresses.some(
    (address) => address.kind === proof.identifierKind && address.canonical === proof.identifier && canRecover(address),
  );
}
