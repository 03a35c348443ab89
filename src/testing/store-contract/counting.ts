/** What is counted: wrong guesses, limits and money. */
import assert from 'node:assert/strict';
import type { Limit } from '../../rules/limits.ts';
import { CODES } from '../../rules/spend.ts';
import type { SpendTally } from '../../store/store.ts';
import { type InStore, type InTransaction, times } from './contract.ts';
import { DAY, guessed, HOSTILE, NOW } from './rows.ts';

export function guesses(inStore: InStore, inTransaction: InTransaction): void {
  inStore('guesses: none is lost when many are counted at once', async (store) => {
    await times(80, () => store.transaction((tx) => tx.guesses.charge(guessed('mac', 'email'), 1, NOW)));
    assert.equal(await store.transaction((tx) => tx.guesses.wrongSince(guessed('mac', 'email'), NOW)), 80);
  });

  inStore('guesses: counted one after the other, at midnight too', async (store) => {
    const midnight = Math.floor(NOW / DAY) * DAY;
    const counts = await times(40, (at) =>
      store.transaction(async (tx) => {
        await tx.guesses.charge(guessed('mac', 'email'), 1, midnight - (at % 2));
        return tx.guesses.wrongSince(guessed('mac', 'email'), midnight - DAY);
      }),
    );
    assert.deepEqual(
      counts.toSorted((a, b) => a - b),
      Array.from({ length: 40 }, (_, at) => at + 1),
    );
  });

  inTransaction('guesses: counted per identifier, channel and lane, over whole days', async (tx) => {
    const midnight = Math.floor(NOW / DAY) * DAY;
    await tx.guesses.charge(guessed('mac', 'email'), 1, midnight - 1);
    await tx.guesses.charge(guessed('mac', 'email'), 1, midnight);
    await tx.guesses.charge(guessed('mac', 'email'), 1, midnight + DAY - 1);
    await tx.guesses.charge(guessed('mac', 'sms'), 1, midnight);
    await tx.guesses.charge(guessed('other', 'email'), 1, midnight);
    await tx.guesses.charge(guessed('mac', 'email', 'known-device'), 2, midnight);
    await tx.guesses.charge(guessed('mac', 'email', 'known-device'), 2, midnight);
    assert.equal(await tx.guesses.wrongSince(guessed('mac', 'email', 'known-device'), 0), 4);
    assert.equal(await tx.guesses.wrongSince(guessed('mac', 'email'), midnight - 30 * DAY), 3);
    assert.equal(await tx.guesses.wrongSince(guessed('mac', 'email'), midnight - 1), 3);
    assert.equal(await tx.guesses.wrongSince(guessed('mac', 'email'), midnight), 2);
    assert.equal(await tx.guesses.wrongSince(guessed('mac', 'email'), midnight + DAY - 1), 2);
    assert.equal(await tx.guesses.wrongSince(guessed('mac', 'email'), midnight + DAY), 0);
    assert.equal(await tx.guesses.wrongSince(guessed('unknown', 'email'), 0), 0);
    await tx.guesses.clear(guessed('mac', 'email'));
    assert.equal(await tx.guesses.wrongSince(guessed('mac', 'email'), 0), 0);
    assert.equal(await tx.guesses.wrongSince(guessed('mac', 'sms'), 0), 1);
    assert.equal(await tx.guesses.wrongSince(guessed('other', 'email'), 0), 1);
  });

  inTransaction('guesses: purged by day', async (tx) => {
    await tx.guesses.charge(guessed('mac', 'email'), 1, NOW - DAY);
    await tx.guesses.charge(guessed('mac', 'email'), 1, NOW);
    assert.equal(await tx.guesses.purge(NOW), 2, 'the day before, and the row that all charges write');
    assert.equal(await tx.guesses.wrongSince(guessed('mac', 'email'), 0), 1);
  });
}

export function limits(inStore: InStore, inTransaction: InTransaction): void {
  const limit: Limit = { burst: 3, refillMs: 1_000 };

  inTransaction('limits: a burst at once, then one per refill, and the wait until the next', async (tx) => {
    for (let at = 0; at < 3; at += 1) {
      assert.equal(await tx.limits.wait('k', limit, NOW), 0);
      assert.equal(await tx.limits.charge('k', limit, NOW), undefined);
    }
    assert.equal(await tx.limits.charge('k', limit, NOW), 1_000);
    assert.equal(await tx.limits.charge('k', limit, NOW + 400), 600);
    assert.equal(await tx.limits.wait('k', limit, NOW + 400), 600);
    assert.equal(await tx.limits.charge('k', limit, NOW + 999), 1);
    assert.equal(await tx.limits.charge('k', limit, NOW + 1_000), undefined);
    assert.equal(await tx.limits.charge('k', limit, NOW + 1_000), 1_000);
  });

  inTransaction('limits: a rest fills the bucket to its burst and no further', async (tx) => {
    for (let at = 0; at < 3; at += 1) await tx.limits.charge('k', limit, NOW);
    const rested = NOW + 1_000_000;
    for (let at = 0; at < 3; at += 1) assert.equal(await tx.limits.charge('k', limit, rested), undefined);
    assert.equal(await tx.limits.charge('k', limit, rested), 1_000);
  });

  inTransaction('limits: keys are apart, byte by byte', async (tx) => {
    const single = { burst: 1, refillMs: 1_000 };
    for (const key of ['k', 'K', 'k ', 'ｋ', HOSTILE]) {
      assert.equal(await tx.limits.charge(key, single, NOW), undefined);
      assert.equal(await tx.limits.charge(key, single, NOW), 1_000);
    }
    assert.equal(await tx.limits.wait('unknown', single, NOW), 0);
  });

  inStore('limits: parallel charges share one burst', async (store) => {
    const waits = await times(40, () => store.transaction((tx) => tx.limits.charge('k', limit, NOW)));
    assert.equal(waits.filter((wait) => wait === undefined).length, 3);
    for (const wait of waits) assert.ok(wait === undefined || wait === 1_000);
  });

  inTransaction('limits: purged once they are full again', async (tx) => {
    await tx.limits.charge('full', limit, NOW - 1_000);
    await tx.limits.charge('emptier', limit, NOW);
    assert.equal(await tx.limits.purge(NOW), 1);
    await tx.limits.charge('emptier', limit, NOW);
    await tx.limits.charge('emptier', limit, NOW);
    assert.equal(await tx.limits.charge('emptier', limit, NOW), 1_000);
  });
}

