/**
 * Sends one leased message of the outbox. The identifier is resolved here, long after its request was answered, and the
 * code is derived here, so that neither the request's time nor the outbox tells anything.
 */
import { afterAttempt, fateOfDecoy, type NextStep, type SendOutcome } from '../rules/delivery.ts';
import { isPlaceholder } from '../rules/identifiers.ts';
import type { Message, StoreTransaction } from '../store/store.ts';
import { assessRisk } from './assess-risk.ts';
import type { Context } from './context.ts';
import type { Delivery, Prepared } from './delivery.ts';
import { prepareCode } from './prepare-code.ts';
import { NOTICES, prepareAddressNotice, prepareNotice } from './prepare-notice.ts';
import { prepareSupportMail } from './prepare-support-mail.ts';

export async function deliverMessage(context: Context, delivery: Delivery, message: Message): Promise<void> {
  await assessRisk(context, message);
  const prepared = toSomebody(await context.store.transaction((tx) => prepare(context, delivery, tx, message)));
  const outcome = await attempt(delivery, message, prepared);
  const now = context.clock.now();
  const attempts = message.attempts + 1;
  const step: NextStep =
    outcome === 'expired' ? { status: 'expired' } : afterAttempt(outcome, attempts, message.usefulUntil, now);
  const status = step.status === 'sent' && prepared.do === 'probe' ? 'suppressed' : step.status;
  const reason = outcome === 'expired' ? message.reason : outcome.kind === 'accepted' ? null : outcome.reason;
  await context.store.transaction((tx) =>
    tx.outbox.settle(message.id, {
      status,
      attempts,
      reason,
      ...(step.status === 'queued' ? { dueAt: step.dueAt } : {}),
      ...(step.status === 'sent' ? { sentAt: now } : {}),
      ...(outcome !== 'expired' && outcome.kind === 'accepted' ? { providerId: outcome.providerId } : {}),
    }),
  );
  context.log[step.status === 'failed' ? 'warn' : 'info']('message', {
    id: message.id,
    kind: message.kind,
    status,
    attempts,
    reason,
    waitedMs: now - message.createdAt,
  });
}

async function attempt(delivery: Delivery, message: Message, prepared: Prepared): Promise<SendOutcome | 'expired'> {
  if (prepared.do === 'expire') return 'expired';
  if (prepared.do === 'fail') return { kind: 'permanent', reason: prepared.reason };
  if (prepared.do === 'send') return delivery.mail.send({ id: message.id, to: prepared.to, ...prepared.mail });
  return fateOfDecoy(await delivery.mail.probe({ shared: prepared.shared }), prepared.earlier);
}

async function prepare(
  context: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  message: Message,
): Promise<Prepared> {
  if (context.clock.now() >= message.usefulUntil) return { do: 'expire' };
  if (message.kind === 'address-added' || message.kind === 'address-removed')
    return prepareAddressNotice(context, delivery, tx, message, message.kind);
  if (message.proofId === null) return { do: 'expire' };
  const proof = await tx.proofs.byId(message.proofId);
  if (!proof) return { do: 'expire' };
  const notice = NOTICES.find((kind) => kind === message.kind);
  if (notice) return prepareNotice(context, delivery, tx, message, proof, notice);
  if (message.kind === 'support-not-me') return prepareSupportMail(context, delivery, tx, message, proof);
  return prepareCode(context, delivery, tx, message, proof);
}

/** Nobody is written to at a placeholder, whoever asked for it and whether or not an account has it. */
function toSomebody(prepared: Prepared): Prepared {
  return prepared.do === 'send' && isPlaceholder(prepared.to)
    ? { do: 'probe', earlier: undefined, shared: true }
    : prepared;
}
