import type { Account, HeldAddress } from '../ports.ts';
import { canRecover } from '../rules/address-trust.ts';
import type { Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { addressesBy } from './reachable-channels.ts';

/**
 * Where codes of a completed proof went: more than one address where they were asked for by several ways, or went down the
 * ladder. Which of them was read nobody knows. What came to the account later is not among them.
 */
export async function usedAddresses(
  context: Pick<Context, 'settings'>,
  tx: StoreTransaction,
  account: Account,
  proof: Proof,
): Promise<HeldAddress[]> {
  const channels = await tx.outbox.channelsOfCodes(proof.id);
  return channels.flatMap((channel) => {
    const used = addressesBy(context, account, proof, channel).find(
      (address) => canRecover(address) && (address.confirmedAt ?? 0) <= proof.createdAt,
    );
    return used ? [used] : [];
  });
}
