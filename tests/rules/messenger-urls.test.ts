import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  parseTelegramGatewayUrl,
  parseTelegramUrl,
  parseViberUrl,
  parseWhatsAppUrl,
} from '../../src/rules/messenger-urls.ts';

const BOT_SECRET = 'AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawk';
const TELEGRAM = `telegram://123456789:${BOT_SECRET}@api.telegram.org/shop_bot`;
const GATEWAY = 'telegram-gateway://:gateway-token@gatewayapi.telegram.org';
const WHATSAPP =
  'whatsapp://106540352242922:graph-token@graph.facebook.com/v23.0?app_secret=app-secret&verify_token=verify-it&template=recovery_code';
const VIBER = 'viber://:viber-token@chatapi.viber.com?uri=shop';

describe('a right URL', () => {
  test('of a Telegram bot', () => {
    const settings = { api: 'https://api.telegram.org', token: `123456789:${BOT_SECRET}`, bot: 'shop_bot' };
    assert.deepEqual(parseTelegramUrl(TELEGRAM), { settings });
    assert.deepEqual(parseTelegramUrl(TELEGRAM.replace('/shop_bot', '/@shop_bot')), { settings });
  });

  test('of the Telegram Gateway', () => {
    const settings = { api: 'https://gatewayapi.telegram.org', token: 'gateway-token', sender: undefined };
    assert.deepEqual(parseTelegramGatewayUrl(GATEWAY), { settings });
    assert.deepEqual(parseTelegramGatewayUrl(`${GATEWAY}?sender=@acme`), { settings: { ...settings, sender: 'acme' } });
  });

  test('of WhatsApp', () => {
    const settings = {
      api: 'https://graph.facebook.com/v23.0',
      phoneNumberId: '106540352242922',
      token: 'graph-token',
      appSecret: 'app-secret',
      verifyToken: 'verify-it',
      template: 'recovery_code',
      languages: ['en_US'],
      number: undefined,
    };
    assert.deepEqual(parseWhatsAppUrl(WHATSAPP), { settings });
    assert.deepEqual(parseWhatsAppUrl(`${WHATSAPP}&languages=es,%20pt_BR&number=%2B1%20(555)%200100-99`), {
      settings: { ...settings, languages: ['es', 'pt_BR'], number: '1555010099' },
    });
  });

  test('of a Viber bot', () => {
    const settings = { api: 'https://chatapi.viber.com', token: 'viber-token', uri: 'shop' };
    assert.deepEqual(parseViberUrl(VIBER), { settings });
  });

  test('has its token percent-decoded', () => {
    const parsed = parseViberUrl('viber://:a%40b%2Fc%25d-1@chatapi.viber.com?uri=shop');
    assert.equal('settings' in parsed && parsed.settings.token, 'a@b/c%d-1');
  });
});

describe('another base', () => {
  const at = (api: string, more = ''): string | undefined => {
    const parsed = parseTelegramUrl(`${TELEGRAM}?api=${encodeURIComponent(api)}${more}`);
    return 'settings' in parsed ? parsed.settings.api : undefined;
  };

  test('is https, or http on loopback', () => {
    assert.equal(at('https://proxy.shop.example/telegram/'), 'https://proxy.shop.example/telegram');
    for (const api of ['http://127.0.0.1:8081', 'http://127.9.9.9', 'http://localhost:8081', 'http://[::1]:8081'])
      assert.equal(at(api), api);
  });

  test('is plain http elsewhere only where the URL says so', () => {
    for (const api of [
      'http://bots.shop.example',
      'http://10.0.0.5:8081',
      'http://127.shop.example',
      'http://localhost.shop.example',
    ])
      assert.equal(at(api), undefined, api);
    assert.equal(at('http://10.0.0.5:8081', '&insecure=1'), 'http://10.0.0.5:8081');
  });

  test('keeps the version of WhatsApp', () => {
    const parsed = parseWhatsAppUrl(`${WHATSAPP}&api=http://127.0.0.1:9`);
    assert.equal('settings' in parsed && parsed.settings.api, 'http://127.0.0.1:9/v23.0');
  });

  test('is nothing else', () => {
    for (const api of [
      'ftp://x.example',
      'javascript:1',
      'https://u:p@x.example',
      'https://x.example/?a=1',
      'x.example',
      '',
    ])
      assert.equal(at(api), undefined, api);
  });
});

