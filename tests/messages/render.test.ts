import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { simpleParser } from 'mailparser';
import type { MessageParams, TemplateKind } from '../../src/messages/catalog.ts';
import { MESSAGE_LOCALES, type RenderContext, type RenderedMessage, render } from '../../src/messages/render.ts';
import { CONTEXT, KINDS, ORIGIN, SAMPLES } from './samples.ts';

const LOCALES = Object.keys(MESSAGE_LOCALES);
const CODE_KINDS = ['recovery-code', 'registration-code', 'address-code'] as const;

const sample = (kind: TemplateKind, context: Partial<RenderContext> = {}): RenderedMessage =>
  render(kind, SAMPLES[kind], { ...CONTEXT, ...context });

/** Values that a person reads, by kind. */
function factsOf(kind: TemplateKind): string[] {
  return Object.entries(SAMPLES[kind])
    .filter(
      ([name]) =>
        !name.endsWith('Url') &&
        !name.endsWith('At') &&
        !['at', 'by', 'heldBack', 'recovery', 'timeline', 'what', 'why'].includes(name),
    )
    .flatMap(([, value]) => value)
    .map(String);
}

function urlsOf(kind: TemplateKind): string[] {
  return Object.entries(SAMPLES[kind])
    .filter(([name]) => name.endsWith('Url'))
    .map(([, value]) => String(value));
}

