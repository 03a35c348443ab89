/** Notices about a linked messenger: to the mailboxes of the account, or its numbers, and into the chat itself. */
import type { Message, MessageKind, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { type Delivery, nameOf, type Prepared } from './delivery.ts';
import { isLinkNotice, type LinkNotice, messengerEventOf } from './event-of-notice.ts';
import { toldAddress } from './prepare-notice.ts';
import { prepareTextNotice } from './prepare-text-notice.ts';

const IN_CHATS = ['chat-offered', 'chat-linked', 'chat-help'] as const;
type InChat = (typeof IN_CHATS)[number];
export type MessengerNotice = LinkNotice | InChat;

export function isMessengerNotice(kind: MessageKind): kind is MessengerNotice {
  return isLinkNotice(kind) || IN_CHATS.some((one) => one === kind);
}

export async function prepareMessengerNotice(
  context: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  message: Message,
  kind: MessengerNotice,
): Promise<Prepared> {
  const { address } = message;
  if (address === null) return { do: 'fail', reason: 'no_address' };
  if (!isLinkNotice(kind)) return prepareInChat(delivery, tx, { ...message, address }, kind);
  return message.channel === 'email'
    ? prepareForMailbox(context, delivery, tx, { ...message, address }, kind)
    : prepareTextNotice(context, delivery, tx, message);
}

type Addressed = Message & { address: string };

async function prepareForMailbox(
  context: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  message: Addressed,
  kind: LinkNotice,
): Promise<Prepared> {
  const { accountId, address, locale } = message;
  const event = await messengerEventOf(tx, message, kind);
  const account = accountId === null ? undefined : await context.accounts.get(tx, accountId);
  if (!event || !account) return { do: 'expire' };
  const removedAt = (await toldAddress(context, tx, message))?.removedAt;
  const params = { ...event, removedAt, recoverUrl: `${delivery.origin}/recover` };
  const mail =
    kind === 'messenger-linked'
      ? delivery.render(kind, { ...params, account: nameOf(account) }, locale)
      : delivery.render(kind, params, locale);
  return { do: 'send', to: address, mail };
}

/** A chat that is told that it is linked must be still. */
async function prepareInChat(
  delivery: Delivery,
  tx: StoreTransaction,
  { accountId, address, channel, locale }: Addressed,
  kind: InChat,
): Promise<Prepared> {
  if (kind === 'chat-linked') {
    const chats = accountId === null ? [] : await tx.chats.ofAccount(accountId);
    const isLinked = chats.some((chat) => chat.channel === channel && chat.chat === address && chat.stoppedAt === null);
    if (!isLinked) return { do: 'expire' };
  }
  const text = delivery.renderText(kind, {}, locale);
  return { do: 'text', to: address, over: 'chat', text, paid: undefined, below: [] };
}
