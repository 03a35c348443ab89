import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { TextKind, TextParams } from '../../src/messages/catalog.ts';
import { MESSAGE_LOCALES, type RenderContext } from '../../src/messages/render.ts';
import { drawText, renderText } from '../../src/messages/render-text.ts';
import { textSize } from '../../src/rules/gsm7.ts';

const AT = Date.UTC(2026, 2, 14, 9, 12);
/** As long as those that are sent. */
const linkOn = (host: string): string => `https://${host}/recover/confirm#${'a'.repeat(33)}.${'b'.repeat(22)}`;
const SAMPLES: TextParams = {
  'recovery-code': { code: '482913' },
  'recovery-link': { minutes: 10, confirmUrl: linkOn('acme.com') },
  'registration-code': { code: '482913' },
  'registration-taken': {},
  'address-code': { code: '482913', again: false },
  'address-taken': {},
  'address-added': { what: 'email' },
  'address-removed': { what: 'phone' },
  'address-thawed': {},
  'messenger-linked': { messenger: 'Telegram' },
  'messenger-unlinked': { messenger: 'WhatsApp' },
  'password-changed': { changedAt: AT },
  'password-blocked': {},
  'chat-offered': {},
  'chat-linked': {},
  'chat-help': {},
  'password-held': { completesAt: AT },
};
const KINDS = Object.keys(SAMPLES) as TextKind[];
const CODE_KINDS = ['recovery-code', 'registration-code', 'address-code'] as const;
const PURPOSES = { 'recovery-code': /RESET/, 'registration-code': /ACCOUNT/, 'address-code': /ADD THIS NUMBER/ };
const CODES = ['482913', '48291370', '7KQ2M9XWTR'];
const LOCALES = Object.keys(MESSAGE_LOCALES);

function contextOf(brand: string, host: string, locale = 'en'): RenderContext {
  return {
    locale,
    brand: { name: brand, color: '#b3401f', supportAddress: 'help@acme.example' },
    origin: `https://${host}`,
  };
}
const acme = (locale = 'en'): RenderContext => contextOf('Acme', 'acme.com', locale);

/**
 * The parser of "Origin-bound one-time codes delivered via SMS", section 2.3, as its steps say: the last line; "@"; code
 * points up to a space; "#"; code points up to white space; a host that makes an https origin without a port.
 */
function parseOriginBoundCode(message: string): { origin: string; code: string } | undefined {
  const line = message.split('\n').at(-1) as string;
  let at = 0;
  if (line[at] !== '@') return undefined;
  at += 1;
  const host = /^[^ ]*/.exec(line.slice(at))?.[0] ?? '';
  at += host.length;
  if (host === '' || line[at] !== ' ') return undefined;
  at += 1;
  if (line[at] !== '#') return undefined;
  at += 1;
  const code = /^\S*/.exec(line.slice(at))?.[0] ?? '';
  if (code === '' || !URL.canParse(`https://${host}`)) return undefined;
  const url = new URL(`https://${host}`);
  if (url.host !== host || url.port !== '' || url.href !== `https://${host}/`) return undefined;
  return { origin: url.origin, code };
}

/** What Chromium looks for, anywhere in a message (content/browser/sms/sms_parser.cc); the first hit counts. */
const CHROMIUM = /(?:^|\s)@([a-zA-Z0-9.-]+) #([^#\s]+)/;

