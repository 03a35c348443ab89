/**
 * How many text messages a text is, and what they are made of. A phone network carries 140 bytes at a time: 160
 * characters of the GSM 7-bit alphabet (3GPP TS 23.038 6.2.1), or 70 of UCS-2 as soon as one character lies outside of it.
 * Longer texts are sent in parts, which lose six bytes each to the header that joins them (TS 23.040 9.2.3.24.1).
 */

/** In the order of their numbers, 0 to 127; 27 is the escape to the extension table and stands for no character. */
const BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u001bÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
  '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
const ESCAPE = 0x1b;
/** Characters that cost two septets: the escape, and this number (TS 23.038 6.2.1.1). */
const EXTENSION: readonly (readonly [string, number])[] = [
  ['\f', 0x0a],
  ['^', 0x14],
  ['{', 0x28],
  ['}', 0x29],
  ['\\', 0x2f],
  ['[', 0x3c],
  ['~', 0x3d],
  [']', 0x3e],
  ['|', 0x40],
  ['€', 0x65],
];
const SEPTETS = new Map<string, readonly number[]>([
  ...[...BASIC].map((character, number) => [character, [number]] as const).filter(([, [number]]) => number !== ESCAPE),
  ...EXTENSION.map(([character, number]) => [character, [ESCAPE, number]] as const),
]);

export type TextEncoding = 'gsm7' | 'ucs2';

/** Septets in gsm7, 16-bit units in ucs2. */
const ALONE = { gsm7: 160, ucs2: 70 } as const;
const IN_PARTS = { gsm7: 153, ucs2: 67 } as const;

export interface TextSize {
  encoding: TextEncoding;
  /** Septets, or 16-bit units. */
  units: number;
  /** What is paid for. */
  segments: number;
}

export function textSize(text: string): TextSize {
  const { encoding, units, parts } = splitText(text);
  return { encoding, units, segments: parts.length };
}

export interface SplitText {
  encoding: TextEncoding;
  units: number;
  /** The bytes of every part: one septet a byte (unpacked), or UTF-16 big-endian. An empty text has one empty part. */
  parts: Uint8Array<ArrayBuffer>[];
}

/** The parts that a text travels in. No part ends between an escape and its character, or within a surrogate pair. */
export function splitText(text: string): SplitText {
  const septets = [...text].map((character) => SEPTETS.get(character));
  const encoding = septets.every((codes) => codes !== undefined) ? 'gsm7' : 'ucs2';
  const characters =
    encoding === 'gsm7'
      ? (septets as (readonly number[])[])
      : [...text.toWellFormed()].map((character) => unitsOf(character));
  const units = characters.reduce((sum, codes) => sum + codes.length, 0);
  const size = units <= ALONE[encoding] ? ALONE[encoding] : IN_PARTS[encoding];
  const parts: number[][] = [[]];
  for (const codes of characters) {
    if ((parts.at(-1) as number[]).length + codes.length > size) parts.push([]);
    (parts.at(-1) as number[]).push(...codes);
  }
  return { encoding, units, parts: parts.map((codes) => bytesOf(codes, encoding)) };
}

/** The text of unpacked septets, as far as they are any: bytes above 127 and unknown extensions are left out. */
export function readSeptets(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 1) {
    const number = bytes[at] as number;
    if (number === ESCAPE) {
      at += 1;
      text += EXTENSION.find(([, extension]) => extension === bytes[at])?.[0] ?? '';
    } else text += BASIC[number] ?? '';
  }
  return text;
}

function unitsOf(character: string): number[] {
  return Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
}

function bytesOf(codes: readonly number[], encoding: TextEncoding): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(encoding === 'gsm7' ? codes : codes.flatMap((unit) => [unit >> 8, unit & 0xff]));
}