/** The words that a mail program shows of the HTML, without tags, entities, style and invisible characters. */
function wordsOf(html: string): string {
  const body = html.slice(html.indexOf('<body')).replace(/<div style="display:none[\s\S]*?<\/div>/, '');
  return visibleWords(
    body
      .replace(/<[^>]+>/g, ' ')
      .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
      .replace(/&lt;/g, '<')
      .replace(/&gt;/g, '>')
      .replace(/&quot;/g, '"')
      .replace(/&amp;/g, '&'),
  );
}

function visibleWords(text: string): string {
  return text
    .replace(/\p{Cf}/gu, '')
    .replace(/\s+/g, ' ')
    .replace(/ ([,.:)?])/g, '$1')
    .replace(/\( /g, '(');
}

for (const locale of LOCALES)
  for (const kind of KINDS)
    describe(`${kind} in ${locale}`, () => {
      const message = sample(kind, { locale });

      test('tells the same facts in both parts', () => {
        const text = visibleWords(message.text);
        const html = wordsOf(message.html);
        for (const fact of [...factsOf(kind), '14 March 2026, 09:12 UTC', 'help@acme.example']) {
          assert.ok(text.includes(fact), `text: ${fact}`);
          assert.ok(html.includes(fact), `html: ${fact}`);
        }
        for (const url of [...urlsOf(kind), `${ORIGIN}/help`]) {
          assert.ok(
            message.text.split('\n').some((line) => line.endsWith(url)),
            `text: ${url}`,
          );
          assert.ok(message.html.includes(`href="${url}"`), `html: ${url}`);
        }
      });

      test('says every sentence of the text part in the HTML part', () => {
        const html = wordsOf(message.html);
        const [letter = ''] = message.text.split('\n--\n');
        for (const paragraph of letter.split('\n\n')) {
          const words = visibleWords(paragraph.replace(/^https?:.*$/gm, '').replace(/^\d\. /gm, '')).trim();
          for (const sentence of words.split(/(?<=[.?:])\s/)) {
            const said = sentence.replace(/:$/, '');
            assert.ok(html.includes(said), said);
          }
        }
      });

      test('leads nowhere but to the origin', () => {
        for (const [, url = ''] of message.html.matchAll(/(?:href|src|action|background)="([^"]*)"/g))
          assert.ok(url.startsWith(`${ORIGIN}/`) || url === 'mailto:help@acme.example', url);
        for (const [url] of message.text.matchAll(/\b\w+:\/\/\S+/g)) assert.ok(url.startsWith(ORIGIN), url);
      });

      test('loads nothing and runs nothing', () => {
        assert.doesNotMatch(message.html, /<(img|script|link|iframe|object|embed|form|input|svg|video|base)\b/i);
        assert.doesNotMatch(message.html, /@import|url\(|@font-face|\son\w+=|javascript:/i);
        assert.doesNotMatch(message.html, /unsubscribe|utm_/i);
      });

      test('is well-formed, small, and says language and direction', () => {
        const { html } = message;
        const direction = locale === 'ar-XB' ? 'rtl' : 'ltr';
        assert.ok(html.startsWith(`<!doctype html>\n<html lang="${locale}" dir="${direction}">`));
        assert.match(html, /<meta name="color-scheme" content="light dark">/);
        assert.match(html, /@media \(prefers-color-scheme:dark\)/);
        assert.ok(Buffer.byteLength(html) < 12_000, `${Buffer.byteLength(html)} bytes`);
        assert.deepEqual(unclosed(html), []);
        assert.doesNotMatch(html, /undefined|\[object|NaN/);
        assert.ok(html.split('\n').every((line) => line.length < 998));
      });

      test('wraps its text at 72 columns and leaves addresses whole', () => {
        for (const line of message.text.split('\n'))
          assert.ok([...line].length <= 72 || /^\S*:\/\/\S+$/.test(line), line);
        assert.doesNotMatch(message.text, /[^\S\n]$|\n{3}|\r|undefined/m);
      });

      test('has a subject of one line without a code, an address, a browser or a name', () => {
        const subject = visibleWords(message.subject);
        assert.match(subject, /Acme/);
        assert.doesNotMatch(subject, /\d|@|Firefox|Chrome|Safari|\n/);
        assert.ok(subject.length <= 60, `${subject.length} characters`);
        assert.doesNotMatch(message.preheader, /\d|@/);
        assert.ok(message.html.includes(message.preheader));
      });

      test('says what to do if it was somebody else', () => {
        if (kind !== 'password-blocked' && kind !== 'support-not-me' && kind !== 'support-bounce')
          assert.match(visibleWords(message.text), /Not you\?/);
      });
    });

/** Tags that are opened and not closed, or closed and not opened. */
function unclosed(html: string): string[] {
  const open: string[] = [];
  for (const [, slash, name = ''] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*>/g)) {
    if (['meta', 'br'].includes(name)) continue;
    if (!slash) open.push(name);
    else if (open.pop() !== name) return [`</${name}>`];
  }
  return open;
}

describe('a code', () => {
  for (const kind of CODE_KINDS)
    for (const locale of LOCALES)
      test(`${kind} in ${locale}: stands once in each part, whole, late, and on its own line`, () => {
        const { code } = SAMPLES[kind];
        const { text, html } = sample(kind, { locale });
        assert.equal(text.split(code).length, 2);
        assert.equal(html.split(code).length, 2);
        assert.ok(text.split('\n').some((line) => line.trim() === code));
        assert.match(html, new RegExp(`letter-spacing:[^>]+><span [^>]*user-select:all[^>]*>${code}</span>`));
        assert.ok(visibleWords(text.slice(0, text.indexOf(code))).length > 200, 'purpose first');
      });

  for (const kind of CODE_KINDS)
    test(`${kind}: names the only place to type it, and that nobody asks for it`, () => {
      const { text } = sample(kind);
      const flat = text.replace(/\s+/g, ' ');
      assert.match(flat, /type this code on accounts\.acme\.example,/);
      assert.match(
        flat,
        /Type it on accounts\.acme\.example and nowhere else\. Nobody from Acme will ever ask you for it/,
      );
    });

  test('of letters is kept whole', () => {
    const { text, html } = render('recovery-code', { ...SAMPLES['recovery-code'], code: '7KQ2M9XWTR' }, CONTEXT);
    assert.match(text, /^ {4}7KQ2M9XWTR$/m);
    assert.match(html, />7KQ2M9XWTR</);
  });

  test('says how long it lives', () => {
    const lifeOf = (minutes: number): string =>
      render('recovery-code', { ...SAMPLES['recovery-code'], minutes }, CONTEXT).text.replace(/\s+/g, ' ');
    assert.match(lifeOf(9), /once, for 9 more minutes\./);
    assert.match(lifeOf(1), /once, for 1 more minute\./);
    assert.match(lifeOf(0), /once, for less than a minute\./);
  });
});

describe('what strangers choose', () => {
  const ATTACKS = {
    'a link in HTML': '<a href=//evil.example>Your code</a>',
    'a closing attribute': '"><img src=x onerror=alert(1)>',
    'an entity': '&lt;b&gt; &#60;script&#62;',
    'a header': 'Firefox\r\nBcc: victim@x.example\r\n\r\nbody',
    'a new paragraph': 'Firefox\n\n    999999\n\nYour code is above',
    'a line separator': 'Firefox\u2028\u2029Your code',
    'a right-to-left override': 'Firefox \u202egnissap\u202c',
    'an isolate': 'Firefox \u2067evil\u2069\u2069\u2066',
    'invisible characters': 'Fire\u200b\u00ad\ufefffox\u0000\u001b[31m',
    'half a character': 'Firefox \ud800 on Windows',
    'a URL': 'https://evil.example/code',
    'a bare host': 'evil.example www.evil.example',
    'an essay': 'Call +1 555 0100 '.repeat(500),
    'a template': '$& $1 {code} %s',
  };
  const FIELDS = ['browser', 'account', 'address'] as const;

  for (const [name, attack] of Object.entries(ATTACKS))
    test(`${name} in a list stays one harmless value`, () => {
      const clean = sample('support-not-me');
      const params = SAMPLES['support-not-me'];
      const timeline = params.timeline.map((entry) => ({
        ...entry,
        browser: attack,
        address: attack,
        channel: attack,
      }));
      const addresses = [attack, attack];
      const message = render('support-not-me', { ...params, addresses, stopped: addresses, timeline }, CONTEXT);
      assert.deepEqual(tagsOf(message.html), tagsOf(clean.html));
      assert.equal(message.text.split('\n\n').length, clean.text.split('\n\n').length);
      assert.doesNotMatch(message.text, /[\p{Cf}\p{Cs}\0\r\u001b\u2028\u2029]/u);
      assert.equal(message.subject, clean.subject);
    });

  for (const locale of LOCALES)
    for (const [name, attack] of Object.entries(ATTACKS))
      test(`${name} stays one harmless value (${locale}; GHSA of CVE-2024-41953)`, () => {
        for (const kind of KINDS)
          for (const field of FIELDS.filter((candidate) => candidate in SAMPLES[kind])) {
            const clean = sample(kind, { locale });
            const params = { ...SAMPLES[kind], [field]: attack } as MessageParams[typeof kind];
            const message = render(kind, params, { ...CONTEXT, locale });
            assert.equal(message.subject, clean.subject, `${kind} ${field}: subject`);
            assert.equal(message.preheader, clean.preheader);
            assert.deepEqual(tagsOf(message.html), tagsOf(clean.html), `${kind} ${field}: tags`);
            assert.equal(
              message.text.split('\n\n').length,
              clean.text.split('\n\n').length,
              `${kind} ${field}: paragraphs`,
            );
            assert.doesNotMatch(message.text, /[\0\r\u001b\u00ad\u200b\u2028\u2029\ufeff]/);
            if (locale === 'en') {
              assert.doesNotMatch(message.text, /[\p{Cf}\p{Cs}]/u);
              assert.doesNotMatch(message.html, /[\p{Cf}\p{Cs}]/u);
            }
            assert.equal(count(message.text, '\u2068'), count(message.text, '\u2069'));
            assert.ok(Buffer.byteLength(message.html) < 12_000);
          }
      });

  test('a browser never reads as a link', () => {
    for (const browser of [
      'evil.example',
      'http://evil.example',
      'www.evil.example/a',
      'me@evil.example',
      'evil.example:80',
    ]) {
      const { text, html } = render('recovery-code', { ...SAMPLES['recovery-code'], browser }, CONTEXT);
      assert.doesNotMatch(text, /evil\.|@evil|\/\/evil/);
      assert.doesNotMatch(html, /evil\.|@evil|\/\/evil/);
    }
  });

  test('a browser keeps its version', () => {
    const browser = 'Safari 17.4 on macOS (Mac)';
    assert.ok(render('recovery-code', { ...SAMPLES['recovery-code'], browser }, CONTEXT).text.includes(browser));
  });

  test('markup is shown as the characters that it is', () => {
    const address = '<b>"j&o\'***@x.example</b>';
    const { html, text } = render('no-account', { ...SAMPLES['no-account'], address }, CONTEXT);
    assert.ok(text.includes(`(${address})`));
    assert.ok(wordsOf(html).includes(`(${address})`));
    assert.doesNotMatch(html, /<b>/);
  });

  test('even the name of the shop is escaped', () => {
    const brand = { ...CONTEXT.brand, name: 'A & B "quoted" \'s <i>' };
    for (const kind of KINDS) {
      const { html, subject } = sample(kind, { brand });
      assert.doesNotMatch(html, /<i>|"quoted"/);
      assert.ok(subject.includes(brand.name));
    }
  });
});

const tagsOf = (html: string): string[] => html.match(/<\/?[a-z][^\s>]*/gi) ?? [];
const count = (text: string, part: string): number => text.split(part).length - 1;

describe('the origin', () => {
  const elsewhere = [
    'https://evil.example/recover',
    'http://accounts.acme.example/recover',
    'https://accounts.acme.example.evil.example/recover',
    'https://accounts.acme.example@evil.example/recover',
    'https://accounts.acme.example:444/recover',
    '//evil.example/recover',
    '/recover',
    'javascript:alert(1)',
    'JAVASCRIPT://accounts.acme.example/%0aalert(1)',
    ' https://accounts.acme.example/recover',
    'https:\\\\accounts.acme.example/recover',
    'https://accounts.acme.example',
    '',
  ];
  for (const url of elsewhere)
    test(`a link to ${JSON.stringify(url)} is never sent (CVE-2017-12161, CVE-2025-64101)`, () => {
      for (const kind of KINDS)
        for (const field of Object.keys(SAMPLES[kind]).filter((name) => name.endsWith('Url')))
          assert.throws(
            () => render(kind, { ...SAMPLES[kind], [field]: url } as MessageParams[typeof kind], CONTEXT),
            RangeError,
            `${kind} ${field}`,
          );
    });

  test('with a port is shown with it', () => {
    const origin = 'http://localhost:3000';
    const links = { cancelUrl: `${origin}/recover/cancel/x`, confirmUrl: `${origin}/recover/confirm#x` };
    const { text } = render('recovery-code', { ...SAMPLES['recovery-code'], ...links }, { ...CONTEXT, origin });
    assert.match(text, /type this code on localhost:3000,/);
    assert.match(text, /http:\/\/localhost:3000\/help/);
  });

  test('the help page may lie elsewhere', () => {
    const { text, html } = sample('recovery-code', { helpUrl: 'https://help.acme.example/start' });
    assert.match(text, /^Questions: https:\/\/help\.acme\.example\/start$/m);
    assert.match(html, /href="https:\/\/help\.acme\.example\/start"/);
  });
});

describe('locales', () => {
  test('an unknown one falls back to its language, then to English', () => {
    const english = sample('recovery-code');
    for (const locale of ['en-US', 'en-AU', 'xx', 'de-CH', '', 'constructor', '__proto__', 'ar', '"><script>'])
      assert.deepEqual(sample('recovery-code', { locale }), english, locale);
  });

  test('ar-XB turns words round, and leaves codes, addresses, numbers and names alone', () => {
    const { text, subject } = sample('recovery-code', { locale: 'ar-XB' });
    assert.match(text, /^ {4}482913$/m);
    assert.match(text, /^https:\/\/accounts\.acme\.example\/recover\/confirm#\S+$/m);
    assert.match(text, /\u2068accounts\.acme\.example\u2069/);
    assert.match(text, /\u2068j\*\*\*@example\.com\u2069/);
    assert.match(text, /\u202eSomeone\u202c/);
    assert.match(text, /09:12/);
    assert.equal(subject, '\u202eReset\u202c \u202eyour\u202c \u2068Acme\u2069 \u202epassword\u202c?');
  });

  test('ar-XB turns every word of English', () => {
    for (const kind of KINDS) {
      const left = sample(kind, { locale: 'ar-XB' })
        .text.replace(/\n--\n[\s\S]*/, '')
        .replace(/\u202e[^\u202c]*\u202c|\u2068[^\u2069]*\u2069|https:\S+/g, '');
      assert.doesNotMatch(left, /\p{L}/u, kind);
    }
  });
});

test('a mail program finds both parts as they were written', async () => {
  const { default: MailComposer } = await import('nodemailer/lib/mail-composer');
  const message = sample('password-changed');
  const raw = await new Promise<Buffer>((resolve, reject) =>
    new MailComposer(message).compile().build((error, built) => (error ? reject(error) : resolve(built as Buffer))),
  );
  const parsed = await simpleParser(raw);
  assert.equal(parsed.subject, message.subject);
  assert.equal(parsed.text, message.text);
  assert.equal(parsed.html, message.html);
});
