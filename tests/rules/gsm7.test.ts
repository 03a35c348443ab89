import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readSeptets, splitText, textSize } from '../../src/rules/gsm7.ts';

/** Sizes by the published rule, and as an independent calculator (sms-segments-calculator 1.3.0) gives them. */
const SIZES: [string, string, 'gsm7' | 'ucs2', number, number][] = [
  ['nothing', '', 'gsm7', 0, 1],
  ['160 letters', 'a'.repeat(160), 'gsm7', 160, 1],
  ['161 letters', 'a'.repeat(161), 'gsm7', 161, 2],
  ['two full parts', 'a'.repeat(306), 'gsm7', 306, 2],
  ['one more', 'a'.repeat(307), 'gsm7', 307, 3],
  ['80 euro signs', '€'.repeat(80), 'gsm7', 160, 1],
  ['81 euro signs', '€'.repeat(81), 'gsm7', 162, 2],
  // 153 is odd, so every part but the last leaves one septet empty.
  ['153 euro signs', '€'.repeat(153), 'gsm7', 306, 3],
  ['@ and #', '@#', 'gsm7', 2, 1],
  ['the extension characters', '^{}\\[~]|€', 'gsm7', 18, 1],
  ['a backtick', '`', 'ucs2', 1, 1],
  ['a small c with cedilla', 'ç', 'ucs2', 1, 1],
  ['a capital C with cedilla', 'Ç', 'gsm7', 1, 1],
  ['a curly quote', 'wasn’t', 'ucs2', 6, 1],
  ['70 units', 'я'.repeat(70), 'ucs2', 70, 1],
  ['71 units', 'я'.repeat(71), 'ucs2', 71, 2],
  ['two full UCS-2 parts', 'я'.repeat(134), 'ucs2', 134, 2],
  ['one unit more', 'я'.repeat(135), 'ucs2', 135, 3],
  ['an emoji', '😀', 'ucs2', 2, 1],
  ['35 emoji', '😀'.repeat(35), 'ucs2', 70, 1],
  ['the escape itself', '\u001b', 'ucs2', 1, 1],
];

describe('the size of a text', () => {
  for (const [name, text, encoding, units, segments] of SIZES)
    test(`${name}: ${units} ${encoding}, ${segments} paid`, () =>
      assert.deepEqual(textSize(text), { encoding, units, segments }));
});

describe('the parts of a text', () => {
  test('hold the numbers of the alphabet', () => {
    const { parts } = splitText('@£ {€}Az\nà');
    assert.deepEqual(
      [...(parts[0] as Uint8Array)],
      [0, 1, 0x20, 0x1b, 0x28, 0x1b, 0x65, 0x1b, 0x29, 0x41, 0x7a, 10, 0x7f],
    );
  });

  test('UCS-2 is big-endian', () =>
    assert.deepEqual([...(splitText('Ж😀').parts[0] as Uint8Array)], [4, 0x16, 0xd8, 0x3d, 0xde, 0]));

  test('no escape is torn from its character', () => {
    const { parts } = splitText(`${'a'.repeat(152)}€${'b'.repeat(20)}`);
    assert.deepEqual(
      parts.map((part) => part.length),
      [152, 22],
    );
  });

  test('no surrogate pair is torn', () => {
    const { parts } = splitText(`${'я'.repeat(66)}😀${'я'.repeat(20)}`);
    assert.deepEqual(
      parts.map((part) => part.length / 2),
      [66, 22],
    );
  });

  test('half a character becomes the replacement character', () =>
    assert.deepEqual([...(splitText('\ud800').parts[0] as Uint8Array)], [0xff, 0xfd]));

  test('say together what the text said, in as many parts as it needs and each within its bound', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), (text) => {
        const { encoding, parts } = splitText(text);
        const bound = parts.length === 1 ? 160 : 153;
        assert.ok(parts.every((part) => part.length <= (encoding === 'gsm7' ? bound : parts.length === 1 ? 140 : 134)));
        const read = parts.map((part) =>
          encoding === 'gsm7' ? readSeptets(part) : Buffer.from(part).swap16().toString('utf16le'),
        );
        assert.equal(read.join(''), text.toWellFormed());
      }),
    );
  });

  test('every byte of the alphabet is read back', () => {
    for (let number = 0; number < 128; number += 1)
      if (number !== 0x1b) {
        const text = readSeptets(Uint8Array.of(number));
        assert.deepEqual([...(splitText(text).parts[0] as Uint8Array)], [number]);
      }
  });
});
