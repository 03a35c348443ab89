import { type ExpressionBuilder, sql } from 'kysely';
import type { Clock } from '../ports.ts';
import { ANSWER_LOST, type Channel, IN_HANDS, LEFT_OUT, RETRIED } from '../rules/delivery.ts';
import type { Unneeded } from '../rules/ladder.ts';
import { type PerUrgency, URGENCIES, type Urgency } from '../rules/urgency.ts';
import type { Engine } from './engine.ts';
import type { OpenTransaction } from './open-transaction.ts';
import { statement, statementPer } from './statement.ts';
import type { Message, NewMessage, StoreTransaction } from './store.ts';
import { selected, type Tables, toColumns } from './tables.ts';

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
  'askedAt',
  'leavesAt',
  'ask',
  'follows',
  'urgency',
] as const satisfies (keyof NewMessage)[];
const SETTLED_FIELDS = ['status', 'attempts', 'dueAt', 'sentAt', 'providerId', 'reason', 'retryAt'] as const;
export const MESSAGE_FIELDS = [
  ...NEW_FIELDS,
  'status',
  'attempts',
  'retries',
  'leasedUntil',
  'sentAt',
  'providerId',
  'reason',
  'retryAt',
] as const satisfies (keyof Message)[];
type Stored = Pick<Message, (typeof NEW_FIELDS)[number]>;
type SettledField = (typeof SETTLED_FIELDS)[number];
type Lease = PerUrgency & { now: number; leasedUntil: number };
type Settled = Parameters<StoreTransaction['outbox']['settle']>[1];

const UNLESS_GIVEN = { askedAt: null, leavesAt: null, ask: null, follows: null, urgency: 'asked' } as const;
const ASKED_AGAIN = 'asked_again' satisfies Unneeded;
const NONE: PerUrgency = { proven: 0, worked: 0, asked: 0, newcomer: 0 };
const LEFT = [sql.lit('sent' as const), sql.lit('delivered' as const)];
/** For somebody or for nobody: however late it is known, nothing is left to be done. */
const LEFT_IN_THE_END: readonly Message['status'][] = ['sent', 'suppressed'];
const CAME_TO_NOTHING = [sql.lit('failed' as const), sql.lit('expired' as const), sql.lit('unneeded' as const)];
/** Literal, because SQLite uses a partial index only where the query repeats its condition. */
const QUEUED = sql.lit('queued' as const);
/** Literal, because SQLite compiles a statement anew for every value of a limit that is a parameter (15 µs each time). */
const ONE = sql.lit(1);
/** What a line of history says of its message as it is now; `at` is when that came to be. */
const EVENT_FIELDS = ['message_id', 'number', 'at', 'status', 'channel', 'reason', 'attempt'] as const;
/** When a queued message may next be taken. The index `outbox_queued` is made of this very expression. */
const NEXT_AT = sql<number>`case when leased_until > due_at then leased_until else due_at end`;

/**
 * @param clock dates the attempts that came to nothing; everything else is dated by the caller
 */
