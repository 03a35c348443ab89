/** Queues a message again that came to nothing, where it is still of use to somebody. The worker sends it as any other. */
import type { Account } from '../ports.ts';
import { canRecover } from '../rules/address-trust.ts';
import { RETRIED } from '../rules/delivery.ts';
import { type Retried, type RetryRefusal, whyNotRetried } from '../rules/retry.ts';
import type { Message, Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { mayRecover } from './find-proof.ts';
import { findMessage, proofOf } from './list-messages.ts';
import { addressesBy } from './reachable-channels.ts';
import { isShared, liveCandidates } from './shared-number.ts';

export type RetryOutcome =
  | { id: string; queued: true }
  | { id: string; queued: false; refusal: RetryRefusal }
  | { id: undefined; why: 'none' | 'several' };

export type RetryContext = Pick<Context, 'store' | 'accounts' | 'clock' | 'settings'>;

/** Asking twice queues it once: the second finds it waiting. */
export async function retryMessage(
  context: RetryContext,
  idOrPrefix: string,
  { evenIfDelivered }: { evenIfDelivered: boolean },
): Promise<RetryOutcome> {
  const now = context.clock.now();
  return context.store.transaction(async (tx): Promise<RetryOutcome> => {
    const message = await findMessage(tx, idOrPrefix);
    if (message === undefined || message === 'several')
      return { id: undefined, why: message === undefined ? 'none' : message };
    const { id } = message;
    const proof = await proofOf(tx, message);
    const account = await accountOf(context, tx, message, proof);
    const refusal = whyNotRetried({ message, proof, account, evenIfDelivered }, now);
    if (refusal) return { id, queued: false, refusal };
    // Somebody else was faster; whatever he did, the message is on its way.
    if (!(await tx.outbox.requeue(id, message.status, { reason: RETRIED, now })))
      return { id, queued: false, refusal: { why: 'waits_already' } };
    await tx.audit.append({
      at: now,
      name: 'retry-message',
      accountId: message.accountId ?? proof?.accountId ?? null,
      proofId: message.proofId,
      detail: { message: id, kind: message.kind, channel: message.channel, was: message.status },
    });
    return { id, queued: true };
  });
}

/** Only a code that recovers an account goes to a stored address; codes for others go to where nobody has an account yet. */
async function accountOf(
  context: RetryContext,
  tx: StoreTransaction,
  message: Message,
  proof: Proof | undefined,
): Promise<Retried['account']> {
  if (message.kind !== 'recovery-code' || proof?.resolution !== 'known') return null;
  // Of several accounts with the number each is looked at when the text is written; one that is left is enough.
  if (isShared(proof)) return (await liveCandidates(context, tx, proof)).length > 0 ? null : undefined;
  const named = { kind: proof.identifierKind, canonical: proof.identifier };
  const account = await context.accounts.findByIdentifier(tx, named);
  return account && { generation: account.generation, isStopped: isStopped(context, account, proof, message) };
}

/** Recovery by what was named, or by every address that this message could go to. */
function isStopped(context: RetryContext, account: Account, proof: Proof, { channel }: Message): boolean {
  const addresses = addressesBy(context, account, proof, channel);
  return !mayRecover(account, proof) || (addresses.length > 0 && !addresses.some(canRecover));
}
