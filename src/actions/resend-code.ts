/** "Send again", and "try another way", repeat the living code; a dead or dying one is followed by a new code. */
import type { Purpose } from '../rules/codes.ts';
import type { Channel } from '../rules/delivery.ts';
import { Refusal } from '../rules/errors.ts';
import { lanesForResend } from '../rules/lanes.ts';
import { CODE_LIFETIME_MS, TRIES_PER_CODE } from '../rules/limits.ts';
import { answer, renewal, stateAt } from '../rules/recovery-flow.ts';
import { resendableAt, resendWaitMs } from '../rules/resend-waits.ts';
import type { Proof } from '../store/store.ts';
import { chargedTo, chargeSend, countSend, readBreakers } from './charge-send.ts';
import type { Context, Origin } from './context.ts';
import { findProof } from './find-proof.ts';
import { canCarryLink, chosenChannel, queueCode, whatIsSent } from './start-proof.ts';

/**
 * @param chosen another way; without it the code travels as before
 * @throws Refusal `recovery_not_found`, `rate_limited` (also before the waiting time is over), `invalid_request` for the field
 *   `channel`
 */
export async function resendCode(
  context: Context,
  purpose: Purpose,
  token: string,
  origin: Origin,
  chosen?: Channel,
): Promise<Proof> {
  return context.store.transaction(async (tx) => {
    const now = context.clock.now();
    const proof = await findProof(tx, purpose, token, { lock: true });
    const state = stateAt(proof, now);
    const next = answer(state, 'send_again');
    if (typeof next === 'object') throw new Refusal(next.refused);
    const asking = askingOf(proof);
    const channel = chosenChannel(context, asking, chosen ?? proof.channel);
    // A dead code is replaced at once: waiting is for people who might only be impatient. Another way is no impatience.
    const keyDropped = context.keys.codeKeyById(proof.keyId) === undefined;
    const leftMs = resendableAt(proof, now) - now;
    if (state === 'code_sent' && !keyDropped && channel === proof.channel && leftMs > 0)
      throw new Refusal('rate_limited', { retryAfterSeconds: Math.ceil(leftMs / 1000) });
    const breakers = await readBreakers(context, tx, now);
    const lanes = lanesForResend(proof.lane, breakers.open.sends);
    const charged = chargedTo(context, asking, channel);
    const lane = await chargeSend(tx, { ...charged, source: origin.source, lanes }, now);

    const cannotCarry = proof.carries === 'link' && canCarryLink(proof.channel) && !canCarryLink(channel);
    const renewed = keyDropped || cannotCarry ? 'renew' : renewal(proof, now);
    const resends = proof.resends + 1;
    const change: Partial<Proof> = { channel, resends, resendAt: now + resendWaitMs(resends), messagesOf: null };
    if (renewed !== 'repeat') {
      const { shape, carries } = await whatIsSent(tx, { ...proof, channel }, breakers, origin, now);
      const keepsOld = renewed === 'renew_keeping_old';
      Object.assign(change, {
        epoch: proof.epoch + 1,
        // The code that lives on is derived with the key that it was sent with, also where REGAIN_SECRET was rotated since.
        keyId: keepsOld ? proof.keyId : context.keys.codeKey().id,
        carries,
        codeFormat: shape.format,
        codeLength: shape.length,
        triesLeft: TRIES_PER_CODE,
        codeExpiresAt: now + CODE_LIFETIME_MS,
        expiresAt: Math.max(proof.expiresAt, now + CODE_LIFETIME_MS),
        previousCodeExpiresAt: keepsOld ? proof.codeExpiresAt : null,
        previousCodeFormat: keepsOld ? proof.codeFormat : null,
        previousCodeLength: keepsOld ? proof.codeLength : null,
      });
    }
    await tx.proofs.update(proof.id, change);
    const updated = { ...proof, ...change };
    await queueCode(context, tx, updated, lane, now);
    await tx.audit.append({
      at: now,
      name: 'resend-code',
      accountId: proof.accountId,
      proofId: proof.id,
      detail: { channel, epoch: updated.epoch, browser: origin.browser, lane },
    });
    await countSend(context, tx, lane, breakers, now);
    return updated;
  });
}

function askingOf(proof: Proof): Parameters<typeof chosenChannel>[1] {
  return { purpose: proof.purpose, kind: proof.identifierKind, canonical: proof.identifier };
}
