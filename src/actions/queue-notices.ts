import type { Account, Address } from '../ports.ts';
import { NOTICE_USEFUL_MS } from '../rules/limits.ts';
import type { NewMessage, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { newId } from './tokens.ts';

/** The confirmed ones. */
export function mailboxesAmong<A extends Address>(addresses: readonly A[]): A[] {
  return addresses.filter(({ kind, confirmedAt }) => kind === 'email' && confirmedAt !== null);
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
