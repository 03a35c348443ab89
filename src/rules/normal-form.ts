/**
 * Unicode's normal forms of what people type. Putting combining marks in order takes time that grows with the square of their
 * number: the 8,000 that fit into one form kept everybody else waiting for an eighth of a second. So the length comes first.
 */
import { NAME_MAX_CHARACTERS } from './limits.ts';

/** UTF-16 units. A decomposed character has at most four code points. */
const NAME_MAX_UNITS = 4 * NAME_MAX_CHARACTERS;

/** @param maxUnits UTF-16 units; undefined comes back for longer text, which nobody looks at any further */
export function normalForm(text: string, form: 'NFC' | 'NFKC', maxUnits: number): string | undefined {
  return text.length > maxUnits ? undefined : text.normalize(form);
}

/** A person's name, composed and trimmed; undefined where it is too long to be one. */
export function composedName(typed: string): string | undefined {
  return normalForm(typed.trim(), 'NFC', NAME_MAX_UNITS)?.trim();
}
