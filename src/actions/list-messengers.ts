import type { Messenger } from '../rules/delivery.ts';
import type { Chat } from '../store/store.ts';
import type { Context } from './context.ts';

export interface LinkedMessenger {
  messenger: Messenger;
  /** Undefined where the account has none. */
  chat: Pick<Chat, 'name' | 'linkedAt' | 'stoppedAt'> | undefined;
}

/** Every messenger of this installation, and what the account has linked, also by one that the settings lost since. */
export async function listMessengers(context: Context, accountId: string): Promise<LinkedMessenger[]> {
  const chats = await context.store.transaction((tx) => tx.chats.ofAccount(accountId));
  const { messengers } = context.settings;
  const all = [
    ...messengers,
    ...chats.map(({ channel }) => channel).filter((channel) => !messengers.includes(channel)),
  ];
  return all.map((messenger) => ({ messenger, chat: chats.find(({ channel }) => channel === messenger) }));
}
