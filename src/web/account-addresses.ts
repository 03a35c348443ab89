/** Adding a further address to an account, confirming a number again, and removing one. */
import type { Context as HttpContext } from 'hono';
import { addAddress } from '../actions/add-address.ts';
import { findAddress, removeAddress } from '../actions/remove-address.ts';
import { currentSession } from '../actions/sessions.ts';
import { startAddress } from '../actions/start-address.ts';
import { verifyCode } from '../actions/verify-code.ts';
import { fill, fillCount } from '../locales/index.ts';
import { Refusal } from '../rules/errors.ts';
import { type ReadIdentifier, suggestEmail } from '../rules/identifiers.ts';
import { ADDRESSES_MAX } from '../rules/limits.ts';
import { staleSince } from '../rules/stale-numbers.ts';
import { askedCountries, named, readFor } from './identifier-form.ts';
import { addAddressPage, confirmNumberPage, removeAddressPage } from './pages/account-address.ts';
import type { FieldError } from './pages/layout.ts';
import { fieldErrors, phoneProblemOf } from './pages/problems.ts';
import { readForm } from './read-body.ts';
import { countryOf, originOf, refusedStatus, viewOf, type Web } from './request.ts';
import type { Handler } from './routes.ts';
import { BEGINNINGS, showRefused, tokenOf } from './typed-code.ts';

/** Only for somebody who is signed in; everybody else is led there. */
export const ownersOnly =
  (handler: Handler): Handler =>
  async (web, c) => {
    const current = await currentSession(web.context, sessionOf(web, c));
    return current ? handler(web, c) : c.redirect('/sign-in', 303);
  };

export const showAddAddress: Handler = (web, c) =>
  c.html(
    addAddressPage(viewOf(web, c), {
      identifier: '',
      errors: [],
      ended: c.req.query('notice') === 'ended',
      byPhone: isByPhone(web),
    }),
  );

export const submitAddAddress: Handler = async (web, c) => {
  const form = await readForm(c);
  const typed = form.get('identifier') ?? '';
  const country = form.get('country') ?? countryOf(web, c);
  const byPhone = isByPhone(web);
  const read = readFor({ byPhone }, typed, country);
  const view = viewOf(web, c);
  const suggestion = read.ok && form.get('asked') !== typed ? suggestEmail(read.identifier) : undefined;
  if (suggestion !== undefined) {
    const errors = [{ field: 'identifier', message: fill(view.t.addAddress.didYouMean, { suggestion }) }];
    return c.html(addAddressPage(view, { identifier: typed, errors, asked: typed, byPhone }), 400);
  }
  try {
    if (!read.ok) throw new Refusal('invalid_identifier', { field: 'identifier' });
    const password = form.get('password') ?? '';
    if (password === '') throw new Refusal('invalid_request', { field: 'password' });
    const origin = { ...originOf(web, c), work: form.get('work') };
    const identifier = named(read.identifier, form.get('country'));
    const started = await startAddress(web.context, sessionOf(web, c), identifier, password, origin);
    web.cookies.write(c, 'address', started.token);
    return c.redirect('/account/addresses/code', 303);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (isSignedOut(error)) return c.redirect('/sign-in', 303);
    const errors = addressErrors(web, c, error, read);
    const asked = form.get('asked');
    const countries = read.ok ? undefined : askedCountries(web, c, read.problem, typed, country);
    const props = { identifier: typed, errors, asked, byPhone, countries };
    return c.html(addAddressPage(view, props), refusedStatus(c, error));
  }
};

/** The right code adds the address at once: the password was given before. */
export const submitAddressCode: Handler = async (web, c) => {
  const typed = (await readForm(c)).get('code') ?? '';
  const token = await tokenOf(web, c, 'address');
  if (token === undefined) return beginAnew(web, c);
  try {
    const verified = await verifyCode(web.context, 'address', token, typed, { rotateToken: true });
    const done = await addAddress(web.context, sessionOf(web, c), verified.token);
    web.cookies.forget(c, 'address');
    return c.redirect(`/account?notice=${done === 'added' ? 'address-added' : 'number-confirmed'}`, 303);
  } catch (error) {
    if (error instanceof Refusal && isSignedOut(error)) return c.redirect('/sign-in', 303);
    if (error instanceof Refusal && error.code === 'recovery_not_found') return beginAnew(web, c);
    return showRefused(web, c, 'address', error, typed);
  }
};

