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
