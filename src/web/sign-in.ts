/** Sign in: one field for who, one for the password. */

import type { Context as HttpContext } from 'hono';
import { showProof } from '../actions/show-proof.ts';
import { signIn } from '../actions/sign-in.ts';
import { Refusal } from '../rules/errors.ts';
import { readIdentifier } from '../rules/identifiers.ts';
import { OWNERS_COOKIES } from './cookies.ts';
import { fieldErrors } from './pages/problems.ts';
import { type SignInProps, signInPage } from './pages/sign-in.ts';
import { readForm } from './read-body.ts';
import { countryOf, originOf, refusedStatus, viewOf, type Web } from './request.ts';
import type { Handler } from './routes.ts';

export const showSignIn: Handler = async (web, c) =>
  c.html(signInPage(viewOf(web, c), { errors: [], ...(await justFinished(web, c)) }));

export const submitSignIn: Handler = async (web, c) => {
  const form = await readForm(c);
  const typed = form.get('identifier') ?? '';
  const read = readIdentifier(typed, countryOf(web, c));
  const password = form.get('password') ?? '';
  const device = web.cookies.read(c, 'device');
  try {
    if (!read.ok) throw new Refusal('invalid_identifier');
    if (password === '') throw new Refusal('invalid_request', { field: 'password' });
    const replaced = web.cookies.read(c, 'session');
    const signedIn = await signIn(web.context, read.identifier, password, originOf(web, c), device, replaced);
    web.cookies.write(c, 'session', signedIn.token);
    web.cookies.write(c, 'device', signedIn.device);
    for (const name of ['recovery', 'registration', ...OWNERS_COOKIES] as const) web.cookies.forget(c, name);
    return c.redirect('/account', 303);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const view = viewOf(web, c);
    const context = { identifier: read.ok ? undefined : read.problem };
    const errors = fieldErrors(view, error, { fallbackField: 'password', context });
    return c.html(signInPage(view, { identifier: typed, errors }), refusedStatus(c, error));
  }
};

/** After the last screen of a recovery or a registration: who it was, and that it worked. Nothing of it is in the URL. */
async function justFinished(web: Web, c: HttpContext): Promise<Pick<SignInProps, 'identifier' | 'notice'>> {
  if (c.req.query('notice') === 'signed-out') return { identifier: '', notice: 'signed-out' };
  for (const [purpose, notice] of [
    ['recovery', 'password-changed'],
    ['registration', 'registered'],
  ] as const) {
    const token = web.cookies.read(c, purpose);
    const proof = token === undefined ? undefined : await showProof(web.context, purpose, token).catch(refusedIsNone);
    if (proof?.state === 'completed') return { identifier: proof.typed, notice };
  }
  return { identifier: '' };
}

function refusedIsNone(error: unknown): undefined {
  if (!(error instanceof Refusal)) throw error;
}
