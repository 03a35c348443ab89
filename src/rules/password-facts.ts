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
import { containsBirthday, readDate } from './password-birthdays.ts';
import { fold, isHalf, placesOf, placesOfNumber, type Reading, readingsOf, skeletonOf } from './password-readings.ts';

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

const PHONE_DIGITS = 6;

/** Any six digits in a row of it: the country code, the area and the extension are what people leave out. */
function hasPhone(reading: Reading, phone: string): boolean {
  const number = phone.replace(/\D/g, '');
  for (let at = 0; at + PHONE_DIGITS <= number.length; at += 1)
    if (placesOfNumber(reading, number.slice(at, at + PHONE_DIGITS), PHONE_DIGITS / 2).length > 0) return true;
  return false;
}
