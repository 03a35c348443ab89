/** The accent of the operator's brand, light and dark, so that every use of it reaches WCAG AA. */
import type { Brand } from '../../config.ts';

/** Kept equal to `--paper` in assets/regain.css, which the browser paints before it has read a style. */
export const lightPaper = '#faf5ee';
export const darkPaper = '#171310';
const darkCard = '#211c18';

type Color = readonly [red: number, green: number, blue: number];

/**
 * A style sheet that sets --accent (fills), --on-accent (text on them), --accent-strong (a fill under the pointer),
 * --accent-text (links, icons) and --accent-soft (a tint behind text). Text has a contrast of 4.5 or more everywhere.
 */
export function brandCss(brand: Brand): string {
  const color = parse(brand.color);
  const lightSoft = mix(parse(lightPaper), color, 0.08);
  const lightGlow = mix(parse(lightPaper), color, 0.11);
  const lightText = until(
    color,
    parse('#000000'),
    (candidate) => Math.min(contrast(candidate, lightSoft), contrast(candidate, lightGlow)) >= 4.6,
  );
  const tint = lightened(color, (candidate) => contrast(candidate, parse(darkCard)) >= 6.5);
  const light = {
    accent: color,
    'on-accent': parse('#ffffff'),
    'accent-strong': mix(color, parse('#000000'), 0.18),
    'accent-text': lightText,
    'accent-soft': lightSoft,
    'accent-glow': lightGlow,
  };
  const dark = {
    accent: tint,
    'on-accent': parse(darkPaper),
    'accent-strong': mix(tint, parse('#ffffff'), 0.25),
    'accent-text': tint,
    'accent-soft': mix(parse(darkCard), tint, 0.1),
    'accent-glow': mix(parse(darkPaper), color, 0.16),
  };
  return `:root{${declarations(light)}}@media (prefers-color-scheme:dark){:root{${declarations(dark)}}}\n`;
}

function declarations(colors: Record<string, Color>): string {
  return Object.entries(colors)
    .map(([name, color]) => `--${name}:${format(color)}`)
    .join(';');
}

/** The first of 50 even steps from `start` to `end` that satisfies `enough`. */
function until(start: Color, end: Color, enough: (color: Color) => boolean): Color {
  for (let step = 0; step < 50; step += 1) {
    const color = mix(start, end, step / 50);
    if (enough(color)) return color;
  }
  return end;
}

/** Lighter in the same hue and saturation, until `enough`: mixing with white would turn every brand pale. */
function lightened(color: Color, enough: (color: Color) => boolean): Color {
  const most = Math.max(...color) / 255;
  const least = Math.min(...color) / 255;
  const lightness = (most + least) / 2;
  const range = 1 - Math.abs(2 * lightness - 1);
  const saturation = range === 0 ? 0 : (most - least) / range;
  for (let step = 0; step <= 50; step += 1) {
    const candidate = withLightness(color, saturation, lightness + ((1 - lightness) * step) / 50);
    if (enough(candidate)) return candidate;
  }
  return [255, 255, 255];
}

/** HSL with the hue of `color`: its channels stretched to the range that saturation and lightness leave. */
function withLightness(color: Color, saturation: number, lightness: number): Color {
  const least = Math.min(...color);
  const spread = Math.max(...color) - least || 1;
  const chroma = (1 - Math.abs(2 * lightness - 1)) * saturation;
  const channel = (value: number): number =>
    Math.round(255 * (lightness - chroma / 2 + (chroma * (value - least)) / spread));
  return [channel(color[0]), channel(color[1]), channel(color[2])];
}

function mix(from: Color, to: Color, share: number): Color {
  const channel = (at: 0 | 1 | 2): number => Math.round(from[at] + (to[at] - from[at]) * share);
  return [channel(0), channel(1), channel(2)];
}

function contrast(a: Color, b: Color): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** WCAG 2.2 relative luminance. */
function luminance(color: Color): number {
  const [red, green, blue] = color.map((channel) => {
    const value = channel / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function parse(color: string): Color {
  return [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16)) as unknown as Color;
}

function format(color: Color): string {
  return `#${color.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
}
