/** The last step of adding an address: the code was right, so it becomes one of the account's. */
import { Refusal } from '../rules/errors.ts';
import { type Identifier, maskIdentifier, sendableAddress } from '../rules/identifiers.ts';
import { stateAt } from '../rules/recovery-flow.ts';
import type { Proof } from '../store/store.ts';
import type { Context } from './context.ts';
import { findProof } from './find-proof.ts';
import { notifyOfAddress } from './notify-of-address.ts';
import { requireSessionIn } from './sessions.ts';

/**
 * @throws Refusal `invalid_credentials` without a living session; `recovery_not_found` for a proof that is another
 *   account's, that an intermediate change voided, or whose address somebody else confirmed first
 */
export async function addAddress(context: Context, session: string | undefined, token: string): Promise<Proof> {
  return context.store.transaction(async (tx) => {
    const now = context.clock.now();
    const { account } = await requireSessionIn(context, tx, session);
    const proof = await findProof(tx, 'address', token);
    const change = { state: 'completed', completedAt: now } as const;
    const isOurs = proof.accountId === account.id && proof.accountGeneration === account.generation;
    if (!isOurs || stateAt(proof, now) !== 'verified' || !(await tx.proofs.transition(proof.id, 'verified', change)))
      throw new Refusal('recovery_not_found');
    const address = addressOf(proof, now);
    const outcome = await context.accounts.addAddress(tx, account, address, now);
    if (outcome !== 'added') throw new Refusal('recovery_not_found');
    await tx.proofs.cancelAllOf(account.id, proof.id);
    await notifyOfAddress(context, tx, account, 'address-added', [...account.addresses, address], proof.locale, now);
    await tx.audit.append({
      at: now,
      name: 'add-address',
      accountId: account.id,
      proofId: proof.id,
      detail: { address: maskIdentifier(address), browser: proof.browser },
    });
    return { ...proof, ...change };
  });
}

function addressOf(
  proof: Proof,
  now: number,
): Pick<Identifier, 'kind' | 'canonical'> & { value: string; confirmedAt: number } {
  const { identifierKind: kind, identifier: canonical, identifierTyped: typed } = proof;
  return {
    kind,
    canonical,
    value: kind === 'email' ? sendableAddress({ typed, canonical }) : canonical,
    confirmedAt: now,
  };
}
