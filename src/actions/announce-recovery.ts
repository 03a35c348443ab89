/** Tells the mailboxes of an account, once in each recovery, that it was asked for: each of them can stop it (R17, R70). */
import type { Account } from '../ports.ts';
import { hasMailbox } from '../rules/addresses.ts';
import type { Channel } from '../rules/delivery.ts';
import { NOTICE_USEFUL_MS } from '../rules/limits.ts';
import type { Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { notifyMailboxes } from './notify-all-addresses.ts';
import { newId } from './tokens.ts';

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

/**
 * Of a code that goes to a phone, which may be read by whoever has it now. Most accounts have one mailbox to tell. Where there is
 * none, and for nobody, a message is written that is prepared like that mail and reaches no mailbox: else the worker would
 * have less to do there, and whoever asks next would be answered sooner.
 */
export async function announceByPhone(
  context: Context,
  tx: StoreTransaction,
  proof: Proof,
  account: Account | undefined,
): Promise<void> {
  const now = context.clock.now();
  if (account && hasMailbox(account.addresses)) return announceRecovery(context, tx, proof, account);
  if (!(await tx.proofs.claimTelling(proof.id, now))) return;
  await tx.outbox.insert({
    id: newId(context.random),
    kind: 'decoy',
    channel: 'email',
    proofId: proof.id,
    epoch: null,
    accountId: null,
    address: null,
    locale: proof.locale,
    createdAt: now,
    dueAt: now,
    usefulUntil: now + NOTICE_USEFUL_MS,
    urgency: 'asked',
  });
}

/** Also one that was begun by email: whoever reads the texts now may have none of the mailboxes. */
export function isRecoveryByPhone({ purpose }: Proof, channel: Channel): boolean {
  return purpose === 'recovery' && channel !== 'email';
}
