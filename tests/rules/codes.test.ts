import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { codesMatch, deriveCode, readCode } from '../../src/rules/codes.ts';

const KEY = createHmac('sha256', 'a test').update('key').digest();
const SIX = { format: 'digits', length: 6 } as const;
const LETTERS = { format: 'letters', length: 10 } as const;

describe('derived codes', () => {
  test('every digit is equally likely at every place (chi-square over 100,000 codes, p > 0.001)', () => {
    const counts = Array.from({ length: 6 }, () => new Array<number>(10).fill(0));
    let leadingZeros = 0;
    for (let i = 0; i < 100_000; i += 1) {
      const code = deriveCode(KEY, 'recovery', `proof ${i}`, 0, SIX);
      assert.match(code, /^\d{6}$/);
      if (code.startsWith('0')) leadingZeros += 1;
      [...code].forEach((digit, place) => {
        (counts[place] as number[])[Number(digit)]! += 1;
      });
    }
    for (const place of counts) {
      const chiSquare = place.reduce((sum, n) => sum + (n - 10_000) ** 2 / 10_000, 0);
      // 27.88 is the 0.999 quantile with 9 degrees of freedom.
      assert.ok(chiSquare < 27.88, `chi-square ${chiSquare}`);
    }
    assert.ok(leadingZeros > 9_000);
  });

  test('purpose, proof, epoch, shape and key each change the code', () => {
    const codes = [
      deriveCode(KEY, 'recovery', 'a', 0, LETTERS),
      deriveCode(KEY, 'registration', 'a', 0, LETTERS),
      deriveCode(KEY, 'recovery', 'b', 0, LETTERS),
      deriveCode(KEY, 'recovery', 'a', 1, LETTERS),
      deriveCode(KEY, 'recovery', 'a', 0, { format: 'letters', length: 11 }).slice(0, 10),
      deriveCode(Buffer.alloc(32), 'recovery', 'a', 0, LETTERS),
    ];
    assert.equal(new Set(codes).size, codes.length);
  });

  test('the same code comes again for the same epoch, on every machine with the key', () => {
    assert.equal(deriveCode(KEY, 'recovery', 'a', 3, SIX), deriveCode(Buffer.from(KEY), 'recovery', 'a', 3, SIX));
  });
});

describe('reading a typed code', () => {
  const cases: [string, string, string | undefined][] = [
    ['as sent', '482913', '482913'],
    ['with a space', '482 913', '482913'],
    ['with a dash', '482-913', '482913'],
    ['with an en dash and a trailing newline', '482–913\n', '482913'],
    ['full-width digits', '４８２９１３', '482913'],
    ['Arabic-Indic digits', '٤٨٢٩١٣', '482913'],
    ['extended Arabic-Indic digits', '۴۸۲۹۱۳', '482913'],
    ['Devanagari digits', '४८२९१३', '482913'],
    ['with a left-to-right mark from a right-to-left page', '\u200e482913\u200e', '482913'],
    ['one digit short', '48291', undefined],
    ['one digit long', '4829130', undefined],
    ['letters', '48291a', undefined],
    ['nothing', '', undefined],
    ['a sign', '+482913', undefined],
  ];
  for (const [title, typed, expected] of cases)
    test(`${title}: ${JSON.stringify(typed)}`, () => assert.equal(readCode(typed, SIX), expected));

  test('letters in any case, with the look-alikes of Crockford', () => {
    assert.equal(readCode('ab1de-fghj0', LETTERS), 'AB1DEFGHJ0');
    assert.equal(readCode('ABlDE FGHJo', LETTERS), 'AB1DEFGHJ0');
    assert.equal(readCode('ABUDEFGHJ0', LETTERS), undefined);
  });

  test('every derived code reads back as itself, and no text throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(), fc.constantFrom(SIX, LETTERS), (text, epoch, shape) => {
        const code = deriveCode(KEY, 'recovery', text, epoch, shape);
        assert.equal(readCode(code, shape), code);
        readCode(text, shape);
      }),
    );
  });

  test('comparison is by every character', () => {
    assert.equal(codesMatch('123456', '123456'), true);
    assert.equal(codesMatch('123456', '123457'), false);
    assert.equal(codesMatch('123456', '12345'), false);
    assert.equal(codesMatch('', '123456'), false);
  });
});
