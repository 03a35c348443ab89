/**
 * What a guesser who knows the person tries first: name, birthday, email, phone, and the shop's name. Read forwards and
 * backwards, without case and accents, with leet digits resolved ("j4n3").
 *
 * Fairness decides the rest. "Ann" lies in "planning" and "Mark" in "market"; a rule that refuses such a passphrase
 * teaches nothing. So a word of three letters counts where it stands on its own ("ann-likes-tea", "xAnn7") or makes up
 * half of the password; from four letters up it counts anywhere, because there the accident is rare and the habit
 * ("janelovescats") is not. Two letters never count. What slips through is still among the words that the strength
 * estimate takes for known.
 */

export interface PasswordFacts {
  name: string | null;
  /** YYYY-MM-DD */
  birthday: string | null;
  emails: string[];
  /** E.164 */
  phones: string[];
  /** The shop's name. */
  brand: string;
  /** Host name of the shop's public origin. */
  host: string;
}

export type PersonalReason =
  | 'contains_name'
  | 'contains_birthday'
  | 'contains_email'
  | 'contains_phone'
  | 'contains_brand';

/** Which facts the password contains. */
export function personalReasons(password: string, facts: PasswordFacts): PersonalReason[] {
  const readings = readingsOf(password);
  const contains = (words: Word[]): boolean => words.some((word) => readings.some((reading) => hasWord(reading, word)));
  const reasons: PersonalReason[] = [];
  if (contains(wordsOfName(facts.name))) reasons.push('contains_name');
  if (containsBirthday(readings, facts.birthday)) reasons.push('contains_birthday');
  if (contains(facts.emails.flatMap(wordsOfEmail))) reasons.push('contains_email');
  if (facts.phones.some((phone) => readings.some((reading) => hasPhone(reading, phone))))
    reasons.push('contains_phone');
  if (contains(wordsOfShop(facts))) reasons.push('contains_brand');
  return reasons;
}

/** The facts as words for a strength estimate. */
export function guessableWords(facts: PasswordFacts): string[] {
  const words = [...wordsOfName(facts.name), ...facts.emails.flatMap(wordsOfEmail), ...wordsOfShop(facts)].map(
    (word) => word.text,
  );
  const date = readDate(facts.birthday);
  const dates = date
    ? [date.year, date.day + date.month, date.month + date.day, date.year + date.month + date.day]
    : [];
  const phones = facts.phones.map((phone) => phone.replace(/\D/g, ''));
  return [...new Set([...words, ...dates, ...phones])];
}

// Words and readings

interface Word {
  /** Folded and in lower case. */
  text: string;
  /** Letters from which the word counts anywhere; below, it has to stand on its own. */
  anywhereFrom: number;
}

const SHORTEST_WORD = 3;
const ANYWHERE_FROM = 4;
/** "live", "mail", "orange": domains of mail providers are everyday words, and half of all people have one of them. */
const DOMAIN_ANYWHERE_FROM = 6;
/** Small words inside names, which belong to everybody. */
const PARTICLES = new Set('and abu bin das del den der des dos ibn las los the van von'.split(' '));

function wordsOfName(name: string | null): Word[] {
  const parts = fold(name ?? '')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((part) => part !== '');
  const whole = ['', ' ', '.', '-', '_'].map((separator) => parts.join(separator));
  const lastFirst = parts.toReversed().join('');
  return wordsFrom([...parts.filter((part) => !PARTICLES.has(part)), ...whole, lastFirst], ANYWHERE_FROM);
}

function wordsOfEmail(email: string): Word[] {
  const address = fold(email).toLowerCase();
  const at = address.lastIndexOf('@');
  const local = address.slice(0, Math.max(at, 0)).replace(/(?<=.)\+.*$/, '');
  return [
    ...wordsFrom([address, local, local.replace(/[._-]/g, '')], ANYWHERE_FROM),
    ...wordsFrom([ownLabel(address.slice(at + 1))], DOMAIN_ANYWHERE_FROM),
  ];
}

function wordsOfShop({ brand, host }: PasswordFacts): Word[] {
  const name = fold(brand).toLowerCase();
  return wordsFrom([name, name.replace(/[^\p{L}\p{N}]/gu, ''), ownLabel(fold(host).toLowerCase())], ANYWHERE_FROM);
}

