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

/**
 * Marks that nobody sees and no name needs: zero-width spaces, direction marks and word joiners that come along with copied text,
 * soft hyphens. Not the joiners U+200C and U+200D, which names in Persian and in Indian scripts are spelled with.
 */
const INVISIBLE = /[\u00AD\u061C\u180E\u200B\u200E\u200F\u2060-\u2064\uFEFF]/g;

/**
 * A person's name, composed, trimmed and without invisible marks; empty where nothing of it can be seen, undefined where it is
 * too long to be one.
 */
export function composedName(typed: string): string | undefined {
  const name = normalForm(typed.trim(), 'NFC', NAME_MAX_UNITS)?.replace(INVISIBLE, '').trim();
  if (name === undefined) return undefined;
  return /[\p{L}\p{N}\p{P}\p{S}\p{C}]/u.test(name.replace(/[\u200C\u200D]/g, '')) ? name : '';
}
