/** A link to be read by another device's camera. */
import { html, raw } from 'hono/html';
import { correction, generate } from 'lean-qr';
import { toSvgPath } from 'lean-qr/extras/svg';
import type { Html } from './layout.ts';

/** ISO/IEC 18004 6.3.8: four modules around the symbol. */
const QUIET_ZONE = 4;

/** Dark on white, also where the page is dark: many readers take no inverted symbol. @param label what a screen reader says */
export function qrCode(text: string, label: string): Html {
  const symbol = generate(text, { minCorrectionLevel: correction.M });
  const size = symbol.size + 2 * QUIET_ZONE;
  const from = -QUIET_ZONE;
  return html`<svg class="qr" viewBox="${from} ${from} ${size} ${size}" role="img" aria-label="${label}" shape-rendering="crispEdges"><rect x="${from}" y="${from}" width="${size}" height="${size}" fill="#fff"/><path fill="#000" d="${raw(toSvgPath(symbol))}"/></svg>`;
}
