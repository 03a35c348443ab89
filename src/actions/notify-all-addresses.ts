/** Tells everybody who has an address of an account, or lately had a mailbox in it, what happened to it. */
import type { Account, Address } from '../ports.ts';
import { ADDRESS_CHANGED_LATELY_MS, NOTICE_USEFUL_MS } from '../rules/limits.ts';
import { numbersToTell } from '../rules/text-notices.ts';
import type { MessageKind, Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { newId } from './tokens.ts';

type Notice = Extract<MessageKind, 'password-changed' | 'password-blocked' | 'password-held' | 'recovery-requested'>;

/**
 * To every confirmed mailbox, the one that received the code included, and to those that were removed lately (R68): who
 * takes an account over removes the owner's address first.
 */
export async function notifyAllAddresses(
  context: Context,
  tx: StoreTransaction,
  account: Account,
  kind: Notice,
  proof: Proof,
  now: number,
): Promise<void> {
  const removed = await context.accounts.removedSince(tx, account.id, now - ADDRESS_CHANGED_LATELY_MS);
  await notify(context, tx, account, [...account.addresses, ...removed], kind, proof, now);
}

/** To the mailboxes that the account has now. */
export async function notifyMailboxes(
  context: Context,
  tx: StoreTransaction,
  account: Account,
  kind: Notice,
  proof: Proof,
  now: number,
): Promise<void> {
  await notify(context, tx, account, account.addresses, kind, proof, now);
}

/** And to the phones, where the notice is one of those that are told there (rules/text-notices.ts). */
async function notify(
  context: Context,
  tx: StoreTransaction,
  account: Account,
  addresses: readonly Address[],
  kind: Notice,
  proof: Proof,
  now: number,
): Promise<void> {
  const mailboxes = addresses.filter((address) => address.kind === 'email' && address.confirmedAt !== null);
  const numbers = numbersToTell(kind, account.addresses, context.settings.texting?.countries);
  for (const address of [...mailboxes, ...numbers])
    await tx.outbox.insert({
      id: newId(context.random),
      kind,
      channel: address.kind === 'email' ? 'email' : 'sms',
      proofId: proof.id,
      epoch: null,
      accountId: account.id,
      address: address.value,
      locale: account.locale ?? proof.locale,
      createdAt: now,
      dueAt: now,
      // What waits can be stopped as long as it waits.
      usefulUntil: kind === 'password-held' ? proof.expiresAt : now + NOTICE_USEFUL_MS,
      // Strangers cause the one; the others follow upon a code or a link.
      urgency: kind === 'recovery-requested' ? 'asked' : 'proven',
    });
}
