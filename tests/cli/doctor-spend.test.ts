/** `regain doctor spend`, as it is typed. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { CONVERSION, dayOf, type HeldBack } from '../../src/rules/spend.ts';
import { closedKey } from '../../src/rules/spend-buckets.ts';
import { openTerminal, type Terminal } from './terminal.ts';

const SETTINGS = {
  REGAIN_SMS_COUNTRIES: 'FR,DE',
  REGAIN_PRICES: 'sms:FR=0.07,sms:DE=0.10,whatsapp:*=0.0079',
  REGAIN_SPEND_PER_DAY: 'sms=50,telegram=0',
  REGAIN_CURRENCY: 'EUR',
};

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`doctor spend on ${engine}`, () => {
    let terminal: Terminal;
    before(async () => {
      terminal = await openTerminal(engine, SETTINGS);
    });
    after(() => terminal.close());

    test('before the tables are there, and on a day without messages', async () => {
      await terminal.transcript(
        engine === 'sqlite'
          ? '$ regain doctor spend\n! regain doctor: there is no database at …; set REGAIN_DATABASE_URL\n[1]'
          : "$ regain doctor spend\n! regain doctor: … is not at this version; run 'regain migrate' first, or set REGAIN_DATABASE_URL\n[1]",
      );
      assert.deepEqual(await readdir(terminal.folder), [], 'nothing was made');
      await terminal.transcript('$ regain migrate\n…').catch(() => undefined);
      await terminal.transcript(`
        $ regain doctor spend
        Spend of 20… (UTC), at the prices of REGAIN_PRICES
        sms       0.00 of 50.00 EUR, 0 sent, 0 entered
        whatsapp  0.00 of 20.00 EUR, 0 sent, 0 entered
        telegram  off: its budget in REGAIN_SPEND_PER_DAY is 0
        viber     0.00 of 10.00 EUR, 0 sent, 0 entered
        Nothing was held back.
        Nothing is closed.
      `);
      await terminal.transcript(
        `
        $ regain doctor spend
        Spend of …
        sms       off: REGAIN_SMS_COUNTRIES is empty
        whatsapp  …
        telegram  …
        viber     …
        Nothing was held back.
        Nothing is closed.`,
        { env: { REGAIN_SMS_COUNTRIES: '' } },
      );
    });

    test('a day with an attack on one prefix', async () => {
      await attack(terminal);
      await terminal.transcript(`
        $ regain doctor spend
        Spend of 20… (UTC), at the prices of REGAIN_PRICES
        sms       4.10 of 50.00 EUR, 56 sent, 7 entered (13 %)
        DE      0.60, 6 sent, 5 entered (83 %)
        FR      3.50, 50 sent, 2 entered (4 %)
        whatsapp  0.00 of 20.00 EUR, 0 sent, 0 entered
        telegram  off: its budget in REGAIN_SPEND_PER_DAY is 0
        viber     0.00 of 10.00 EUR, 0 sent, 0 entered
        By prefix
        sms FR +3361***  50 sent, 2 entered (4 %)
        sms DE +4915***  6 sent, 5 entered (83 %)
        Held back; each went by the next channel, where there is one
        950 sms FR +3361***: too few codes of this prefix are entered
        3 sms GB +4474***: the country is not in REGAIN_SMS_COUNTRIES
        Closed now
        sms FR +3361***, until 20…Z: too few codes of this prefix are entered. Known devices have a budget of their own.
        [1]
      `);
      assert.doesNotMatch(terminal.last, /3361234/);
    });

    test('the same for machines', async () => {
      await terminal.transcript('$ regain doctor spend --json\n…').catch(() => undefined);
      const report = JSON.parse(terminal.last.replace(/\[1\]$/, ''));
      assert.deepEqual(report.channels[0], {
        channel: 'sms',
        sent: 56,
        entered: 7,
        notices: 0,
        countries: [
          { country: 'DE', sent: 6, entered: 5, spent: '0.60' },
          { country: 'FR', sent: 50, entered: 2, spent: '3.50' },
        ],
        spent: '4.10',
        budget: '50.00',
      });
      const { until, ...closed } = report.closed[0];
      assert.deepEqual(closed, {
        channel: 'sms',
        country: 'FR',
        prefix: '+3361***',
        reason: 'conversion',
        spender: 'stranger',
      });
      assert.ok(Date.parse(until) > Date.now());
      assert.match(terminal.last, /\[1\]$/);
    });

    test('wrong calls end in 2', async () => {
      await terminal.transcript('$ regain doctor spend --today\n…').catch(() => undefined);
      assert.match(terminal.last, /^! regain doctor spend: Unknown option '--today'/);
      assert.match(terminal.last, /\[2\]$/);
    });
  });

/** The same for today and tomorrow, so that midnight may come in between. */
async function attack(terminal: Terminal): Promise<void> {
  const now = Date.now();
  await terminal.look((store) =>
    store.transaction(async (tx) => {
      for (const day of [dayOf(now), dayOf(now) + 1]) {
        const count = (
          country: string,
          prefix: string,
          outcome: 'sent' | 'entered' | HeldBack,
          messages: number,
          micros = 0,
        ) => tx.spend.count({ channel: 'sms', prefix, hour: day * 24, outcome, country, messages, micros });
        await count('FR', '+3361234', 'sent', 50, 3_500_000);
        await count('FR', '+3361234', 'entered', 2);
        await count('FR', '+3361234', 'conversion', 950);
        await count('DE', '+4915112', 'sent', 6, 600_000);
        await count('DE', '+4915112', 'entered', 5);
        await count('GB', '+4474001', 'country', 3);
        await tx.spend.charge({ channel: 'sms', country: '', day, stripe: 0, micros: 2_000_000 }, 5_000_000);
        await tx.spend.charge({ channel: 'sms', country: '', day, stripe: 3, micros: 2_100_000 }, 5_000_000);
      }
      await tx.limits.charge(
        closedKey('stranger', 'sms', '+3361234'),
        { burst: 1, refillMs: CONVERSION.closedMs },
        now,
      );
    }),
  );
}
