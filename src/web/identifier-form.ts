/** The first screen of recovering and of registering: who are you? Slips are caught where nothing need be looked up. */

import type { Context as HttpContext } from 'hono';
import { getCountries } from 'libphonenumber-js/max';
import type { Purpose } from '../rules/codes.ts';
import { type PROBLEMS, Refusal } from '../rules/errors.ts';
import {
  type Identifier,
  isNationalNumber,
  type ReadIdentifier,
  readIdentifier,
  suggestEmail,
} from '../rules/identifiers.ts';
import { type Countries, type IdentifierFormProps, recoverPage, registerPage } from './pages/identifier.ts';
import { fieldErrors } from './pages/problems.ts';
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
  const read = readFor(purpose, typed, country);
  const show = (
    props: Partial<IdentifierFormProps>,
    status: 200 | (typeof PROBLEMS)[keyof typeof PROBLEMS]['status'],
  ): Response | Promise<Response> =>
    c.html(PAGES[purpose](viewOf(web, c), { identifier: typed, errors: [], ...props }), status);

  if (!read.ok) {
    const refusal = new Refusal('invalid_identifier', { field: 'identifier' });
    const errors = fieldErrors(viewOf(web, c), refusal, {
      fallbackField: 'identifier',
      context: { identifier: read.problem },
    });
    const asksCountry =
      read.problem === 'unknown_country' || (read.problem === 'malformed_phone' && isNationalNumber(typed));
    return show({ errors, ...(asksCountry ? { countries: countries(web, c, country) } : {}) }, 400);
  }
  const suggestion = choice !== undefined ? undefined : suggestEmail(read.identifier);
  if (suggestion !== undefined) return show({ suggestion }, 200);
  try {
    return await start(read.identifier, form.get('work'));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const errors = fieldErrors(viewOf(web, c), error, { fallbackField: 'identifier' });
    const workWanted = error.code === 'rate_limited' && form.get('work') === undefined;
    return show({ errors, workWanted }, refusedStatus(c, error));
  }
}

/** An account is opened with an email address, so whatever else was typed is a mistaken one. */
function readFor(purpose: Purpose, typed: string, country: string): ReadIdentifier {
  const read = readIdentifier(typed, country);
  if (purpose === 'recovery' || (read.ok && read.identifier.kind === 'email')) return read;
  const isTold = !read.ok && (read.problem === 'too_long' || read.problem === 'control_characters');
  return isTold ? read : { ok: false, problem: 'malformed_email' };
}

/** The corrected spelling where "use it" was pressed: made again from what was typed, not taken from the form. */
function chosen(typed: string, choice: string | undefined, country: string): string {
  if (choice !== 'suggested') return typed;
  const read = readIdentifier(typed, country);
  return (read.ok ? suggestEmail(read.identifier) : undefined) ?? typed;
}

function countries(web: Web, c: HttpContext, selected: string): Countries {
  const { locale } = viewOf(web, c);
  const names = new Intl.DisplayNames([locale === 'ar-XB' ? 'en' : locale], { type: 'region' });
  const options = getCountries()
    .map((code) => ({ code: code as string, name: names.of(code) ?? code }))
    .sort((a, b) => a.name.localeCompare(b.name, locale));
  return { selected: options.some(({ code }) => code === selected) ? selected : web.config.defaultCountry, options };
}
