import type { Kysely } from 'kysely';
import type { PaidChannel } from '../rules/spend.ts';
import type { OpenTransaction } from './open-transaction.ts';
import { statement } from './statement.ts';
import type { SpendMoney, SpendTally, StoreTransaction } from './store.ts';
import type { Tables } from './tables.ts';

/** Counters: rows are added to, never read and written back. */
export function spendQueries(kysely: Kysely<Tables>): (open: OpenTransaction) => StoreTransaction['spend'] {
  const charge = statement(({ channel, country, day, stripe, micros, latest }: SpendMoney & { latest: number }) =>
    kysely
      .insertInto('spend_money')
      .values({ channel, country, day, stripe, micros })
      .onConflict((conflict) =>
        conflict
          .columns(['channel', 'country', 'day', 'stripe'])
          .doUpdateSet((eb) => ({ micros: eb('spend_money.micros', '+', micros) }))
          .where('spend_money.micros', '<=', latest),
      ),
  );
  const refund = statement(({ channel, country, day, stripe, micros }: SpendMoney) =>
    kysely
      .updateTable('spend_money')
      .set((eb) => ({ micros: eb('micros', '-', micros) }))
      .where('channel', '=', channel)
      .where('country', '=', country)
      .where('day', '=', day)
      .where('stripe', '=', stripe),
  );
  const spentOn = statement(({ day, country }: { day: number; country: string }) =>
    kysely
      .selectFrom('spend_money')
      .select(['channel', 'country', 'day', 'stripe', 'micros'])
      .where('day', '=', day)
      .where('country', '=', country)
      .orderBy('channel')
      .orderBy('stripe'),
  );
  const count = statement(({ channel, prefix, hour, outcome, country, messages, micros }: SpendTally) =>
    kysely
      .insertInto('spend_tallies')
      .values({ channel, prefix, hour, outcome, country, messages, micros })
      .onConflict((conflict) =>
        conflict.columns(['channel', 'prefix', 'hour', 'outcome', 'country']).doUpdateSet((eb) => ({
          messages: eb('spend_tallies.messages', '+', messages),
          micros: eb('spend_tallies.micros', '+', micros),
        })),
      ),
  );
  const ofPrefix = statement((wanted: { channel: PaidChannel; prefix: string; sinceHour: number }) =>
    kysely
      .selectFrom('spend_tallies')
      .select(['outcome', (eb) => eb.fn.sum<number>('messages').as('messages')])
      .where('channel', '=', wanted.channel)
      .where('prefix', '=', wanted.prefix)
      .where('hour', '>=', wanted.sinceHour)
      .groupBy('outcome'),
  );
  const tallies = statement(({ sinceHour }: { sinceHour: number }) =>
    kysely
      .selectFrom('spend_tallies')
      .select(['channel', 'prefix', 'hour', 'outcome', 'country', 'messages', 'micros'])
      .where('hour', '>=', sinceHour)
      // What was counted for nobody.
      .where('messages', '>', 0)
      .orderBy('channel')
      .orderBy('country')
      .orderBy('prefix')
      .orderBy('hour')
      .orderBy('outcome'),
  );
  const purgeMoney = statement(({ day }: { day: number }) => kysely.deleteFrom('spend_money').where('day', '<', day));
  const purgeTallies = statement(({ hour }: { hour: number }) =>
    kysely.deleteFrom('spend_tallies').where('hour', '<', hour),
  );

  return (open) => ({
    async charge(money, cap) {
      if (money.micros > cap) return false;
      return (await open.changed(charge, { ...money, latest: cap - money.micros })) === 1;
    },
    refund: (money) => open.run(refund, money),
    spentOn: (day, country = '') => open.rows(spentOn, { day, country }),
    count: (tally) => open.run(count, tally),
    async conversion(channel, prefix, sinceHour, { sent, entered }) {
      const rows = await open.rows(ofPrefix, { channel, prefix, sinceHour });
      const of = (outcome: string): number => rows.find((row) => row.outcome === outcome)?.messages ?? 0;
      return { sent: of(sent), entered: of(entered) };
    },
    tallies: (sinceHour) => open.rows(tallies, { sinceHour }),
    async purge(before) {
      const money = await open.changed(purgeMoney, { day: before.day });
      return money + (await open.changed(purgeTallies, { hour: before.hour }));
    },
  });
}
