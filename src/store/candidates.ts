import type { Kysely } from 'kysely';
import type { OpenTransaction } from './open-transaction.ts';
import { statement } from './statement.ts';
import type { Candidate, StoreTransaction } from './store.ts';
import { selected, type Tables, toColumns } from './tables.ts';

const FIELDS = [
  'proofId',
  'id',
  'accountId',
  'accountGeneration',
  'toldAt',
  'chosenAt',
] as const satisfies (keyof Candidate)[];

export function candidateQueries(kysely: Kysely<Tables>): (open: OpenTransaction) => StoreTransaction['candidates'] {
  const insert = statement((candidate: Candidate) =>
    kysely.insertInto('proof_candidates').values(toColumns(candidate, FIELDS)),
  );
  const ofProof = statement(({ proofId }: Pick<Candidate, 'proofId'>) =>
    kysely.selectFrom('proof_candidates').select(selected(FIELDS)).where('proof_id', '=', proofId).orderBy('id'),
  );
  const claimTelling = statement(({ proofId, now }: { proofId: string; now: number }) =>
    kysely
      .updateTable('proof_candidates')
      .set({ told_at: now })
      .where('proof_id', '=', proofId)
      .where('told_at', 'is', null)
      .returning(selected(FIELDS)),
  );
  const choose = statement(({ proofId, id, now }: { proofId: string; id: string; now: number }) =>
    kysely
      .updateTable('proof_candidates')
      .set({ chosen_at: now })
      .where('proof_id', '=', proofId)
      .where('id', '=', id)
      .where('chosen_at', 'is', null),
  );
  const remove = statement(({ proofId, accountId }: { proofId: string; accountId: string }) =>
    kysely.deleteFrom('proof_candidates').where('proof_id', '=', proofId).where('account_id', '=', accountId),
  );

  return (open) => ({
    insert: (candidate) => open.run(insert, candidate),
    ofProof: (proofId) => open.rows(ofProof, { proofId }),
    claimTelling: (proofId, now) => open.rows(claimTelling, { proofId, now }),
    choose: async (proofId, id, now) => (await open.changed(choose, { proofId, id, now })) === 1,
    remove: async (proofId, accountId) => (await open.changed(remove, { proofId, accountId })) === 1,
  });
}
