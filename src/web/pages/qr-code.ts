/** A link to be read by another device's camera. */
import { html } from 'hono/html';
import { type Bitmap2D, correction, generate } from 'lean-qr';
import type { Html } from './layout.ts';

/** ISO/IEC 18004 6.3.8: four modules around the symbol. */
const QUIET_ZONE = 4;

/** Dark on white, also where the page is dark: many readers take no inverted symbol. @param label what a screen reader says */
export function qrCode(text: string, label: string): Html {
  const symbol = generate(text, { minCorrectionLevel: correction.M });
  const size = symbol.size + 2 * QUIET_ZONE;
  return html`<svg class="qr" viewBox="${-QUIET_ZONE} ${-QUIET_ZONE} ${size} ${size}" role="img" aria-label="${label}" shape-rendering="crispEdges"><path fill="#fff" d="M${-QUIET_ZONE} ${-QUIET_ZONE}h${size}v${size}h${-size}z"/><path stroke="#000" transform="translate(0 .5)" d="${rows(symbol)}"/></svg>`;
}

/**
 * Each row as strokes and gaps along its middle. Compressed, 370 bytes for a link of 60 characters; a square for each module
 * takes 1170, the outline of lean-qr's own drawing 2000.
 */
function rows(symbol: Bitmap2D): string {
  let path = '';
  for (let y = 0; y < symbol.size; y += 1) {
    path += `M0 ${y}`;
    for (let x = 0; x < symbol.size; ) {
      const dark = symbol.get(x, y);
      let length = 1;
      while (x + length < symbol.size && symbol.get(x + length, y) === dark) length += 1;
      path += dark ? `h${length}` : `m${length} 0`;
      x += length;
    }
  }
  return path;
}
