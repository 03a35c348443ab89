import type { Account } from '../ports.ts';
import { numbersToTell } from '../rules/text-notices.ts';
import type { MessageKind, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { mailboxesToTell, queueNotices } from './queue-notices.ts';

/**
 * Tells every confirmed mailbox, and those that were removed lately, that a messenger was linked or unlinked; an account that has none
 * is told by text. What happened is read from the audit event of the same moment when the notice is written.
 */
export async function notifyOfMessenger(
  context: Context,
  tx: StoreTransaction,
  account: Account,
  kind: Extract<MessageKind, 'messenger-linked' | 'messenger-unlinked'>,
  locale: string,
  now: number,
): Promise<void> {
  const numbers = numbersToTell(kind, account.addresses, context.settings.texting?.countries);
  const told = [...(await mailboxesToTell(context, tx, account, account.addresses, now)), ...numbers];
  await queueNotices(context, tx, account, told, { kind, proofId: null, locale, createdAt: now });
}

/** For an audit event: how the person is called in the messenger, where that is told. */
export function named(name: string | null): { name?: string } {
  return name === null ? {} : { name };
}
