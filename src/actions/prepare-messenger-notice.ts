/** Notices about a linked messenger: to the mailboxes of the account, and into the chat itself. */
import { MESSENGER_NAMES, type Messenger } from '../rules/delivery.ts';
import type { Message, MessageKind, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { type Delivery, nameOf, type Prepared } from './delivery.ts';

const EVENTS = { 'messenger-linked': 'link-messenger', 'messenger-unlinked': 'unlink-messenger' } as const;
const IN_CHATS = ['chat-offered', 'chat-linked'] as const;
type InChat = (typeof IN_CHATS)[number];
export type MessengerNotice = keyof typeof EVENTS | InChat;
/** More than anybody links or unlinks within the day that a notice is tried for. */
const EVENTS_READ = 200;

export function isMessengerNotice(kind: MessageKind): kind is MessengerNotice {
  return kind in EVENTS || IN_CHATS.some((one) => one === kind);
}

export async function prepareMessengerNotice(
  context: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  message: Message,
  kind: MessengerNotice,
): Promise<Prepared> {
  const { address, accountId } = message;
  if (address === null || accountId === null) return { do: 'fail', reason: 'no_address' };
  return kind === 'chat-offered' || kind === 'chat-linked'
    ? prepareInChat(delivery, tx, { ...message, address, accountId }, kind)
    : prepareForMailbox(context, delivery, tx, { ...message, address, accountId }, kind);
}

type Addressed = Message & { address: string; accountId: string };

/** What happened stands in the audit event that was written with the notice. */
async function prepareForMailbox(
  context: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  { accountId, address, createdAt, locale }: Addressed,
  kind: keyof typeof EVENTS,
): Promise<Prepared> {
  const events = await tx.audit.pageOf(accountId, [EVENTS[kind]], EVENTS_READ);
  const event = events.find(({ at }) => at === createdAt);
  const account = await context.accounts.get(tx, accountId);
  if (!event || !account) return { do: 'expire' };
  const { channel, name, browser } = event.detail;
  const params = {
    messenger: MESSENGER_NAMES[channel as Messenger],
    name: typeof name === 'string' ? name : undefined,
    at: event.at,
    browser: String(browser),
    recoverUrl: `${delivery.origin}/recover`,
  };
  const mail =
    kind === 'messenger-linked'
      ? delivery.render(kind, { ...params, account: nameOf(account) }, locale)
      : delivery.render(kind, params, locale);
  return { do: 'send', to: address, mail };
}

/** Whoever is asked to say yes elsewhere, and whose yes counts: not a chat that left meanwhile. */
async function prepareInChat(
  delivery: Delivery,
  tx: StoreTransaction,
  { accountId, address, channel, locale }: Addressed,
  kind: InChat,
): Promise<Prepared> {
  const chats = kind === 'chat-linked' ? await tx.chats.ofAccount(accountId) : [];
  const isLinked = chats.some((chat) => chat.channel === channel && chat.chat === address && chat.stoppedAt === null);
  if (kind === 'chat-linked' && !isLinked) return { do: 'expire' };
  const text = delivery.renderText(kind, {}, locale);
  return { do: 'text', to: address, over: 'chat', text, paid: undefined, below: [] };
}