function wordsFrom(texts: string[], anywhereFrom: number): Word[] {
  return [...new Set(texts)].filter((text) => weightOf(text) >= SHORTEST_WORD).map((text) => ({ text, anywhereFrom }));
}

/** Second levels that registries sell names below ("shop.co.uk"). */
const SHARED_SECOND_LEVELS = new Set('ac co com edu go gov ne net or org'.split(' '));

/** The label that a domain's owner chose: "acme" in "accounts.acme.co.uk"; empty for an IP address. */
function ownLabel(host: string): string {
  if (/^[\d.]+$|[:[]/.test(host)) return '';
  const labels = host.split('.').filter((label) => label !== '');
  if (labels.length > 1) labels.pop();
  if (labels.length > 1 && SHARED_SECOND_LEVELS.has(labels.at(-1) as string)) labels.pop();
  return labels.at(-1) ?? '';
}

/** Letters and digits; an ideograph or a kana says as much as two letters. */
function weightOf(text: string): number {
  const ideographs = text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu)?.length ?? 0;
  return (text.match(/[\p{L}\p{N}]/gu)?.length ?? 0) + ideographs;
}

/** One way to read the password; all texts that belong together have the same length. */
interface Reading {
  /** Folded, with its case, which shows where words begin. */
  cased: string;
  lower: string;
  skeleton: string;
  /** Without what people write between the numbers of a date or a phone. */
  joined: string;
  joinedSkeleton: string;
  length: number;
}

