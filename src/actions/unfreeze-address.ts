/**
 * An operator allows recovery by an address of our own tables again, after he has made sure whose it is. He may have been talked
 * into it, so the account's other addresses hear of it.
 */
import type { Account, HeldAddress } from '../ports.ts';
import { confirmedWithout } from '../rules/addresses.ts';
import { type Identifier, maskIdentifier } from '../rules/identifiers.ts';
import { ADDRESS_CHANGED_LATELY_MS } from '../rules/limits.ts';
import { numbersToTell } from '../rules/text-notices.ts';
import type { StoreTransaction } from '../store/store.ts';
import type { AccountsContext } from './add-account.ts';
import { mailboxesWith, queueNotices } from './queue-notices.ts';

export type Unfrozen =
  | { kind: 'unfrozen'; id: string }
  | { kind: 'not_frozen'; id: string }
  | { kind: 'no_account' }
  /** A phone number may be on several accounts, and was made sure of for one. */
  | { kind: 'several'; holders: { id: string; frozen: boolean }[] };

type UnfreezingContext = Pick<AccountsContext, 'store' | 'clock' | 'random' | 'settings'>;

/** @param accountId whose address; needed where several accounts have the phone number */
export function unfreezeAddress(
  context: UnfreezingContext,
  identifier: Pick<Identifier, 'kind' | 'canonical'>,
  accountId?: string,
): Promise<Unfrozen> {
  return context.store.transaction(async (tx) => {
    const now = context.clock.now();
    const all = await tx.accounts.byConfirmedAddress(identifier.kind, identifier.canonical);
    const holders = all
      .filter(({ id }) => accountId === undefined || id === accountId)
      .map((account) => ({ account, frozen: isFrozen(account.addresses, identifier) }));
    const [holder, ...others] = holders;
    if (!holder) return { kind: 'no_account' };
    if (others.length > 0)
      return { kind: 'several', holders: holders.map(({ account, frozen }) => ({ id: account.id, frozen })) };
    const { account, frozen } = holder;
    const { id } = account;
    if (!frozen) return { kind: 'not_frozen', id };
    await tx.accounts.thawAddress(id, identifier, now);
    await tx.audit.append({
      at: now,
      name: 'thaw-address',
      accountId: id,
      proofId: null,
      detail: { address: maskIdentifier(identifier), by: 'operator' },
    });
    await tellOthers(context, tx, account, identifier, now);
    return { kind: 'unfrozen', id };
  });
}

/** Not the address itself: whoever reads it is the one who may be recovering by it again. */
async function tellOthers(
  context: UnfreezingContext,
  tx: StoreTransaction,
  account: Account,
  identifier: Pick<Identifier, 'kind' | 'canonical'>,
  now: number,
): Promise<void> {
  const others = confirmedWithout(account.addresses, identifier);
  const removed = await tx.accounts.removedSince(account.id, now - ADDRESS_CHANGED_LATELY_MS);
  const numbers = numbersToTell('address-thawed', others, context.settings.texting?.countries);
  await queueNotices(context, tx, account, [...mailboxesWith(others, removed), ...numbers], {
    kind: 'address-thawed',
    proofId: null,
    locale: 'en',
    createdAt: now,
  });
}

function isFrozen(
  addresses: readonly HeldAddress[],
  { kind, canonical }: Pick<Identifier, 'kind' | 'canonical'>,
): boolean {
  return addresses.some(
    (address) => address.kind === kind && address.canonical === canonical && address.frozenAt !== null,
  );
}
