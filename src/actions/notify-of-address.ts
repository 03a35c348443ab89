import type { Account, Address } from '../ports.ts';
import { NOTICE_USEFUL_MS } from '../rules/limits.ts';
import { numbersToTell } from '../rules/text-notices.ts';
import type { StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import type { AddressNotice } from './prepare-notice.ts';
import { newId } from './tokens.ts';

/**
 * Tells every confirmed mailbox that an address came or went, the one that it is about included; an account that has none
 * is told by text, at the numbers that it had before. What happened is read from the audit event of the same moment when
 * the notice is written.
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
  const mailboxes = addresses.filter((address) => address.kind === 'email' && address.confirmedAt !== null);
  const numbers = numbersToTell(kind, account.addresses, context.settings.texting?.countries);
  for (const address of [...mailboxes, ...numbers])
    await tx.outbox.insert({
      id: newId(context.random),
      kind,
      channel: address.kind === 'email' ? 'email' : 'sms',
      proofId: null,
      epoch: null,
      accountId: account.id,
      address: address.value,
      locale: account.locale ?? locale,
      createdAt: now,
      dueAt: now,
      usefulUntil: now + NOTICE_USEFUL_MS,
      urgency: 'proven',
    });
}
