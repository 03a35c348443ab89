import { type Kysely, sql } from 'kysely';
import type { Limit } from '../rules/limits.ts';
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

/**
 * The generic cell rate algorithm (ITU-T I.371): `tat` is the moment at which the bucket is full again. A charge moves it
 * by one refill and fits while it stays within `burst` refills from now.
 */
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
    const wait = async (key: string, limit: Limit, now: number): Promise<number> => {
      const tat = (await open.first(tatOf, { key }))?.tat ?? now;
      return Math.max(0, tat - latestTatOf(limit, now));
    };
    return {
      async charge(key, limit, now) {
        const { refillMs } = limit;
        const values = { key, now, refillMs, firstTat: now + refillMs, latestTat: latestTatOf(limit, now) };
        return (await open.changed(charge, values)) === 1 ? undefined : wait(key, limit, now);
      },
      refund: (key, { refillMs }) => open.run(refund, { key, refillMs }),
      async fullAt(keys) {
        const rows = await open.rows(fullAt(keys.length), Object.fromEntries(keys.entries()));
        return new Map(rows.map(({ key, tat }) => [key, tat]));
      },
      wait,
      purge: (now) => open.changed(purge, { now }),
    };
  };
}

function latestTatOf({ burst, refillMs }: Limit, now: number): number {
  return now + (burst - 1) * refillMs;
}
