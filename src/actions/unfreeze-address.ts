/** An operator allows recovery by an address of our own tables again, after he has made sure whose it is. */
import type { HeldAddress } from '../ports.ts';
import { type Identifier, maskIdentifier } from '../rules/identifiers.ts';
import type { AccountsContext } from './add-account.ts';

export type Unfrozen =
  | { kind: 'unfrozen'; id: string }
  | { kind: 'not_frozen'; id: string }
  | { kind: 'no_account' }
  /** A phone number may be on several accounts, and was made sure of for one. */
  | { kind: 'several'; holders: { id: string; frozen: boolean }[] };

/** @param accountId whose address; needed where several accounts have the phone number */
export function unfreezeAddress(
  { store, clock }: Pick<AccountsContext, 'store' | 'clock'>,
  identifier: Pick<Identifier, 'kind' | 'canonical'>,
  accountId?: string,
): Promise<Unfrozen> {
  return store.transaction(async (tx) => {
    const now = clock.now();
    const all = await tx.accounts.byConfirmedAddress(identifier.kind, identifier.canonical);
    const holders = all
      .filter(({ id }) => accountId === undefined || id === accountId)
      .map(({ id, addresses }) => ({ id, frozen: isFrozen(addresses, identifier) }));
    const [holder, ...others] = holders;
    if (!holder) return { kind: 'no_account' };
    if (others.length > 0) return { kind: 'several', holders };
    const { id, frozen } = holder;
    if (!frozen) return { kind: 'not_frozen', id };
    await tx.accounts.thawAddress(id, identifier, now);
    await tx.audit.append({
      at: now,
      name: 'thaw-address',
      accountId: id,
      proofId: null,
      detail: { address: maskIdentifier(identifier), by: 'operator' },
    });
    return { kind: 'unfrozen', id };
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
