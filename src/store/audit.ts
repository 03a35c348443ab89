import type { Kysely } from 'kysely';
import type { OpenTransaction } from './open-transaction.ts';
import { statement } from './statement.ts';
import type { AuditEvent, StoreTransaction } from './store.ts';
import type { Tables } from './tables.ts';

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

  return (open) => ({
    append: (event) => open.run(append, { ...event, detail: JSON.stringify(event.detail) }),
    /** Newest first. */
    async ofAccount(accountId, count) {
      const rows = await open.rows(ofAccount, { accountId, count });
      return rows.map((row) => ({ ...row, detail: JSON.parse(row.detail) as AuditEvent['detail'] }));
    },
  });
}
