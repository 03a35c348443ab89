/** What the shop looks like. */
import { readFileSync } from 'node:fs';
import { type Given, looksLikeAddress } from './given.ts';

export interface Brand {
  /** Shown in pages and messages: "Your Acme account". */
  name: string;
  /** A data: URL of an SVG or PNG, or undefined for the built-in mark. */
  logo: string | undefined;
  /** Accent colour, #rrggbb. */
  color: string;
  /** Email address of customer support, shown to people who can't get in. */
  supportAddress: string;
}

const NAME_MAX_CHARACTERS = 40;
const LOGO_MAX_BYTES = 4096;
/** WCAG 2.2, 1.4.3: text of any size. */
const CONTRAST_MIN = 4.5;

/** @param hostName of the origin */
export function readBrand(given: Given, hostName: string): Brand {
  const { text, refuse } = given;
  const name = text('brandName') ?? 'Regain';
  if ([...name].length > NAME_MAX_CHARACTERS || /[\p{Cc}\p{Cf}<>]/u.test(name))
    refuse('brandName', `must be 1 to ${NAME_MAX_CHARACTERS} characters without control characters`);
  const color = (text('brandColor') ?? '#b3401f').toLowerCase();
  if (!/^#[0-9a-f]{6}$/.test(color)) refuse('brandColor', `'${color}' is not a colour of the form #rrggbb`);
  else if (contrastWithWhite(color) < CONTRAST_MIN)
    refuse(
      'brandColor',
      `${color} has a contrast of ${contrastWithWhite(color).toFixed(1)} against white, needs ${CONTRAST_MIN}`,
    );
  const supportAddress = text('supportAddress') ?? `support@${hostName}`;
  if (!looksLikeAddress(supportAddress)) refuse('supportAddress', `'${supportAddress}' is not an email address`);
  const logoFile = text('brandLogo');
  const logo = logoFile && readLogo(logoFile, (problem) => refuse('brandLogo', problem));
  return { name, logo: logo || undefined, color, supportAddress };
}

function readLogo(file: string, refuse: (problem: string) => undefined): string | undefined {
  const type = file.endsWith('.svg') ? 'image/svg+xml' : file.endsWith('.png') ? 'image/png' : undefined;
  if (!type) return refuse(`'${file}' must end in .svg or .png`);
  try {
    const bytes = readFileSync(file);
    if (bytes.length > LOGO_MAX_BYTES)
      return refuse(`'${file}' has ${bytes.length} bytes, at most ${LOGO_MAX_BYTES} fit`);
    return `data:${type};base64,${bytes.toString('base64')}`;
  } catch (error) {
    return refuse(`'${file}' can't be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`);
  }
}

/** WCAG 2.2 relative luminance contrast of #rrggbb against white. */
function contrastWithWhite(color: string): number {
  const channel = (at: number): number => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 1.05 / (0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5) + 0.05);
}
