/** What customer support is told of an address of a customer that mail does not reach. */
import type { Message, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import type { Delivery, Prepared } from './delivery.ts';

/** Nothing is left to tell where mail arrived again or a newer message tells it. */
export async function prepareSupportBounce(
  { settings }: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  message: Message,
): Promise<Prepared> {
  const suppression = await tx.suppressions.toldBy(message.id);
  if (suppression === undefined) return { do: 'expire' };
  const { masked, trouble, reason, at } = suppression;
  const params = { address: masked, heldBack: trouble === 'held-back', reason, at };
  const mail = delivery.render('support-bounce', params, message.locale);
  return { do: 'send', to: settings.supportAddress, mail };
}
