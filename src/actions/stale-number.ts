/** A number that its owner did not prove for long, in a recovery: what it alone can do, and what a recovery proves anew. */
import type { Account } from '../ports.ts';
import type { Channel, Over } from '../rules/delivery.ts';
import { isTooLittle, type Proven, provenEnd } from '../rules/stale-numbers.ts';
import type { Chat, Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { chatsOf, endOf, type Holder, recoveryAddress } from './reachable-channels.ts';
import { waysUsed } from './used-address.ts';

/**
 * Whether the number that a code goes to by this channel is too little alone. WhatsApp carries to whoever has the number now; a chat
 * of another messenger stays with its owner.
 */
export function goesToStaleNumber(
  context: Pick<Context, 'clock' | 'settings'>,
  { account, chats }: Holder,
  proof: Proof,
  { channel, over }: { channel: Channel; over: Over | undefined },
): boolean {
  if (channel === 'whatsapp') return isTooLittleIn(context, account, proof, numberOfWhatsApp(account, chats));
  if (over !== 'number') return false;
  return isTooLittleIn(context, account, proof, recoveryAddress(context, account, proof, 'sms'));
}

/** As well proven as it is on the account, or as the chat is young: linking takes a word from there. */
function numberOfWhatsApp(account: Account, chats: readonly Chat[]): Proven | undefined {
  // Also one that was stopped since: whoever read the code there may have stopped it.
  const chat = chats.find(({ channel }) => channel === 'whatsapp');
  if (chat === undefined) return undefined;
  const own = account.addresses.find(({ kind, canonical }) => kind === 'phone' && canonical === chat.chat);
  const provenAt = Math.max(chat.linkedAt, own?.provenAt ?? own?.confirmedAt ?? 0);
  return { kind: 'phone', confirmedAt: chat.linkedAt, provenAt };
}

/** Whether nothing but such a number may have opened it: a code that was typed, and that may have been read there. */
export async function isByStaleNumber(
  context: Pick<Context, 'clock' | 'settings'>,
  tx: StoreTransaction,
  account: Account,
  proof: Proof,
): Promise<boolean> {
  if (proof.verifiedBy === 'link' || proof.textedAt === null) return false;
  const chats = await tx.chats.ofAccount(account.id);
  const numbers = (await waysUsed(tx, proof)).filter((channel) => endOf(channel, chats) === 'number');
  const holder = { account, chats };
  return numbers.some((channel) => goesToStaleNumber(context, holder, proof, { channel, over: 'number' }));
}

function isTooLittleIn(
  context: Pick<Context, 'clock' | 'settings'>,
  account: Account,
  proof: Proof,
  number: Proven | undefined,
): boolean {
  const hasMailbox = recoveryAddress(context, account, proof, 'email') !== undefined;
  return isTooLittle(number, { hasMailbox, lane: proof.lane, now: context.clock.now() });
}

/**
 * Where the new password is set, and no sooner: who only reads a code may be the one that the number went to, and would make it
 * trusted for another year.
 */
export async function renewProven(
  context: Context,
  tx: StoreTransaction,
  account: Account,
  proof: Proof,
  now: number,
): Promise<void> {
  const chats = await chatsOf(context, tx, account);
  const messages = (await tx.outbox.codesOf(proof.id)).map(({ channel, status, attempts, reason }) => ({
    // WhatsApp stays on a phone whose number has gone, so a code that was read there renews none.
    end: channel === 'whatsapp' ? ('chat' as const) : endOf(channel, chats),
    status,
    attempts,
    reason,
  }));
  const end = provenEnd(proof, messages);
  const address = end && recoveryAddress(context, account, proof, end === 'mailbox' ? 'email' : 'sms');
  if (address) await context.accounts.proveAddress(tx, account.id, address, now);
}
