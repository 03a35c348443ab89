/** The first screen of recovering and of registering: who are you? Slips are caught where nothing need be looked up. */

import type { Context as HttpContext } from 'hono';
import { getCountries } from 'libphonenumber-js/max';
import { countryName } from '../locales/index.ts';
import { type PROBLEMS, Refusal } from '../rules/errors.ts';
import {
  dependsOnCountry,
  type Identifier,
  type IdentifierProblem,
  type ReadIdentifier,
  readIdentifier,
  suggestEmail,
} from '../rules/identifiers.ts';
import { type Countries, type IdentifierFormProps, recoverPage, registerPage } from './pages/identifier.ts';
import { fieldErrors, phoneProblemOf } from './pages/problems.ts';
import { readForm } from './read-body.ts';
import { countryOf, refusedStatus, viewOf, type Web } from './request.ts';

const PAGES = { recovery: recoverPage, registration: registerPage };

/** Reads the form and starts what it asks for, or shows the page again with what is wrong. */
export async function submitIdentifier(
  web: Web,
  c: HttpContext,
  purpose: keyof typeof PAGES,
  start: (identifier: Identifier, work: string | undefined) => Promise<Response>,
): Promise<Response> {
  const form = await readForm(c);
  const country = form.get('country') ?? countryOf(web, c);
  const choice = form.get('identifier-choice');
  const typed = chosen(form.get('identifier') ?? '', choice, country);
  const byPhone = purpose === 'recovery' || web.context.settings.texting !== undefined;
  const read = readFor({ byPhone }, typed, country);
  const show = (
    props: Partial<IdentifierFormProps>,
    status: 200 | (typeof PROBLEMS)[keyof typeof PROBLEMS]['status'],
  ): Response | Promise<Response> =>
    c.html(PAGES[purpose](viewOf(web, c), { identifier: typed, errors: [], byPhone, ...props }), status);

  if (!read.ok) {
    const refusal = new Refusal('invalid_identifier', { field: 'identifier' });
    const errors = fieldErrors(viewOf(web, c), refusal, {
      fallbackField: 'identifier',
      context: { identifier: read.problem },
    });
    return show({ errors, countries: askedCountries(web, c, read.problem, typed, country) }, 400);
  }
  const suggestion = choice !== undefined ? undefined : suggestEmail(read.identifier);
  if (suggestion !== undefined) return show({ suggestion }, 200);
  try {
    return await start(named(read.identifier, form.get('country')), form.get('work'));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const context = { phone: phoneProblemOf(error) };
    const errors = fieldErrors(viewOf(web, c), error, { fallbackField: 'identifier', context });
    const workWanted = error.code === 'rate_limited' && form.get('work') === undefined;
    return show({ errors, workWanted }, refusedStatus(c, error));
  }
}

/** Where no text can be sent, a number is no address, and whatever can't be read is a mistaken email address. */
export function readFor({ byPhone }: { byPhone: boolean }, typed: string, country: string): ReadIdentifier {
  const read = readIdentifier(typed, country);
  const isMistakenEmail = !read.ok && read.problem !== 'too_long' && read.problem !== 'control_characters';
  return !byPhone && isMistakenEmail ? { ok: false, problem: 'malformed_email' } : read;
}

/** A number that was read with a country of the form's: the next page reads it alike only if it says which. */
export function named(identifier: Identifier, country: string | undefined): Identifier {
  const isGuess = identifier.kind === 'phone' && country !== undefined && dependsOnCountry(identifier.typed);
  return isGuess ? { ...identifier, typed: identifier.canonical } : identifier;
}

/** The corrected spelling where "use it" was pressed: made again from what was typed, not taken from the form. */
function chosen(typed: string, choice: string | undefined, country: string): string {
  if (choice !== 'suggested') return typed;
  const read = readIdentifier(typed, country);
  return (read.ok ? suggestEmail(read.identifier) : undefined) ?? typed;
}

/** Asked for where a number could not be read that may be one of another country, or dialled from there. */
export function askedCountries(
  web: Web,
  c: HttpContext,
  problem: IdentifierProblem,
  typed: string,
  selected: string,
): Countries | undefined {
  const asks = problem === 'unknown_country' || (problem === 'malformed_phone' && dependsOnCountry(typed));
  return asks ? countries(web, c, selected) : undefined;
}

function countries(web: Web, c: HttpContext, selected: string): Countries {
  const { locale } = viewOf(web, c);
  const options = getCountries()
    .map((code) => ({ code: code as string, name: countryName(locale, code) }))
    .sort((a, b) => a.name.localeCompare(b.name, locale));
  return { selected: options.some(({ code }) => code === selected) ? selected : web.config.defaultCountry, options };
}
