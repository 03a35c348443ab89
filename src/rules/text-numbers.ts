/** Which phone numbers a code may be texted to: told by the number alone, so that the answer tells nothing of accounts. */
import { readDestination } from './destinations.ts';

/** ISO 3166 codes; `all` in development, where texts go to the inbox and cost nothing. */
export type TextCountries = readonly string[] | 'all';

/** A number that reads texts, in an allowed country. Its owner gets the code by email otherwise. */
export function canBeTexted(e164: string, countries: TextCountries): boolean {
  const { country, takesTexts } = readDestination(e164);
  return takesTexts && (countries === 'all' || (country !== undefined && countries.includes(country)));
}