export function spend(inStore: InStore, inTransaction: InTransaction): void {
  const money = { channel: 'sms', country: '', day: 20_526, stripe: 0, micros: 100_000 } as const;
  const tally: SpendTally = {
    channel: 'sms',
    prefix: '+3361234',
    hour: 492_633,
    outcome: 'sent',
    country: 'FR',
    messages: 1,
    micros: 100_000,
  };

  inTransaction('spend: money is added while it stays within the cap, and given back', async (tx) => {
    assert.equal(await tx.spend.charge({ ...money, micros: 250_001 }, 250_000), false, 'more than the cap at once');
    assert.deepEqual(await tx.spend.spentOn(money.day), []);
    assert.equal(await tx.spend.charge(money, 250_000), true);
    assert.equal(await tx.spend.charge(money, 250_000), true);
    assert.equal(await tx.spend.charge(money, 250_000), false);
    assert.equal(await tx.spend.charge({ ...money, micros: 50_000 }, 250_000), true, 'to the last millionth');
    assert.equal(await tx.spend.charge({ ...money, micros: 1 }, 250_000), false);
    assert.deepEqual(await tx.spend.spentOn(money.day), [{ ...money, micros: 250_000 }]);
    await tx.spend.refund(money);
    assert.equal(await tx.spend.charge(money, 250_000), true);
  });

  inTransaction('spend: channels, countries, days and rows are apart', async (tx) => {
    const others = [
      { ...money, channel: 'whatsapp' as const },
      { ...money, day: money.day + 1 },
      { ...money, stripe: 1 },
      { ...money, country: 'FR' },
      { ...money, country: 'DE' },
    ];
    for (const one of [money, ...others]) assert.equal(await tx.spend.charge(one, money.micros), true);
    assert.deepEqual(await tx.spend.spentOn(money.day), [money, { ...money, stripe: 1 }, others[0]]);
    assert.deepEqual(await tx.spend.spentOn(money.day + 1), [others[1]]);
    assert.deepEqual(await tx.spend.spentOn(money.day, 'FR'), [others[3]]);
    await tx.spend.refund({ ...money, country: 'FR' });
    assert.deepEqual(await tx.spend.spentOn(money.day, 'FR'), [{ ...money, country: 'FR', micros: 0 }]);
    assert.deepEqual(await tx.spend.spentOn(money.day, 'DE'), [others[4]]);
  });

  inStore('spend: 50 parallel charges at a cap of 10 let exactly 10 through', async (store) => {
    const fits = await times(50, () => store.transaction((tx) => tx.spend.charge(money, 10 * money.micros)));
    assert.equal(fits.filter((fit) => fit).length, 10);
    const spent = await store.transaction((tx) => tx.spend.spentOn(money.day));
    assert.deepEqual(spent, [{ ...money, micros: 10 * money.micros }]);
  });

  inStore('spend: parallel counts are all counted', async (store) => {
    await times(20, () => store.transaction((tx) => tx.spend.count({ ...tally, messages: 2 })));
    assert.deepEqual(await store.transaction((tx) => tx.spend.tallies(tally.hour)), [
      { ...tally, messages: 40, micros: 2_000_000 },
    ]);
  });

  inTransaction('spend: the conversion of a prefix from an hour on', async (tx) => {
    for (const one of [
      tally,
      { ...tally, hour: tally.hour - 1 },
      { ...tally, hour: tally.hour - 2 },
      { ...tally, hour: tally.hour + 1 },
      { ...tally, outcome: 'entered' as const, micros: 0 },
      { ...tally, outcome: 'prefix' as const, micros: 0 },
      { ...tally, outcome: 'newcomer_sent' as const },
      { ...tally, outcome: 'notice' as const },
      { ...tally, prefix: '+3361235' },
      { ...tally, channel: 'whatsapp' as const },
    ])
      await tx.spend.count(one);
    assert.deepEqual(await tx.spend.conversion('sms', tally.prefix, tally.hour - 1, CODES.recovering), {
      sent: 3,
      entered: 1,
    });
    assert.deepEqual(await tx.spend.conversion('sms', tally.prefix, tally.hour - 1, CODES.newcomer), {
      sent: 1,
      entered: 0,
    });
    assert.deepEqual(await tx.spend.conversion('sms', '+4915112', tally.hour - 1, CODES.recovering), {
      sent: 0,
      entered: 0,
    });
  });

  inTransaction('spend: purged by day and by hour', async (tx) => {
    await tx.spend.charge(money, money.micros);
    await tx.spend.charge({ ...money, day: money.day - 1 }, money.micros);
    await tx.spend.count(tally);
    await tx.spend.count({ ...tally, hour: tally.hour - 1 });
    assert.equal(await tx.spend.purge({ day: money.day, hour: tally.hour }), 2);
    assert.deepEqual(await tx.spend.spentOn(money.day), [money]);
    assert.deepEqual(await tx.spend.spentOn(money.day - 1), []);
    assert.deepEqual(await tx.spend.tallies(0), [tally]);
  });
}