/** Says why to whoever had begun in this browser. */
function beginAnew(web: Web, c: HttpContext): Response {
  const ended = web.cookies.read(c, 'address') === undefined ? '' : '?notice=ended';
  return c.redirect(`${BEGINNINGS.address}${ended}`, 303);
}

export const showConfirmNumber: Handler = (web, c) => showConfirmation(web, c, [], 200);

export const submitConfirmNumber: Handler = async (web, c) => {
  const password = (await readForm(c)).get('password') ?? '';
  try {
    if (password === '') throw new Refusal('invalid_request', { field: 'password' });
    const { address } = await findAddress(web.context, sessionOf(web, c), keyOf(c));
    const { kind, canonical, value: typed } = address;
    const origin = originOf(web, c);
    const started = await startAddress(web.context, sessionOf(web, c), { kind, canonical, typed }, password, origin);
    web.cookies.write(c, 'address', started.token);
    return c.redirect('/account/addresses/code', 303);
  } catch (error) {
    if (!(error instanceof Refusal) || error.code === 'not_found') throw error;
    if (isSignedOut(error)) return c.redirect('/sign-in', 303);
    return showConfirmation(web, c, addressErrors(web, c, error), refusedStatus(c, error));
  }
};

/** A number that was confirmed meanwhile, or can't be texted any more, has nothing to be asked here. */
async function showConfirmation(
  web: Web,
  c: HttpContext,
  errors: FieldError[],
  status: 200 | ReturnType<typeof refusedStatus>,
): Promise<Response> {
  const { context } = web;
  const { account, address, removal } = await findAddress(context, sessionOf(web, c), keyOf(c));
  const provenAt = staleSince(address, account, {
    countries: context.settings.texting?.countries,
    now: context.clock.now(),
  });
  if (provenAt === undefined) return c.redirect('/account', 303);
  const removeUrl = removal === 'removable' ? `/account/addresses/remove/${keyOf(c)}` : undefined;
  const props = { number: address.value, provenAt, action: c.req.path, removeUrl, errors };
  return c.html(confirmNumberPage(viewOf(web, c), props), status);
}

export const showRemoveAddress: Handler = (web, c) => showRemoval(web, c, [], 200);

export const submitRemoveAddress: Handler = async (web, c) => {
  const password = (await readForm(c)).get('password') ?? '';
  try {
    if (password === '') throw new Refusal('invalid_request', { field: 'password' });
    await removeAddress(web.context, sessionOf(web, c), keyOf(c), password, originOf(web, c));
    return c.redirect('/account?notice=address-removed', 303);
  } catch (error) {
    if (!(error instanceof Refusal) || error.code === 'not_found') throw error;
    if (isSignedOut(error)) return c.redirect('/sign-in', 303);
    return showRemoval(web, c, addressErrors(web, c, error), refusedStatus(c, error));
  }
};

async function showRemoval(
  web: Web,
  c: HttpContext,
  errors: FieldError[],
  status: 200 | ReturnType<typeof refusedStatus>,
): Promise<Response> {
  const { address, removal } = await findAddress(web.context, sessionOf(web, c), keyOf(c));
  const props = { address: address.value, action: c.req.path, removal, errors: removal === 'removable' ? errors : [] };
  return c.html(removeAddressPage(viewOf(web, c), props), status);
}

function isByPhone({ context }: Web): boolean {
  return context.settings.texting !== undefined;
}

function addressErrors(web: Web, c: HttpContext, refusal: Refusal, read?: ReadIdentifier): FieldError[] {
  const view = viewOf(web, c);
  const t = view.t.addAddress;
  const { code, details } = refusal;
  if (code === 'invalid_credentials') return [{ field: 'password', message: t.wrongPassword }];
  if (details.detail === 'already_yours') return [{ field: 'identifier', message: t.alreadyYours }];
  if (details.detail === 'too_many_addresses')
    return [{ field: 'identifier', message: fillCount(view.locale, t.tooMany, ADDRESSES_MAX) }];
  const context = { identifier: read?.ok === false ? read.problem : undefined, phone: phoneProblemOf(refusal) };
  return fieldErrors(view, refusal, { fallbackField: 'password', context });
}

/** A wrong password names its field; without a session there is none. */
function isSignedOut({ code, details }: Refusal): boolean {
  return code === 'invalid_credentials' && details.field === undefined;
}

function keyOf(c: HttpContext): string {
  return c.req.param('address') ?? '';
}

function sessionOf(web: Web, c: HttpContext): string | undefined {
  return web.cookies.read(c, 'session');
}
