import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ConfigError, parseConfig, SETTINGS } from '../src/config.ts';

const GOOD = {
  NODE_ENV: 'production',
  REGAIN_ORIGIN: 'https://accounts.shop.example',
  REGAIN_SECRET: 'x'.repeat(32),
  REGAIN_SMTP_URL: 'smtp://mail.shop.example:587',
  REGAIN_MAIL_FROM: 'Shop <no-reply@shop.example>',
};

const SMS = 'https://sms.shop.example/send?secret=a+key';
const GATEWAY = 'telegram-gateway://:a-token-of-it@gatewayapi.telegram.org';

describe('settings', () => {
  test('development needs none', () => {
    const config = parseConfig({});
    assert.equal(config.origin, 'http://localhost:3000');
    assert.equal(config.host, '127.0.0.1');
    assert.deepEqual(config.database, { engine: 'sqlite', file: './regain.db' });
    assert.equal(config.mail, undefined);
  });

  test('production with what it asks for', () => {
    const config = parseConfig(GOOD);
    assert.equal(config.host, '0.0.0.0');
    assert.equal(config.mail?.from, 'Shop <no-reply@shop.example>');
    assert.equal(config.mail?.connections, 10);
  });

  test('a mail server that takes few connections, or many', () => {
    for (const connections of [1, 3, 100]) {
      const config = parseConfig({ ...GOOD, REGAIN_SMTP_URL: `smtp://mail.shop.example?connections=${connections}` });
      assert.equal(config.mail?.connections, connections);
    }
  });

  test('texts, with where they may go', () => {
    const config = parseConfig({
      ...GOOD,
      REGAIN_SMS_URL: SMS,
      REGAIN_SMS_COUNTRIES: 'us, FR',
      REGAIN_TELEGRAM_GATEWAY_URL: GATEWAY,
    });
    assert.equal(config.sms?.provider, 'webhook');
    assert.deepEqual(config.spend.smsCountries, ['US', 'FR']);
    assert.equal(config.telegramGateway?.token, 'a-token-of-it');
  });

  test('what runs is said by a known word', () => {
    const modeOf = (NODE_ENV: string | undefined) => parseConfig({ ...GOOD, NODE_ENV }).mode;
    for (const word of [undefined, '', 'development', 'test']) assert.equal(modeOf(word), 'development');
    assert.equal(modeOf('production'), 'production');
    for (const word of ['Production', 'PRODUCTION', 'prod', 'staging', 'dev', ' production', 'production '])
      assert.throws(() => modeOf(word), /^ConfigError: NODE_ENV: '.*' is none of production, development and test\. /);
  });

  test('the development inbox is shown to the network on request only', () => {
    const shown = (env: Record<string, string>) => parseConfig({ HOST: '0.0.0.0', ...env }).devOnNetwork;
    assert.deepEqual([shown({}), shown({ REGAIN_DEV_ON_NETWORK: 'no' })], [false, false]);
    assert.equal(shown({ REGAIN_DEV_ON_NETWORK: 'yes' }), true);
  });

  test('where the database is', () => {
    const databaseOf = (REGAIN_DATABASE_URL: string) => parseConfig({ REGAIN_DATABASE_URL }).database;
    for (const [url, file] of [
      ['sqlite:./shop.db', './shop.db'],
      ['sqlite:shop.db', 'shop.db'],
      ['sqlite:/var/lib/shop.db', '/var/lib/shop.db'],
      ['sqlite:///var/lib/shop.db', '/var/lib/shop.db'],
      ['sqlite::memory:', ':memory:'],
    ] as const)
      assert.deepEqual(databaseOf(url), { engine: 'sqlite', file });
    for (const url of [
      'postgres://regain:password@db.shop.example/regain',
      'postgresql://regain:p%23a%2Fs%3Fs%40w%25@db.shop.example:5433/regain?sslmode=require',
      'postgres://regain@db.shop.example/regain?application_name=regain@shop',
      'postgres:///regain?host=/var/run/postgresql',
      'postgres://[::1]:5432/regain',
    ])
      assert.deepEqual(databaseOf(url), { engine: 'postgres', url });
  });

  test('a password that ends its URL early is refused with how to write it, and without repeating it', () => {
    for (const password of [
      'hunter#22x',
      '12#22x',
      'hunter/22x',
      '12/22x',
      'hunter?22x',
      '12?22x',
      'hun@ter/22x',
      'hun@ter?22x',
    ])
      for (const [variable, url] of [
        ['REGAIN_DATABASE_URL', `postgres://regain:${password}@db.shop.example/regain`],
        ['REGAIN_SMTP_URL', `smtp://shop:${password}@mail.shop.example:587`],
        ['REGAIN_SMTP_URL', `smtps://shop:${password}@mail.shop.example?connections=3`],
      ] as const)
        assert.throws(
          () => parseConfig({ ...GOOD, [variable]: url }),
          (error) => {
            assert.ok(error instanceof ConfigError);
            assert.equal(error.lines.length, 1, error.message);
            const [line = ''] = error.lines;
            assert.ok(
              line.startsWith(
                `${variable}: is not a URL that can be read: in the user and the password write # as %23`,
              ),
              line,
            );
            assert.doesNotMatch(line, /hun|ter|22x|12#/);
            return true;
          },
        );
  });

  const refused: [string, Record<string, string | undefined>, RegExp][] = [
    ['no origin', { REGAIN_ORIGIN: undefined }, /^REGAIN_ORIGIN: is missing\. Example: REGAIN_ORIGIN=https/],
    ['a plain origin', { REGAIN_ORIGIN: 'http://shop.example' }, /^REGAIN_ORIGIN: must be https unless/],
    [
      'an origin with a path',
      { REGAIN_ORIGIN: 'https://shop.example/accounts' },
      /^REGAIN_ORIGIN: must be an origin only/,
    ],
    ['an origin that is none', { REGAIN_ORIGIN: 'shop.example' }, /^REGAIN_ORIGIN: 'shop\.example' is not a URL/],
    ['a script as origin', { REGAIN_ORIGIN: 'javascript:alert(1)' }, /^REGAIN_ORIGIN: must start with https/],
    ['no secret', { REGAIN_SECRET: '' }, /^REGAIN_SECRET: is missing/],
    ['a short secret', { REGAIN_SECRET: 'short' }, /^REGAIN_SECRET: has a secret of 5 bytes, needs 32 or more/],
    ['a short secret in a list', { REGAIN_SECRET: `${'x'.repeat(32)},y` }, /has a secret of 1 bytes/],
    ['no mail server', { REGAIN_SMTP_URL: undefined }, /^REGAIN_SMTP_URL: is missing/],
    ['no sender', { REGAIN_MAIL_FROM: undefined }, /^REGAIN_MAIL_FROM: is missing/],
    ['a sender with a line break', { REGAIN_MAIL_FROM: 'Shop <a@b.example>\r\nBcc: x@y.example' }, /^REGAIN_MAIL_FROM/],
    [
      'a mail URL that is none',
      { REGAIN_SMTP_URL: 'http://mail.shop.example' },
      /^REGAIN_SMTP_URL: must start with smtp/,
    ],
    [
      'a mail URL with a mistyped parameter',
      { REGAIN_SMTP_URL: 'smtp://mail.shop.example?conections=3' },
      /^REGAIN_SMTP_URL: has an unknown parameter 'conections'; known are connections, insecure/,
    ],
    ...['0', '101', '2.5', 'many', ''].map((connections): [string, Record<string, string>, RegExp] => [
      `a mail URL with ${connections || 'no number of'} connections`,
      { REGAIN_SMTP_URL: `smtp://mail.shop.example?connections=${connections}` },
      /^REGAIN_SMTP_URL: 'connections' must be a whole number from 1 to 100/,
    ]),
    [
      'a mail password with a bare percent sign',
      { REGAIN_SMTP_URL: 'smtp://user:50%off@mail.shop.example' },
      /^REGAIN_SMTP_URL: has a % in the user or the password .*; write it as %25/,
    ],
    ['a database that is none', { REGAIN_DATABASE_URL: 'mysql://db' }, /^REGAIN_DATABASE_URL: must start with sqlite:/],
    ['a database without a name', { REGAIN_DATABASE_URL: 'sqlite:' }, /^REGAIN_DATABASE_URL: names no file\. Example/],
    [
      'a database in the root by mistake',
      { REGAIN_DATABASE_URL: 'sqlite://regain-x.db' },
      /^REGAIN_DATABASE_URL: has two slashes: .* Example: REGAIN_DATABASE_URL=sqlite:\.\/regain\.db$/,
    ],
    ['a database that is lost', { REGAIN_DATABASE_URL: 'sqlite::memory:' }, /^REGAIN_DATABASE_URL: would lose every/],
    [
      'a database with parameters',
      { REGAIN_DATABASE_URL: 'sqlite:./x.db?mode=ro' },
      /^REGAIN_DATABASE_URL: takes no parameters/,
    ],
    [
      'a database in the words of SQLite',
      { REGAIN_DATABASE_URL: 'sqlite:file:x.db' },
      /^REGAIN_DATABASE_URL: must name the file without 'file:'/,
    ],
    [
      'a database at a port that is none',
      { REGAIN_DATABASE_URL: 'postgres://u:p@db.shop.example:54322222/regain' },
      /^REGAIN_DATABASE_URL: is not a URL that can be read: .* and the port as a number\. Example: .*=postgres:/,
    ],
    [
      'a password of the database with a bare percent sign',
      { REGAIN_DATABASE_URL: 'postgres://u:50%off@db.shop.example/regain' },
      /^REGAIN_DATABASE_URL: has a % in the user or the password .*; write it as %25/,
    ],
    ['texts to no country', { REGAIN_SMS_URL: SMS }, /^REGAIN_SMS_COUNTRIES: is missing; .* Example: .*=US,CA$/],
    [
      'a text URL that is none',
      { REGAIN_SMS_URL: 'sms://x', REGAIN_SMS_COUNTRIES: 'US' },
      /^REGAIN_SMS_URL: must start with twilio:\/\/.* Example: REGAIN_SMS_URL=twilio/,
    ],
    [
      'a text URL of a kind, told by an example of that kind',
      { REGAIN_SMS_URL: 'smpp://user:password-too-long@smsc.example?from=Shop', REGAIN_SMS_COUNTRIES: 'US' },
      /^REGAIN_SMS_URL: has a password of more than 8.* Example: REGAIN_SMS_URL=smpp:/,
    ],
    ['Telegram alone', { REGAIN_TELEGRAM_GATEWAY_URL: GATEWAY }, /^REGAIN_TELEGRAM_GATEWAY_URL: needs REGAIN_SMS_URL/],
    [
      'a Telegram URL without a token',
      {
        REGAIN_SMS_URL: SMS,
        REGAIN_SMS_COUNTRIES: 'US',
        REGAIN_TELEGRAM_GATEWAY_URL: 'telegram-gateway://gatewayapi.telegram.org',
      },
      /^REGAIN_TELEGRAM_GATEWAY_URL: must name the token/,
    ],
    [
      'a yes that is none',
      { NODE_ENV: 'development', REGAIN_DEV_ON_NETWORK: '1' },
      /^REGAIN_DEV_ON_NETWORK: must be yes or no\. /,
    ],
    ['a port beyond', { PORT: '70000' }, /^PORT: must be a whole number/],
    ['a port in words', { PORT: 'http' }, /^PORT: must be/],
    ['a proxy that is none', { REGAIN_TRUST_PROXY: 'nginx' }, /^REGAIN_TRUST_PROXY: 'nginx' is neither/],
    ['a network too long', { REGAIN_TRUST_PROXY: '10.0.0.0/33' }, /^REGAIN_TRUST_PROXY/],
    ...['0.0.0.0/0', '::/0', '10.0.0.0/8,1.2.3.4/00'].map((networks): [string, Record<string, string>, RegExp] => [
      `everybody as a proxy, ${networks},`,
      { REGAIN_TRUST_PROXY: networks },
      /^REGAIN_TRUST_PROXY: '.*\/0+' trusts everybody, /,
    ]),
    ...['10.0.0.0/8/9', '10.0.0.0/', '10.0.0.0/1e1', '10.0.0.0/0x8', '10.0.0.0/-1', '/0', ''].map(
      (part): [string, Record<string, string>, RegExp] => [
        `a network that is none, ${part},`,
        { REGAIN_TRUST_PROXY: `10.0.0.1,${part}` },
        /^REGAIN_TRUST_PROXY: '.*' is neither a number of hops nor a network/,
      ],
    ),
    [
      'a default country that is none',
      { REGAIN_DEFAULT_COUNTRY: 'UK' },
      /^REGAIN_DEFAULT_COUNTRY: 'UK' is not an ISO 3166 code; the United Kingdom is GB\. Example: .*=FR$/,
    ],
    [
      'a default country without phones',
      { REGAIN_DEFAULT_COUNTRY: 'XX' },
      /^REGAIN_DEFAULT_COUNTRY: 'XX' is not the ISO/,
    ],
    ['two default countries', { REGAIN_DEFAULT_COUNTRY: 'FR,DE' }, /^REGAIN_DEFAULT_COUNTRY: must be one country/],
    ['a pale colour', { REGAIN_BRAND_COLOR: '#ffee00' }, /^REGAIN_BRAND_COLOR: #ffee00 has a contrast of 1\.\d/],
    [
      'a logo that is not there',
      { REGAIN_BRAND_LOGO: './nowhere.svg' },
      /^REGAIN_BRAND_LOGO: '\.\/nowhere\.svg' can't be read/,
    ],
    ['a home elsewhere', { REGAIN_HOME_PATH: '//evil.example' }, /^REGAIN_HOME_PATH/],
    [
      'a profile that is none',
      { REGAIN_PASSWORD_PROFILE: 'strong' },
      /^REGAIN_PASSWORD_PROFILE: must be guide or nist/,
    ],
    [
      'a country that is none',
      { REGAIN_SMS_COUNTRIES: 'FR,UK' },
      /^REGAIN_SMS_COUNTRIES: 'UK' is not an ISO 3166 code/,
    ],
    [
      'a budget that is none',
      { REGAIN_SPEND_PER_DAY: 'sms=much' },
      /^REGAIN_SPEND_PER_DAY: 'sms=much' needs an amount/,
    ],
    [
      'a price for nothing',
      { REGAIN_PRICES: 'sms:FR=0' },
      /^REGAIN_PRICES: 'sms:FR=0' is free, .* Example: REGAIN_PRICES=/,
    ],
    [
      'a country without a price',
      { REGAIN_SMS_COUNTRIES: 'FR,US', REGAIN_PRICES: 'sms:US=0.0079' },
      /^REGAIN_PRICES: has no price of a text to FR, which REGAIN_SMS_COUNTRIES names/,
    ],
    ['a sign of a currency', { REGAIN_CURRENCY: '€' }, /^REGAIN_CURRENCY: '€' is not a code of three capital letters/],
    ['half an hour to wait', { REGAIN_COOL_OFF_HOURS: '0.5' }, /^REGAIN_COOL_OFF_HOURS: must be a whole number/],
    ['more than a week to wait', { REGAIN_COOL_OFF_HOURS: '169' }, /^REGAIN_COOL_OFF_HOURS: .* 0 to 168\./],
    ['a mistyped name', { REGAIN_SMPT_URL: 'smtp://x' }, /^REGAIN_SMPT_URL: is not a setting/],
  ];
  for (const [title, change, line] of refused)
    test(`${title} is refused in one line`, () => {
      assert.throws(
        () => parseConfig({ ...GOOD, ...change }),
        (error) => {
          assert.ok(error instanceof ConfigError);
          assert.equal(error.lines.length, 1, error.message);
          assert.match(error.lines[0] as string, line);
          return true;
        },
      );
    });

  test('texts are off until countries are named, and then have a price and a budget', () => {
    assert.deepEqual(parseConfig(GOOD).spend.smsCountries, []);
    const { spend } = parseConfig({ ...GOOD, REGAIN_SMS_COUNTRIES: 'us,ca' });
    assert.deepEqual(spend.smsCountries, ['US', 'CA']);
    assert.equal(spend.perDay.sms, 50_000_000);
    assert.equal(spend.prices.sms.get('*'), 100_000);
  });

  test('what Kubernetes says of a Service called regain is passed over, and nothing else', () => {
    const injected = {
      REGAIN_SERVICE_HOST: '10.96.12.7',
      REGAIN_SERVICE_PORT: '80',
      REGAIN_SERVICE_PORT_HTTP: '80',
      REGAIN_SERVICE_PORT_HTTP_METRICS: '9090',
      REGAIN_PORT: 'tcp://10.96.12.7:80',
      REGAIN_PORT_80_TCP: 'tcp://10.96.12.7:80',
      REGAIN_PORT_80_TCP_PROTO: 'tcp',
      REGAIN_PORT_80_TCP_PORT: '80',
      REGAIN_PORT_80_TCP_ADDR: '10.96.12.7',
    };
    assert.equal(parseConfig({ ...GOOD, ...injected }).port, 3000);
    for (const mistyped of [
      { REGAIN_PORT: '3000' },
      { REGAIN_HOST: '0.0.0.0' },
      { REGAIN_SERVICE: 'x' },
      { REGAIN_SERVICE_HOSTS: 'x' },
      { REGAIN_PORT_TCP: 'x' },
      { REGAIN_PORT_80_TCP_X: 'x' },
    ] as Record<string, string>[])
      assert.throws(
        () => parseConfig({ ...GOOD, ...injected, ...mistyped }),
        /^ConfigError: REGAIN_\w+: is not a setting/,
      );
  });

  test('a country may be written small', () => {
    assert.equal(parseConfig({ REGAIN_DEFAULT_COUNTRY: 'fr' }).defaultCountry, 'FR');
  });

  test('every fault is told at once', () => {
    assert.throws(
      () => parseConfig({ NODE_ENV: 'production' }),
      (error) => error instanceof ConfigError && error.lines.length === 3,
    );
  });

  test('a provider’s address in the wrong setting is refused without its secret', () => {
    for (const variable of Object.values(SETTINGS).map((setting) => setting.variable))
      for (const url of [
        GATEWAY,
        'smtp://user:a-token-of-it@mail.example',
        'https://sms.example/?secret=a-token-of-it',
      ])
        try {
          parseConfig({ ...GOOD, [variable]: url });
        } catch (error) {
          assert.ok(error instanceof ConfigError, variable);
          assert.doesNotMatch(error.message, /a-token-of-it/, variable);
        }
  });

  test('the environment wins over the file, and the file over the default', () => {
    assert.equal(parseConfig({ REGAIN_BRAND_NAME: 'Env' }, { brandName: 'File' }).brand.name, 'Env');
    assert.equal(parseConfig({}, { brandName: 'File' }).brand.name, 'File');
    assert.throws(() => parseConfig({}, { brandname: 'File' } as object), ConfigError);
  });

  test('only 127.0.0.0/8 is loopback, not a name that begins like it', () => {
    assert.throws(() => parseConfig({ ...GOOD, REGAIN_ORIGIN: 'http://127.evil.example' }), ConfigError);
    assert.equal(parseConfig({ ...GOOD, REGAIN_ORIGIN: 'http://127.0.0.1:3000' }).origin, 'http://127.0.0.1:3000');
  });

  test('every example is a value that its setting takes', () => {
    const texts = { REGAIN_SMS_URL: SMS, REGAIN_SMS_COUNTRIES: 'US' };
    for (const { variable, example } of Object.values(SETTINGS)) {
      const value = example.replace(/^"(.*)"$/, '$1').replace('$(openssl rand -base64 32)', 'x'.repeat(44));
      if (variable === 'REGAIN_BRAND_LOGO') continue;
      assert.doesNotThrow(() => parseConfig({ ...GOOD, ...texts, [variable]: value }), variable);
    }
  });
});
