import type { Account, Address } from '../ports.ts';
import { ADDRESS_CHANGED_LATELY_MS, NOTICE_USEFUL_MS } from '../rules/limits.ts';
import type { NewMessage, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { newId } from './tokens.ts';

/** The confirmed ones. */
export function mailboxesAmong<A extends Address>(addresses: readonly A[]): A[] {
  return addresses.filter(({ kind, confirmedAt }) => kind === 'email' && confirmedAt !== null);
}

/** The confirmed mailboxes among these, and those that were removed from the account lately. */
export async function mailboxesToTell(
  { accounts }: Pick<Context, 'accounts'>,
  tx: StoreTransaction,
  { id }: Account,
  addresses: readonly Address[],
  now: number,
): Promise<Address[]> {
  const removed = await accounts.removedSince(tx, id, now - ADDRESS_CHANGED_LATELY_MS);
  return mailboxesWith(addresses, removed);
}

/** Each once (R68): who takes an account over removes the owner's address first. */
export function mailboxesWith(addresses: readonly Address[], removed: readonly Address[]): Address[] {
  // The one that goes at this moment is among both.
  const others = removed.filter(({ canonical }) => !addresses.some((address) => address.canonical === canonical));
  return mailboxesAmong([...addresses, ...others]);
}

/** One message for each of the addresses, of use for a day unless the notice says otherwise. */
export async function queueNotices(
  { random }: Pick<Context, 'random'>,
  tx: StoreTransaction,
  account: Account,
  addresses: readonly Address[],
  notice: Pick<NewMessage, 'kind' | 'proofId' | 'createdAt' | 'locale'> &
    Partial<Pick<NewMessage, 'usefulUntil' | 'urgency'>>,
): Promise<void> {
  for (const address of addresses)
    await tx.outbox.insert({
      usefulUntil: notice.createdAt + NOTICE_USEFUL_MS,
      urgency: 'proven',
      ...notice,
      id: newId(random),
      channel: address.kind === 'email' ? 'email' : 'sms',
      epoch: null,
      accountId: account.id,
      address: address.value,
      locale: account.locale ?? notice.locale,
      dueAt: notice.createdAt,
    });
}
