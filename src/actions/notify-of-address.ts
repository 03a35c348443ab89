import type { Account, Address } from '../ports.ts';
import { numbersToTell } from '../rules/text-notices.ts';
import type { StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import type { AddressNotice } from './prepare-notice.ts';
import { mailboxesAmong, mailboxesToTell, queueNotices } from './queue-notices.ts';

/**
 * Tells every confirmed mailbox that an address came or went, the one that it is about included, and those that were removed
 * lately; an account that has none is told by text, at the numbers that it had before. What happened is read from the audit event
 * of the same moment when the notice is written.
 */
export async function notifyOfAddress(
  context: Context,
  tx: StoreTransaction,
  account: Account,
  kind: AddressNotice,
  addresses: readonly Address[],
  locale: string,
  now: number,
): Promise<void> {
  const numbers = numbersToTell(kind, account.addresses, context.settings.texting?.countries);
  // That a number is shared changes nothing of the account.
  const mailboxes =
    kind === 'number-shared' ? mailboxesAmong(addresses) : await mailboxesToTell(context, tx, account, addresses, now);
  const told = [...mailboxes, ...numbers];
  await queueNotices(context, tx, account, told, { kind, proofId: null, locale, createdAt: now });
}
