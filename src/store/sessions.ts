import type { Engine } from './engine.ts';
import type { OpenTransaction } from './open-transaction.ts';
import { statement } from './statement.ts';
import type { Session, StoreTransaction } from './store.ts';
import { selected, toColumns } from './tables.ts';

const FIELDS = [
  'id',
  'tokenDigest',
  'accountId',
  'browser',
  'createdAt',
  'lastSeenAt',
  'expiresAt',
] as const satisfies (keyof Session)[];

export function sessionQueries({ kysely, locked }: Engine): (open: OpenTransaction) => StoreTransaction['sessions'] {
  const insert = statement((session: Session) => kysely.insertInto('sessions').values(toColumns(session, FIELDS)));
  const withToken = ({ tokenDigest, now }: { tokenDigest: string; now: number }) =>
    kysely
      .selectFrom('sessions')
      .select(selected(FIELDS))
      .where('token_digest', '=', tokenDigest)
      .where('expires_at', '>', now);
  const byToken = statement(withToken);
  const byTokenLocked = statement((values: Parameters<typeof withToken>[0]) => locked(withToken(values)));
  const ofAccount = statement(({ accountId, now }: { accountId: string; now: number }) =>
    kysely
      .selectFrom('sessions')
      .select(selected(FIELDS))
      .where('account_id', '=', accountId)
      .where('expires_at', '>', now)
      .orderBy('last_seen_at', 'desc')
      .orderBy('id'),
  );
  const touch = statement(({ id, now }: { id: string; now: number }) =>
    kysely.updateTable('sessions').set({ last_seen_at: now }).where('id', '=', id),
  );
  const deleteOne = statement(({ id }: Pick<Session, 'id'>) => kysely.deleteFrom('sessions').where('id', '=', id));
  const deleteAllOf = statement(({ accountId, exceptId }: { accountId: string; exceptId: string }) =>
    kysely.deleteFrom('sessions').where('account_id', '=', accountId).where('id', '!=', exceptId),
  );
  const deleteAll = statement((_: object) => kysely.deleteFrom('sessions'));
  const purge = statement(({ now }: { now: number }) => kysely.deleteFrom('sessions').where('expires_at', '<=', now));

  return (open) => ({
    insert: (session) => open.run(insert, session),
    byToken: (tokenDigest, now, options) => open.first(options?.lock ? byTokenLocked : byToken, { tokenDigest, now }),
    /** Last seen first. */
    ofAccount: (accountId, now) => open.rows(ofAccount, { accountId, now }),
    touch: (id, now) => open.run(touch, { id, now }),
    delete: (id) => open.run(deleteOne, { id }),
    // No id is empty.
    deleteAllOf: (accountId, exceptId = '') => open.changed(deleteAllOf, { accountId, exceptId }),
    deleteAll: () => open.changed(deleteAll, {}),
    purge: (now) => open.changed(purge, { now }),
  });
}
