/** What money may be spent on, by the rules alone. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { getCountries } from 'libphonenumber-js/max';
import { exampleNumber, maskPrefix, readDestination } from '../../src/rules/destinations.ts';
import { LIMITS } from '../../src/rules/limits.ts';
import {
  CONVERSION,
  countryLimit,
  dayEndsAt,
  dayOf,
  isPumped,
  NETWORK_SHARES,
  noticeWaitMs,
  numberSpenderOf,
  PAID_CHANNELS,
  SPEND_LIMITS,
  spenderOf,
} from '../../src/rules/spend.ts';
import { budgetOf, countryBudgetOf, countryStripes, shareOf } from '../../src/rules/spend-buckets.ts';
import {
  DEFAULT_PRICES,
  DEFAULT_SPEND_PER_DAY,
  formatMoney,
  priceOf,
  type Read,
  readCountries,
  readMoney,
  readPrices,
  readSpendPerDay,
} from '../../src/rules/spend-settings.ts';

describe('destinations', () => {
  const kinds: [what: string, number: string, country: string | undefined, takesTexts: boolean][] = [
    ['a mobile', '+33612345678', 'FR', true],
    ['one of a plan that mixes mobiles and landlines', '+12125550123', 'US', true],
    ['the same plan, another country', '+18765551234', 'JM', true],
    ['Guernsey, not Britain', '+447911123456', 'GG', true],
    ['a landline', '+442071234567', 'GB', false],
    ['premium', '+33899123456', 'FR', false],
    ['shared cost', '+33810123456', 'FR', false],
    ['toll-free', '+18005550123', 'US', false],
    ['a personal number, paid like premium', '+447012345678', 'GB', false],
    ['a VoIP range', '+33912345678', 'FR', false],
    ['toll-free of no country', '+80012345678', undefined, false],
    ['no number that exists', '+336123456789', 'FR', false],
    ['a chat', 'xTgI3kq9+pQ==', undefined, false],
  ];
  for (const [what, number, country, takesTexts] of kinds)
    test(`${what} ${takesTexts ? 'takes' : 'takes no'} texts`, () => {
      const found = readDestination(number);
      assert.deepEqual([found.country, found.takesTexts], [country, takesTexts]);
    });

  test('a number of nobody takes texts, in every country that there is', () => {
    for (const country of getCountries()) assert.ok(readDestination(exampleNumber(country)).takesTexts, country);
    assert.equal(readDestination(exampleNumber('FR')).country, 'FR');
    assert.equal(exampleNumber('XX'), '');
  });

  test('the prefix is the number without its last four digits, and is shown in part', () => {
    assert.equal(readDestination('+33612345678').prefix, '+3361234');
    assert.equal(readDestination('xTgI3kq9+pQ==').prefix, undefined);
    assert.equal(maskPrefix('+3361234'), '+3361***');
  });
});

describe('who spends', () => {
  test('an owner is a known device that recovers; a number that it registers may be anybody’s', () => {
    assert.equal(spenderOf('known-device', 'recovery'), 'owner');
    assert.equal(spenderOf('known-device', 'registration'), 'newcomer');
    assert.equal(spenderOf('known-device', 'address'), 'newcomer');
    assert.equal(spenderOf('stranger', 'notice'), 'owner');
    for (const lane of ['stranger', 'worked', 'waited'] as const) assert.equal(spenderOf(lane, 'recovery'), 'stranger');
  });

  test('of one number who worked has something of his own, and nowhere else', () => {
    assert.equal(numberSpenderOf('worked', 'recovery'), 'worked');
    for (const lane of ['stranger', 'waited'] as const) assert.equal(numberSpenderOf(lane, 'recovery'), 'stranger');
    assert.equal(numberSpenderOf('known-device', 'recovery'), 'owner');
    assert.equal(numberSpenderOf('worked', 'registration'), 'newcomer');
    assert.equal(numberSpenderOf('worked', 'notice'), 'owner');
  });

  test('one network can use up what a number may have neither at once nor in the long run', () => {
    assert.ok(SPEND_LIMITS.number.stranger.burst > LIMITS['send-share'].burst);
    for (const name of ['number', 'number-month'] as const)
      for (const spender of ['stranger', 'worked'] as const) {
        const [share, whole] = [NETWORK_SHARES[name][spender], SPEND_LIMITS[name][spender]];
        assert.ok(share.burst < whole.burst, `${name} of ${spender}`);
        assert.ok(share.refillMs >= 2 * whole.refillMs, `${name} of ${spender}`);
      }
  });

  test('owners have less than strangers, and something of their own', () => {
    assert.ok(SPEND_LIMITS.prefix.owner.burst < SPEND_LIMITS.prefix.stranger.burst);
    for (const busy of [10, 200, 1_000_000]) {
      assert.ok(countryLimit('owner', busy).burst >= 2);
      assert.ok(countryLimit('owner', busy).burst <= countryLimit('stranger', busy).burst);
    }
  });

  test('a prefix is pumped from 50 messages on, of which fewer than 20 % were entered', () => {
    assert.equal(isPumped({ sent: 49, entered: 0 }), false);
    assert.equal(isPumped({ sent: 50, entered: 9 }), true);
    assert.equal(isPumped({ sent: 50, entered: 10 }), false);
    assert.equal(isPumped({ sent: 0, entered: 0 }), false);
    assert.ok(CONVERSION.leastSent < SPEND_LIMITS.prefix.stranger.burst, 'else the cap would come first, always');
  });

  test('a day ends at midnight, UTC', () => {
    const late = Date.parse('2026-03-14T23:59:59.999Z');
    assert.equal(dayEndsAt(late), late + 1);
    assert.equal(dayOf(late + 1), dayOf(late) + 1);
  });

  test('a notice that was held back waits a quarter of an hour, or for midnight', () => {
    const midnight = Date.parse('2026-03-15T00:00:00Z');
    assert.equal(noticeWaitMs(midnight), 15 * 60_000);
    assert.equal(noticeWaitMs(midnight - 15 * 60_000), 15 * 60_000);
    assert.equal(noticeWaitMs(midnight - 60_000), 60_000);
  });
});

describe('rows of what everybody charges', () => {
  test('shares add up to the whole, whatever it is', () => {
    fc.assert(
      fc.property(fc.nat(10_000_000), fc.integer({ min: 1, max: 8 }), (total, stripes) => {
        const shares = Array.from({ length: stripes }, (_, at) => shareOf(total, at, stripes));
        assert.equal(
          shares.reduce((sum, share) => sum + share, 0),
          total,
        );
        assert.ok(Math.max(...shares) - Math.min(...shares) <= 1);
      }),
    );
  });

  test('a country has rows enough for its traffic, with the burst of the whole', () => {
    assert.equal(countryStripes('sms', 'FR', 'stranger', 50).length, 1);
    const many = countryStripes('sms', 'FR', 'stranger', 1_000);
    assert.equal(many.length, 8);
    assert.equal(
      many.reduce((sum, { limit }) => sum + limit.burst, 0),
      1_000,
    );
    assert.equal(many[0]?.limit.refillMs, 8 * 3_600);
    assert.equal(new Set(many.map(({ key }) => key)).size, 8);
  });

  test('strangers leave a fifth of the budget; what is left over in rows is below a hundredth', () => {
    const settings = {
      perDay: amountsOf(readSpendPerDay('sms=50')),
      prices: amountsOf(readPrices('sms:US=0.01,sms:*=0.05')),
    };
    assert.deepEqual(budgetOf(settings, 'sms', 'owner'), { micros: 50_000_000, stripes: 8 });
    assert.deepEqual(budgetOf(settings, 'sms', 'stranger'), { micros: 40_000_000, stripes: 8 });
    assert.ok(8 * 50_000 <= 50_000_000 / 100);
    assert.equal(budgetOf({ ...settings, perDay: amountsOf(readSpendPerDay('sms=1')) }, 'sms', 'owner').stripes, 1);
  });
});

describe('one country’s part of a day', () => {
  const settings = (countries: string, prices = DEFAULT_PRICES) => ({
    perDay: amountsOf(readSpendPerDay('sms=50')),
    prices: amountsOf(readPrices(prices)),
    smsCountries: countries.split(','),
  });

  test('strangers and newcomers have half of what they have of the day; work goes on to three quarters', () => {
    const micros = (['newcomer', 'stranger', 'worked'] as const).map(
      (spender) => countryBudgetOf(settings('FR,DE'), 'sms', spender)?.micros,
    );
    assert.deepEqual(micros, [15_000_000, 20_000_000, 30_000_000]);
    for (const channel of PAID_CHANNELS) assert.equal(countryBudgetOf(settings('FR,DE'), channel, 'owner'), undefined);
  });

  test('it is spread over the same rows whoever spends', () => {
    const many = { ...settings('FR,DE'), perDay: amountsOf(readSpendPerDay('sms=5000')) };
    const stripes = (['newcomer', 'stranger', 'worked'] as const).map(
      (spender) => countryBudgetOf(many, 'sms', spender)?.stripes,
    );
    assert.deepEqual(stripes, [8, 8, 8]);
    assert.equal(countryBudgetOf(settings('FR,DE'), 'sms', 'worked')?.stripes, 2);
  });

  test('there is none where messages go to one country only, or nowhere', () => {
    const of = (countries: string, channel: 'sms' | 'telegram' | 'whatsapp', prices?: string) =>
      countryBudgetOf(settings(countries, prices), channel, 'stranger') !== undefined;
    assert.equal(of('FR', 'sms'), false);
    assert.equal(of('FR', 'telegram'), false, 'the Gateway writes to numbers that may be texted');
    assert.equal(of('FR,DE', 'telegram'), true);
    assert.equal(of('FR', 'whatsapp'), true, 'a chat may have a number of any country that has a price');
    assert.equal(of('FR,DE', 'whatsapp', 'whatsapp:FR=0.05'), false);
    assert.equal(of('FR', 'whatsapp', 'whatsapp:FR=0.05,whatsapp:DE=0.05'), true);
    const off = { ...settings('FR,DE'), perDay: amountsOf(readSpendPerDay('sms=0')) };
    assert.equal(countryBudgetOf(off, 'sms', 'stranger'), undefined, 'switched off is no share');
  });
});

describe('settings of money', () => {
  test('amounts are read exactly, and nothing else is one', () => {
    assert.equal(readMoney('0.0079'), 7_900);
    assert.equal(readMoney('50'), 50_000_000);
    for (const text of ['', '-1', '1e3', '0x10', '1,5', '.5', '5.', ' 5', '0.0000001', 'NaN', '99999999', '٥'])
      assert.equal(readMoney(text), undefined, text);
    assert.equal(formatMoney(7_900), '0.0079');
    assert.equal(formatMoney(4_800_000), '4.80');
    assert.equal(formatMoney(0), '0.00');
  });

  test('the price of a country, else of any other, else none', () => {
    const prices = amountsOf(readPrices('sms:US=0.0079, sms:FR=0.07'));
    assert.equal(priceOf('sms', 'US', { prices }), 7_900);
    assert.equal(priceOf('sms', 'DE', { prices }), undefined);
    assert.equal(priceOf('sms', undefined, { prices }), undefined);
    assert.equal(priceOf('whatsapp', 'DE', { prices }), 60_000, 'a channel that was not named keeps the default');
    assert.equal(priceOf('sms', 'DE', { prices: amountsOf(readPrices('sms:US=0.0079,sms:*=0.08')) }), 80_000);
  });

  test('what is not named keeps its default; the printed defaults are what is meant', () => {
    assert.deepEqual(amountsOf(readSpendPerDay('whatsapp=0')), {
      ...amountsOf(readSpendPerDay(DEFAULT_SPEND_PER_DAY)),
      whatsapp: 0,
    });
    for (const channel of PAID_CHANNELS)
      assert.ok((priceOf(channel, 'FR', { prices: amountsOf(readPrices(DEFAULT_PRICES)) }) ?? 0) > 0);
  });

  test('countries are read once each, in capitals', () => {
    assert.deepEqual(amountsOf(readCountries('us, CA,us')), ['US', 'CA']);
  });

  const refusals: [string, Read<unknown>, RegExp][] = [
    ['the usual slip', readCountries('UK'), /^'UK' is not an ISO 3166 code; the United Kingdom is GB$/],
    ['a country’s name', readCountries('US,France'), /^'France' is not the ISO 3166 code/],
    ['a trailing comma', readCountries('US,'), /^'' is not the ISO 3166 code/],
    ['a channel that costs nothing', readSpendPerDay('email=5'), /^'email' is not a channel that costs money \(sms, /],
    ['no amount', readSpendPerDay('sms'), /^'sms' needs an amount, such as sms=50/],
    ['a debt', readSpendPerDay('sms=-5'), /^'sms=-5' needs an amount/],
    ['a currency in it', readSpendPerDay('sms=50EUR'), /^'sms=50EUR' needs an amount/],
    ['a channel twice', readSpendPerDay('sms=5,sms=50'), /^sms is named twice$/],
    ['a price without a country', readPrices('sms=0.08'), /^'sms' must name a country, such as sms:US, or sms:\*/],
    ['a price of a country that is none', readPrices('sms:UK=0.08'), /^'sms:UK' must name a country/],
    ['a price for nothing', readPrices('sms:US=0'), /^'sms:US=0' is free, so no budget would ever end it/],
    ['no price', readPrices('sms:US='), /^'sms:US=' needs a price, such as sms:US=0\.08$/],
    ['a price twice', readPrices('sms:*=0.1,sms:*=0.2'), /^sms:\* is named twice$/],
  ];
  for (const [what, read, problem] of refusals)
    test(`${what} is refused`, () => {
      assert.equal(read.ok, false);
      assert.match(read.ok ? '' : read.problem, problem);
    });
});

function amountsOf<T>(read: Read<T>): T {
  if (!read.ok) throw new Error(read.problem);
  return read.value;
}
