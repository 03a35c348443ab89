/**
 * What a claimant types to say who they are. Matching follows STANDARDS R75 to R78: ASCII-only case folding of the local
 * part, domains as A-labels, phones as E.164; never Unicode case mapping, never a database collation.
 */
import { distance } from 'fastest-levenshtein';
import {
  type CountryCode,
  isSupportedCountry,
  type PhoneNumber,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/max';
import validatorIsEmail from 'validator/lib/isEmail.js';
import { IDENTIFIER_MAX_CHARACTERS } from './limits.ts';
import { normalForm } from './normal-form.ts';

/** The package is CommonJS with a `default` of its own. */
const isEmail = validatorIsEmail.default;

export type IdentifierKind = 'email' | 'phone';
export interface Identifier {
  kind: IdentifierKind;
  /** What was typed, NFC and trimmed: shown back to the claimant, never sent to. */
  typed: string;
  /** What is compared, byte by byte. */
  canonical: string;
}
export type IdentifierProblem =
  | 'empty'
  | 'too_long'
  | 'control_characters'
  | 'malformed_email'
  | 'malformed_phone'
  /** A number with more behind it: nothing can be sent to an extension. */
  | 'phone_extension'
  | 'unknown_country';
/** UTF-16 units before composing. A local part has 64 octets at most, so no address loses by it. */
const TYPED_MAX_UNITS = 2 * IDENTIFIER_MAX_CHARACTERS;
export type ReadIdentifier = { ok: true; identifier: Identifier } | { ok: false; problem: IdentifierProblem };

/** Shorter ones are dialled within one country alone, and get no messages. */
const SHORTEST_NUMBER_DIGITS = 6;
/** In the scripts that phones type, also behind a bracket or the direction marks of a copied number. */
const PLUS_SIGN = /^[\s(\p{Cf}]*[+\uFF0B]/u;
/** The same, or 00. */
const INTERNATIONAL_PREFIX = /^[\s(\p{Cf}]*([+\uFF0B]|[0\u0660\u06F0\uFF10]{2})/u;

/** RFC 3966: how a number stands in a link, and comes along when that is copied. */
const TEL_SCHEME = /^tel:(?=[+(\p{Nd}])/iu;

/**
 * Reads an email address or a phone number; `country` (ISO 3166) says how phone numbers without a plus sign are meant.
 * Nothing is looked up: the answer depends on the text alone.
 */
export function readIdentifier(text: string, country: string): ReadIdentifier {
  const typed = normalForm(text.trim(), 'NFC', TYPED_MAX_UNITS)?.trim().replace(TEL_SCHEME, '');
  if (typed === '') return { ok: false, problem: 'empty' };
  if (typed === undefined || [...typed].length > IDENTIFIER_MAX_CHARACTERS) return { ok: false, problem: 'too_long' };
  if (/[\p{Cc}\u2028\u2029]/u.test(typed)) return { ok: false, problem: 'control_characters' };
  if (!typed.includes('@') && isNumberAndMore(typed)) return { ok: false, problem: 'phone_extension' };
  return typed.includes('@') || /[a-z]/i.test(typed) ? readEmail(typed) : readPhone(typed, country);
}

function readEmail(typed: string): ReadIdentifier {
  const canonical = canonicalEmail(typed);
  return canonical === undefined
    ? { ok: false, problem: 'malformed_email' }
    : { ok: true, identifier: { kind: 'email', typed, canonical } };
}

/** The form in which addresses are compared, or undefined where `address` can't be one (RFC 5321 2.3.11, 4.5.3.1; RFC 6531). */
export function canonicalEmail(address: string): string | undefined {
  const at = address.lastIndexOf('@');
  const domain = asciiDomain(address.slice(at + 1));
  if (at < 1 || domain === undefined) return undefined;
  const local = address.slice(0, at).replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  // Formatting and bidirectional marks are invisible: two addresses that look alike must not differ by them.
  if (/[\p{Cf}\p{Cn}\p{Co}\p{Cs}]/u.test(local)) return undefined;
  const canonical = `${local}@${domain}`;
  return isEmail(canonical, { allow_utf8_local_part: true, allow_ip_domain: false }) ? canonical : undefined;
}

/** UTS 46 by the URL parser, which also refuses what can't be a host; a bare number would be read as IPv4. */
function asciiDomain(domain: string): string | undefined {
  if (!/^[\p{L}\p{N}\p{M}.-]+$/u.test(domain) || !URL.canParse(`http://${domain}/`)) return undefined;
  const host = new URL(`http://${domain}/`).hostname;
  return /[a-z]/.test(host) && !host.endsWith('.') ? host : undefined;
}

/** Whether words stand behind what is long enough to be a number: "ext. 5", in whatever language. */
function isNumberAndMore(typed: string): boolean {
  const [before = ''] = typed.split(/\p{L}/u, 1);
  const digits = before.match(/\p{Nd}/gu)?.length ?? 0;
  return before !== typed && digits >= SHORTEST_NUMBER_DIGITS;
}

function readPhone(typed: string, country: string): ReadIdentifier {
  const region = country.toUpperCase();
  const home = isSupportedCountry(region) ? (region as CountryCode) : undefined;
  if (isNationalNumber(typed) && home === undefined) return { ok: false, problem: 'unknown_country' };
  const number =
    parseAsDialled(typed, home) ?? parsePhoneNumberFromString(typed.replace(INTERNATIONAL_PREFIX, '+'), home);
  if (number?.ext !== undefined) return { ok: false, problem: 'phone_extension' };
  return number?.isValid()
    ? { ok: true, identifier: { kind: 'phone', typed, canonical: number.number } }
    : { ok: false, problem: 'malformed_phone' };
}

/**
 * As people there dial: in Singapore 001 leads abroad, and the 1 is no country code. Only what is no number so is taken for the 00 of
 * other countries. Freephone gets no messages; in Japan it begins with 00 itself, and hides what people mean who write 00 for abroad.
 */
function parseAsDialled(typed: string, home: CountryCode | undefined): PhoneNumber | undefined {
  const number = home && parsePhoneNumberFromString(typed, home);
  return number?.isValid() && number.getType() !== 'TOLL_FREE' ? number : undefined;
}

/** Where a message to this very address goes: the local part as typed (it may be case-sensitive), the domain as A-label. */
export function sendableAddress(identifier: Pick<Identifier, 'typed' | 'canonical'>): string {
  const { typed, canonical } = identifier;
  if (typed === '') return canonical;
  return typed.slice(0, typed.lastIndexOf('@')) + canonical.slice(canonical.lastIndexOf('@'));
}

/** Below `.invalid`, which is kept from ever being somebody's (RFC 6761 6.4), imports put people who have no address. */
export function isPlaceholder(address: string): boolean {
  return /[@.]invalid$/i.test(address);
}

/** Whether a number was typed that can't be read without a country. */
export function isNationalNumber(typed: string): boolean {
  return !typed.includes('@') && !INTERNATIONAL_PREFIX.test(typed);
}

/** Whether a number was typed that people in another country mean otherwise: a national one, or one that is dialled to get abroad. */
export function dependsOnCountry(typed: string): boolean {
  return !typed.includes('@') && !PLUS_SIGN.test(typed);
}

/** A stored number as people write it, `+44 20 7946 0018`, and its country (ISO 3166) where it has one. */
export function internationalForm(canonical: string): { number: string; country: string | undefined } {
  const number = parsePhoneNumberFromString(canonical);
  return { number: number?.formatInternational() ?? canonical, country: number?.country };
}

/** Mail providers that people mistype; a domain that is close to one, and is none, is probably a slip. */
// biome-ignore format: one list, read as a paragraph
const COMMON_DOMAINS = [
  'aol.com', 'comcast.net', 'free.fr', 'fastmail.com', 'gmail.com', 'gmx.com', 'gmx.de', 'gmx.net', 'googlemail.com',
  'hotmail.co.uk', 'hotmail.com', 'hotmail.fr', 'icloud.com', 'laposte.net', 'libero.it', 'live.com', 'mac.com',
  'mail.com', 'mail.ru', 'me.com', 'msn.com', 'orange.fr', 'outlook.com', 'outlook.de', 'proton.me',
  'protonmail.com', 'qq.com', 'web.de', 'yahoo.co.uk', 'yahoo.com', 'yahoo.de', 'yahoo.fr', 'yandex.ru', 'ymail.com',
  'zoho.com', '163.com', '126.com',
];

/** A likely correction of a mistyped address ("gmial.com" -> "gmail.com"), or undefined. */
export function suggestEmail(identifier: Identifier): string | undefined {
  if (identifier.kind !== 'email') return undefined;
  const at = identifier.typed.lastIndexOf('@');
  const domain = identifier.canonical.slice(identifier.canonical.lastIndexOf('@') + 1);
  if (domain.length < 5 || COMMON_DOMAINS.includes(domain)) return undefined;
  const near = COMMON_DOMAINS.map((common) => ({ common, edits: distance(domain, common) }))
    .filter(({ common, edits }) => edits <= (common.length > 8 ? 2 : 1))
    .sort((a, b) => a.edits - b.edits)[0];
  return near && `${identifier.typed.slice(0, at)}@${near.common}`;
}

/** `jane@example.com` -> `j***@example.com`, `+15551234567` -> `+1*****4567`: for messages to the owner, logs and the desk. */
export function maskIdentifier(identifier: { kind: IdentifierKind; canonical: string }): string {
  const { kind, canonical } = identifier;
  if (kind === 'phone') return `${canonical.slice(0, 2)}*****${canonical.slice(-2)}`;
  const at = canonical.lastIndexOf('@');
  return `${[...canonical.slice(0, at)][0] ?? ''}***${canonical.slice(at)}`;
}
