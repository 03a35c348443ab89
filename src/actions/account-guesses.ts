/**
 * Strangers' guesses are counted once more by account, because somebody who guesses at all its addresses and doors has as many
 * ladders. Nobody is told of this count, and what follows from it looks the same for an identifier without an account:
 * two that share it would be known to belong together (decision 0037).
 */
import { accountLimit } from '../rules/account-guesses.ts';
import { type CodeShape, deriveCode } from '../rules/codes.ts';
import { guessLaneOf } from '../rules/lanes.ts';
import { UNTOLD_CODE } from '../rules/limits.ts';
import type { Proof, StoreTransaction } from '../store/store.ts';
import { type Budget, chargeAll, refundAll } from './charge-limits.ts';
import type { Context } from './context.ts';
import { isShared } from './shared-number.ts';

/** @returns false where short codes of this account open nothing any more; then nothing was charged */
export async function chargeAccount(
  tx: StoreTransaction,
  proof: Proof,
  shape: CodeShape,
  weight: number,
  now: number,
): Promise<boolean> {
  return (await chargeAll(tx, await budgetsOf(tx, proof, shape, weight), now)) === undefined;
}

/** After a right code. */
export async function refundAccount(
  tx: StoreTransaction,
  proof: Proof,
  shape: CodeShape,
  weight: number,
): Promise<void> {
  await refundAll(tx, await budgetsOf(tx, proof, shape, weight));
}

/**
 * The code as a message carries it: of the length that the page says, or a longer one where the account's guesses are spent.
 *
 * @returns undefined where its key was dropped
 */
export async function sentCode(
  context: Context,
  tx: StoreTransaction,
  proof: Proof,
  now: number,
): Promise<string | undefined> {
  const key = context.keys.codeKeyById(proof.keyId);
  const told: CodeShape = { format: proof.codeFormat, length: proof.codeLength };
  const shape = (await isSpent(tx, proof, told, now)) ? UNTOLD_CODE : told;
  return key && deriveCode(key, proof.purpose, proof.id, proof.epoch, shape);
}

async function isSpent(tx: StoreTransaction, proof: Proof, shape: CodeShape, now: number): Promise<boolean> {
  for (const [key, limit] of await budgetsOf(tx, proof, shape, 1))
    if ((await tx.limits.wait(key, limit, now)) > 0) return true;
  return false;
}

/**
 * None for devices that the account knows, which have a ladder of their own, and for what takes no account over. For nobody a
 * count of his own, so that the same is done. A number of several accounts counts for each; in one order, for the locks.
 */
async function budgetsOf(tx: StoreTransaction, proof: Proof, shape: CodeShape, weight: number): Promise<Budget[]> {
  const limit = accountLimit(shape);
  if (!limit || proof.purpose !== 'recovery' || guessLaneOf(proof.lane) !== 'stranger') return [];
  const ids = isShared(proof)
    ? (await tx.candidates.ofProof(proof.id)).map(({ accountId }) => accountId).sort()
    : [proof.accountId ?? proof.identifierMac];
  return ids.flatMap((id) => Array<Budget>(weight).fill([`account:${id}`, limit]));
}
