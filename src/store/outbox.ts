import { sql } from 'kysely';
import type { Engine } from './engine.ts';
import type { OpenTransaction } from './open-transaction.ts';
import { statement, statementPer } from './statement.ts';
import type { Message, NewMessage, StoreTransaction } from './store.ts';
import { selected, toColumns } from './tables.ts';

const NEW_FIELDS = [
  'id',
  'kind',
  'channel',
  'proofId',
  'epoch',
  'accountId',
  'address',
  'locale',
  'createdAt',
  'dueAt',
  'usefulUntil',
] as const satisfies (keyof NewMessage)[];
const SETTLED_FIELDS = ['status', 'attempts', 'dueAt', 'sentAt', 'providerId', 'reason'] as const;
const FIELDS = [
  ...NEW_FIELDS,
  'status',
  'attempts',
  'leasedUntil',
  'sentAt',
  'providerId',
  'reason',
] as const satisfies (keyof Message)[];
type SettledField = (typeof SETTLED_FIELDS)[number];
type Settled = Parameters<StoreTransaction['outbox']['settle']>[1];

/** Literal, because SQLite uses a partial index only where the query repeats its condition. */
const QUEUED = sql.lit('queued' as const);
/** Literal, because SQLite compiles a statement anew for every value of a limit that is a parameter (15 µs each time). */
const ONE = sql.lit(1);
/** When a queued message may next be taken. The index `outbox_queued` is made of this very expression. */
const NEXT_AT = sql<number>`case when leased_until > due_at then leased_until else due_at end`;

export function outboxQueries({
  kysely,
  skippingLocked,
}: Engine): (open: OpenTransaction) => StoreTransaction['outbox'] {
  const insert = statement((message: NewMessage) =>
    kysely.insertInto('outbox').values({ ...toColumns(message, NEW_FIELDS), status: 'queued', attempts: 0 }),
  );
  const byId = statement(({ id }: Pick<Message, 'id'>) =>
    kysely.selectFrom('outbox').select(selected(FIELDS)).where('id', '=', id),
  );
  const newestOf = ({ proofId }: { proofId: string }) =>
    kysely
      .selectFrom('outbox')
      .select(selected(FIELDS))
      .where('proof_id', '=', proofId)
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(ONE);
  const latestCodeOf = statement((of: { proofId: string }) => newestOf(of).where('epoch', 'is not', null));
  const lease = statementPer(String, (count: number) =>
    statement(({ now, leasedUntil }: { now: number; leasedUntil: number }) =>
      kysely
        // Chosen apart: in a subquery of the update PostgreSQL may choose again for every row, and take more than `count`.
        .with('due', (db) =>
          skippingLocked(
            db
              .selectFrom('outbox')
              .select('id as due_id')
              .where('status', '=', QUEUED)
              .where(NEXT_AT, '<=', now)
              .orderBy(NEXT_AT)
              .limit(sql.lit(count)),
          ),
        )
        .updateTable('outbox')
        .from('due')
        .set({ leased_until: leasedUntil })
        .whereRef('id', '=', 'due_id')
        .returning(selected(FIELDS)),
    ),
  );
  const renew = statement(({ id, leasedUntil }: { id: string; leasedUntil: number }) =>
    kysely
      .updateTable('outbox')
      .set({ leased_until: leasedUntil })
      .where('id', '=', id)
      .where('status', '=', QUEUED)
      .where('leased_until', 'is not', null),
  );
  const setKind = statement(({ id, kind }: Pick<Message, 'id' | 'kind'>) =>
    kysely.updateTable('outbox').set({ kind }).where('id', '=', id),
  );
  const settle = statementPer(String, (fields: SettledField[]) =>
    statement((change: Settled & { id: string }) =>
      kysely
        .updateTable('outbox')
        .set({ ...toColumns(change, fields), leased_until: null })
        .where('id', '=', change.id),
    ),
  );
  const nextDueAt = statement((_: object) =>
    kysely.selectFrom('outbox').select(NEXT_AT.as('nextAt')).where('status', '=', QUEUED).orderBy(NEXT_AT).limit(ONE),
  );
  const count = statementPer(String, (status: Message['status']) =>
    statement((_: object) =>
      kysely
        .selectFrom('outbox')
        .select((eb) => eb.fn.countAll<number>().as('messages'))
        .where('status', '=', sql.lit(status)),
    ),
  );
  const purge = statement(({ createdBefore }: { createdBefore: number }) =>
    kysely.deleteFrom('outbox').where('created_at', '<', createdBefore),
  );

  return (open) => ({
    async insert(message) {
      open.queued = true;
      await open.run(insert, message);
    },
    byId: (id) => open.first(byId, { id }),
    latestCodeOf: (proofId) => open.first(latestCodeOf, { proofId }),
    async lease(count, now, leasedUntil) {
      const messages = await open.rows(lease(count), { now, leasedUntil });
      return messages.sort((a, b) => a.dueAt - b.dueAt);
    },
    async renew(ids, leasedUntil) {
      for (const id of ids) await open.run(renew, { id, leasedUntil });
    },
    setKind: (id, kind) => open.run(setKind, { id, kind }),
    settle: (id, change) =>
      open.run(settle(SETTLED_FIELDS.filter((field) => change[field] !== undefined)), { ...change, id }),
    nextDueAt: async () => (await open.first(nextDueAt, {}))?.nextAt,
    count: async (status) => (await open.first(count(status), {}))?.messages ?? 0,
    purge: (createdBefore) => open.changed(purge, { createdBefore }),
  });
}
