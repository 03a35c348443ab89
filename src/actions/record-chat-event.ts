/** What a person does in a chat with the shop's bot: open a link, leave, write. */
import type { ChannelEvent } from '../ports.ts';
import type { Messenger } from '../rules/delivery.ts';
import { LIMITS } from '../rules/limits.ts';
import { CHAT_NOTICE_USEFUL_MS, isHelpWord } from '../rules/link-tokens.ts';
import type { ChatIds, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { named } from './notify-of-messenger.ts';
import { queueChatNotice } from './queue-chat-notice.ts';
import { digestToken } from './tokens.ts';

export type ChatEvent = Exclude<ChannelEvent, { type: 'receipt' }>;
type Linked = Extract<ChatEvent, { type: 'linked' }>;
type Stopped = Extract<ChatEvent, { type: 'stopped' }>;
type Said = Extract<ChatEvent, { type: 'said' }>;

/** Idempotent: providers repeat their calls for hours. An event that is older than what is known changes nothing. */
export async function recordChatEvent(context: Context, messenger: Messenger, event: ChatEvent): Promise<void> {
  const outcome = await context.store.transaction(async (tx) => {
    switch (event.type) {
      case 'linked':
        return offerLink(context, tx, messenger, event);
      case 'stopped':
        return stop(context, tx, messenger, event);
      case 'said':
        return hear(context, tx, messenger, event);
    }
  });
  context.log.info('chat', { channel: messenger, event: event.type, outcome });
}

/** An offer alone: the session that made the token is asked for a yes (decision 0017). */
async function offerLink(
  context: Context,
  tx: StoreTransaction,
  messenger: Messenger,
  { chat, scopedId, token, name, at }: Linked,
): Promise<string> {
  const now = context.clock.now();
  // A clock that runs ahead must not make this consent younger than every stop to come.
  const offered = { chat, scopedId: scopedId ?? null, name, at: Math.min(at, now) };
  const offer = await tx.linkTokens.offer(digestToken(token), messenger, offered, now);
  if (offer === undefined) return 'no_such_token';
  const { accountId } = offer;
  const locale = (await context.accounts.get(tx, accountId))?.locale ?? FALLBACK_LOCALE;
  await queueChatNotice(context, tx, { kind: 'chat-offered', accountId, locale, urgency: 'proven', messenger, chat });
  return 'offered';
}

/** Of people in chats nothing is known. */
const FALLBACK_LOCALE = 'en';

/** Whoever asks is told what the chat is for, linked or not; whatever else is said is for nobody here. */
async function hear(
  context: Context,
  tx: StoreTransaction,
  messenger: Messenger,
  { chat, text, at }: Said,
): Promise<string> {
  const now = context.clock.now();
  if (!isHelpWord(text) || at < now - CHAT_NOTICE_USEFUL_MS) return 'heard';
  if ((await tx.limits.charge(`chat-help:${messenger} ${chat}`, LIMITS['chat-help'], now)) !== undefined)
    return 'helped_enough';
  const unknown = { accountId: null, locale: FALLBACK_LOCALE, urgency: 'newcomer' } as const;
  await queueChatNotice(context, tx, { kind: 'chat-help', ...unknown, messenger, chat });
  return 'helped';
}

async function stop(
  context: Context,
  tx: StoreTransaction,
  messenger: Messenger,
  { chat, scopedId, scope, ...event }: Stopped,
): Promise<string> {
  // Codes still arrive.
  if (scope === 'promotions') return 'promotions_only';
  // Nor must this stop outlast a consent to come.
  const at = Math.min(event.at, context.clock.now());
  const ids = { chat, scopedId: scopedId ?? null };
  const withdrawn = await tx.linkTokens.withdraw(messenger, ids, at);
  const stopped = await stopChat(context, tx, messenger, ids, at);
  return stopped > 0 ? 'stopped' : withdrawn > 0 ? 'withdrawn' : 'nothing_linked';
}

/** The messenger reaches this person no more. Returns how many accounts had the chat. */
export async function stopChat(
  context: Pick<Context, 'clock'>,
  tx: StoreTransaction,
  messenger: Messenger,
  ids: ChatIds,
  at: number,
): Promise<number> {
  const stopped = await tx.chats.stop(messenger, ids, at);
  for (const { accountId, name } of stopped)
    await tx.audit.append({
      at: context.clock.now(),
      name: 'stop-messenger',
      accountId,
      proofId: null,
      detail: { channel: messenger, ...named(name) },
    });
  return stopped.length;
}
