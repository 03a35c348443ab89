/** After the right code of a number that several accounts have: which of them is to be recovered. */
import { Refusal } from '../rules/errors.ts';
import { answer, stateAt } from '../rules/recovery-flow.ts';
import type { Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { findProof } from './find-proof.ts';
import { type LiveCandidate, liveCandidates } from './shared-number.ts';

/**
 * @param id of a choice that this recovery gave out
 * @returns the proof, `verified`
 * @throws Refusal `recovery_not_found` before the code, after a choice, and where no account is left; `invalid_request` for the
 *   field `account` where it is none of the choices, or was changed since the code was sent
 */
export async function chooseAccount(context: Context, token: string, id: string): Promise<Proof> {
  return context.store.transaction(async (tx) => {
    const now = context.clock.now();
    const proof = await findProof(tx, 'recovery', token, { lock: true });
    const next = answer(stateAt(proof, now), 'choose_account');
    if (typeof next === 'object') throw new Refusal(next.refused);
    const live = await liveCandidates(context, tx, proof);
    if (live.length === 0) throw new Refusal('recovery_not_found');
    const chosen = live.find(({ candidate }) => candidate.id === id);
    if (!chosen || !(await tx.candidates.choose(proof.id, id, now))) throw notAChoice();
    const change = { state: 'verified', ...recovering(proof, chosen) } as const;
    if (!(await tx.proofs.transition(proof.id, 'choosing', change))) throw new Refusal('recovery_not_found');
    await recordChoice(tx, proof, live, chosen, now);
    return { ...proof, ...change };
  });
}

/** What makes a proof one of this account. A browser that is known for the number may be another account's. */
export function recovering(
  { lane }: Pick<Proof, 'lane'>,
  { account, candidate }: LiveCandidate,
): Pick<Proof, 'accountId' | 'accountGeneration' | 'lane'> {
  return {
    accountId: account.id,
    accountGeneration: candidate.accountGeneration,
    lane: lane === 'known-device' ? 'stranger' : lane,
  };
}

async function recordChoice(
  tx: StoreTransaction,
  { id: proofId, channel, browser }: Proof,
  live: readonly LiveCandidate[],
  chosen: LiveCandidate,
  now: number,
): Promise<void> {
  for (const { account } of live)
    await tx.audit.append({
      at: now,
      name: account === chosen.account ? 'choose-account' : 'pass-over-account',
      accountId: account.id,
      proofId,
      detail: { channel, browser },
    });
}

function notAChoice(): Refusal {
  return new Refusal('invalid_request', { field: 'account', detail: 'account: is none of those that can be chosen' });
}
