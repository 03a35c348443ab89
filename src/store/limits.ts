import { type Kysely, sql } from 'kysely';
import { latestFullAt, waitFor } from '../rules/token-buckets.ts';
import type { OpenTransaction } from './open-transaction.ts';
import { statement, statementPer } from './statement.ts';
import type { StoreTransaction } from './store.ts';
import type { Tables } from './tables.ts';

interface Charge {
  key: string;
  now: number;
  refillMs: number;
  /** The arrival time of a first charge. */
  firstTat: number;
  /** The latest arrival time, before this charge, at which it still fits. */
  latestTat: number;
}

/** Buckets of rules/token-buckets.ts; `tat`, the theoretical arrival time of that algorithm, is when one is full again. */
export function limitQueries(kysely: Kysely<Tables>): (open: OpenTransaction) => StoreTransaction['limits'] {
  const charge = statement(({ key, now, refillMs, firstTat, latestTat }: Charge) =>
    kysely
      .insertInto('limits')
      .values({ key, tat: firstTat })
      .onConflict((conflict) =>
        conflict
          .column('key')
          .doUpdateSet({
            tat: sql<number>`case when limits.tat > ${now} then limits.tat else ${now} end + ${refillMs}`,
          })
          // Where `tat` lies in the past a full burst is left, so only a later one can be too late.
          .where('limits.tat', '<=', latestTat),
      ),
  );
  const tatOf = statement(({ key }: Pick<Charge, 'key'>) =>
    kysely.selectFrom('limits').select('tat').where('key', '=', key),
  );
  const refund = statement(({ key, refillMs }: Pick<Charge, 'key' | 'refillMs'>) =>
    kysely
      .updateTable('limits')
      .set((eb) => ({ tat: eb('tat', '-', refillMs) }))
      .where('key', '=', key),
  );
  const fullAt = statementPer(String, (count: number) =>
    statement((keys: Record<number, string>) =>
      kysely
        .selectFrom('limits')
        .select(['key', 'tat'])
        .where(
          'key',
          'in',
          Array.from({ length: count }, (_, at) => keys[at] as string),
        ),
    ),
  );
  const purge = statement(({ now }: Pick<Charge, 'now'>) => kysely.deleteFrom('limits').where('tat', '<=', now));

  return (open) => {
    const wait: StoreTransaction['limits']['wait'] = async (key, limit, now) =>
      waitFor((await open.first(tatOf, { key }))?.tat, limit, 1, now);
    return {
      async charge(key, limit, now) {
        const { refillMs } = limit;
        const values = { key, now, refillMs, firstTat: now + refillMs, latestTat: latestFullAt(limit, 1, now) };
        return (await open.changed(charge, values)) === 1 ? undefined : wait(key, limit, now);
      },
      refund: (key, { refillMs }) => open.run(refund, { key, refillMs }),
      async fullAt(keys) {
        if (keys.length === 0) return new Map();
        const rows = await open.rows(fullAt(keys.length), Object.fromEntries(keys.entries()));
        return new Map(rows.map(({ key, tat }) => [key, tat]));
      },
      wait,
      purge: (now) => open.changed(purge, { now }),
    };
  };
}
