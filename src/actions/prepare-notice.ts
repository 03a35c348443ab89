/** Notices of what happened to an account: their addresses were written down with their cause. */
import type { MessageParams } from '../messages/catalog.ts';
import type { Account, HeldAddress, RemovedAddress, RenderedMail } from '../ports.ts';
import { mayAct } from '../rules/address-trust.ts';
import { type Channel, isMessenger } from '../rules/delivery.ts';
import { maskIdentifier } from '../rules/identifiers.ts';
import { ADDRESS_CHANGED_LATELY_MS, NOT_ME_LIFETIME_MS } from '../rules/limits.ts';
import { answer, stateAt } from '../rules/recovery-flow.ts';
import type { Message, Proof, StoreTransaction } from '../store/store.ts';
import { cancelToken } from './cancel-recovery.ts';
import type { Context } from './context.ts';
import { type Delivery, nameOf, type Prepared } from './delivery.ts';
import { eventOfNotice, unlinkedWith } from './event-of-notice.ts';
import { recoveryAddress } from './reachable-channels.ts';

export const NOTICES = ['password-changed', 'password-blocked', 'password-held', 'recovery-requested'] as const;
type NoticeKind = (typeof NOTICES)[number];

/** Notices about addresses that came or went, or recover the account again, each with the event that tells of it. */
export const ADDRESS_NOTICES = {
  'address-added': 'add-address',
  'address-removed': 'remove-address',
  'address-thawed': 'thaw-address',
  'number-shared': 'share-number',
} as const;
export type AddressNotice = keyof typeof ADDRESS_NOTICES;

export function isAddressNotice(kind: string): kind is AddressNotice {
  return Object.hasOwn(ADDRESS_NOTICES, kind);
}

/** A notice about what one proof led to. */
export async function prepareNotice(
  context: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  message: Message,
  proof: Proof,
  kind: NoticeKind,
): Promise<Prepared> {
  const told = await toldAddress(context, tx, message);
  if (!told) return { do: 'expire' };
  const { keys } = context;
  const { origin } = delivery;
  const now = context.clock.now();
  const account = maskIdentifier(told);
  const { removedAt } = told;
  const { browser } = proof;
  const acts = mayAct(told, now);
  const state = stateAt(proof, now);
  const stoppable = acts && proof.resolution !== 'decoy' && answer(state, 'cancel') === 'cancelled';
  const cancelUrl = stoppable
    ? `${origin}/recover/cancel/${cancelToken(context, proof, message.accountId)}`
    : undefined;
  const at = message.createdAt;
  const send = (mail: ReturnType<typeof delivery.render>): Prepared => ({ do: 'send', to: told.value, mail });
  switch (kind) {
    case 'password-changed': {
      const notMeUrl = acts ? `${origin}/recover/not-me/${keys.sign('not-me', proof.id)}` : undefined;
      const params = {
        account,
        changedAt: at,
        browser,
        by: await waysGone(tx, proof),
        removedAt,
        notMeUrl,
        notMeHours: NOT_ME_LIFETIME_MS / 3_600_000,
      };
      return send(delivery.render(kind, params, message.locale));
    }
    case 'password-blocked': {
      const recovery = removedAt !== undefined ? 'removed' : told.frozenAt === null ? 'open' : 'stopped';
      const unlinked = await unlinkedWith(tx, message);
      const params = { account, at, recovery, unlinked, recoverUrl: `${origin}/recover` } as const;
      return send(delivery.render(kind, params, message.locale));
    }
    case 'password-held': {
      if (state !== 'held') return { do: 'expire' };
      const why = proof.heldFor ?? 'changed';
      // A removed address recovers nothing.
      const soonerUrl = why === 'stale_number' && removedAt === undefined ? `${origin}/recover` : undefined;
      const params = { account, at, browser, completesAt: proof.expiresAt, why, soonerUrl, removedAt, cancelUrl };
      return send(delivery.render(kind, params, message.locale));
    }
    case 'recovery-requested': {
      const holder = message.accountId === null ? undefined : await context.accounts.get(tx, message.accountId);
      if (!holder) return { do: 'expire' };
      const way = await wayAsked(context, tx, holder, proof);
      const params = { account, requestedAt: proof.createdAt, browser, ...way, cancelUrl };
      return send(delivery.render(kind, params, message.locale));
    }
  }
}

