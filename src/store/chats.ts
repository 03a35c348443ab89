import type { Engine } from './engine.ts';
import type { OpenTransaction } from './open-transaction.ts';
import { statement } from './statement.ts';
import type { Chat, ChatIds, StoreTransaction } from './store.ts';
import { selected, toColumns } from './tables.ts';

const FIELDS = [
  'id',
  'accountId',
  'channel',
  'chat',
  'scopedId',
  'name',
  'consentedAt',
  'linkedAt',
  'stoppedAt',
] as const satisfies (keyof Chat)[];

/** Two slots for one id or two: a number may have been hidden or shown since, and who is called by it be kept as the other. */
export interface EitherId {
  chat: string;
  other: string;
}

export function eitherId({ chat, scopedId }: ChatIds): EitherId {
  return { chat, other: scopedId ?? chat };
}

export function chatQueries({ kysely, locked }: Engine): (open: OpenTransaction) => StoreTransaction['chats'] {
  const ofAccount = statement(({ accountId }: Pick<Chat, 'accountId'>) =>
    kysely.selectFrom('chats').select(selected(FIELDS)).where('account_id', '=', accountId).orderBy('channel'),
  );
  const link = statement((chat: Chat) =>
    kysely
      .insertInto('chats')
      .values(toColumns(chat, FIELDS))
      .onConflict((conflict) =>
        conflict.columns(['account_id', 'channel']).doUpdateSet({
          id: chat.id,
          chat: chat.chat,
          scoped_id: chat.scopedId,
          name: chat.name,
          consented_at: chat.consentedAt,
          linked_at: chat.linkedAt,
          stopped_at: chat.stoppedAt,
        }),
      ),
  );
  const unlink = statement(({ accountId, channel }: Pick<Chat, 'accountId' | 'channel'>) =>
    kysely
      .deleteFrom('chats')
      .where('account_id', '=', accountId)
      .where('channel', '=', channel)
      .returning(selected(FIELDS)),
  );
  const reachable = statement(({ channel, chat, other, at }: Pick<Chat, 'channel'> & EitherId & { at: number }) =>
    locked(
      kysely
        .selectFrom('chats')
        .select(selected(FIELDS))
        .where('channel', '=', channel)
        .where((eb) => eb.or([eb('chat', 'in', [chat, other]), eb('scoped_id', 'in', [chat, other])]))
        .where('stopped_at', 'is', null)
        .where('consented_at', '<=', at)
        .orderBy('id'),
    ),
  );
  const stop = statement(({ id, at }: { id: string; at: number }) =>
    kysely.updateTable('chats').set({ stopped_at: at }).where('id', '=', id).where('stopped_at', 'is', null),
  );

  return (open) => ({
    ofAccount: (accountId) => open.rows(ofAccount, { accountId }),
    link: (chat) => open.run(link, chat),
    unlink: (accountId, channel) => open.first(unlink, { accountId, channel }),
    async stop(channel, ids, at) {
      const stopped: Chat[] = [];
      for (const found of await open.rows(reachable, { channel, ...eitherId(ids), at }))
        if ((await open.changed(stop, { id: found.id, at })) === 1) stopped.push({ ...found, stoppedAt: at });
      return stopped;
    },
  });
}
