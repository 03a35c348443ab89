import type { Account } from '../ports.ts';
import { NOTICE_USEFUL_MS } from '../rules/limits.ts';
import type { MessageKind, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { newId } from './tokens.ts';

/**
 * Tells every confirmed mailbox that a messenger was linked or unlinked. What happened is read from the audit event of the same
 * moment when the notice is written.
 */
export async function notifyOfMessenger(
  context: Context,
  tx: StoreTransaction,
  account: Account,
  kind: Extract<MessageKind, 'messenger-linked' | 'messenger-unlinked'>,
  locale: string,
  now: number,
): Promise<void> {
  for (const address of account.addresses) {
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
      urgency: 'proven',
    });
  }
}

/** For an audit event: how the person is called in the messenger, where that is told. */
export function named(name: string | null): { name?: string } {
  return name === null ? {} : { name };
}