/** Where there is no mailbox to tell of a recovery by phone: written as for one, and the mail server is knocked at. */
export async function prepareNoticeToNobody(
  context: Context,
  { origin, render }: Delivery,
  tx: StoreTransaction,
  message: Message,
  proof: Proof,
): Promise<Prepared> {
  // An account is looked up for its address, and for how it was asked for.
  const sought = { kind: proof.identifierKind, canonical: proof.identifier };
  for (let looks = 0; looks < 2; looks += 1) await context.accounts.findByIdentifier(tx, sought);
  const masked = maskIdentifier({ kind: proof.identifierKind, canonical: proof.identifier });
  const { createdAt: requestedAt, browser } = proof;
  const cancelUrl = `${origin}/recover/cancel/${cancelToken(context, proof, null)}`;
  const params = { account: masked, requestedAt, browser, by: 'text', to: masked, cancelUrl } as const;
  const shared = proof.lane === 'waited';
  const like = shared ? undefined : render('recovery-requested', params, message.locale);
  // Its bytes are not handed over: the stand-in's side of the call for the text, which a provider has for itself, is as much work.
  return { do: 'probe', earlier: undefined, shared, like, forNobody: true };
}

/** By which ways its codes and links left; where no provider has said so yet, the one that was asked for. */
async function waysGone(tx: StoreTransaction, proof: Proof): Promise<Channel[]> {
  const gone = await tx.outbox.channelsOfCodes(proof.id);
  return gone.length > 0 ? gone : [proof.channel];
}

/** How its code was asked for, or goes since a mail failed; `to` masked. */
async function wayAsked(
  context: Context,
  tx: StoreTransaction,
  holder: Account,
  proof: Proof,
): Promise<Pick<MessageParams['recovery-requested'], 'by' | 'to'>> {
  const masked = (address: HeldAddress | undefined): string | undefined => address && maskIdentifier(address);
  const isByMail =
    proof.channel === 'email' && (await tx.outbox.codesOf(proof.id)).every(({ channel }) => channel === 'email');
  if (isByMail) return { by: 'email', to: masked(recoveryAddress(context, holder, proof, 'email')) };
  const number = isMessenger(proof.channel) ? undefined : recoveryAddress(context, holder, proof, 'sms');
  return { by: number ? 'text' : 'messenger', to: masked(number) };
}

/** What became of the address since the notice was queued; undefined where the account has nothing to do with it any more. */
export async function toldAddress(
  context: Context,
  tx: StoreTransaction,
  { accountId, address }: Message,
): Promise<(Omit<RemovedAddress, 'removedAt'> & { removedAt?: number }) | undefined> {
  if (accountId === null || address === null) return undefined;
  const account = await context.accounts.get(tx, accountId);
  const since = context.clock.now() - ADDRESS_CHANGED_LATELY_MS;
  return (
    account?.addresses.find(({ value, confirmedAt }) => value === address && confirmedAt !== null) ??
    (await context.accounts.removedSince(tx, accountId, since)).find(({ value }) => value === address)
  );
}

/** What happened stands in the audit event that was written with the notice. */
export async function prepareAddressNotice(
  context: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  message: Message,
  kind: AddressNotice,
): Promise<Prepared> {
  if (message.address === null || message.accountId === null) return { do: 'fail', reason: 'no_address' };
  const event = await addressEventOf(tx, message, kind);
  const account = await context.accounts.get(tx, message.accountId);
  if (!event || !account) return { do: 'expire' };
  const { at, address, what, browser } = event;
  const removedAt = (await toldAddress(context, tx, message))?.removedAt;
  const recoverUrl = `${delivery.origin}/recover`;
  const params = { what, address, at, browser, recoverUrl, removedAt };
  const mail = (): RenderedMail => {
    switch (kind) {
      case 'address-added':
        return delivery.render(kind, { ...params, account: nameOf(account) }, message.locale);
      case 'address-removed':
        // Its own removal is what the mail tells anyway.
        return delivery.render(
          kind,
          { ...params, removedAt: removedAt === at ? undefined : removedAt },
          message.locale,
        );
      case 'address-thawed':
        return delivery.render(kind, { address, at, recoverUrl, removedAt }, message.locale);
      case 'number-shared':
        return delivery.render(kind, { phone: address, at, recoverUrl }, message.locale);
    }
  };
  return { do: 'send', to: message.address, mail: mail() };
}

export async function addressEventOf(
  tx: StoreTransaction,
  message: Message,
  kind: AddressNotice,
): Promise<{ at: number; address: string; what: 'email' | 'phone'; browser: string } | undefined> {
  const event = await eventOfNotice(tx, message, ADDRESS_NOTICES[kind]);
  if (!event) return undefined;
  const address = String(event.detail.address);
  const browser = String(event.detail.browser);
  return { at: event.at, address, what: address.includes('@') ? 'email' : 'phone', browser };
}
