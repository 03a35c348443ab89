/** Where a message to a number goes, as far as numbering plans tell. Nothing is asked of a network. */
import {
  getExampleNumber,
  isSupportedCountry,
  type NumberType,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/max';
import examples from 'libphonenumber-js/mobile/examples';

export interface Destination {
  /** ISO 3166; undefined for a chat, and for numbers of no country (satellites, international toll-free). */
  country: string | undefined;
  /** The number without its last four digits; undefined for a chat. */
  prefix: string | undefined;
  kind: NumberKind;
  /** Whether a text can be read there and costs what texts cost. */
  takesTexts: boolean;
}

/**
 * The rest is refused for texts: premium, shared-cost and personal numbers (+44 70) pay their holder, toll-free ones and
 * landlines read no texts. So are numbers of VoIP ranges: those that plans keep apart (+33 9, +39 55) mostly read none, and
 * they are rented by the hundred for nothing. Where a plan mixes them with mobiles, as in North America, they pass.
 */
const KINDS: Partial<Record<NonNullable<NumberType>, NumberKind>> = {
  MOBILE: 'mobile',
  FIXED_LINE_OR_MOBILE: 'mobile',
  FIXED_LINE: 'landline',
  PREMIUM_RATE: 'paid',
  SHARED_COST: 'paid',
  TOLL_FREE: 'free_phone',
  VOIP: 'voip',
};
export type NumberKind = 'mobile' | 'landline' | 'paid' | 'free_phone' | 'voip' | 'other';

/** @param to E.164, or a messenger's id of a linked chat */
export function readDestination(to: string): Destination {
  if (!/^\+\d{7,15}$/.test(to)) return { country: undefined, prefix: undefined, kind: 'other', takesTexts: false };
  const number = parsePhoneNumberFromString(to);
  const type = number?.getType();
  const kind = (type && KINDS[type]) ?? 'other';
  return { country: number?.country, prefix: to.slice(0, -4), kind, takesTexts: kind === 'mobile' };
}

/** A mobile number of that country which is nobody's, in E.164. */
export function exampleNumber(country: string | undefined): string {
  return country !== undefined && isSupportedCountry(country)
    ? (getExampleNumber(country, examples)?.number ?? '')
    : '';
}

/** `+3361234` -> `+3361***`: enough to recognise, for logs and the terminal. */
export function maskPrefix(prefix: string): string {
  return `${prefix.slice(0, 5)}***`;
}
