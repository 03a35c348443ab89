/** By which ways a code can reach an account, and where each leads. Only the worker asks. */
import type { Account, HeldAddress } from '../ports.ts';
import { canRecover } from '../rules/address-trust.ts';
import { type Channel, isMessenger, MESSENGERS, type Over } from '../rules/delivery.ts';
import { ladderOf } from '../rules/ladder.ts';
import { canBeTexted } from '../rules/text-numbers.ts';
import type { Chat, Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';

/**
 * Confirmed addresses that a message of this proof may go to by this channel, the preferred one first: the one that was
 * named where it fits, else all of the account. A number that was named is never replaced by another one of the account.
 */
export function addressesBy(
  { settings: { texting } }: Pick<Context, 'settings'>,
  account: Account,
  proof: Proof,
  channel: Channel,
): HeldAddress[] {
  const kind = channel === 'email' ? 'email' : 'phone';
  return account.addresses.filter(
    (address) =>
      address.kind === kind &&
      address.confirmedAt !== null &&
      (proof.identifierKind !== kind || address.canonical === proof.identifier) &&
      (kind === 'email' || (texting !== undefined && canBeTexted(address.canonical, texting.countries))),
  );
}

/** Where a code that recovers the account goes by this channel. */
export function recoveryAddress(
  context: Pick<Context, 'settings'>,
  account: Account,
  proof: Proof,
  channel: Channel,
): HeldAddress | undefined {
  return addressesBy(context, account, proof, channel).find(canRecover);
}

/** An account with the chats that it has linked. */
export interface Holder {
  account: Account;
  chats: readonly Chat[];
}

/** One look, for somebody and for nobody alike. */
export async function chatsOf(
  { settings }: Pick<Context, 'settings'>,
  tx: StoreTransaction,
  account: Account | undefined,
): Promise<Chat[]> {
  return settings.messengers.length === 0 ? [] : tx.chats.ofAccount(account?.id ?? '');
}

/** Where a code goes, and by what: Telegram has two, a bot and the Gateway. */
export interface Way {
  to: string;
  over: 'mailbox' | Over;
}

/**
 * Where a code that recovers the account goes by this channel. A messenger leads to the chat that the account has linked, and
 * nowhere where it has none or was stopped; Telegram then to the number, where the Gateway is configured.
 */
export function wayTo(
  context: Pick<Context, 'settings'>,
  { account, chats }: Holder,
  proof: Proof,
  channel: Channel,
): Way | undefined {
  const { messengers, texting } = context.settings;
  if (isMessenger(channel)) {
    const chat = chats.find((one) => one.channel === channel && one.stoppedAt === null);
    if (chat && messengers.includes(channel)) return { to: chat.chat, over: 'chat' };
    if (channel !== 'telegram' || texting?.telegram !== true) return undefined;
  }
  const address = recoveryAddress(context, account, proof, channel);
  return address && { to: address.value, over: channel === 'email' ? 'mailbox' : 'number' };
}

/**
 * Where a code went that left by this channel. A chat that was stopped since may have had it before; Telegram without one is the
 * Gateway, which leads to the number, and a chat of WhatsApp is a number.
 */
export function endOf(channel: Channel, chats: readonly Chat[]): Way['over'] {
  if (channel === 'email') return 'mailbox';
  if (channel === 'sms' || channel === 'whatsapp') return 'number';
  return channel === 'telegram' && !chats.some((chat) => chat.channel === channel) ? 'number' : 'chat';
}

/** The ways that this installation has and that lead to the account, whatever was asked for. */
export function reachableBy(context: Pick<Context, 'settings'>, holder: Holder, proof: Proof): Channel[] {
  return (['email', 'sms', ...MESSENGERS] as const).filter((channel) => wayTo(context, holder, proof, channel));
}

/**
 * The rungs below this one that lead to the account. Not a way that this code was tried by when it was asked for before: it
 * would come a second time, and nobody asked for that way.
 */
export async function rungsBelow(
  context: Context,
  tx: StoreTransaction,
  holder: Holder,
  proof: Proof,
  channel: Channel,
): Promise<Channel[]> {
  const untried = await untriedUnder(context, tx, proof, channel);
  return untried.filter((rung) => wayTo(context, holder, proof, rung) !== undefined);
}

/** For a decoy: the rungs that somebody with a number and a mailbox, and no chat, would have. */
export async function rungsOfNobody(
  context: Pick<Context, 'settings' | 'clock'>,
  tx: StoreTransaction,
  proof: Proof,
  channel: Channel,
): Promise<Channel[]> {
  const gateway = context.settings.texting?.telegram === true;
  const untried = await untriedUnder(context, tx, proof, channel);
  return untried.filter((rung) => !isMessenger(rung) || (rung === 'telegram' && gateway));
}

async function untriedUnder(
  context: Pick<Context, 'settings' | 'clock'>,
  tx: StoreTransaction,
  proof: Proof,
  channel: Channel,
): Promise<Channel[]> {
  const below = rungsUnder(context, proof, channel);
  if (below.length === 0 || proof.resends === 0) return below;
  const tried = await tx.outbox.channelsTried(proof.id, proof.epoch, context.clock.now());
  return below.filter((rung) => rung === proof.channel || !tried.includes(rung));
}

/** The rungs below this one, whatever the account has. */
export function rungsUnder({ settings }: Pick<Context, 'settings'>, proof: Proof, channel: Channel): Channel[] {
  const ladder = ladderOf(proof.channel, settings, proof.carries, proof.purpose);
  return ladder.includes(channel) ? ladder.slice(ladder.indexOf(channel) + 1) : [];
}
