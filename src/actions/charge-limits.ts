/** Charges token buckets inside the caller's transaction; a refusal rolls all of them back. */
import { Refusal } from '../rules/errors.ts';
import { LIMITS, type Limit, type LimitName } from '../rules/limits.ts';
import { waitFor } from '../rules/token-buckets.ts';
import type { StoreTransaction } from '../store/store.ts';

/**
 * @param keys per limit, what it is counted by: the MAC of an identifier, a client network
 * @throws Refusal `rate_limited` with the time until the charge fits; which limit it was stays unsaid
 */
export async function chargeLimits(
  tx: StoreTransaction,
  keys: Partial<Record<LimitName, string | undefined>>,
  now: number,
): Promise<void> {
  const names = Object.keys(keys) as LimitName[];
  const budgets = names.flatMap((name): Budget[] =>
    keys[name] === undefined ? [] : [[`${name}:${keys[name]}`, LIMITS[name]]],
  );
  const waitMs = await chargeSeen(tx, budgets, await lookAt(tx, budgets), now);
  if (waitMs !== undefined) throw new Refusal('rate_limited', { retryAfterSeconds: Math.ceil(waitMs / 1000) });
}

/** Of a bucket that is charged for its row alone: to wait for whoever writes it, or to write as much as others do. */
export const NEVER_SPENT: Limit = { burst: 1_000_000, refillMs: 1 };

/** A bucket, and what is charged to it; one that stands several times in a list is charged as often. */
export type Budget = readonly [key: string, limit: Limit];

/**
 * When each is full again. On PostgreSQL a charge locks its row, also where it does not fit, and a crowd that is refused would queue
 * for the row of its network with every connection that there is; a look locks nothing.
 */
export function lookAt(tx: StoreTransaction, budgets: readonly Budget[]): Promise<ReadonlyMap<string, number>> {
  return tx.limits.fullAt(budgets.map(([key]) => key));
}

/**
 * All or none, and nothing is written where the look tells that one is spent.
 *
 * @returns the milliseconds until all would fit, as far as that is known
 */
export async function chargeSeen(
  tx: StoreTransaction,
  budgets: readonly Budget[],
  fullAt: ReadonlyMap<string, number>,
  now: number,
): Promise<number | undefined> {
  const waitMs = Math.max(0, ...budgets.map(([key, limit]) => waitFor(fullAt.get(key), limit, 1, now)));
  return waitMs > 0 ? waitMs : chargeAll(tx, budgets, now);
}

/** All or none, where a refusal is an answer and rolls nothing back. @returns the milliseconds until the one that is spent would fit */
export async function chargeAll(
  tx: StoreTransaction,
  budgets: readonly Budget[],
  now: number,
): Promise<number | undefined> {
  for (const [at, [key, limit]] of budgets.entries()) {
    const waitMs = await tx.limits.charge(key, limit, now);
    if (waitMs === undefined) continue;
    await refundAll(tx, budgets.slice(0, at));
    return waitMs;
  }
  return undefined;
}

export async function refundAll(tx: StoreTransaction, budgets: readonly Budget[]): Promise<void> {
  for (const [key, limit] of budgets) await tx.limits.refund(key, limit);
}
