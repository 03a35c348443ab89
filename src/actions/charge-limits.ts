/** Charges token buckets inside the caller's transaction; a refusal rolls all of them back. */
import { Refusal } from '../rules/errors.ts';
import { LIMITS, type LimitName } from '../rules/limits.ts';
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
  for (const name of Object.keys(keys) as LimitName[]) {
    const key = keys[name];
    if (key === undefined) continue;
    const waitMs = await tx.limits.charge(`${name}:${key}`, LIMITS[name], now);
    if (waitMs !== undefined) throw new Refusal('rate_limited', { retryAfterSeconds: Math.ceil(waitMs / 1000) });
  }
}
