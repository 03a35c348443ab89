import type { Kysely } from 'kysely';
import type { OpenTransaction } from './open-transaction.ts';
import { statement } from './statement.ts';
import type { StoreTransaction } from './store.ts';
import type { Tables } from './tables.ts';

const DAY_MS = 86_400_000;

interface Guessed {
  identifierMac: string;
  channel: string;
  day: number;
}

/** One counter per UTC day: a month of guesses is at most 31 small rows, however many there were. */
export function guessQueries(kysely: Kysely<Tables>): (open: OpenTransaction) => StoreTransaction['guesses'] {
  const wrongSince = statement(({ identifierMac, channel, day }: Guessed) =>
    kysely
      .selectFrom('guesses')
      .select((eb) => eb.fn.coalesce(eb.fn.sum<number>('wrong'), eb.lit(0)).as('wrong'))
      .where('identifier_mac', '=', identifierMac)
      .where('channel', '=', channel)
      .where('day', '>=', day),
  );
  const charge = statement(({ identifierMac, channel, day }: Guessed) =>
    kysely
      .insertInto('guesses')
      .values({ identifier_mac: identifierMac, channel, day, wrong: 1 })
      .onConflict((conflict) =>
        conflict
          .columns(['identifier_mac', 'channel', 'day'])
          .doUpdateSet((eb) => ({ wrong: eb('guesses.wrong', '+', 1) })),
      ),
  );
  const clear = statement(({ identifierMac, channel }: Omit<Guessed, 'day'>) =>
    kysely.deleteFrom('guesses').where('identifier_mac', '=', identifierMac).where('channel', '=', channel),
  );
  const purge = statement(({ day }: Pick<Guessed, 'day'>) => kysely.deleteFrom('guesses').where('day', '<', day));

  return (open) => ({
    wrongSince: async (identifierMac, channel, since) =>
      (await open.first(wrongSince, { identifierMac, channel, day: dayOf(since) }))?.wrong ?? 0,
    charge: (identifierMac, channel, now) => open.run(charge, { identifierMac, channel, day: dayOf(now) }),
    clear: (identifierMac, channel) => open.run(clear, { identifierMac, channel }),
    purge: (before) => open.changed(purge, { day: dayOf(before) }),
  });
}

function dayOf(moment: number): number {
  return Math.floor(moment / DAY_MS);
}
