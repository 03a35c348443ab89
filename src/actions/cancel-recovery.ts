/** The cancel link of a code mail: whoever reads the mailbox can stop a recovery that is not his. */
import { Refusal } from '../rules/errors.ts';
import { answer, stateAt } from '../rules/recovery-flow.ts';
import type { Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { auditedAs, isShared } from './shared-number.ts';

/**
 * What the token of a cancel link stands for. The mailbox of one of several accounts with a number stops what concerns that
 * account: the others' owners go on.
 */
export function cancelToken(
  { keys }: Pick<Context, 'keys'>,
  proof: Pick<Proof, 'id' | 'accountId'>,
  accountId: string | null,
): string {
  const isWhole = accountId === null || accountId === proof.accountId;
  return keys.sign('cancel', isWhole ? proof.id : `${proof.id} ${accountId}`);
}

/**
 * @param signed the token of the link
 * @throws Refusal `not_found` for a forged link, `recovery_not_found` for a recovery that was completed
 */
export async function cancelRecovery(context: Context, signed: string): Promise<void> {
  const [id, ofAccount] = (context.keys.open('cancel', signed) ?? '').split(' ');
  if (!id) throw new Refusal('not_found');
  await context.store.transaction(async (tx) => {
    const now = context.clock.now();
    const proof = await tx.proofs.byId(id);
    if (!proof) return;
    const isOfAnother = ofAccount !== undefined && ofAccount !== proof.accountId;
    if (isOfAnother && !(await leaves(tx, proof, ofAccount, now))) return;
    const next = answer(stateAt(proof, now), 'cancel');
    if (typeof next === 'object') throw new Refusal(next.refused);
    if (next === 'stay') return;
    // Lost to a simultaneous change: read again by the retry of the person, nothing is half done.
    if (!(await tx.proofs.transition(id, proof.state, { state: 'cancelled' }))) throw new Refusal('recovery_not_found');
    if (!isOfAnother) await record(tx, proof, auditedAs(proof), now);
  });
}

/** The account is none of those that can be chosen any more. True where none is left, and the whole recovery ends. */
async function leaves(tx: StoreTransaction, proof: Proof, accountId: string, now: number): Promise<boolean> {
  if (!isShared(proof) || !(await tx.candidates.remove(proof.id, accountId))) return false;
  await record(tx, proof, accountId, now);
  return (await tx.candidates.ofProof(proof.id)).length === 0;
}

function record(tx: StoreTransaction, proof: Proof, accountId: string | null, now: number): Promise<void> {
  const detail = { channel: proof.channel };
  return tx.audit.append({ at: now, name: 'cancel-recovery', accountId, proofId: proof.id, detail });
}