describe('a wrong URL', () => {
  type Parse = (value: string) => { settings: unknown } | { problem: string };
  const WRONG: [string, Parse, string, RegExp][] = [
    ['another scheme', parseTelegramUrl, TELEGRAM.replace('telegram:', 'https:'), /must start with telegram:\/\//],
    ['no URL', parseTelegramUrl, 'telegram://[', /is not a URL/],
    ['no host', parseViberUrl, 'viber:///?uri=shop', /names no host/],
    ['no number of the bot', parseTelegramUrl, TELEGRAM.replace('123456789', 'shop'), /number of the bot/],
    ['no secret', parseTelegramUrl, TELEGRAM.replace(`:${BOT_SECRET}`, ''), /secret of the bot/],
    ['no name', parseTelegramUrl, TELEGRAM.replace('/shop_bot', ''), /user name of the bot/],
    ['a hash', parseTelegramUrl, `${TELEGRAM}#x`, /has a #/],
    ['a strange parameter', parseTelegramUrl, `${TELEGRAM}?apo=1`, /parameter 'apo'/],
    ['a parameter twice', parseViberUrl, `${VIBER}&uri=shop2`, /says 'uri' twice/],
    ['insecure=yes', parseViberUrl, `${VIBER}&insecure=yes`, /insecure can only be 1/],
    ['half a percent code', parseViberUrl, VIBER.replace('viber-token', 'viber%token'), /has a %/],
    ['a token before the colon', parseTelegramGatewayUrl, GATEWAY.replace('://:', '://'), /after a colon/],
    ['no Gateway token', parseTelegramGatewayUrl, GATEWAY.replace('gateway-token', ''), /token of the account/],
    ['a sender that is none', parseTelegramGatewayUrl, `${GATEWAY}?sender=a b`, /sender must be/],
    ['no version', parseWhatsAppUrl, WHATSAPP.replace('/v23.0', ''), /version of the API/],
    [
      'the number instead of its id',
      parseWhatsAppUrl,
      WHATSAPP.replace('106540352242922', '%2B15550100'),
      /id of the phone number/,
    ],
    ['no app secret', parseWhatsAppUrl, WHATSAPP.replace('app_secret=app-secret&', ''), /app_secret is missing/],
    [
      'a short verify token',
      parseWhatsAppUrl,
      WHATSAPP.replace('verify-it', 'abc'),
      /verify_token is missing or shorter/,
    ],
    ['no template', parseWhatsAppUrl, WHATSAPP.replace('recovery_code', ''), /template must be/],
    ['a language of another form', parseWhatsAppUrl, `${WHATSAPP}&languages=en-US`, /languages has 'en-US'/],
    ['a number with letters', parseWhatsAppUrl, `${WHATSAPP}&number=call-us`, /number must be/],
    ['no uri', parseViberUrl, VIBER.replace('?uri=shop', ''), /uri is missing/],
    ['a header in the token', parseViberUrl, VIBER.replace('viber-token', 'viber%0d%0aX-Y:z'), /token of the bot/],
  ];
  for (const [what, parse, value, problem] of WRONG)
    test(`with ${what} is one line that tells no secret`, () => {
      const parsed = parse(value);
      assert.ok('problem' in parsed);
      assert.match(parsed.problem, problem);
      assert.match(parsed.problem, /^REGAIN_(TELEGRAM|TELEGRAM_GATEWAY|WHATSAPP|VIBER)_URL: .+\. Example: \S+=\S+$/);
      for (const secret of [BOT_SECRET, 'gateway-token', 'graph-token', 'app-secret', 'verify-it', 'viber-token'])
        assert.ok(!parsed.problem.includes(secret), parsed.problem);
    });

  test('the examples are right but for the words in capitals', () => {
    for (const parse of [parseTelegramUrl, parseTelegramGatewayUrl, parseWhatsAppUrl, parseViberUrl]) {
      const refused = parse('');
      const example = /Example: \S+?=(\S+)$/.exec('problem' in refused ? refused.problem : '')?.[1] ?? '';
      const filled = example
        .replace('BOT_ID', '123456789')
        .replace('PHONE_NUMBER_ID', '106540352242922')
        .replace('verify_token=SECRET', 'verify_token=long-enough')
        .replace(/\b(SECRET|TOKEN)\b/g, BOT_SECRET);
      assert.ok('settings' in parse(filled), filled);
    }
  });
});
