import type { Messenger } from '../rules/delivery.ts';
import { CHAT_NOTICE_USEFUL_MS } from '../rules/link-tokens.ts';
import type { NewMessage, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { newId } from './tokens.ts';

/** Something said in a chat, to whoever is in it; `accountId` where it is about one. */
export async function queueChatNotice(
  { clock, random }: Pick<Context, 'clock' | 'random'>,
  tx: StoreTransaction,
  {
    messenger,
    chat,
    ...notice
  }: Pick<NewMessage, 'kind' | 'accountId' | 'locale' | 'urgency'> & {
    messenger: Messenger;
    chat: string;
  },
): Promise<void> {
  const now = clock.now();
  await tx.outbox.insert({
    ...notice,
    id: newId(random),
    channel: messenger,
    proofId: null,
    epoch: null,
    address: chat,
    createdAt: now,
    dueAt: now,
    usefulUntil: now + CHAT_NOTICE_USEFUL_MS,
  });
}
