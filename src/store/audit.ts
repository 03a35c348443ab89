import { type Kysely, sql } from 'kysely';
import type { AuditEventName } from '../rules/audit.ts';
import type { OpenTransaction } from './open-transaction.ts';
import { statement, statementPer } from './statement.ts';
import type { AuditCount, AuditEvent, StoreTransaction } from './store.ts';
import type { Tables } from './tables.ts';

/** The proofs by their place. */
interface CountsAsked {
  accountId: string;
  afterId: number;
  [at: number]: string;
}

type AuditRow = Omit<AuditEvent, 'detail'> & { detail: string };

export function auditQueries(kysely: Kysely<Tables>): (open: OpenTransaction) => StoreTransaction['audit'] {
  const append = statement(({ at, name, accountId, proofId, detail }: AuditRow) =>
    kysely.insertInto('audit_events').values({ at, name, account_id: accountId, proof_id: proofId, detail }),
  );
  const ofAccount = statement(({ accountId, count }: { accountId: string; count: number }) =>
    kysely
      .selectFrom('audit_events')
      .select(['at', 'name', 'account_id as accountId', 'proof_id as proofId', 'detail'])
      .where('account_id', '=', accountId)
      .orderBy('id', 'desc')
      .limit(count)
      .$castTo<AuditRow>(),
  );
  const named = (names: readonly AuditEventName[]) =>
    kysely
      .selectFrom('audit_events')
      .select(['id', 'at', 'name', 'account_id as accountId', 'proof_id as proofId', 'detail'])
      .where('name', 'in', literals(names))
      .orderBy('id', 'desc')
      .$castTo<AuditRow & { id: number }>();
  const pageOf = statementPer(String, (names: readonly AuditEventName[]) =>
    statement(({ accountId, count, before }: { accountId: string; count: number; before: number }) =>
      named(names).where('account_id', '=', accountId).where('id', '<', before).limit(count),
    ),
  );
  const ofMoment = (names: readonly AuditEventName[], { accountId, at }: { accountId: string; at: number }) =>
    kysely
      .selectFrom('audit_events')
      .where('account_id', '=', accountId)
      .where('at', '=', at)
      .where('name', 'in', literals(names));
  const placeOf = statementPer(String, (names: readonly AuditEventName[]) =>
    statement((event: { accountId: string; at: number; id: number }) =>
      ofMoment(names, event)
        .select((eb) => eb.fn.countAll<number>().as('older'))
        .where('id', '<', event.id),
    ),
  );
  const idAt = statementPer(String, (names: readonly AuditEventName[]) =>
    statement((event: { accountId: string; at: number; place: number }) =>
      ofMoment(names, event).select('id').orderBy('id').limit(sql.lit(1)).offset(event.place),
    ),
  );
  const countsOf = statementPer(String, ([proofs, ...names]: [proofs: number, ...names: AuditEventName[]]) =>
    statement((values: CountsAsked) => {
      const proofIds = Array.from({ length: proofs }, (_, at) => values[at] as string);
      return kysely
        .selectFrom('audit_events')
        .select((eb) => ['proof_id as proofId', 'name', eb.fn.countAll<number>().as('count')])
        .where('account_id', 'in', [values.accountId, ...proofIds])
        .where('id', '>', values.afterId)
        .where('name', 'in', literals(names))
        .where('proof_id', 'in', proofIds)
        .groupBy(['proof_id', 'name'])
        .$castTo<AuditCount>();
    }),
  );

  return (open) => ({
    append: (event) => open.run(append, { ...event, detail: JSON.stringify(event.detail) }),
    /** Newest first. */
    ofAccount: async (accountId, count) => (await open.rows(ofAccount, { accountId, count })).map(withDetail),
    pageOf: async (accountId, names, count, before = Number.MAX_SAFE_INTEGER) =>
      (await open.rows(pageOf(names), { accountId, count, before })).map(withDetail),
    placeOf: async (accountId, names, at, id) => (await open.first(placeOf(names), { accountId, at, id }))?.older ?? 0,
    idAt: async (accountId, names, at, place) => (await open.first(idAt(names), { accountId, at, place }))?.id,
    async countsOf(accountId, proofIds, names, afterId) {
      if (proofIds.length === 0) return [];
      return open.rows(countsOf([proofIds.length, ...names]), { accountId, afterId, ...proofIds });
    },
  });
}

function literals(names: readonly AuditEventName[]) {
  return names.map((name) => sql.lit(name));
}

function withDetail<Row extends { detail: string }>(row: Row): Omit<Row, 'detail'> & Pick<AuditEvent, 'detail'> {
  return { ...row, detail: JSON.parse(row.detail) as AuditEvent['detail'] };
}
