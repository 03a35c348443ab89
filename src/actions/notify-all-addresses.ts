/** Tells everybody who has an address of an account, or lately had a mailbox in it, what happened to it. */
import type { Account, Address } from '../ports.ts';
import { numbersToTell } from '../rules/text-notices.ts';
import type { MessageKind, Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { mailboxesAmong, mailboxesToTell, queueNotices } from './queue-notices.ts';

type Notice = Extract<MessageKind, 'password-changed' | 'password-blocked' | 'password-held' | 'recovery-requested'>;

/** To every confirmed mailbox, the one that received the code included, and to those that were removed lately. */
export async function notifyAllAddresses(
  context: Context,
  tx: StoreTransaction,
  account: Account,
  kind: Notice,
  proof: Proof,
  now: number,
): Promise<void> {
  const mailboxes = await mailboxesToTell(context, tx, account, account.addresses, now);
  await notify(context, tx, account, mailboxes, kind, proof, now);
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
  await notify(context, tx, account, mailboxesAmong(account.addresses), kind, proof, now);
}

/** And to the phones, where the notice is one of those that are told there (rules/text-notices.ts). */
async function notify(
  context: Context,
  tx: StoreTransaction,
  account: Account,
  mailboxes: readonly Address[],
  kind: Notice,
  proof: Proof,
  now: number,
): Promise<void> {
  const numbers = numbersToTell(kind, account.addresses, context.settings.texting?.countries);
  await queueNotices(context, tx, account, [...mailboxes, ...numbers], {
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
