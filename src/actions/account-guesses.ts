/**
 * Strangers' guesses are counted once more by account, because somebody who guesses at all its addresses and doors has as many
 * ladders. Nobody is told of this count, and what follows from it looks the same for an identifier without an account:
 * two that share it would be known to belong together (decision 0037).
 */
import { accountLimit } from '../rules/account-guesses.ts';
import { type CodeShape, deriveCode } from '../rules/codes.ts';
import { guessLaneOf } from '../rules/lanes.ts';
import { UNTOLD_CODE } from '../rules/limits.ts';
import { ACCOUNTS_PER_NUMBER } from '../rules/shared-numbers.ts';
import { waitFor } from '../rules/token-buckets.ts';
import type { Proof, StoreTransaction } from '../store/store.ts';
import { type Budget, chargeAll, lookAt, NEVER_SPENT } from './charge-limits.ts';
import type { Context } from './context.ts';
import { isShared } from './shared-number.ts';

/** Whether a code of this shape may open the account, and what was charged: all that a right code gives back. */
export interface AccountCharge {
  mayOpen: boolean;
  charged: readonly Budget[];
}

/**
 * Where the guesses of an account are spent, nothing of it is charged. As many buckets are written all the same: else a wrong code
 * would take longer, or less long, and tell that somebody guesses at this very account elsewhere.
 */
export async function chargeAccount(
  tx: StoreTransaction,
  proof: Proof,
  shape: CodeShape,
  weight: number,
  now: number,
): Promise<AccountCharge> {
  const counted = await budgetsOf(tx, proof, shape);
  if (counted === undefined) return { mayOpen: true, charged: [] };
  const isLeft = await fit(tx, counted, weight, now);
  const written = isLeft ? counted : counted.map((_, place) => nobodys(proof, place));
  const charged = written.flatMap((budget) => Array<Budget>(weight).fill(budget));
  const isCharged = (await chargeAll(tx, charged, now)) === undefined;
  return { mayOpen: isLeft && isCharged, charged: isCharged ? charged : [] };
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
  const counted = await budgetsOf(tx, proof, shape);
  return counted !== undefined && !(await fit(tx, counted, 1, now));
}

/** In one look, however many there are. */
async function fit(tx: StoreTransaction, counted: readonly Budget[], weight: number, now: number): Promise<boolean> {
  const fullAt = await lookAt(tx, counted);
  return counted.every(([key, limit]) => waitFor(fullAt.get(key), limit, weight, now) === 0);
}

/**
 * None for devices that the one account knows, which have a ladder of their own, and for what takes no account over. For nobody a
 * count of his own, so that the same is done. A number of several accounts counts for each, in one order, for the locks; and
 * every number has as many budgets as accounts may share one.
 *
 * @returns undefined where guesses at such a code are not counted by account
 */
async function budgetsOf(tx: StoreTransaction, proof: Proof, shape: CodeShape): Promise<Budget[] | undefined> {
  const limit = accountLimit(shape);
  if (!limit || proof.purpose !== 'recovery' || !isByStranger(proof)) return undefined;
  // Asked of every number, whether or not it is shared.
  const candidates = proof.identifierKind === 'phone' ? await tx.candidates.ofProof(proof.id) : [];
  const ids = isShared(proof)
    ? candidates.map(({ accountId }) => accountId).sort()
    : [proof.accountId ?? proof.identifierMac];
  const places = proof.identifierKind === 'phone' ? ACCOUNTS_PER_NUMBER : 1;
  return Array.from({ length: places }, (_, place) => {
    const id = ids[place];
    return id === undefined ? nobodys(proof, place) : [`account:${id}`, limit];
  });
}

/** A browser that is known for a shared number is known to one of its accounts, and nobody knows to which. */
export function isByStranger(proof: Proof): boolean {
  return guessLaneOf(proof.lane) === 'stranger' || isShared(proof);
}

function nobodys({ identifierMac }: Proof, place: number): Budget {
  return [`account:${identifierMac} ${place}`, NEVER_SPENT];
}
