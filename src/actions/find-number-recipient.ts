import type { Account } from '../ports.ts';
import type { Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import type { Recipient } from './find-recipient.ts';
import { isFull } from './number-holders.ts';

/**
 * Who a text of a registration goes to, or of a number that is added to an account: always the number that was typed. What
 * it says depends on who has the number, and whoever typed it sees no difference.
 */
export async function findNumberRecipient(context: Context, tx: StoreTransaction, proof: Proof): Promise<Recipient> {
  const to = proof.identifier;
  const holders = await context.accounts.findAllByIdentifier(tx, { kind: 'phone', canonical: to });
  const asking = proof.accountId === null ? undefined : await context.accounts.get(tx, proof.accountId);
  const taken = isTaken(proof, holders, asking);
  // Which account asked was written down with the request.
  if (proof.resolution === 'pending') await tx.proofs.update(proof.id, { resolution: taken ? 'decoy' : 'known' });
  const [holder] = holders;
  const again = holders.some(({ id }) => id === asking?.id);
  if (proof.purpose === 'address')
    return { kind: taken ? 'address-taken' : 'address-code', to, account: asking, again };
  return { kind: taken ? 'registration-taken' : 'registration-code', to, account: holder };
}

/** Whoever registers with a number that has an account has forgotten it, or shares the phone and has a mailbox to begin with. */
function isTaken({ purpose }: Proof, holders: readonly Account[], asking: Account | undefined): boolean {
  if (purpose === 'registration' || asking === undefined) return holders.length > 0;
  return isFull(holders, asking);
}
