import { sql } from 'kysely';
import type { Clock } from '../ports.ts';
import { type PerUrgency, URGENCIES, type Urgency } from '../rules/urgency.ts';
import type { Engine } from './engine.ts';
import type { OpenTransaction } from './open-transaction.ts';
import { outboxCodeQueries } from './outbox-codes.ts';
import { eventOfMessage, LEFT, MESSAGE_FIELDS, NEW_FIELDS, ONE, QUEUED } from './outbox-rows.ts';
import { statement, statementPer } from './statement.ts';
import type { Message, StoreTransaction } from './store.ts';
import { selected, toColumns } from './tables.ts';

const SETTLED_FIELDS = ['status', 'attempts', 'dueAt', 'sentAt', 'providerId', 'reason', 'retryAt'] as const;
type Stored = Pick<Message, (typeof NEW_FIELDS)[number]>;
type SettledField = (typeof SETTLED_FIELDS)[number];
type Lease = PerUrgency & { now: number; leasedUntil: number };
type Settled = Parameters<StoreTransaction['outbox']['settle']>[1];

const UNLESS_GIVEN = { askedAt: null, leavesAt: null, ask: null, follows: null, urgency: 'asked' } as const;
const NONE: PerUrgency = { proven: 0, worked: 0, asked: 0, newcomer: 0 };
/** For somebody or for nobody: however late it is known, nothing is left to be done. */
const LEFT_IN_THE_END: readonly Message['status'][] = ['sent', 'suppressed'];
/** When a queued message may next be taken. The index `outbox_queued` is made of this very expression. */
const NEXT_AT = sql<number>`case when leased_until > due_at then leased_until else due_at end`;

/**
 * @param clock dates the attempts that came to nothing; everything else is dated by the caller
 */
