/** Reads what an operator says of a person, on the command line or in a file; problems in sentences that name the field. */
import type { Person } from '../actions/add-account.ts';
import { isBirthday, readProfile } from '../actions/complete-registration.ts';
import { Refusal } from '../rules/errors.ts';
import { type Identifier, isNationalNumber, readIdentifier } from '../rules/identifiers.ts';
import { IDENTIFIER_MAX_CHARACTERS } from '../rules/limits.ts';
import { readTime } from './read-time.ts';
import { shown } from './shown.ts';

/** As typed; empty texts are left out. */
export interface TypedPerson {
  emails: string[];
  phones: string[];
  name: string;
  birthday: string;
  locale: string;
}

/** `problem` is a sentence like "email: 'x' is not an address". */
export type ReadPerson = { ok: true; person: Person } | { ok: false; problem: string };

/** @param options.defaultCountry reads national phone numbers where the locale names no country */
export function readPerson(typed: TypedPerson, options: { defaultCountry: string; now: number }): ReadPerson {
  try {
    const locale = readLocale(typed.locale);
    const country = regionOf(locale) ?? options.defaultCountry;
    const identifiers = [
      ...typed.emails.filter(isGiven).map(readEmail),
      ...typed.phones.filter(isGiven).map((phone) => readPhone(phone, country)),
    ];
    if (identifiers.length === 0) throw new Problem('an email or a phone is needed');
    return {
      ok: true,
      person: {
        identifiers: eachOnce(identifiers),
        name: readName(typed.name, options.now),
        birthday: readBirthday(typed.birthday, options.now),
        locale,
      },
    };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { ok: false, problem: error.message };
  }
}

/** When a number was last confirmed where the person comes from; null for what is left out. */
export function readConfirmedAt(
  typed: string,
  now: number,
): { ok: true; at: number | null } | { ok: false; problem: string } {
  if (!isGiven(typed)) return { ok: true, at: null };
  const at = readTime(typed.trim());
  if (at !== undefined && at <= now) return { ok: true, at };
  return {
    ok: false,
    problem: `phone_confirmed_at: ${shown(typed)} is not in the past like 2025-06-30 or 2025-06-30T12:00:00Z`,
  };
}

class Problem extends Error {}

function isGiven(text: string): boolean {
  return text.trim() !== '';
}

function readEmail(typed: string): Identifier {
  // The country is not looked at: whatever reads as a phone number is refused here.
  const read = readIdentifier(typed, 'US');
  if (read.ok && read.identifier.kind === 'email') return read.identifier;
  throw new Problem(
    `email: ${shown(typed)} ${read.ok || read.problem === 'phone_extension' ? 'is not an address' : mistake(read.problem, 'is not an address')}`,
  );
}

function readPhone(typed: string, country: string): Identifier {
  const read = readIdentifier(typed, country);
  if (read.ok && read.identifier.kind === 'phone') return read.identifier;
  if (!read.ok && read.problem === 'unknown_country')
    throw new Problem(`phone: ${shown(typed)} can't be read, because no country has the code ${shown(country)}`);
  const national = isNationalNumber(typed) && !/[a-z]/i.test(typed);
  const otherwise = national ? `is not a phone number of ${country}; write it as +...` : 'is not a phone number';
  throw new Problem(`phone: ${shown(typed)} ${read.ok ? otherwise : mistake(read.problem, otherwise)}`);
}

function mistake(problem: string, otherwise: string): string {
  if (problem === 'too_long') return `has more than ${IDENTIFIER_MAX_CHARACTERS} characters`;
  if (problem === 'phone_extension') return 'has something behind the number; nothing can be sent to an extension';
  return problem === 'control_characters' ? 'has control characters' : otherwise;
}

function eachOnce(identifiers: Identifier[]): Identifier[] {
  return identifiers.filter(
    ({ kind, canonical }, at) =>
      identifiers.findIndex((other) => other.kind === kind && other.canonical === canonical) === at,
  );
}

function readName(typed: string, now: number): string | null {
  if (!isGiven(typed)) return null;
  try {
    return readProfile({ name: typed }, now).name;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new Problem(error.details.detail ?? `name: ${shown(typed)} is no name`);
  }
}

function readBirthday(typed: string, now: number): string | null {
  const birthday = typed.trim();
  if (birthday === '') return null;
  if (!isBirthday(birthday, now)) throw new Problem(`birthday: ${shown(birthday)} is not a past date like 1990-12-31`);
  return birthday;
}

/** Many systems write `fr_FR`. */
function readLocale(typed: string): string | null {
  const tag = typed.trim().replaceAll('_', '-');
  if (tag === '') return null;
  try {
    return new Intl.Locale(tag).baseName;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Problem(`locale: ${shown(typed)} is not a language tag like fr or fr-FR`);
  }
}

/** A country; 419 (Latin America) and its like are none. */
function regionOf(locale: string | null): string | undefined {
  const region = locale === null ? undefined : new Intl.Locale(locale).region;
  return region !== undefined && /^[A-Z]{2}$/.test(region) ? region : undefined;
}
