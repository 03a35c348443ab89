/** The cancel link of a code mail: whoever reads the mailbox can stop a recovery that is not his. */
import { Refusal } from '../rules/errors.ts';
import { endsUnseen } from '../rules/lanes.ts';
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
    if ((await stop(tx, proof, now)) && !isOfAnother) await record(tx, proof, auditedAs(proof), now);
  });
}

/**
 * Whatever the claimant has come to: where he enters the code, or chooses a password, in this very moment, that is stopped.
 * @returns false where it was over before
 */
async function stop(tx: StoreTransaction, proof: Proof, now: number): Promise<boolean> {
  const next = answer(stateAt(proof, now), 'cancel');
  if (typeof next === 'object') throw new Refusal(next.refused);
  if (next === 'stay') return false;
  if (endsUnseen(proof)) {
    if (proof.resolution === 'decoy') return false;
    if (await tx.proofs.makeDecoy(proof.id)) return true;
  } else if (await tx.proofs.transition(proof.id, proof.state, { state: 'cancelled' })) return true;
  const since = await tx.proofs.byId(proof.id);
  // States and resolutions only go forward, so this ends.
  return since !== undefined && stop(tx, since, now);
}

/**
 * The account is none of those that can be chosen any more. True where none is left, or this one was being chosen at this very
 * moment, and the whole recovery ends.
 */
async function leaves(tx: StoreTransaction, proof: Proof, accountId: string, now: number): Promise<boolean> {
  if (!isShared(proof) || !(await tx.candidates.remove(proof.id, accountId))) return false;
  await record(tx, proof, accountId, now);
  // `remove` waited for whoever was choosing.
  const since = await tx.proofs.byId(proof.id);
  return since?.accountId === accountId || (await tx.candidates.ofProof(proof.id)).length === 0;
}

function record(tx: StoreTransaction, proof: Proof, accountId: string | null, now: number): Promise<void> {
  const detail = { channel: proof.channel };
  return tx.audit.append({ at: now, name: 'cancel-recovery', accountId, proofId: proof.id, detail });
}