export function outboxQueries(
  { kysely, skippingLocked }: Engine,
  clock: Clock,
): (open: OpenTransaction) => StoreTransaction['outbox'] {
  const addEvent = eventOfMessage(kysely);
  const codes = outboxCodeQueries(kysely, addEvent);
  const insert = statement((message: Stored) =>
    kysely
      .insertInto('outbox')
      .values({ ...toColumns(message, NEW_FIELDS), status: 'queued', attempts: 0, retries: 0 }),
  );
  const insertRung = statement((message: Stored) =>
    kysely
      .insertInto('outbox')
      .values({ ...toColumns(message, NEW_FIELDS), status: 'queued', attempts: 0, retries: 0 })
      .onConflict((conflict) => conflict.doNothing()),
  );
  const hasten = statement(({ follows, now }: { follows: string; now: number }) =>
    kysely
      .updateTable('outbox')
      .set({ due_at: now })
      .where('follows', '=', follows)
      .where('status', '=', QUEUED)
      .where('due_at', '>', now),
  );
  const hastenMessage = statement(({ id, now }: { id: string; now: number }) =>
    kysely
      .updateTable('outbox')
      .set({ due_at: now })
      .where('id', '=', id)
      .where('status', '=', QUEUED)
      .where('due_at', '>', now),
  );
  const byId = statement(({ id }: Pick<Message, 'id'>) =>
    kysely.selectFrom('outbox').select(selected(MESSAGE_FIELDS)).where('id', '=', id),
  );
  /** The soonest of one urgency. Each is looked for apart: those of another that are not due yet would lie in between. */
  const soonestOf = (urgency: Urgency) =>
    kysely.selectFrom('outbox').where('status', '=', QUEUED).where('urgency', '=', sql.lit(urgency)).orderBy(NEXT_AT);
  const lease = statementPer(String, (urgencies: readonly Urgency[]) =>
    statement((values: Lease) =>
      kysely
        // Chosen apart: in a subquery of the update PostgreSQL may choose again for every row, and take more than `counts`.
        .with('due', (db) =>
          unionOf(
            urgencies.map((urgency) =>
              // A limit that is a parameter costs SQLite 15 µs where it changes; a statement for each combination would cost more.
              db
                .selectFrom(
                  skippingLocked(
                    soonestOf(urgency).select('id as due_id').where(NEXT_AT, '<=', values.now).limit(values[urgency]),
                  ).as(urgency),
                )
                .select('due_id'),
            ),
          ),
        )
        .updateTable('outbox')
        .from('due')
        .set({ leased_until: values.leasedUntil })
        .whereRef('id', '=', 'due_id')
        .returning(selected(MESSAGE_FIELDS)),
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
  const setReason = statement((change: { id: string; attempts: number; was: string | null; reason: string }) =>
    kysely
      .updateTable('outbox')
      .set({ reason: change.reason })
      .where('id', '=', change.id)
      .where('status', '=', QUEUED)
      .where('attempts', '=', change.attempts)
      .where('reason', 'is not distinct from', change.was),
  );
  const settle = statementPer(String, (fields: SettledField[]) =>
    statement((change: Settled & { id: string; readAt: number | null }) =>
      kysely
        .updateTable('outbox')
        .set({
          ...toColumns(change, fields),
          ...unlessReported(change, fields),
          attempts: sql<number>`case when attempts > ${change.attempts} then attempts else ${change.attempts} end`,
          leased_until: null,
        })
        .where('id', '=', change.id)
        .where(sql<boolean>`attempts = coalesce(${change.readAt}, attempts)`),
    ),
  );
  const byProviderId = statement(({ channel, providerId }: Pick<Message, 'channel'> & { providerId: string }) =>
    kysely
      .selectFrom('outbox')
      .select(selected(MESSAGE_FIELDS))
      .where('provider_id', '=', providerId)
      .where('channel', '=', channel)
      .orderBy('created_at', 'desc')
      .limit(ONE),
  );
  const setStatus = statement((change: Pick<Message, 'id' | 'status' | 'reason'> & { from: Message['status'] }) =>
    kysely
      .updateTable('outbox')
      .set({ status: change.status, reason: change.reason })
      .where('id', '=', change.id)
      .where('status', '=', change.from),
  );
  const requeue = statement((change: { id: string; from: Message['status']; reason: string; now: number }) =>
    kysely
      .updateTable('outbox')
      .set((eb) => ({
        status: 'queued',
        reason: change.reason,
        retries: eb('retries', '+', 1),
        due_at: change.now,
        leased_until: null,
      }))
      .where('id', '=', change.id)
      .where('status', '=', change.from),
  );
  const nextDueAt = statementPer(String, (urgencies: readonly Urgency[]) =>
    statement((_: object) =>
      unionOf(
        urgencies.map((urgency) =>
          kysely.selectFrom(soonestOf(urgency).select(NEXT_AT.as('nextAt')).limit(ONE).as(urgency)).select('nextAt'),
        ),
      ),
    ),
  );
  const count = statementPer(String, (status: Message['status']) =>
    statement((_: object) =>
      kysely
        .selectFrom('outbox')
        .select((eb) => eb.fn.countAll<number>().as('messages'))
        .where('status', '=', sql.lit(status)),
    ),
  );
  const countLost = statement(({ since }: { since: number }) =>
    kysely
      .selectFrom('outbox as lost')
      .select((eb) => eb.fn.countAll<number>().as('messages'))
      .where('status', '=', sql.lit('expired' as const))
      .where('kind', '!=', sql.lit('decoy' as const))
      .where('useful_until', '>=', since)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('outbox as other')
              .select(ONE.as('one'))
              .whereRef('other.proof_id', '=', 'lost.proof_id')
              .whereRef('other.epoch', '=', 'lost.epoch')
              .where('other.status', 'in', LEFT),
          ),
        ),
      ),
  );
  const purgeEvents = statement(({ createdBefore }: { createdBefore: number }) =>
    kysely
      .deleteFrom('message_events')
      .where('message_id', 'in', (db) => db.selectFrom('outbox').select('id').where('created_at', '<', createdBefore)),
  );
  const purge = statement(({ createdBefore }: { createdBefore: number }) =>
    kysely.deleteFrom('outbox').where('created_at', '<', createdBefore),
  );

  return (open) => ({
    ...codes(open),
    async insert(message) {
      open.queued = true;
      const stored = { ...UNLESS_GIVEN, ...message };
      await open.runBoth([insert, stored], [addEvent, { id: message.id, at: message.createdAt }]);
    },
    async insertRung(message) {
      if ((await open.changed(insertRung, { ...UNLESS_GIVEN, ...message })) === 0) return false;
      open.queued = true;
      await open.run(addEvent, { id: message.id, at: message.createdAt });
      return true;
    },
    async hasten(follows, now) {
      if ((await open.changed(hasten, { follows, now })) === 0) return false;
      open.queued = true;
      return true;
    },
    async hastenMessage(id, now) {
      if ((await open.changed(hastenMessage, { id, now })) > 0) open.queued = true;
    },
    byId: (id) => open.first(byId, { id }),
    async lease(counts, now, leasedUntil) {
      const urgencies = URGENCIES.filter((urgency) => (counts[urgency] ?? 0) > 0);
      if (urgencies.length === 0) return [];
      const messages = await open.rows(lease(urgencies), { ...NONE, ...counts, now, leasedUntil });
      return messages.sort((a, b) => rankOf(a) - rankOf(b) || a.dueAt - b.dueAt);
    },
    async renew(ids, leasedUntil) {
      for (const id of ids) await open.run(renew, { id, leasedUntil });
    },
    setKind: (id, kind) => open.run(setKind, { id, kind }),
    setReason: async ({ id, attempts, reason: was }, reason) =>
      (await open.changed(setReason, { id, attempts, was, reason })) === 1,
    async settle(id, change, read) {
      const fields = SETTLED_FIELDS.filter((field) => change[field] !== undefined);
      const readAt = read === undefined || LEFT_IN_THE_END.includes(change.status) ? null : read.attempts;
      if ((await open.changed(settle(fields), { ...change, id, readAt })) === 0) return false;
      await open.run(addEvent, { id, at: change.sentAt ?? clock.now() });
      return true;
    },
    byProviderId: (channel, providerId) => open.first(byProviderId, { channel, providerId }),
    async report(id, from, { status, reason, at }) {
      if ((await open.changed(setStatus, { id, from, status, reason })) === 0) return false;
      await open.run(addEvent, { id, at });
      return true;
    },
    async requeue(id, from, { reason, now }) {
      if ((await open.changed(requeue, { id, from, reason, now })) === 0) return false;
      open.queued = true;
      await open.run(addEvent, { id, at: now });
      return true;
    },
    async nextDueAt(of = URGENCIES) {
      if (of.length === 0) return undefined;
      const found = (await open.rows(nextDueAt(of), {})).map(({ nextAt }) => nextAt);
      return found.length === 0 ? undefined : Math.min(...found);
    },
    count: async (status) => (await open.first(count(status), {}))?.messages ?? 0,
    countLost: async (since) => (await open.first(countLost, { since }))?.messages ?? 0,
    async purge(createdBefore) {
      await open.run(purgeEvents, { createdBefore });
      return open.changed(purge, { createdBefore });
    },
  });
}

/** @throws where there is nothing to unite */
function unionOf<Query extends { unionAll(other: Query): Query }>([first, ...rest]: readonly Query[]): Query {
  if (first === undefined) throw new Error('a union of nothing');
  return rest.reduce((all, next) => all.unionAll(next), first);
}

function rankOf({ urgency }: Pick<Message, 'urgency'>): number {
  return URGENCIES.indexOf(urgency);
}

/** A receipt may be faster than the end of the `send` that it is about; what it said stays. */
function unlessReported(change: Settled, fields: readonly SettledField[]) {
  return {
    status: sql<Message['status']>`case when status = ${QUEUED} then ${change.status} else status end`,
    ...(fields.includes('reason')
      ? { reason: sql<string | null>`case when status = ${QUEUED} then ${change.reason} else reason end` }
      : {}),
  };
}