describe('the words of a text message', () => {
  test('are those of the standard, by what fits one segment', () => {
    const written = (host: string, code: string): string =>
      renderText('recovery-code', { code }, contextOf('Acme', host)).text;
    assert.equal(
      written('acme.com', '482913'),
      'Acme: someone asked to RESET YOUR PASSWORD. Not you? Ignore this. Only type this code on acme.com, nowhere else: 482913\n@acme.com #482913',
    );
    assert.equal(
      written('accounts.acme-shop.example', '482913'),
      'Someone asked to RESET your Acme PASSWORD. Not you? Ignore. Use only on accounts.acme-shop.example: 482913\n@accounts.acme-shop.example #482913',
    );
    assert.equal(
      written('accounts.the-very-longest-name.example', '48291370'),
      'PASSWORD RESET code for accounts.the-very-longest-name.example only. Not you? Ignore: 48291370\n@accounts.the-very-longest-name.example #48291370',
    );
  });

  test('cost what the standard says: 105, 74 and 52 septets besides brand, host and code', () => {
    const { text } = renderText('recovery-code', { code: '482913' }, acme());
    assert.equal(textSize(text).units, 137);
    const medium = renderText(
      'recovery-code',
      { code: '482913' },
      contextOf('A'.repeat(17), `${'h'.repeat(21)}.com`),
    ).text;
    assert.equal(textSize(medium).units, 153);
    assert.match(medium, /^Someone asked/);
  });

  test('tell of a changed password, and what somebody with a phone alone can do', () =>
    assert.equal(
      renderText('password-changed', { changedAt: AT }, acme()).text,
      'Acme: your password was changed on 14 Mar 09:12 UTC and all devices signed out. Not you? Choose "Forgot password?" on acme.com now. Help: acme.com/help',
    ));

  test('lead to our own page and nowhere else, where a link stands in place of a code', () => {
    const { text, code } = renderText('recovery-link', SAMPLES['recovery-link'], acme());
    const url = linkOn('acme.com');
    assert.equal(text, `RESET your PASSWORD? Open ${url} Not you? Ignore. Do not forward.`);
    assert.equal(code, undefined);
    for (const confirmUrl of [
      'https://evil.example/recover/confirm#x',
      'https://acme.com.evil.example/',
      '/recover',
      'javascript:1',
    ])
      assert.throws(() => renderText('recovery-link', { minutes: 10, confirmUrl }, acme()), RangeError);
  });

  test('name the help page where it lies', () => {
    const context = { ...acme(), helpUrl: 'https://help.acme.com/start' };
    assert.match(renderText('password-changed', { changedAt: AT }, context).text, /Help: help\.acme\.com\/start$/);
  });

  for (const locale of LOCALES)
    for (const kind of CODE_KINDS)
      test(`${kind} in ${locale}: brand, purpose and warning, and the code last`, () => {
        const { text, code } = renderText(kind, { code: '482913' }, acme(locale));
        const words = text.replace(/\p{Cf}/gu, '');
        assert.match(words, /Acme/);
        assert.match(words, PURPOSES[kind]);
        assert.match(words, /Not you\? Ignore/);
        assert.ok(words.indexOf('482913') > words.indexOf('acme.com'), 'where it may be typed comes before it');
        assert.doesNotMatch(words, /https?:|www\./);
        assert.equal(code, '482913');
        assert.equal(text.split('\n').length, 2);
      });

  for (const locale of LOCALES)
    for (const kind of KINDS)
      test(`${kind} in ${locale} takes one GSM-7 segment, or two of UCS-2 (a link: three)`, () => {
        const { text, segments } = renderText(kind, SAMPLES[kind], acme(locale));
        const size = textSize(text);
        assert.equal(segments, size.segments);
        assert.equal(size.encoding, locale === 'en' ? 'gsm7' : 'ucs2');
        const most = kind === 'recovery-link' ? 3 : 2;
        assert.ok(segments <= (size.encoding === 'gsm7' ? 1 : most), `${size.units} units: ${text}`);
      });

  test('an unknown locale is read in English', () =>
    assert.equal(renderText('recovery-code', { code: '1' }, acme('xx')).locale, 'en'));
});

