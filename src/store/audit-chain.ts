import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { AuditBatch, AuditSeal, SealedEvent, StoredEvent } from '../rules/audit-chain.ts';
import type { OpenTransaction } from './open-transaction.ts';
import { statement, statementPer } from './statement.ts';
import type { AuditFilter, StoreTransaction } from './store.ts';
import { selected, type Tables, toColumns } from './tables.ts';

const BATCH_NUMBERS = {
  number: 'number',
  firstPosition: 'first_position',
  lastPosition: 'last_position',
  highestId: 'highest_id',
  newestAt: 'newest_at',
  sealedAt: 'sealed_at',
  purgedAt: 'purged_at',
} as const satisfies Partial<Record<keyof AuditBatch, string>>;
type BatchNumber = keyof typeof BATCH_NUMBERS;
const BATCH_TEXTS = [
  'keyId',
  'previous',
  'head',
  'signature',
  'purgeSignature',
] as const satisfies (keyof AuditBatch)[];
const NUMBER_FIELDS = Object.keys(BATCH_NUMBERS) as BatchNumber[];

/** Numbers as texts, see `wideNumber`. */
type BatchRow = Omit<AuditBatch, BatchNumber> & Record<BatchNumber, string | null>;

const ONE = sql.lit(1);
/** Beyond this a place is a forger's: it would be rounded, and reading on from it would come back to it for ever. */
const LARGEST = sql.lit(Number.MAX_SAFE_INTEGER);

/** Joined by its id: all null where the event is gone. Numbers come as texts, see `wideNumber`. */
interface SealedRow {
  position: string;
  eventId: string;
  digest: string;
  id: string | null;
  at: string | null;
  name: string | null;
  accountId: string | null;
  proofId: string | null;
  detail: string | null;
}

