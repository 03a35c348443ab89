/**
 * Who has just recovered an account is about to sign in to it, often from an app that keeps no device cookie. For some
 * minutes the network that the new password came from is no stranger to that identifier, so that a flood of strangers'
 * sign-ins does not stand between the two steps. Elsewhere nothing of it shows.
 */
import { RECOVERED_HERE } from '../rules/limits.ts';
import type { StoreTransaction } from '../store/store.ts';

/** @param source client network; where one stands for everybody (undefined), nothing is remembered */
export async function rememberRecovery(
  tx: StoreTransaction,
  identifierMac: string,
  source: string | undefined,
  now: number,
): Promise<void> {
  if (source !== undefined) await tx.limits.charge(markOf(identifierMac, source), RECOVERED_HERE, now);
}

/** The same statement whether or not there is such an account. */
export async function hasJustRecovered(
  tx: StoreTransaction,
  identifierMac: string,
  source: string | undefined,
  now: number,
): Promise<boolean> {
  return source !== undefined && (await tx.limits.wait(markOf(identifierMac, source), RECOVERED_HERE, now)) > 0;
}

/** A bucket that is not full again: it lasts as long as it has to, is purged like all of them, and every process sees it. */
function markOf(identifierMac: string, source: string): string {
  return `recovered-here:${identifierMac}:${source}`;
}