export function outboxQueries(
  { kysely, skippingLocked }: Engine,
  clock: Clock,
): (open: OpenTransaction) => StoreTransaction['outbox'] {
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
  const supersede = statement((by: { proofId: string; epoch: number; channel: Channel; ask: number; now: number }) =>
    kysely
      .updateTable('outbox')
      .set({ status: sql.lit('unneeded' as const), reason: ASKED_AGAIN })
      .where('proof_id', '=', by.proofId)
      .where('epoch', '=', by.epoch)
      .where('channel', '=', by.channel)
      .where('ask', '<', by.ask)
      .where('status', '=', QUEUED)
      .where((eb) => eb.or([eb('leased_until', 'is', null), eb('leased_until', '<=', by.now)]))
      .where((eb) => eb.or([eb('reason', 'is', null), eb('reason', 'not in', [...IN_HANDS, RETRIED])]))
      .returning(['id', 'due_at as dueAt', 'urgency']),
  );
  const laterAsking = statement((than: { proofId: string; epoch: number; channel: Channel; ask: number }) =>
    kysely
      .selectFrom('outbox')
      .select(selected(MESSAGE_FIELDS))
      .where('proof_id', '=', than.proofId)
      .where('epoch', '=', than.epoch)
      .where('channel', '=', than.channel)
      .where('ask', '>', than.ask)
      .where('follows', 'is', null)
      .where('status', 'not in', CAME_TO_NOTHING)
      .orderBy('ask', 'desc')
      .limit(ONE),
  );
  const requeueLeft = statement((of: { proofId: string; epoch: number; now: number }) =>
    kysely
      .updateTable('outbox as left')
      .set({
        status: QUEUED,
        due_at: sql<number>`case when retry_at > ${of.now} then retry_at else ${of.now} end`,
        retry_at: null,
      })
      .where('left.proof_id', '=', of.proofId)
      .where('left.epoch', '=', of.epoch)
      .where('left.status', '=', sql.lit('failed' as const))
      .where('left.retry_at', 'is not', null)
      .whereRef('left.retry_at', '<', 'left.useful_until')
      .where('left.useful_until', '>', of.now)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('outbox as other')
              .select(ONE.as('one'))
              .where('other.proof_id', '=', of.proofId)
              .where('other.epoch', '=', of.epoch)
              .where((eb) =>
                eb.or([
                  eb('other.status', '=', sql.lit('delivered' as const)),
                  eb.and([eb('other.status', '=', QUEUED), eb('other.attempts', '=', sql.lit(0))]),
                  eb.and([
                    eb('other.channel', '=', eb.ref('left.channel')),
                    eb('other.id', '!=', eb.ref('left.id')),
                    eb.or([
                      eb('other.status', 'in', [QUEUED, ...LEFT, sql.lit('bounced' as const)]),
                      eb('other.reason', '=', ANSWER_LOST),
                      eb('other.reason', 'like', `${ANSWER_LOST} %`),
                      eb.and([eb('other.retry_at', 'is not', null), eb('other.ask', '>', eb.ref('left.ask'))]),
                    ]),
                  ]),
                ]),
              ),
          ),
        ),
      )
      .returning('id'),
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
  const codesNewestFirst = ({ proofId }: { proofId: string }) =>
    kysely
      .selectFrom('outbox')
      .select(selected(MESSAGE_FIELDS))
      .where('proof_id', '=', proofId)
      .where('epoch', 'is not', null)
      // A rung of an earlier request may be younger than the first of a later one.
      .orderBy((eb) => eb.fn.coalesce('asked_at', 'created_at'), 'desc')
      .orderBy((eb) => eb.fn.coalesce('ask', sql.lit(0)), 'desc')
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc');
  const latestCodeOf = statement((of: { proofId: string }) => codesNewestFirst(of).limit(ONE));
  const latestCodeBy = statement((of: { proofId: string; channel: Channel }) =>
    codesNewestFirst(of).where('channel', '=', of.channel).limit(ONE),
  );
  const codesOf = statement((of: { proofId: string }) => codesNewestFirst(of).limit(sql.lit(100)));
  const channelsOfCodes = statement(({ proofId }: { proofId: string }) =>
    kysely
      .selectFrom('outbox')
      .select('channel')
      .distinct()
      .where('proof_id', '=', proofId)
      .where('epoch', 'is not', null)
      .where('status', 'in', LEFT),
  );
  // What was in doubt stays so in the history, whatever its provider said since, and also where a later asking took its place.
  const channelsPerhapsLeft = statement(({ proofId }: { proofId: string }) =>
    kysely
      .selectFrom('outbox')
      .select('channel')
      .distinct()
      .where('proof_id', '=', proofId)
      .where('epoch', 'is not', null)
      .where(({ eb, or, exists, selectFrom }) =>
        or([
          eb('status', 'in', LEFT),
          eb('reason', 'in', IN_HANDS),
          exists(
            selectFrom('message_events')
              .select(ONE.as('one'))
              .whereRef('message_id', '=', 'outbox.id')
              .where((event) =>
                event.or([
                  event('message_events.reason', '=', ANSWER_LOST),
                  event('message_events.reason', 'like', `${ANSWER_LOST} %`),
                ]),
              ),
          ),
        ]),
      ),
  );
  const channelsTried = statement(({ proofId, epoch, now }: { proofId: string; epoch: number; now: number }) =>
    kysely
      .selectFrom('outbox')
      .select('channel')
      .distinct()
      .where('proof_id', '=', proofId)
      .where('epoch', '=', epoch)
      .where((eb) =>
        eb.or([
          eb.and([
            eb('attempts', '>', sql.lit(0)),
            eb.or([
              eb('status', '!=', sql.lit('failed' as const)),
              eb('reason', 'is', null),
              eb('reason', 'not in', LEFT_OUT),
            ]),
            eb.or([eb('status', '!=', sql.lit('failed' as const)), eb('retry_at', 'is', null)]),
          ]),
          eb.and([eb('status', '=', QUEUED), eb.or([eb('reason', 'in', IN_HANDS), isBeingSent(eb, now)])]),
        ]),
      ),
  );
  const isBrought = statement(
    (by: { id: string; proofId: string; epoch: number; channel: Channel; ask: number; now: number }) =>
      kysely
        .selectFrom('outbox')
        .select('id')
        .where('proof_id', '=', by.proofId)
        .where('epoch', '=', by.epoch)
        .where('channel', '=', by.channel)
        .where('id', '!=', by.id)
        .where((eb) =>
          eb.or([
            eb('status', 'in', [...LEFT, sql.lit('bounced' as const)]),
            eb('reason', '=', ANSWER_LOST),
            eb('reason', 'like', `${ANSWER_LOST} %`),
            eb.and([
              eb('status', '=', QUEUED),
              eb.or([
                eb('reason', 'in', IN_HANDS),
                eb.and([
                  eb('ask', '<', by.ask),
                  eb.or([
                    isBeingSent(eb, by.now),
                    eb.and([eb('attempts', '>', sql.lit(0)), eb('leased_until', '>', by.now)]),
                  ]),
                ]),
              ]),
            ]),
          ]),
        )
        .limit(ONE),
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
  // The same for a message to somebody and one to nobody, so that writing it tells nothing. Numbers don't collide: whoever
  // changed the status holds the message's row until the transaction ends.
  const addEvent = statement(({ id, at }: { id: string; at: number }) =>
    kysely
      .insertInto('message_events')
      .columns(EVENT_FIELDS)
      .expression((db) =>
        db
          .selectFrom('outbox')
          .select([
            'id',
            sql<number>`(select coalesce(max(number), 0) + 1 from message_events where message_id = outbox.id)`.as(
              'next',
            ),
            sql<number>`cast(${at} as bigint)`.as('at'),
            'status',
            'channel',
            'reason',
            'attempts',
          ])
          .where('id', '=', id),
      ),
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
    async supersede(by, now) {
      const ended = await open.rows(supersede, { ...by, now });
      for (const { id } of ended) await open.run(addEvent, { id, at: now });
      return ended;
    },
    laterAsking: async ({ proofId, epoch, channel, ask }) =>
      proofId === null || epoch === null || ask === null
        ? undefined
        : open.first(laterAsking, { proofId, epoch, channel, ask }),
    isBrought: async ({ id, proofId, epoch, channel, ask }, now) =>
      proofId !== null &&
      epoch !== null &&
      (await open.first(isBrought, { id, proofId, epoch, channel, ask: ask ?? 0, now })) !== undefined,
    async requeueLeft(proofId, epoch, now) {
      const again = await open.rows(requeueLeft, { proofId, epoch, now });
      if (again.length > 0) open.queued = true;
      for (const { id } of again) await open.run(addEvent, { id, at: now });
    },
    async hastenMessage(id, now) {
      if ((await open.changed(hastenMessage, { id, now })) > 0) open.queued = true;
    },
    byId: (id) => open.first(byId, { id }),
    channelsOfCodes: async (proofId) =>
      (await open.rows(channelsOfCodes, { proofId })).map(({ channel }) => channel).sort(),
    channelsPerhapsLeft: async (proofId) =>
      (await open.rows(channelsPerhapsLeft, { proofId })).map(({ channel }) => channel).sort(),
    channelsTried: async (proofId, epoch, now) =>
      (await open.rows(channelsTried, { proofId, epoch, now })).map(({ channel }) => channel).sort(),
    latestCodeOf: (proofId, channel) =>
      channel === undefined ? open.first(latestCodeOf, { proofId }) : open.first(latestCodeBy, { proofId, channel }),
    codesOf: (proofId) => open.rows(codesOf, { proofId }),
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

/** By a worker that has it. A rung that stood ready may also be let go by that one, and is then nobody's. */
function isBeingSent(eb: ExpressionBuilder<Tables, 'outbox'>, now: number) {
  return eb.and([eb('follows', 'is', null), eb('leased_until', '>', now)]);
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
