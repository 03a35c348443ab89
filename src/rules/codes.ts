/**
 * One-time codes: derived, never stored. code = HMAC-SHA-256(key, purpose, proof id, epoch), drawn into the format by
 * rejection sampling, so every code is equally likely and nothing readable lies in a table (STANDARDS R18, R27, R33).
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { normalForm } from './normal-form.ts';

/** What a code is for. It is part of the MAC: a code for one thing is useless for another. */
export type Purpose = 'recovery' | 'registration' | 'address';
export type CodeFormat = 'digits' | 'letters';
export interface CodeShape {
  format: CodeFormat;
  length: number;
}

/** Crockford's base 32: no I, L, O or U, so nothing is misread. */
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** The code of one epoch of one proof. `key` has 32 bytes. */
export function deriveCode(
  key: Uint8Array,
  purpose: Purpose,
  proofId: string,
  epoch: number,
  shape: CodeShape,
): string {
  const alphabet = shape.format === 'digits' ? CROCKFORD.slice(0, 10) : CROCKFORD;
  // The largest multiple of the alphabet's size that a byte can hold; bytes above it would favour small characters.
  const fair = 256 - (256 % alphabet.length);
  let code = '';
  for (let block = 0; code.length < shape.length; block += 1) {
    const bytes = createHmac('sha256', key)
      .update(JSON.stringify([purpose, proofId, epoch, shape.format, shape.length, block]))
      .digest();
    for (const byte of bytes) {
      if (byte >= fair) continue;
      code += alphabet[byte % alphabet.length];
      if (code.length === shape.length) break;
    }
  }
  return code;
}

/** UTF-16 units: the longest code, every character of it with a space and a mark of direction around it. */
const TYPED_MAX_UNITS = 64;

/**
 * What a person typed or pasted, as the code would be written: full-width and other scripts' digits become ASCII,
 * spaces and dashes go, letters are upper case with Crockford's look-alikes resolved. Undefined where it can't be a code.
 */
export function readCode(typed: string, shape: CodeShape): string | undefined {
  const plain = normalForm(typed, 'NFKC', TYPED_MAX_UNITS);
  if (plain === undefined) return undefined;
  const compact = [...plain]
    .map((character) => asciiDigit(character))
    .join('')
    .replace(/[\s\p{Pd}\p{Cf}.]/gu, '');
  const code = shape.format === 'digits' ? compact : compact.toUpperCase().replace(/[IL]/g, '1').replace(/O/g, '0');
  const allowed = shape.format === 'digits' ? /^[0-9]+$/ : /^[0-9A-HJKMNP-TV-Z]+$/;
  return code.length === shape.length && allowed.test(code) ? code : undefined;
}

/** Constant-time comparison of two codes of the same shape. */
export function codesMatch(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Every decimal digit block of Unicode starts at a code point whose digit is 0 and runs for ten. */
function asciiDigit(character: string): string {
  if (!/^\p{Nd}$/u.test(character) || character <= '9') return character;
  let start = character.codePointAt(0) as number;
  while (/^\p{Nd}$/u.test(String.fromCodePoint(start - 1)) && (character.codePointAt(0) as number) - start < 9)
    start -= 1;
  return String((character.codePointAt(0) as number) - start);
}
