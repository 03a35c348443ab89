/** The cancel link of a code mail: whoever reads the mailbox can stop a recovery that is not his. */
import { Refusal } from '../rules/errors.ts';
import { answer, stateAt } from '../rules/recovery-flow.ts';
import type { Context } from './context.ts';

/**
 * @param signed the token of the link
 * @throws Refusal `not_found` for a forged link, `recovery_not_found` for a recovery that was completed
 */
export async function cancelRecovery(context: Context, signed: string): Promise<void> {
  const id = context.keys.open('cancel', signed);
  if (id === undefined) throw new Refusal('not_found');
  await context.store.transaction(async (tx) => {
    const now = context.clock.now();
    const proof = await tx.proofs.byId(id);
    if (!proof) return;
    const next = answer(stateAt(proof, now), 'cancel');
    if (typeof next === 'object') throw new Refusal(next.refused);
    if (next === 'stay') return;
    // Lost to a simultaneous change: read again by the retry of the person, nothing is half done.
    if (!(await tx.proofs.transition(id, proof.state, { state: 'cancelled' }))) throw new Refusal('recovery_not_found');
    await tx.audit.append({
      at: now,
      name: 'cancel-recovery',
      accountId: proof.accountId,
      proofId: id,
      detail: { channel: proof.channel },
    });
  });
}
