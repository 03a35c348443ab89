/** Names that people give themselves in a messenger: shown to their owner, and never trusted. */

const SHOWN_MAX = 64;

/**
 * A name fit to be shown beside words of ours, or null where nothing is left. Control and format characters go, among them
 * those that turn the direction of writing (U+202E), line breaks become spaces, and it is cut. Escaping is the page's.
 */
export function chatName(...parts: readonly (string | null | undefined)[]): string | null {
  const name = parts
    .join(' ')
    .replace(/[\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}]/gu, '')
    .trim();
  return name === '' ? null : [...name].slice(0, SHOWN_MAX).join('').trim();
}
