import type { Account, Address } from '../ports.ts';
import { NOTICE_USEFUL_MS } from '../rules/limits.ts';
import type { MessageKind, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { newId } from './tokens.ts';

/**
 * Tells every confirmed address that one was added or removed, the one that it is about included. What happened is read
 * from the audit event of the same moment when the notice is written.
 */
export async function notifyOfAddress(
  context: Context,
  tx: StoreTransaction,
  account: Account,
  kind: Extract<MessageKind, 'address-added' | 'address-removed'>,
  addresses: readonly Address[],
  locale: string,
  now: number,
): Promise<void> {
  for (const address of addresses) {
    if (address.kind !== 'email' || address.confirmedAt === null) continue;
    await tx.outbox.insert({
      id: newId(context.random),
      kind,
      channel: 'email',
      proofId: null,
      epoch: null,
      accountId: account.id,
      address: address.value,
      locale: account.locale ?? locale,
      createdAt: now,
      dueAt: now,
      usefulUntil: now + NOTICE_USEFUL_MS,
    });
  }
}
