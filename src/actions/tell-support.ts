/** Sends one leased message to the shop's support: mail to an address of a customer comes back. */

import type { MessageParams } from '../messages/catalog.ts';
import type { MailChannel, RenderedMail } from '../ports.ts';
import { afterAttempt, type NextStep, type SendOutcome } from '../rules/delivery.ts';
import type { Message } from '../store/store.ts';
import type { Context } from './context.ts';

export interface SupportDelivery {
  mail: MailChannel;
  supportAddress: string;
  render(kind: 'support-bounce', params: MessageParams['support-bounce'], locale: string): RenderedMail;
}

export async function tellSupport(context: Context, delivery: SupportDelivery, message: Message): Promise<void> {
  const outcome = await attempt(context, delivery, message);
  const now = context.clock.now();
  const attempts = message.attempts + 1;
  const step: NextStep =
    outcome === 'expired' ? { status: 'expired' } : afterAttempt(outcome, attempts, message.usefulUntil, now);
  const reason = outcome === 'expired' ? message.reason : outcome.kind === 'accepted' ? null : outcome.reason;
  await context.store.transaction((tx) =>
    tx.outbox.settle(message.id, {
      status: step.status,
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
    status: step.status,
    attempts,
    reason,
  });
}

/** Nothing is left to tell where mail arrived again or a newer message tells it. */
async function attempt(
  context: Context,
  delivery: SupportDelivery,
  message: Message,
): Promise<SendOutcome | 'expired'> {
  const suppression = await context.store.transaction((tx) => tx.suppressions.toldBy(message.id));
  if (suppression === undefined || context.clock.now() >= message.usefulUntil) return 'expired';
  const { masked, trouble, reason, at } = suppression;
  const params = { address: masked, heldBack: trouble === 'held-back', reason, at };
  const mail = delivery.render('support-bounce', params, message.locale);
  return delivery.mail.send({ id: message.id, to: delivery.supportAddress, ...mail });
}
