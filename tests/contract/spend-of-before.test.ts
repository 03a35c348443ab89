/** An installation of a former version: what its day has cost by then still counts (migration 0021). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formerDatabase } from '../former-database.ts';
import { sqlOn } from '../sql-on.ts';

const DAY = 20_526;

for (const engine of ['sqlite', 'postgres'] as const)
  test(`${engine}: the money of a day is brought along`, async (t) => {
    const { database, inStore } = await formerDatabase(t, engine);
    await inStore((store) => store.migrate());
    for (const statement of [
      'drop table spend_money',
      `create table spend_money (channel text not null, day integer not null, stripe integer not null,
        micros bigint not null, primary key (channel, day, stripe))`,
      `insert into spend_money (channel, day, stripe, micros) values ('sms', ${DAY}, 3, 2100000)`,
      "delete from migrations where name = '0021-spend-by-country'",
    ])
      await sqlOn(database, statement);

    await inStore(async (store) => {
      assert.deepEqual(await store.migrate(), ['0021-spend-by-country']);
      const money = { channel: 'sms', country: '', day: DAY, stripe: 3, micros: 2_100_000 } as const;
      assert.deepEqual(await store.transaction((tx) => tx.spend.spentOn(DAY)), [money]);
      assert.equal(await store.transaction((tx) => tx.spend.charge(money, 4_000_000)), false, 'and is counted');
      const french = { ...money, country: 'FR' };
      assert.equal(await store.transaction((tx) => tx.spend.charge(french, 4_000_000)), true);
    });
  });
