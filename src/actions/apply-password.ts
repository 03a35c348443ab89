/**
 * What a new password changes, in one transaction: the proof is spent, the password stored, every session ended, every
 * other proof void, recovery by every address allowed again, and everybody told.
 */
import type { Account } from '../ports.ts';
import { Refusal } from '../rules/errors.ts';
import { maskIdentifier } from '../rules/identifiers.ts';
import type { Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { notifyAllAddresses } from './notify-all-addresses.ts';
import { renewProven } from './stale-number.ts';

/**
 * @param proof of this account and generation, in its stored state `verified` or `held`
 * @throws Refusal `recovery_not_found` where it left that state meanwhile
 */
export async function applyPassword(
  context: Context,
  tx: StoreTransaction,
  proof: Proof,
  account: Account,
  passwordHash: string,
  now: number,
): Promise<Proof> {
  const change = { state: 'completed', completedAt: now } as const;
  if (!(await tx.proofs.transition(proof.id, proof.state, change))) throw new Refusal('recovery_not_found');
  await tx.proofs.cancelAllOf(account.id, proof.id);
  await context.accounts.setPassword(tx, account.id, passwordHash, now);
  const sessionsEnded = await tx.sessions.deleteAllOf(account.id);
  await renewProven(context, tx, account, proof, now);
  await thawAll(context, tx, proof, account, now);
  await notifyAllAddresses(context, tx, account, 'password-changed', proof, now);
  await tx.audit.append({
    at: now,
    name: 'set-password',
    accountId: account.id,
    proofId: proof.id,
    detail: { channel: proof.channel, browser: proof.browser, sessionsEnded },
  });
  return { ...proof, ...change };
}

/** Recovery by a frozen address gets no code, so whoever came here has confirmed another way. */
async function thawAll(
  context: Context,
  tx: StoreTransaction,
  proof: Proof,
  account: Account,
  now: number,
): Promise<void> {
  const frozen = account.addresses.filter(({ frozenAt }) => frozenAt !== null);
  await context.accounts.thawAddresses(tx, account.id, frozen, now);
  for (const address of frozen)
    await tx.audit.append({
      at: now,
      name: 'thaw-address',
      accountId: account.id,
      proofId: proof.id,
      detail: { address: maskIdentifier(address), browser: proof.browser },
    });
}
