/** What a person does in a chat with the shop's bot: open a link, leave, write. */
import type { ChannelEvent } from '../ports.ts';
import type { Messenger } from '../rules/delivery.ts';
import type { StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { named } from './notify-of-messenger.ts';
import { digestToken, newId } from './tokens.ts';

export type ChatEvent = Exclude<ChannelEvent, { type: 'receipt' }>;
type Linked = Extract<ChatEvent, { type: 'linked' }>;
type Stopped = Extract<ChatEvent, { type: 'stopped' }>;

/** Idempotent: providers repeat their calls for hours. An event that is older than what is known changes nothing. */
export async function recordChatEvent(context: Context, messenger: Messenger, event: ChatEvent): Promise<void> {
  const outcome = await context.store.transaction(async (tx) => {
    switch (event.type) {
      case 'linked':
        return offerLink(context, tx, messenger, event);
      case 'stopped':
        return stop(context, tx, messenger, event);
      case 'said':
        return 'heard';
    }
  });
  context.log.info('chat', { channel: messenger, event: event.type, outcome });
}

/** An offer alone: the session that made the token is asked for a yes (decision 0017). */
async function offerLink(
  context: Context,
  tx: StoreTransaction,
  messenger: Messenger,
  { chat, token, name, at }: Linked,
): Promise<string> {
  const now = context.clock.now();
  // A clock that runs ahead must not make this consent younger than every stop to come.
  const offered = { chat, name, at: Math.min(at, now) };
  const offer = await tx.linkTokens.offer(digestToken(token), messenger, offered, now);
  if (offer === undefined) return 'no_such_token';
  await tx.outbox.insert({
    id: newId(context.random),
    kind: 'chat-offered',
    channel: messenger,
    proofId: null,
    epoch: null,
    accountId: offer.accountId,
    address: chat,
    locale: 'en',
    createdAt: now,
    dueAt: now,
    usefulUntil: offer.expiresAt,
  });
  return 'offered';
}

async function stop(
  context: Context,
  tx: StoreTransaction,
  messenger: Messenger,
  { chat, scope, ...event }: Stopped,
): Promise<string> {
  // Codes still arrive.
  if (scope === 'promotions') return 'promotions_only';
  // Nor must this stop outlast a consent to come.
  const at = Math.min(event.at, context.clock.now());
  const withdrawn = await tx.linkTokens.withdraw(messenger, chat, at);
  const stopped = await stopChat(context, tx, messenger, chat, at);
  return stopped > 0 ? 'stopped' : withdrawn > 0 ? 'withdrawn' : 'nothing_linked';
}

/** The messenger reaches this person no more. Returns how many accounts had the chat. */
export async function stopChat(
  context: Pick<Context, 'clock'>,
  tx: StoreTransaction,
  messenger: Messenger,
  chat: string,
  at: number,
): Promise<number> {
  const stopped = await tx.chats.stop(messenger, chat, at);
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
