import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { contrast, paletteOf, type Tones } from '../../src/messages/palette.ts';

/** Every pair of text and background that the layout draws. */
const PAIRS: readonly (readonly [keyof Tones, keyof Tones])[] = [
  ['ink', 'card'],
  ['ink', 'aside'],
  ['soft', 'card'],
  ['soft', 'aside'],
  ['softOnPage', 'page'],
  ['accent', 'card'],
  ['accent', 'aside'],
  ['accentOnPage', 'page'],
  ['onButton', 'button'],
];

test('contrast is that of WCAG 2.2', () => {
  assert.equal(contrast('#000000', '#ffffff').toFixed(2), '21.00');
  assert.equal(contrast('#777777', '#ffffff').toFixed(2), '4.48');
  assert.equal(contrast('#ffffff', '#767676').toFixed(2), '4.54');
});

test('every text can be read on its background, in light and in dark, whatever the accent', () => {
  const color = fc.integer({ min: 0, max: 0xffffff }).map((value) => `#${value.toString(16).padStart(6, '0')}`);
  fc.assert(
    fc.property(color, (accent) => {
      for (const tones of Object.values(paletteOf(accent)))
        for (const [text, background] of PAIRS)
          assert.ok(
            contrast(tones[text], tones[background]) >= 4.5,
            `${accent}: ${text} ${tones[text]} on ${background} ${tones[background]}`,
          );
    }),
  );
});

test('an accent that can be read is not changed', () => {
  const { light } = paletteOf('#0f5c4d');
  assert.equal(light.button, '#0f5c4d');
  assert.equal(light.accent, '#0f5c4d');
});
