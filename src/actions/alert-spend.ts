/** Tells the operator that a budget of money is used up: once for each opening, not for each message that it holds back. */
import { maskPrefix } from '../rules/destinations.ts';
import { ALERT_EVERY_MS, dayEndsAt, type HeldBack } from '../rules/spend.ts';
import { bucketKey } from '../rules/spend-buckets.ts';
import type { StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import type { Judged } from './guard-spend.ts';

type AlertContext = Pick<Context, 'settings' | 'log'>;

/** A number's own limit and a country that is not served are everyday, and a channel that was switched off stays so. */
export async function alertOnce(
  context: AlertContext,
  tx: StoreTransaction,
  judged: Judged,
  reason: HeldBack,
): Promise<void> {
  const { channel, now } = judged.send;
  if (reason === 'budget' && context.settings.spend.perDay[channel] > 0)
    await onceUntil(context, tx, judged, reason, '', dayEndsAt(now));
  if (reason === 'country_budget')
    await onceUntil(context, tx, judged, reason, judged.destination.country ?? '', dayEndsAt(now));
  if (reason === 'prefix')
    await onceUntil(context, tx, judged, reason, judged.destination.prefix ?? '', now + ALERT_EVERY_MS);
  if (reason === 'country_rate' || reason === 'price')
    await onceUntil(context, tx, judged, reason, judged.destination.country ?? '', now + ALERT_EVERY_MS);
}

/** Looks before it charges: while an alert stands, nobody writes to its row. */
async function onceUntil(
  context: AlertContext,
  tx: StoreTransaction,
  judged: Judged,
  reason: HeldBack,
  of: string,
  until: number,
): Promise<void> {
  const { send, spender } = judged;
  const key = bucketKey(`alert-${reason}`, spender, send.channel, of);
  if (((await tx.limits.fullAt([key])).get(key) ?? 0) > send.now) return;
  const once = { burst: 1, refillMs: until - send.now };
  if ((await tx.limits.charge(key, once, send.now)) === undefined) await announce(context, tx, judged, reason, until);
}

/** A line to alert on, and an event that stays. Neither has a number in it. */
export async function announce(
  context: Pick<Context, 'log'>,
  tx: StoreTransaction,
  { send: { channel, now }, destination: { country, prefix }, spender }: Judged,
  reason: HeldBack,
  until: number,
): Promise<void> {
  const detail = {
    channel,
    reason,
    spender,
    ...(reason === 'budget' ? {} : { country: country ?? 'none' }),
    ...((reason === 'prefix' || reason === 'conversion') && prefix !== undefined ? { prefix: maskPrefix(prefix) } : {}),
  };
  context.log.error('spend-held-back', { ...detail, until: new Date(until).toISOString() });
  await tx.audit.append({ at: now, name: 'hold-back-spend', accountId: null, proofId: null, detail });
}
