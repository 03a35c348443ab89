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
import type { Context } from './context.ts';
import { isShared } from './shared-number.ts';

/** @returns false where short codes of this account open nothing any more; the charge is then not made */
export async function chargeAccount(
  tx: StoreTransaction,
  proof: Proof,
  shape: CodeShape,
  weight: number,
  now: number,
): Promise<boolean> {
  const limit = accountLimit(shape);
  let fits = true;
  if (limit && isCounted(proof))
    for (const key of await keysOf(tx, proof))
      for (let charged = 0; charged < weight; charged += 1)
        if ((await tx.limits.charge(key, limit, now)) !== undefined) fits = false;
  return fits;
}

/** After a right code. */
export async function refundAccount(
  tx: StoreTransaction,
  proof: Proof,
  shape: CodeShape,
  weight: number,
): Promise<void> {
  const limit = accountLimit(shape);
  if (limit && isCounted(proof))
    for (const key of await keysOf(tx, proof))
      for (let refunded = 0; refunded < weight; refunded += 1) await tx.limits.refund(key, limit);
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
  const limit = accountLimit(shape);
  if (!limit || !isCounted(proof)) return false;
  const waits = await Promise.all((await keysOf(tx, proof)).map((key) => tx.limits.wait(key, limit, now)));
  return waits.some((waitMs) => waitMs > 0);
}

/** Devices that the account knows have a ladder of their own, and nothing but a recovery takes an account over. */
function isCounted({ purpose, lane }: Proof): boolean {
  return purpose === 'recovery' && guessLaneOf(lane) === 'stranger';
}

/** For nobody a count of his own, so that the same is done. A number of several accounts counts for each; in one order, for the locks. */
async function keysOf(tx: StoreTransaction, proof: Proof): Promise<string[]> {
  const ids = isShared(proof)
    ? (await tx.candidates.ofProof(proof.id)).map(({ accountId }) => accountId)
    : [proof.accountId ?? proof.identifierMac];
  return ids.map((id) => `account:${id}`).sort();
}
