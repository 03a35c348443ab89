/** An operator allows recovery by an address of our own tables again, after he has made sure whose it is. */
import { type Identifier, maskIdentifier } from '../rules/identifiers.ts';
import type { AccountsContext } from './add-account.ts';

export type Unfrozen = { kind: 'unfrozen'; id: string } | { kind: 'not_frozen'; id: string } | { kind: 'no_account' };

export function unfreezeAddress(
  { store, clock }: Pick<AccountsContext, 'store' | 'clock'>,
  identifier: Pick<Identifier, 'kind' | 'canonical'>,
): Promise<Unfrozen> {
  return store.transaction(async (tx) => {
    const now = clock.now();
    const [account] = await tx.accounts.byConfirmedAddress(identifier.kind, identifier.canonical);
    if (!account) return { kind: 'no_account' };
    const address = account.addresses.find(
      ({ kind, canonical }) => kind === identifier.kind && canonical === identifier.canonical,
    );
    if (!address || address.frozenAt === null) return { kind: 'not_frozen', id: account.id };
    await tx.accounts.thawAddress(account.id, address, now);
    await tx.audit.append({
      at: now,
      name: 'thaw-address',
      accountId: account.id,
      proofId: null,
      detail: { address: maskIdentifier(address), by: 'operator' },
    });
    return { kind: 'unfrozen', id: account.id };
  });
}
