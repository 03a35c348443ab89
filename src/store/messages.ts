/**
 * The operator's view of the outbox. Every list walks an index from its newest end, by literal names where the planner
 * could otherwise not tell how selective they are.
 */
import { sql } from 'kysely';
import { MESSAGE_STATUSES, type MessageStatus } from '../rules/delivery.ts';
import type { Engine } from './engine.ts';
import type { OpenTransaction } from './open-transaction.ts';
import { MESSAGE_FIELDS } from './outbox-rows.ts';
import { statement, statementPer } from './statement.ts';
import type { MessageFilter, StoreTransaction } from './store.ts';
import { selected } from './tables.ts';

/** Beyond every character that an id can have. */
const AFTER_ALL = '\u{10ffff}';

/** Both engines divide whole numbers into whole numbers. */
const startOfHour = sql<number>`created_at / 3600000 * 3600000`;

type Listed = MessageFilter & { status?: MessageStatus | undefined };

export function messageQueries({ kysely }: Engine): (open: OpenTransaction) => StoreTransaction['messages'] {
  const list = statementPer(namesOf, (given: Listed) =>
    statement(({ since, status, channel, kind, count }: Listed & { count: number }) => {
      let query = kysely.selectFrom('outbox').select(selected(MESSAGE_FIELDS)).where('created_at', '>=', since);
      if (given.status !== undefined) query = query.where('status', '=', status as MessageStatus);
      if (given.channel !== undefined) query = query.where('channel', '=', channel as 'email');
      if (given.kind !== undefined) query = query.where('kind', '=', kind as 'decoy');
      return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(count);
    }),
  );
  // Both halves by an index of their own; an `or` of the two would read the whole table.
  const ofAccount = statement(({ accountId, since, count }: { accountId: string; since: number; count: number }) =>
    kysely
      .selectFrom('outbox')
      .select(selected(MESSAGE_FIELDS))
      .where('account_id', '=', accountId)
      .where('created_at', '>=', since)
      .unionAll(
        kysely
          .selectFrom('outbox')
          .select(selected(MESSAGE_FIELDS))
          .where('proof_id', 'in', (db) => db.selectFrom('proofs').select('id').where('account_id', '=', accountId))
          .where('account_id', 'is', null)
          .where('created_at', '>=', since),
      )
      .orderBy('createdAt', 'desc')
      .orderBy('id', 'desc')
      .limit(count),
  );
  // One status at a time: each is a range of `outbox_status`, where grouping would read every message there is.
  const count = statementPer(namesOf, (given: Listed) =>
    statement(({ since, status, channel, kind }: Listed) => {
      let query = kysely
        .selectFrom('outbox')
        .select((eb) => eb.fn.countAll<number>().as('messages'))
        .where('status', '=', status as MessageStatus)
        .where('created_at', '>=', since);
      if (given.channel !== undefined) query = query.where('channel', '=', channel as 'email');
      if (given.kind !== undefined) query = query.where('kind', '=', kind as 'decoy');
      return query;
    }),
  );
  const oldestQueued = statement((_: object) =>
    kysely
      .selectFrom('outbox')
      .select('created_at as createdAt')
      .where('status', '=', sql.lit('queued' as const))
      .orderBy('created_at')
      .limit(sql.lit(1)),
  );
  const idsFrom = statement(({ prefix, end, count }: { prefix: string; end: string; count: number }) =>
    kysely.selectFrom('outbox').select('id').where('id', '>=', prefix).where('id', '<', end).orderBy('id').limit(count),
  );
  const history = statement(({ id }: { id: string }) =>
    kysely
      .selectFrom('message_events')
      .select(['number', 'at', 'status', 'channel', 'reason', 'attempt'])
      .where('message_id', '=', id)
      .orderBy('number'),
  );

  const codesByHour = statement(({ since }: { since: number }) =>
    kysely
      .selectFrom('outbox')
      .select((eb) => [startOfHour.as('startedAt'), eb.fn.countAll<number>().as('codes')])
      .where('created_at', '>=', since)
      .where('epoch', 'is not', null)
      .where('follows', 'is', null)
      .groupBy(startOfHour)
      .orderBy(startOfHour),
  );

  return (open) => ({
    list: (filter, count) => open.rows(list(filter), { ...filter, count }),
    ofAccount: (accountId, since, count) => open.rows(ofAccount, { accountId, since, count }),
    async counts(filter) {
      const found: Partial<Record<MessageStatus, number>> = {};
      for (const status of MESSAGE_STATUSES) {
        const messages = (await open.first(count(filter), { ...filter, status }))?.messages ?? 0;
        if (messages > 0) found[status] = messages;
      }
      return found;
    },
    oldestQueuedAt: async () => (await open.first(oldestQueued, {}))?.createdAt,
    async idsFrom(prefix, count) {
      const rows = await open.rows(idsFrom, { prefix, end: `${prefix}${AFTER_ALL}`, count });
      return rows.map(({ id }) => id);
    },
    history: (id) => open.rows(history, { id }),
    codesByHour: (since) => open.rows(codesByHour, { since }),
  });
}

/** Which filters are given decides on the text of the statement. */
function namesOf({ status, channel, kind }: Listed): string {
  return Object.entries({ status, channel, kind })
    .flatMap(([name, value]) => (value === undefined ? [] : [name]))
    .join();
}
