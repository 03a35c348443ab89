/** The end of a cool-off: what nobody stopped happens now, as it would have happened at once. */
import { Refusal } from '../rules/errors.ts';
import { answer, stateAt } from '../rules/recovery-flow.ts';
import { applyPassword } from './apply-password.ts';
import type { Context } from './context.ts';

/** Several workers may do this at once: each password is set once. Returns how many this one set. */
export async function completeHeldPasswords(context: Context): Promise<number> {
  const due = await context.store.transaction((tx) => tx.heldPasswords.due(context.clock.now()));
  let completed = 0;
  for (const proofId of due) if (await complete(context, proofId).catch(stoppedMeanwhile)) completed += 1;
  // The hash of a password that will never be set is nobody's business.
  await context.store.transaction((tx) => tx.heldPasswords.purge());
  return completed;
}

/** Taken and set in one transaction: whenever the process dies, it is either still held or done. */
function complete(context: Context, proofId: string): Promise<boolean> {
  return context.store.transaction(async (tx) => {
    const now = context.clock.now();
    const held = await tx.heldPasswords.take(proofId, now);
    const proof = held && (await tx.proofs.byId(proofId));
    if (!proof || typeof answer(stateAt(proof, now), 'mature') === 'object') return false;
    const account =
      proof.accountId === null ? undefined : await context.accounts.get(tx, proof.accountId, { lock: true });
    if (!account || account.generation !== proof.accountGeneration) {
      await tx.proofs.transition(proofId, 'held', { state: 'cancelled' });
      return false;
    }
    await applyPassword(context, tx, proof, account, held.passwordHash, now);
    return true;
  });
}

/** Everything is rolled back; the next look finds it cancelled and lets it go. */
function stoppedMeanwhile(error: unknown): false {
  if (error instanceof Refusal) return false;
  throw error;
}