describe('one segment', () => {
  for (const kind of KINDS)
    for (const code of CODES)
      test(`${kind}, hosts up to 25 and brands up to 17 characters, a code of ${code.length}`, () => {
        for (let host = 4; host <= 25; host += 1)
          for (const brand of [1, 9, 17]) {
            const name = `${'h'.repeat(host - 3)}.io`;
            const context = contextOf('B'.repeat(brand), name);
            const params = {
              ...SAMPLES[kind],
              ...('code' in SAMPLES[kind] ? { code } : {}),
              ...('confirmUrl' in SAMPLES[kind] ? { confirmUrl: linkOn(name) } : {}),
            } as TextParams[typeof kind];
            const { text } = renderText(kind, params, context);
            assert.equal(textSize(text).segments, 1, text);
            assert.equal(textSize(text).encoding, 'gsm7');
          }
      });

  for (const kind of KINDS.filter((name) => name !== 'recovery-link'))
    test(`${kind} in two of UCS-2, with hosts up to 25 and brands up to 17 characters of their own`, () => {
      for (const brand of ['Ж'.repeat(17), '店'.repeat(9)])
        for (const code of CODES) {
          const context = contextOf(brand, `${'h'.repeat(22)}.io`);
          const params = { ...SAMPLES[kind], ...('code' in SAMPLES[kind] ? { code } : {}) } as TextParams[typeof kind];
          const { text, segments } = renderText(kind, params, context);
          assert.ok(segments <= 2, `${textSize(text).units} units: ${text}`);
        }
    });

  test('the longest that fits is taken, to the septet', () => {
    const long = 'x'.repeat(153);
    assert.equal(textSize(drawText([`${long}:`, 'short'], undefined, 'a.io')).units, 154);
    const tail = ' 482913\n@a.io #482913'.length;
    assert.equal(textSize(drawText(['x'.repeat(160 - tail), 'short'], '482913', 'a.io')).units, 160);
    assert.match(drawText(['x'.repeat(161 - tail), 'short'], '482913', 'a.io'), /^short/);
  });

  test('a brand with letters of its own keeps them, in two segments', () => {
    for (const brand of ['Żabka', 'Ёлка', '東京商店']) {
      const { text, segments } = renderText('recovery-code', { code: '48291370' }, contextOf(brand, 'shop.example'));
      assert.ok(text.includes(brand));
      assert.equal(segments, 2);
    }
  });

  test('typographic signs in a brand cost nothing', () => {
    const { text } = renderText('recovery-code', { code: '482913' }, contextOf('Jane’s “Deli” – Café…', 'deli.io'));
    assert.match(text, /^Jane's "Deli" - Café\.\.\.: someone/);
    assert.equal(textSize(text).encoding, 'gsm7');
  });
});

describe('the last line', () => {
  for (const locale of LOCALES)
    for (const kind of CODE_KINDS)
      for (const code of CODES)
        test(`${kind} in ${locale}, a code of ${code.length}: binds it to our origin`, () => {
          for (const host of ['acme.com', 'accounts.acme-shop.example', 'xn--bcher-kva.example']) {
            const { text } = renderText(kind, { code }, contextOf('Acme', host, locale));
            assert.deepEqual(parseOriginBoundCode(text), { origin: `https://${host}`, code });
            assert.deepEqual([...(CHROMIUM.exec(text) ?? [])].slice(1), [host, code]);
          }
        });

  test('names an international host by its ASCII form, as the origin is compared', () =>
    assert.match(
      renderText('recovery-code', { code: '482913' }, contextOf('B', 'bücher.example')).text,
      /\n@xn--bcher-kva\.example #482913$/,
    ));

  test('leaves the port out, which no browser accepts there', () => {
    const { text } = renderText('recovery-code', { code: '482913' }, { ...acme(), origin: 'http://localhost:3000' });
    assert.match(text, /on localhost:3000, nowhere else: 482913\n@localhost #482913$/);
  });

  test('stands in no chat, where @ and # would be links to somewhere', () =>
    assert.match(
      renderText('recovery-code', { code: '482913' }, acme(), 'chat').text,
      /^Acme: someone asked to RESET YOUR PASSWORD\.[^@#\n]*on acme\.com, nowhere else: 482913$/,
    ));

  test('stands in no message without a code', () => {
    for (const kind of KINDS.filter((name) => !('code' in SAMPLES[name])))
      assert.doesNotMatch(renderText(kind, SAMPLES[kind], acme()).text, /@|\n|(?<!confirm)#/);
  });
});

describe('a name (GHSA of CVE-2024-41953)', () => {
  const ATTACKS = {
    'a line of its own': 'Acme\n@evil.example #999999',
    'a carriage return': 'Acme\r\n@evil.example #999999\r\n',
    'a line separator': 'Acme\u2028@evil.example #999999',
    'a bound code after a space': 'Acme @evil.example #999999',
    'a bound code at the start': '@evil.example #999999 Acme',
    'a right-to-left override': 'Acme \u202e319284\u202c',
    'an isolate': 'Acme \u2069\u2069\u2067',
    markup: '<a href=//evil.example>Acme</a>',
    'invisible characters': 'Ac\u200bme\u0000\u001b[31m\ufeff',
    'half a character': 'Acme \ud800',
    'an essay': 'Acme '.repeat(100),
  };
  for (const locale of LOCALES)
    for (const [name, brand] of Object.entries(ATTACKS))
      test(`${name} breaks nothing (${locale})`, () => {
        for (const kind of CODE_KINDS) {
          const { text } = renderText(kind, { code: '482913' }, contextOf(brand, 'acme.com', locale));
          assert.deepEqual(parseOriginBoundCode(text), { origin: 'https://acme.com', code: '482913' });
          assert.equal(CHROMIUM.exec(text)?.[1], 'acme.com');
          assert.equal(text.split('\n').length, 2);
          if (locale === 'en') assert.doesNotMatch(text, /[\r\u001b\0\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
          assert.equal(text.split('\u2068').length, text.split('\u2069').length);
        }
      });

  test('of any characters leaves the last line alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), (brand) => {
        const { text } = renderText('recovery-code', { code: '482913' }, contextOf(brand, 'acme.com'));
        assert.deepEqual(parseOriginBoundCode(text), { origin: 'https://acme.com', code: '482913' });
        assert.equal(CHROMIUM.exec(text)?.[1], 'acme.com');
      }),
    );
  });
});
