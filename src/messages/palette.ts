/** The colours of a message: warm greys around the shop's accent, each pair with the contrast of WCAG 2.2 AA (4.5). */

export interface Tones {
  /** Behind everything. */
  page: string;
  card: string;
  /** Behind codes and asides. */
  aside: string;
  line: string;
  ink: string;
  /** Quieter text on the card and on asides, and on the page. */
  soft: string;
  softOnPage: string;
  /** Links on the card and on asides; name and links on the page. */
  accent: string;
  accentOnPage: string;
  button: string;
  onButton: string;
}
export interface Palette {
  light: Tones;
  dark: Tones;
}

const AA = 4.5;
const LIGHT = { page: '#f5f1ea', card: '#ffffff', aside: '#f8f4ee', line: '#e6dfd4', ink: '#26221d', soft: '#645c52' };
const DARK = { page: '#171512', card: '#211e1a', aside: '#2b2722', line: '#3b362f', ink: '#f3eee6', soft: '#b9b0a3' };

/** The tones around an accent of any brightness: it is darkened or lightened only as far as it must be to be read. */
export function paletteOf(accent: string): Palette {
  const onDark = readable(accent, DARK.aside, '#ffffff');
  return {
    light: {
      ...LIGHT,
      softOnPage: LIGHT.soft,
      accent: readable(accent, LIGHT.aside, '#000000'),
      accentOnPage: readable(accent, LIGHT.page, '#000000'),
      button: readable(accent, '#ffffff', '#000000'),
      onButton: '#ffffff',
    },
    dark: {
      ...DARK,
      softOnPage: DARK.soft,
      accent: onDark,
      accentOnPage: onDark,
      button: onDark,
      onButton: DARK.page,
    },
  };
}

/** `color`, mixed with `towards` in steps of a twentieth until it can be read on `background`. */
function readable(color: string, background: string, towards: '#000000' | '#ffffff'): string {
  for (let part = 0; part < 1; part += 0.05) {
    const mixed = mix(color, towards, part);
    if (contrast(mixed, background) >= AA) return mixed;
  }
  return towards;
}

/** WCAG 2.2 contrast ratio of two #rrggbb colours, 1 to 21. */
export function contrast(a: string, b: string): number {
  const [darker = 0, lighter = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (lighter + 0.05) / (darker + 0.05);
}

/** WCAG 2.2 relative luminance. */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = channels(color).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function mix(color: string, towards: string, part: number): string {
  const other = channels(towards);
  const mixed = channels(color).map((value, index) => Math.round(value + ((other[index] ?? 0) - value) * part));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

function channels(color: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
}
