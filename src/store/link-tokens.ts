import type { Kysely } from 'kysely';
import type { Messenger } from '../rules/delivery.ts';
import { type EitherId, eitherId } from './chats.ts';
import type { OpenTransaction } from './open-transaction.ts';
import { statement } from './statement.ts';
import type { LinkToken, StoreTransaction } from './store.ts';
import { selected, type Tables, toColumns } from './tables.ts';

const FIELDS = [
  'id',
  'tokenDigest',
  'accountId',
  'sessionId',
  'channel',
  'chat',
  'scopedId',
  'name',
  'offeredAt',
  'createdAt',
  'expiresAt',
] as const satisfies (keyof LinkToken)[];

interface Offer {
  tokenDigest: string;
  channel: Messenger;
  chat: string;
  scopedId: string | null;
  name: string | null;
  at: number;
  now: number;
}

export function linkTokenQueries(kysely: Kysely<Tables>): (open: OpenTransaction) => StoreTransaction['linkTokens'] {
  const insert = statement((token: LinkToken) => kysely.insertInto('link_tokens').values(toColumns(token, FIELDS)));
  const ofSession = statement(({ sessionId, now }: { sessionId: string; now: number }) =>
    kysely
      .selectFrom('link_tokens')
      .select(selected(FIELDS))
      .where('session_id', '=', sessionId)
      .where('expires_at', '>', now)
      .orderBy('created_at', 'desc')
      .orderBy('id'),
  );
  const offer = statement(({ tokenDigest, channel, chat, scopedId, name, at, now }: Offer) =>
    kysely
      .updateTable('link_tokens')
      .set({ chat, scoped_id: scopedId, name, offered_at: at })
      .where('token_digest', '=', tokenDigest)
      .where('channel', '=', channel)
      .where('chat', 'is', null)
      .where('expires_at', '>', now)
      .returning(selected(FIELDS)),
  );
  const take = statement(({ id, sessionId, now }: { id: string; sessionId: string; now: number }) =>
    kysely
      .deleteFrom('link_tokens')
      .where('id', '=', id)
      .where('session_id', '=', sessionId)
      .where('chat', 'is not', null)
      .where('expires_at', '>', now)
      .returning(selected(FIELDS)),
  );
  const discard = statement(({ sessionId, channel }: Pick<LinkToken, 'sessionId' | 'channel'>) =>
    kysely.deleteFrom('link_tokens').where('session_id', '=', sessionId).where('channel', '=', channel),
  );
  const withdraw = statement(({ channel, chat, other, at }: Pick<LinkToken, 'channel'> & EitherId & { at: number }) =>
    kysely
      .deleteFrom('link_tokens')
      .where('channel', '=', channel)
      .where((eb) => eb.or([eb('chat', 'in', [chat, other]), eb('scoped_id', 'in', [chat, other])]))
      .where('offered_at', '<=', at),
  );
  const purge = statement(({ now }: { now: number }) =>
    kysely.deleteFrom('link_tokens').where('expires_at', '<=', now),
  );

  return (open) => ({
    insert: (token) => open.run(insert, token),
    ofSession: (sessionId, now) => open.rows(ofSession, { sessionId, now }),
    offer: (tokenDigest, channel, offered, now) => open.first(offer, { tokenDigest, channel, ...offered, now }),
    take: (id, sessionId, now) => open.first(take, { id, sessionId, now }),
    discard: (sessionId, channel) => open.changed(discard, { sessionId, channel }),
    withdraw: (channel, ids, at) => open.changed(withdraw, { channel, ...eitherId(ids), at }),
    purge: (now) => open.changed(purge, { now }),
  });
}
