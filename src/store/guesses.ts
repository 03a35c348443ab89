import type { Kysely } from 'kysely';
import type { OpenTransaction } from './open-transaction.ts';
import { statement } from './statement.ts';
import type { StoreTransaction } from './store.ts';
import type { Tables } from './tables.ts';

const DAY_MS = 86_400_000;

interface Guessed {
  identifierMac: string;
  channel: string;
  lane: string;
  day: number;
}

/** Counts nothing. All guesses of an identifier, channel and lane go through its row. */
const GATE_DAY = 0;

/**
 * One counter per UTC day: a month of guesses is at most 31 small rows, however many there were. Before it, each charge
 * writes the gate, which holds back the others until this transaction ends: at midnight, two that write the rows of two
 * days would not see each other on PostgreSQL, and one guess more than the ladder has would be compared.
 */
export function guessQueries(kysely: Kysely<Tables>): (open: OpenTransaction) => StoreTransaction['guesses'] {
  const wrongSince = statement(({ identifierMac, channel, lane, day }: Guessed) =>
    kysely
      .selectFrom('guesses')
      .select((eb) => eb.fn.coalesce(eb.fn.sum<number>('wrong'), eb.lit(0)).as('wrong'))
      .where('identifier_mac', '=', identifierMac)
      .where('channel', '=', channel)
      .where('lane', '=', lane)
      .where('day', '>=', day),
  );
  const charge = statement(({ identifierMac, channel, lane, day, weight }: Guessed & { weight: number }) =>
    kysely
      .insertInto('guesses')
      .values([
        { identifier_mac: identifierMac, channel, lane, day: GATE_DAY, wrong: 0 },
        { identifier_mac: identifierMac, channel, lane, day, wrong: weight },
      ])
      .onConflict((conflict) =>
        conflict
          .columns(['identifier_mac', 'channel', 'lane', 'day'])
          .doUpdateSet((eb) => ({ wrong: eb('guesses.wrong', '+', eb.ref('excluded.wrong')) })),
      ),
  );
  const clear = statement(({ identifierMac, channel, lane }: Omit<Guessed, 'day'>) =>
    kysely
      .deleteFrom('guesses')
      .where('identifier_mac', '=', identifierMac)
      .where('channel', '=', channel)
      .where('lane', '=', lane),
  );
  const purge = statement(({ day }: Pick<Guessed, 'day'>) => kysely.deleteFrom('guesses').where('day', '<', day));

  return (open) => ({
    wrongSince: async (guessed, since) => (await open.first(wrongSince, { ...guessed, day: dayOf(since) }))?.wrong ?? 0,
    charge: (guessed, weight, now) => open.run(charge, { ...guessed, weight, day: dayOf(now) }),
    clear: (guessed) => open.run(clear, guessed),
    purge: (before) => open.changed(purge, { day: dayOf(before) }),
  });
}

function dayOf(moment: number): number {
  return Math.floor(moment / DAY_MS);
}
