/** Tells everybody who has an address of an account, or lately had a mailbox in it, what happened to it. */
import type { Account, Address } from '../ports.ts';
import { ADDRESS_CHANGED_LATELY_MS } from '../rules/limits.ts';
import { numbersToTell } from '../rules/text-notices.ts';
import type { MessageKind, Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { mailboxesAmong, queueNotices } from './queue-notices.ts';

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
  const numbers = numbersToTell(kind, account.addresses, context.settings.texting?.countries);
  await queueNotices(context, tx, account, [...mailboxesAmong(addresses), ...numbers], {
    kind,
    proofId: proof.id,
    locale: proof.locale,
    createdAt: now,
    // What waits can be stopped as long as it waits.
    ...(kind === 'password-held' ? { usefulUntil: proof.expiresAt } : {}),
    // Strangers cause this one; the others follow upon a code or a link.
    ...(kind === 'recovery-requested' ? { urgency: 'asked' } : {}),
  });
}