export function auditChainQueries(kysely: Kysely<Tables>): (open: OpenTransaction) => StoreTransaction['auditChain'] {
  const batchesOnly = kysely
    .selectFrom('audit_batches')
    .select(NUMBER_FIELDS.map((field) => wideNumber(BATCH_NUMBERS[field]).as(field)))
    .select(selected(BATCH_TEXTS))
    .where('audit_batches.number', '<=', LARGEST)
    .$castTo<BatchRow>();
  const newest = statement(({ sealedUntil }: { sealedUntil: number }) =>
    batchesOnly.where('sealed_at', '<=', sealedUntil).orderBy('audit_batches.number', 'desc').limit(ONE),
  );
  const batches = statementPer(String, (count: number) =>
    statement(({ afterNumber }: { afterNumber: number }) =>
      batchesOnly.where('number', '>', afterNumber).orderBy('audit_batches.number').limit(sql.lit(count)),
    ),
  );
  const insertBatch = statement((batch: AuditBatch) =>
    kysely
      .insertInto('audit_batches')
      .values(toColumns(batch, [...NUMBER_FIELDS, ...BATCH_TEXTS]))
      .onConflict((conflict) => conflict.column('number').doNothing()),
  );
  const insertSeal = statement(({ position, eventId, digest }: AuditSeal) =>
    kysely.insertInto('audit_seals').values({ position, event_id: eventId, digest }),
  );
  const isUnsealed = sql<boolean>`not exists (select 1 from audit_seals where audit_seals.event_id = audit_events.id)`;
  const unsealed = statementPer(String, (count: number) =>
    statement(({ afterId }: { afterId: number }) =>
      kysely
        .selectFrom('audit_events')
        .select(['id', 'at', 'name', 'account_id as accountId', 'proof_id as proofId', 'detail'])
        .where('id', '>', afterId)
        .where(isUnsealed)
        .orderBy('id')
        .limit(sql.lit(count)),
    ),
  );
  const outside = kysely
    .selectFrom('audit_events')
    .select((eb) => [
      eb.fn.countAll<number>().as('count'),
      wideNumber('min(id)').as('firstId'),
      wideNumber('min(at)').as('oldestAt'),
    ])
    .where(isUnsealed);
  const outsideAfter = statement(({ id }: { id: number }) => outside.where('id', '>', id));
  const outsideUntil = statement(({ id }: { id: number }) => outside.where('id', '<=', id));
  const sealed = statementPer(
    ([count, since, until]: [number, boolean, boolean]) => `${count} ${since} ${until}`,
    ([count, since, until]) =>
      statement((given: { afterPosition: number; since: number; until: number }) => {
        const rows = kysely
          .selectFrom('audit_seals')
          .leftJoin('audit_events', 'audit_events.id', 'audit_seals.event_id')
          .select([
            wideNumber('position').as('position'),
            wideNumber('event_id').as('eventId'),
            'digest',
            wideNumber('audit_events.id').as('id'),
            wideNumber('at').as('at'),
            'name',
            'account_id as accountId',
            'proof_id as proofId',
            'detail',
          ])
          .where('audit_seals.position', '>', given.afterPosition)
          .where('audit_seals.position', '<=', LARGEST)
          .orderBy('audit_seals.position')
          .limit(sql.lit(count));
        const from = since ? rows.where('at', '>=', given.since) : rows;
        return (until ? from.where('at', '<', given.until) : from).$castTo<SealedRow>();
      }),
  );
  const sealAt = statement(({ position }: { position: number }) =>
    kysely.selectFrom('audit_seals').select(['digest']).where('position', '=', position),
  );
  const markCut = statement(({ number, purgedAt, purgeSignature }: AuditBatch) =>
    kysely
      .updateTable('audit_batches')
      .set({ purged_at: purgedAt, purge_signature: purgeSignature })
      .where('number', '=', number),
  );
  const deleteEvents = statement(({ lastPosition }: AuditBatch) =>
    kysely
      .deleteFrom('audit_events')
      .where('id', 'in', (eb) => eb.selectFrom('audit_seals').select('event_id').where('position', '<=', lastPosition)),
  );
  const deleteSeals = statement(({ lastPosition }: AuditBatch) =>
    kysely.deleteFrom('audit_seals').where('position', '<=', lastPosition),
  );
  const deleteBatches = statement(({ number }: AuditBatch) =>
    kysely.deleteFrom('audit_batches').where('number', '<', number),
  );
  const purgeUnsealed = statement(({ before }: { before: number }) =>
    kysely.deleteFrom('audit_events').where('at', '<', before).where(isUnsealed),
  );

  return (open) => ({
    async newest(sealedUntil = Number.MAX_SAFE_INTEGER) {
      const row = await open.first(newest, { sealedUntil });
      return row && toBatch(row);
    },
    batches: async (afterNumber, count) => (await open.rows(batches(count), { afterNumber })).map(toBatch),
    async insert(batch, seals) {
      if ((await open.changed(insertBatch, batch)) === 0) return false;
      for (const seal of seals) await open.run(insertSeal, seal);
      return true;
    },
    unsealed: (afterId, count) => open.rows(unsealed(count), { afterId }),
    outside: async (range) => {
      const [which, id] = 'afterId' in range ? [outsideAfter, range.afterId] : [outsideUntil, range.untilId];
      const { count = 0, firstId, oldestAt } = (await open.first(which, { id })) ?? {};
      return { count, firstId: numberOrNull(firstId), oldestAt: numberOrNull(oldestAt) };
    },
    async sealed(afterPosition, count, { since, until }: AuditFilter = {}) {
      const which = sealed([count, since !== undefined, until !== undefined]);
      const rows = await open.rows(which, { afterPosition, since: since ?? 0, until: until ?? 0 });
      return rows.map(toSealedEvent);
    },
    sealAt: async (position) => (await open.first(sealAt, { position }))?.digest,
    async cut(anchor) {
      const removed = await open.changed(deleteEvents, anchor);
      await open.run(deleteSeals, anchor);
      await open.run(deleteBatches, anchor);
      await open.run(markCut, anchor);
      return removed;
    },
    purgeUnsealed: (before) => open.changed(purgeUnsealed, { before }),
  });
}

/**
 * As a text: a number beyond 53 bits, which only a forger writes, would be refused by node:sqlite in the middle of a check
 * that is to name it.
 */
function wideNumber(expression: string): RawBuilder<string | null> {
  return sql<string | null>`cast(${sql.raw(expression)} as text)`;
}

function toBatch(row: BatchRow): AuditBatch {
  const numbers = NUMBER_FIELDS.map((field) => [field, numberOrNull(row[field])]);
  return { ...row, ...Object.fromEntries(numbers) } as AuditBatch;
}

function numberOrNull(text: string | null | undefined): number | null {
  return text === null || text === undefined ? null : Number(text);
}

function toSealedEvent(row: SealedRow): SealedEvent {
  const { position, eventId, digest, id, at, name, accountId, proofId, detail } = row;
  const event: StoredEvent | undefined =
    id === null
      ? undefined
      : { id: Number(id), at: Number(at), name: name ?? '', accountId, proofId, detail: detail ?? '' };
  return { position: Number(position), eventId: Number(eventId), digest, event };
}
