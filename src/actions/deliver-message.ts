/**
 * Sends one leased message of the outbox. The identifier is resolved here, long after its request was answered, and the
 * code is derived here, so that neither the request's time nor the outbox tells anything.
 */

import { afterAttempt, type Channel, fateOfDecoy, type NextStep, type SendOutcome } from '../rules/delivery.ts';
import { isPlaceholder } from '../rules/identifiers.ts';
import { nextRung } from '../rules/ladder.ts';
import type { Message, StoreTransaction } from '../store/store.ts';
import { assessRisk } from './assess-risk.ts';
import type { Context } from './context.ts';
import type { Delivery, Prepared } from './delivery.ts';
import { prepareCode } from './prepare-code.ts';
import { isMessengerNotice, prepareMessengerNotice } from './prepare-messenger-notice.ts';
import { isAddressNotice, NOTICES, prepareAddressNotice, prepareNotice } from './prepare-notice.ts';
import { prepareSupportMail } from './prepare-support-mail.ts';
import { prepareTextNotice } from './prepare-text-notice.ts';
import { settleSpend } from './spend-on-texts.ts';
import { newId } from './tokens.ts';

export async function deliverMessage(context: Context, delivery: Delivery, message: Message): Promise<void> {
  await assessRisk(context, message);
  const prepared = toSomebody(await context.store.transaction((tx) => prepare(context, delivery, tx, message)));
  const outcome = await attempt(delivery, message, prepared);
  const now = context.clock.now();
  const attempts = message.attempts + 1;
  const below = 'below' in prepared ? prepared.below : [];
  const rung = outcome === 'expired' ? undefined : nextRung(outcome, attempts, below);
  const step = stepAfter(outcome, rung, attempts, message, now);
  const status = step.status === 'sent' && prepared.do === 'probe' ? 'suppressed' : step.status;
  const reason = outcome === 'expired' ? message.reason : outcome.kind === 'accepted' ? null : outcome.reason;
  await context.store.transaction(async (tx) => {
    if (prepared.do === 'text' && outcome !== 'expired') await settleSpend(context, tx, prepared, outcome);
    if (rung !== undefined) await queueNextRung(context, tx, message, rung, now);
    await tx.outbox.settle(message.id, {
      status,
      attempts,
      reason,
      ...(step.status === 'queued' ? { dueAt: step.dueAt } : {}),
      ...(step.status === 'sent' ? { sentAt: now } : {}),
      ...(outcome !== 'expired' && outcome.kind === 'accepted' ? { providerId: outcome.providerId } : {}),
    });
  });
  context.log[step.status === 'failed' ? 'warn' : 'info']('message', {
    id: message.id,
    kind: message.kind,
    channel: message.channel,
    status,
    attempts,
    reason,
    waitedMs: now - message.createdAt,
    ...(rung === undefined ? {} : { next: rung }),
  });
}

/** A rung that is left behind has failed, whatever it said. */
function stepAfter(
  outcome: SendOutcome | 'expired',
  rung: Channel | undefined,
  attempts: number,
  message: Message,
  now: number,
): NextStep {
  if (outcome === 'expired') return { status: 'expired' };
  if (rung !== undefined) return { status: 'failed' };
  return afterAttempt(outcome, attempts, message.usefulUntil, now);
}

/**
 * The same code by the next way: the same epoch, a row of its own. Not where the person has asked again since, which began
 * a ladder of its own, nor where somebody else settled this message while we sent it: each way is gone once.
 */
async function queueNextRung(
  context: Context,
  tx: StoreTransaction,
  message: Message,
  channel: Channel,
  now: number,
): Promise<void> {
  const latest = message.proofId === null ? undefined : await tx.outbox.latestCodeOf(message.proofId);
  const isSameRequest = latest?.epoch === message.epoch && latest?.askedAt === message.askedAt;
  // A rung that the operator tried again had its next one already.
  const isGone = latest?.channel === channel;
  if (!isSameRequest || isGone || (await tx.outbox.byId(message.id))?.status !== 'queued') return;
  const { proofId, epoch, accountId, address, locale, usefulUntil, askedAt, leavesAt } = message;
  await tx.outbox.insert({
    id: newId(context.random),
    kind: 'recovery-code',
    channel,
    proofId,
    epoch,
    accountId,
    address,
    locale,
    createdAt: now,
    dueAt: now,
    usefulUntil,
    askedAt,
    leavesAt,
  });
}

async function attempt(delivery: Delivery, message: Message, prepared: Prepared): Promise<SendOutcome | 'expired'> {
  switch (prepared.do) {
    case 'expire':
      return 'expired';
    case 'fail':
      return { kind: 'permanent', reason: prepared.reason };
    case 'skip':
      return { kind: 'unreachable', reason: prepared.reason };
    case 'send':
      return delivery.mail.send({ id: message.id, to: prepared.to, ...prepared.mail });
    case 'text':
      return sendText(delivery, message, prepared);
    case 'probe':
      if (message.channel === 'email')
        return fateOfDecoy(await delivery.mail.probe({ shared: prepared.shared }), prepared.earlier);
      // Also where the channel was taken out of the settings since: nobody is written to.
      return delivery.texts[message.channel]?.probe() ?? { kind: 'accepted', providerId: '' };
  }
}

async function sendText(
  { texts }: Delivery,
  { id, channel, kind, usefulUntil }: Message,
  { to, text: { text, code, locale } }: Prepared & { do: 'text' },
): Promise<SendOutcome> {
  const provider = texts[channel];
  if (!provider) return { kind: 'unreachable', reason: 'not_configured' };
  return provider.send({ id, to, text, code, kind, locale, usefulUntil });
}

async function prepare(
  context: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  message: Message,
): Promise<Prepared> {
  if (context.clock.now() >= message.usefulUntil) return { do: 'expire' };
  if (isMessengerNotice(message.kind)) return prepareMessengerNotice(context, delivery, tx, message, message.kind);
  if (message.channel !== 'email' && message.address !== null) return prepareTextNotice(context, delivery, tx, message);
  if (isAddressNotice(message.kind)) return prepareAddressNotice(context, delivery, tx, message, message.kind);
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
