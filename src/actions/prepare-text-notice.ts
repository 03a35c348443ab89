/** A notice by text: to a number that is the account's, or was until what the notice tells of. */
import type { Account } from '../ports.ts';
import { stateAt } from '../rules/recovery-flow.ts';
import { noticeWaitMs } from '../rules/spend.ts';
import { TEXT_NOTICES, type TextNotice } from '../rules/text-notices.ts';
import type { Message, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import type { Delivery, Prepared, RenderedText } from './delivery.ts';
import { messengerEventOf } from './event-of-notice.ts';
import { addressEventOf } from './prepare-notice.ts';
import { buyNotice, skipHeldBack } from './spend-on-texts.ts';

export async function prepareTextNotice(
  context: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  message: Message,
): Promise<Prepared> {
  const kind = TEXT_NOTICES.find((one) => one === message.kind);
  const account = message.accountId === null ? undefined : await context.accounts.get(tx, message.accountId);
  const number = account && (await toldNumber(context, tx, account, message));
  const text = kind && number && (await textOf(context, delivery, tx, message, kind));
  if (!number || !text) return { do: 'expire' };
  const bought = await buyNotice(context, delivery, tx, { message, to: number, over: 'number', parts: text.segments });
  return typeof bought === 'string'
    ? skipHeldBack(bought, [], noticeWaitMs(context.clock.now()))
    : { do: 'text', to: number, over: 'number', text, paid: bought, below: [] };
}

async function toldNumber(
  context: Context,
  tx: StoreTransaction,
  account: Account,
  { address: told, createdAt }: Message,
): Promise<string | undefined> {
  // Removed by what it is told of, or after that: a number that went before is told nothing.
  const numbers = [...account.addresses, ...(await context.accounts.removedSince(tx, account.id, createdAt))];
  return numbers.find(({ kind, value }) => kind === 'phone' && value === told)?.canonical;
}

async function textOf(
  context: Context,
  { renderText }: Delivery,
  tx: StoreTransaction,
  message: Message,
  kind: TextNotice,
): Promise<RenderedText | undefined> {
  const { createdAt, locale } = message;
  switch (kind) {
    case 'password-changed':
      return renderText(kind, { changedAt: createdAt }, locale);
    case 'password-blocked':
      return renderText(kind, {}, locale);
    case 'password-held': {
      const proof = message.proofId === null ? undefined : await tx.proofs.byId(message.proofId);
      const waits = proof !== undefined && stateAt(proof, context.clock.now()) === 'held';
      return waits ? renderText(kind, { completesAt: proof.expiresAt }, locale) : undefined;
    }
    case 'address-added':
    case 'address-removed': {
      const event = await addressEventOf(tx, message, kind);
      return event && renderText(kind, { what: event.what }, locale);
    }
    case 'address-thawed':
      return renderText(kind, {}, locale);
    case 'messenger-linked':
    case 'messenger-unlinked': {
      const event = await messengerEventOf(tx, message, kind);
      return event && renderText(kind, { messenger: event.messenger }, locale);
    }
  }
}
