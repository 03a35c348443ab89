/** A right-to-left test language, made mechanically: every word is shown backwards, every {name} stays as it is. */
const RIGHT_TO_LEFT_OVERRIDE = '\u202e';
const POP_DIRECTION = '\u202c';

export function mirrored<T>(texts: T): T {
  if (typeof texts === 'string') return mirroredText(texts) as T;
  if (Array.isArray(texts)) return texts.map(mirrored) as T;
  if (texts === null || typeof texts !== 'object') return texts;
  return Object.fromEntries(Object.entries(texts).map(([key, value]) => [key, mirrored(value)])) as T;
}

function mirroredText(text: string): string {
  return text
    .split(/(\{\w+\}|\s+)/)
    .map((part) => (/[\p{L}\p{N}]/u.test(part) && !part.startsWith('{') ? override(part) : part))
    .join('');
}

function override(word: string): string {
  return `${RIGHT_TO_LEFT_OVERRIDE}${word}${POP_DIRECTION}`;
}
