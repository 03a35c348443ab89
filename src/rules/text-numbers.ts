/** Which phone numbers a code may be texted to: told by the number alone, so that the answer tells nothing of accounts. */
import { readDestination } from './destinations.ts';

/** ISO 3166 codes; `all` in development, where texts go to the inbox and cost nothing. */
export type TextCountries = readonly string[] | 'all';

/** A number that reads texts, in an allowed country. Its owner gets the code by email otherwise. */
export function canBeTexted(e164: string, countries: TextCountries): boolean {
  const { country, takesTexts } = readDestination(e164);
  return takesTexts && (countries === 'all' || (country !== undefined && countries.includes(country)));
}

/** Why a code can't be texted to a number. `off`: this installation texts nobody. */
export const TEXT_PROBLEMS = ['off', 'country', 'landline', 'paid', 'free_phone', 'voip', 'other'] as const;
export type TextProblem = (typeof TEXT_PROBLEMS)[number];

/** What the person is told before anything is sent; undefined where a code can be texted. */
export function whyNotTexted(e164: string, countries: TextCountries | undefined): TextProblem | undefined {
  if (countries === undefined) return 'off';
  const { country, kind } = readDestination(e164);
  // Of a country that is off the list no other number would do.
  if (countries !== 'all' && (country === undefined || !countries.includes(country))) return 'country';
  return kind === 'mobile' ? undefined : kind;
}