function readingsOf(password: string): Reading[] {
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
function fold(text: string): string {
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

function skeletonOf(lower: string): string {
  return lower.replace(/[4@8391!|l05$7+2]/g, (character) => LOOKS_LIKE[character] as string);
}

function hasWord(reading: Reading, { text, anywhereFrom }: Word): boolean {
  const spelledWithLetters = /\p{L}/u.test(text);
  const found = placesOf(reading.skeleton, skeletonOf(text)).filter(
    // A run of digits is a number, whatever letters it could stand for.
    (at) => !spelledWithLetters || /\p{L}/u.test(reading.lower.slice(at, at + text.length)),
  );
  if (found.length === 0) return false;
  if (weightOf(text) >= anywhereFrom) return true;
  return found.some((at) => standsAlone(reading.cased, at, at + text.length)) || isHalf(found.length, text, reading);
}

/** No letter before and after, or a change of case: "xAnn7", "likesAnnMost". */
function standsAlone(cased: string, start: number, end: number): boolean {
  const begins = !/\p{L}$/u.test(cased.slice(0, start)) || /\p{Ll}\p{Lu}$/u.test(cased.slice(0, start + 1));
  const ends = !/^\p{L}/u.test(cased.slice(end)) || /^\p{Ll}\p{Lu}/u.test(cased.slice(end - 1));
  return begins && ends;
}

function isHalf(times: number, text: string, reading: Reading): boolean {
  return 2 * times * text.length >= reading.length;
}

/** Where `part` begins in `whole`, without overlaps. */
function placesOf(whole: string, part: string): number[] {
  const places: number[] = [];
  for (let at = whole.indexOf(part); at !== -1; at = whole.indexOf(part, at + part.length)) places.push(at);
  return places;
}

// Numbers

/** Where a number is written, separators aside; at least `digits` of it in digits, so that plain words are no numbers. */
function placesOfNumber(reading: Reading, number: string, digits: number): number[] {
  return placesOf(reading.joinedSkeleton, skeletonOf(number)).filter(
    (at) => reading.joined.slice(at, at + number.length).replace(/\D/g, '').length >= digits,
  );
}

const PHONE_DIGITS = 6;

/** Any six digits in a row of it: the country code, the area and the extension are what people leave out. */
function hasPhone(reading: Reading, phone: string): boolean {
  const number = phone.replace(/\D/g, '');
  for (let at = 0; at + PHONE_DIGITS <= number.length; at += 1)
    if (placesOfNumber(reading, number.slice(at, at + PHONE_DIGITS), PHONE_DIGITS / 2).length > 0) return true;
  return false;
}

// Birthdays

/** Two digits for month and day, four for the year. */
interface CalendarDate {
  year: string;
  month: string;
  day: string;
}

function readDate(birthday: string | null): CalendarDate | undefined {
  const [, year, month, day] = /^(\d{4})-(0[1-9]|1[0-2])-(\d\d)$/.exec(birthday ?? '') ?? [];
  return year && month && day ? { year, month, day } : undefined;
}

/**
 * The whole date in any order, with or without separators, leading zeros, century and month names. A part of it (the
 * year; day and month) is too little to refuse for, since every number of four digits is a part of somebody's; it
 * counts when year and day both are there, or when it makes up half of the password.
 */
function containsBirthday(readings: Reading[], birthday: string | null): boolean {
  const date = readDate(birthday);
  if (!date) return false;
  const spelled = spellingsOf(date);
  const parts = [date.year, ...spelled.days, ...spelled.monthsOfYear];
  return readings.some(
    (reading) =>
      spelled.whole.some((spelling) => placesOfNumber(reading, spelling, 2).length > 0) ||
      spelled.separated.some((spelling) => hasNumberAlone(reading.lower, spelling)) ||
      hasYearAndDayApart(reading, date.year, spelled.days) ||
      parts.some((part) => isHalf(placesOfNumber(reading, part, 1).length, part, reading)),
  );
}

interface Spellings {
  /** Six characters or more, without separators. */
  whole: string[];
  /** Too short to be told from other numbers without their separators: "1/5/90". */
  separated: string[];
  /** Day and month. */
  days: string[];
  /** Month and year. */
  monthsOfYear: string[];
}

// biome-ignore format: one list
const MONTH_NAMES = [
  ['january', 'jan'], ['february', 'feb'], ['march', 'mar'], ['april', 'apr'], ['may'], ['june', 'jun'], ['july', 'jul'],
  ['august', 'aug'], ['september', 'sept', 'sep'], ['october', 'oct'], ['november', 'nov'], ['december', 'dec'],
];
const SHORTEST_WHOLE = 6;

function spellingsOf({ year, month, day }: CalendarDate): Spellings {
  const years = [year, year.slice(2)];
  const months = [...new Set([month, String(Number(month))])];
  const plainDays = [...new Set([day, String(Number(day))])];
  const names = MONTH_NAMES[Number(month) - 1] as string[];
  const namedDays = [...plainDays, ...['st', 'nd', 'rd', 'th'].map((ending) => Number(day) + ending)];

  const numeric = years.flatMap((y) =>
    months.flatMap((m) =>
      plainDays.flatMap((d) => [
        [d, m, y],
        [m, d, y],
        [y, m, d],
        [y, d, m],
      ]),
    ),
  );
  const named = names.flatMap((name) => namedDays.flatMap((d) => [d + name, `${d}of${name}`, name + d]));
  const joined = numeric.map((parts) => parts.join(''));
  return {
    whole: [
      ...joined.filter((spelling) => spelling.length >= SHORTEST_WHOLE),
      ...named.flatMap((dayAndMonth) => years.flatMap((y) => [dayAndMonth + y, y + dayAndMonth])),
    ],
    separated: numeric
      .filter((parts) => parts.join('').length < SHORTEST_WHOLE)
      .flatMap((parts) => ['-', '.', '/', ' ', '_', ','].map((separator) => parts.join(separator))),
    days: [day + month, month + day, ...named],
    monthsOfYear: [month + year, year + month, ...names.flatMap((name) => years.flatMap((y) => [name + y, y + name]))],
  };
}

/** "1990" here and "2105" or "21may" there. */
function hasYearAndDayApart(reading: Reading, year: string, days: string[]): boolean {
  return [reading.lower, reading.joined].some((text) => {
    const rest = text.replace(year, ' ');
    return hasNumberAlone(text, year) && days.some((day) => hasNumberAlone(rest, day));
  });
}

/** Written in digits as it stands, and not part of a longer number. */
function hasNumberAlone(text: string, number: string): boolean {
  return placesOf(text, number).some(
    (at) => !/\d$/.test(text.slice(0, at)) && !/^\d/.test(text.slice(at + number.length)),
  );
}
