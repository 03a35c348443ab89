/** Registering: prove the address first, then say who you are. */
import type { Context as HttpContext } from 'hono';
import { completeRegistration } from '../actions/complete-registration.ts';
import { isWorkWanted } from '../actions/proof-of-work.ts';
import { startRegistration } from '../actions/start-registration.ts';
import { type PROBLEMS, Refusal } from '../rules/errors.ts';
import { PASSWORD_RULES } from '../rules/passwords.ts';
import { birthdayOf } from './birthday-field.ts';
import { submitIdentifier } from './identifier-form.ts';
import { registerPage } from './pages/identifier.ts';
import type { FieldError } from './pages/layout.ts';
import { fieldErrors } from './pages/problems.ts';
import { registerDetailsPage } from './pages/register-details.ts';
import { readForm } from './read-body.ts';
import { originOf, refusedStatus, viewOf, type Web } from './request.ts';
import type { Handler } from './routes.ts';
import { proofOf, tokenOf } from './typed-code.ts';

export const showRegister: Handler = async (web, c) => {
  const workWanted = await isWorkWanted(web.context);
  return c.html(
    registerPage(viewOf(web, c), {
      identifier: '',
      errors: [],
      workWanted,
      byPhone: web.context.settings.texting !== undefined,
    }),
  );
};

export const submitRegister: Handler = (web, c) =>
  submitIdentifier(web, c, 'registration', async (identifier, work) => {
    const { token } = await startRegistration(web.context, identifier, { ...originOf(web, c), work });
    web.cookies.write(c, 'registration', token);
    return c.redirect('/register/code', 303);
  });

export const showCompleteRegistration: Handler = (web, c) => showDetails(web, c, new Map(), [], 200);

export const submitCompleteRegistration: Handler = async (web, c) => {
  const form = await readForm(c);
  const password = form.get('password') ?? '';
  const person = { name: form.get('name') ?? '', birthday: birthdayOf(form).iso };
  try {
    if (password === '') throw new Refusal('invalid_request', { field: 'password' });
    if (password !== form.get('password2')) throw new Refusal('invalid_request', { field: 'password2' });
    await completeRegistration(web.context, (await tokenOf(web, c, 'registration')) ?? '', person, password);
    return c.redirect('/sign-in', 303);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const errors = fieldErrors(viewOf(web, c), error, { fallbackField: 'password' });
    return showDetails(web, c, form, errors, refusedStatus(c, error));
  }
};

async function showDetails(
  web: Web,
  c: HttpContext,
  form: Map<string, string>,
  errors: FieldError[],
  status: (typeof PROBLEMS)[keyof typeof PROBLEMS]['status'] | 200,
): Promise<Response> {
  const proof = await proofOf(web, c, 'registration');
  if (proof?.state === 'completed') return c.redirect('/sign-in', 303);
  if (proof?.state !== 'verified') return c.redirect(proof ? '/register/code' : '/register', 303);
  const profile = web.config.passwordProfile;
  const { day, month, year } = birthdayOf(form);
  const props = {
    typed: proof.typed,
    name: form.get('name') ?? '',
    birthday: { day, month, year },
    errors,
    profile,
    rules: PASSWORD_RULES[profile],
  };
  return c.html(registerDetailsPage(viewOf(web, c), props), status);
}
