import type { Kysely } from 'kysely';
import type { OpenTransaction } from './open-transaction.ts';
import { statement } from './statement.ts';
import type { HeldPassword, StoreTransaction } from './store.ts';
import { selected, type Tables, toColumns } from './tables.ts';

const FIELDS = ['proofId', 'passwordHash', 'completesAt'] as const satisfies (keyof HeldPassword)[];
/** What one look at the waiting ones takes; the next look takes the rest. */
const DUE_MAX = 100;

export function heldPasswordQueries(
  kysely: Kysely<Tables>,
): (open: OpenTransaction) => StoreTransaction['heldPasswords'] {
  const insert = statement((held: HeldPassword) => kysely.insertInto('held_passwords').values(toColumns(held, FIELDS)));
  const dueAt = statement(({ now }: { now: number }) =>
    kysely
      .selectFrom('held_passwords')
      .select('proof_id as proofId')
      .where('completes_at', '<=', now)
      .orderBy('completes_at')
      .limit(DUE_MAX),
  );
  const take = statement(({ proofId, now }: { proofId: string; now: number }) =>
    kysely
      .deleteFrom('held_passwords')
      .where('proof_id', '=', proofId)
      .where('completes_at', '<=', now)
      .returning(selected(FIELDS)),
  );
  const purge = statement((_: object) =>
    kysely
      .deleteFrom('held_passwords')
      .where('proof_id', 'not in', (eb) =>
        eb.selectFrom('proofs').select('proofs.id').where('proofs.state', '=', 'held'),
      ),
  );

  return (open) => ({
    insert: (held) => open.run(insert, held),
    due: async (now) => (await open.rows(dueAt, { now })).map(({ proofId }) => proofId),
    take: (proofId, now) => open.first(take, { proofId, now }),
    purge: () => open.changed(purge, {}),
  });
}
