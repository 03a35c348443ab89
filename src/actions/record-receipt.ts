/** What a provider reports of a message becomes its status, and what it reports of an address is remembered. */
import type { ChannelEvent } from '../ports.ts';
import { decodedXtext } from '../rules/bounces.ts';
import { type Channel, EARLY_RECEIPT_KEPT_MS, mergeStatus } from '../rules/delivery.ts';
import { canonicalEmail, maskIdentifier } from '../rules/identifiers.ts';
import { messageIdOf } from '../rules/retry.ts';
import type { Message, Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { goOnAfterFailure } from './next-rung.ts';
import { addressesBy, recoveryAddress } from './reachable-channels.ts';
import { goesToSupport, recordAddressTrouble } from './record-address-trouble.ts';

export type Receipt = Extract<ChannelEvent, { type: 'receipt' }>;

/**
 * Idempotent: the same receipt again changes nothing, and receipts in any order end the same.
 * @returns the message's status, or undefined where no message of this channel has that id (any more)
 */
export async function recordReceipt(
  context: Context,
  channel: Channel,
  receipt: Receipt,
): Promise<Message['status'] | undefined> {
  const find = () =>
    context.store.transaction(async (tx) => {
      const message = await findMessage(tx, channel, receipt);
      return message && { merged: await apply(context, tx, message, receipt) };
    });
  const found = (await find()) ?? ((await keepEarly(context, channel, receipt)) ? await find() : undefined);
  const merged = found?.merged;
  context.log[merged ? 'info' : 'debug']('receipt', { ...merged, told: receipt.status, reason: receipt.reason });
  return merged?.status;
}

/**
 * Once a message has its provider's id: what was reported by it before. In a transaction after the one that wrote the id, as
 * `recordReceipt` looks again after the one that kept the report: whichever is second finds the other.
 */
export async function recordEarlyReceipts(
  context: Context,
  { id, channel }: Pick<Message, 'id' | 'channel'>,
  providerId: string,
): Promise<void> {
  await context.store.transaction(async (tx) => {
    for (const { status, reason, at } of await tx.earlyReceipts.take(channel, providerId)) {
      const message = await tx.outbox.byId(id);
      if (message) await apply(context, tx, message, { type: 'receipt', providerId, status, reason, at });
    }
  });
}

/**
 * Viber names a message by its own id alone, which we learn from its answer: a report may be faster than that. Only what is
 * proven to come from the provider gets here, and each goes after a minute.
 * @returns whether it was kept
 */
async function keepEarly(context: Context, channel: Channel, receipt: Receipt): Promise<boolean> {
  const { providerId, messageId, status, reason, at } = receipt;
  if (messageId !== undefined || providerId === '') return false;
  const keptAt = context.clock.now();
  await context.store.transaction(async (tx) => {
    await tx.earlyReceipts.purge(keptAt - EARLY_RECEIPT_KEPT_MS);
    await tx.earlyReceipts.keep({ channel, providerId, status, reason, at, keptAt });
  });
  return true;
}

async function apply(
  context: Context,
  tx: StoreTransaction,
  message: Message,
  receipt: Receipt,
): Promise<(Pick<Message, 'id' | 'kind' | 'status'> & { before: Message['status'] }) | undefined> {
  // A decoy was never sent, so whatever is reported of it was made up.
  if (message.status === 'suppressed') return undefined;
  const status = await merge(tx, message, receipt);
  if (message.channel === 'email') await recordAddress(context, tx, message, receipt);
  if (status === 'bounced' && message.status !== 'bounced') await goOnAfterFailure(context, tx, message);
  return { id: message.id, kind: message.kind, before: message.status, status };
}

async function findMessage(tx: StoreTransaction, channel: Channel, receipt: Receipt): Promise<Message | undefined> {
  const own = receipt.messageId === undefined ? undefined : await tx.outbox.byId(messageIdOf(receipt.messageId));
  if (own?.channel === channel) return own;
  return receipt.providerId === '' ? undefined : tx.outbox.byProviderId(channel, receipt.providerId);
}

/** Until nobody else changed it in between; each round moves the status on, so there are few. */
async function merge(tx: StoreTransaction, message: Message, receipt: Receipt): Promise<Message['status']> {
  for (let current: Message | undefined = message; current; current = await tx.outbox.byId(message.id)) {
    const status = mergeStatus(message.channel, current.status, receipt.status);
    if (status === current.status) return status;
    if (await tx.outbox.report(message.id, current.status, { status, reason: receipt.reason, at: receipt.at }))
      return status;
  }
  return message.status;
}

async function recordAddress(
  context: Context,
  tx: StoreTransaction,
  message: Message,
  receipt: Receipt,
): Promise<void> {
  const { trouble, status } = receipt;
  if ((trouble === undefined && status !== 'delivered') || goesToSupport(message)) return;
  const proof = message.proofId === null ? undefined : await tx.proofs.byId(message.proofId);
  const canonical = (await addressesOf(context, tx, message, proof)).find((its) => !isForSomebodyElse(receipt, its));
  if (canonical === undefined) return;
  // A clock that runs ahead must not outlast what is reported later.
  const at = Math.min(receipt.at, context.clock.now());
  if (trouble === undefined) {
    const mailbox = { kind: 'email', canonical } as const;
    const identifierMac = context.keys.identifierMac(mailbox);
    await tx.suppressions.lift({ identifierMac, kind: 'email', masked: maskIdentifier(mailbox) }, at);
    return;
  }
  const reason = receipt.reason ?? trouble;
  await recordAddressTrouble(context, tx, { message, proof, canonical }, { trouble, reason, at });
}

/**
 * Where the mail may have gone: to the address of a notice, to the one that was typed, or, where a number was, to one of the account's
 * mailboxes, first of all to the one that codes go to now.
 */
async function addressesOf(
  context: Context,
  tx: StoreTransaction,
  message: Message,
  proof: Proof | undefined,
): Promise<string[]> {
  if (message.address !== null) return [canonicalEmail(message.address) ?? []].flat();
  if (proof?.identifierKind === 'email') return [proof.identifier];
  const account = proof?.accountId ? await context.accounts.get(tx, proof.accountId) : undefined;
  if (!proof || !account) return [];
  const now = recoveryAddress(context, account, proof, 'email');
  return [...(now ? [now] : []), ...addressesBy(context, account, proof, 'email')].map(({ canonical }) => canonical);
}

/** Some servers write down the recipient as it stood in the envelope (RFC 3461 4.2), and "jane+2B1@" may as well be an address. */
function isForSomebodyElse({ recipient }: Receipt, canonical: string): boolean {
  if (recipient === undefined) return false;
  return ![recipient, decodedXtext(recipient)].some((address) => canonicalEmail(address) === canonical);
}
