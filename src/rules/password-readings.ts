/** How a password can be read: forwards and backwards, without case and accents, with leet digits resolved ("j4n3"). */

/** One way to read the password; all texts that belong together have the same length. */
export interface Reading {
  /** Folded, with its case, which shows where words begin. */
  cased: string;
  lower: string;
  skeleton: string;
  /** Without what people write between the numbers of a date or a phone. */
  joined: string;
  joinedSkeleton: string;
  length: number;
}

export function readingsOf(password: string): Reading[] {
  const cased = fold(password);
  return [cased, [...cased].reverse().join('')].map((text) => {
    const lower = lowerCase(text);
    const joined = lower.replace(/[\s._,/-]/g, '');
    return {
      cased: text,
      lower,
      skeleton: skeletonOf(lower),
      joined,
      joinedSkeleton: skeletonOf(joined),
      length: [...text].length,
    };
  });
}

/** Letters that no decomposition takes apart. */
// biome-ignore format: a table
const UNDECOMPOSED: Record<string, string> = {
  ß: 'ss', ẞ: 'SS', æ: 'ae', Æ: 'AE', œ: 'oe', Œ: 'OE', ø: 'o', Ø: 'O', ł: 'l', Ł: 'L', đ: 'd', Đ: 'D', ð: 'd', Ð: 'D',
  þ: 'th', Þ: 'Th', ħ: 'h', Ħ: 'H', ı: 'i',
};

/** Accents off, width and other compatibility forms plain, case kept. */
export function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[ßẞæÆœŒøØłŁđĐðÐþÞħĦı]/g, (letter) => UNDECOMPOSED[letter] as string);
}

/** Lower case, position by position: a letter whose lower case is longer stays. */
function lowerCase(text: string): string {
  const lower = text.toLowerCase();
  if (lower.length === text.length) return lower;
  return [...text]
    .map((letter) => (letter.toLowerCase().length === letter.length ? letter.toLowerCase() : letter))
    .join('');
}

/** What looks alike becomes alike: the same for the password and for the word that is looked for. */
// biome-ignore format: a table
const LOOKS_LIKE: Record<string, string> = {
  4: 'a', '@': 'a', 8: 'b', 3: 'e', 9: 'g', 1: 'i', '!': 'i', '|': 'i', l: 'i', 0: 'o', 5: 's', $: 's', 7: 't', '+': 't', 2: 'z',
};

export function skeletonOf(lower: string): string {
  return lower.replace(/[4@8391!|l05$7+2]/g, (character) => LOOKS_LIKE[character] as string);
}

export function isHalf(times: number, text: string, reading: Reading): boolean {
  return 2 * times * text.length >= reading.length;
}

/** Where `part` begins in `whole`, without overlaps. */
export function placesOf(whole: string, part: string): number[] {
  const places: number[] = [];
  for (let at = whole.indexOf(part); at !== -1; at = whole.indexOf(part, at + part.length)) places.push(at);
  return places;
}

/** Where a number is written, separators aside; at least `digits` of it in digits, so that plain words are no numbers. */
export function placesOfNumber(reading: Reading, number: string, digits: number): number[] {
  return placesOf(reading.joinedSkeleton, skeletonOf(number)).filter(
    (at) => reading.joined.slice(at, at + number.length).replace(/\D/g, '').length >= digits,
  );
}
