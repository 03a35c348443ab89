/** Notices of what happened to an account: their addresses were written down with their cause. */
import { maskIdentifier } from '../rules/identifiers.ts';
import { NOT_ME_LIFETIME_MS } from '../rules/limits.ts';
import type { Message, Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { type Delivery, nameOf, type Prepared } from './delivery.ts';

export function prepareNotice(context: Context, delivery: Delivery, message: Message, proof: Proof): Prepared {
  if (message.address === null) return { do: 'fail', reason: 'no_address' };
  const account = maskIdentifier({ kind: 'email', canonical: message.address });
  const at = message.createdAt;
  const mail =
    message.kind === 'password-changed'
      ? delivery.render(
          'password-changed',
          {
            account,
            changedAt: at,
            browser: proof.browser,
            notMeUrl: `${delivery.origin}/recover/not-me/${context.keys.sign('not-me', proof.id)}`,
            notMeHours: NOT_ME_LIFETIME_MS / 3_600_000,
          },
          message.locale,
        )
      : delivery.render('password-blocked', { account, at, recoverUrl: `${delivery.origin}/recover` }, message.locale);
  return { do: 'send', to: message.address, mail };
}

/** What happened stands in the audit event that was written with the notice. */
export async function prepareAddressNotice(
  context: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  message: Message,
  kind: 'address-added' | 'address-removed',
): Promise<Prepared> {
  if (message.address === null || message.accountId === null) return { do: 'fail', reason: 'no_address' };
  const name = kind === 'address-added' ? 'add-address' : 'remove-address';
  const events = await tx.audit.pageOf(message.accountId, [name], ADDRESS_EVENTS_READ);
  const event = events.find(({ at }) => at === message.createdAt);
  const account = await context.accounts.get(tx, message.accountId);
  if (!event || !account) return { do: 'expire' };
  const params = {
    address: String(event.detail.address),
    at: event.at,
    browser: String(event.detail.browser),
    recoverUrl: `${delivery.origin}/recover`,
  };
  const mail =
    kind === 'address-added'
      ? delivery.render(kind, { ...params, account: nameOf(account) }, message.locale)
      : delivery.render(kind, params, message.locale);
  return { do: 'send', to: message.address, mail };
}

/** More than anybody adds or removes within the day that a notice is tried for. */
const ADDRESS_EVENTS_READ = 200;
