/** Tells the mailboxes of an account, once in each recovery, that it was asked for: each of them can stop it (R17, R70). */
import type { Account } from '../ports.ts';
import type { Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { notifyMailboxes } from './notify-all-addresses.ts';

/**
 * @param account undefined for nobody, who costs the same claim
 * @param except the canonical address of a mailbox that knows of it already
 */
export async function announceRecovery(
  context: Context,
  tx: StoreTransaction,
  proof: Proof,
  account: Account | undefined,
  except?: string,
): Promise<void> {
  const now = context.clock.now();
  if (!(await tx.proofs.claimTelling(proof.id, now)) || !account) return;
  const addresses = account.addresses.filter(({ canonical }) => canonical !== except);
  await notifyMailboxes(context, tx, { ...account, addresses }, 'recovery-requested', proof, now);
}
