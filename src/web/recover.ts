/** The screens of a recovery but the code and the choice after it: who are you, another way, the new password. */
import type { Context as HttpContext } from 'hono';
import { isWorkWanted } from '../actions/proof-of-work.ts';
import { setPassword } from '../actions/set-password.ts';
import { startRecovery } from '../actions/start-recovery.ts';
import { type PROBLEMS, Refusal } from '../rules/errors.ts';
import { PASSWORD_RULES } from '../rules/passwords.ts';
import { submitIdentifier } from './identifier-form.ts';
import { anotherWayPage } from './pages/another-way.ts';
import { heldPage } from './pages/held.ts';
import { recoverPage } from './pages/identifier.ts';
import type { FieldError } from './pages/layout.ts';
import { fieldErrors } from './pages/problems.ts';
import { passwordPage } from './pages/recover-password.ts';
import { readForm } from './read-body.ts';
import { originOf, refusedStatus, viewOf, type Web } from './request.ts';
import type { Handler } from './routes.ts';
import { proofOf, tokenOf } from './typed-code.ts';

export const showRecover: Handler = async (web, c) => {
  const workWanted = await isWorkWanted(web.context);
  return c.html(recoverPage(viewOf(web, c), { identifier: '', errors: [], workWanted }));
};

/** "Forgot password?" posts the sign-in form here, so that the identifier travels without script; the password is let fall. */
export const submitFromSignIn: Handler = async (web, c) => {
  const identifier = (await readForm(c)).get('identifier') ?? '';
  const workWanted = await isWorkWanted(web.context);
  return c.html(recoverPage(viewOf(web, c), { identifier, errors: [], workWanted }));
};

export const submitRecover: Handler = (web, c) =>
  submitIdentifier(web, c, 'recovery', async (identifier, work) => {
    const { token } = await startRecovery(web.context, identifier, { ...originOf(web, c), work });
    web.cookies.write(c, 'recovery', token);
    return c.redirect('/recover/code', 303);
  });

export const showAnotherWay: Handler = async (web, c) => {
  const proof = await proofOf(web, c, 'recovery');
  if (!proof) return c.redirect('/recover', 303);
  const channels = proof.channels.map((channel) => ({ channel, current: channel === proof.channel }));
  return c.html(anotherWayPage(viewOf(web, c), { typed: proof.typed, kind: proof.kind, channels }));
};

export const showSetPassword: Handler = async (web, c) => showPasswordPage(web, c, [], 200);

export const submitSetPassword: Handler = async (web, c) => {
  const form = await readForm(c);
  const password = form.get('password') ?? '';
  try {
    if (password === '') throw new Refusal('invalid_request', { field: 'password' });
    if (password !== form.get('password2')) throw new Refusal('invalid_request', { field: 'password2' });
    // A session of this account has ended with all others; one of somebody else in this browser is none of our business.
    const { state } = await setPassword(
      web.context,
      (await tokenOf(web, c, 'recovery')) ?? '',
      password,
      originOf(web, c).source,
    );
    return c.redirect(state === 'held' ? '/recover/password' : '/sign-in', 303);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const errors = fieldErrors(viewOf(web, c), error, { fallbackField: 'password' });
    return showPasswordPage(web, c, errors, refusedStatus(c, error));
  }
};

async function showPasswordPage(
  web: Web,
  c: HttpContext,
  errors: FieldError[],
  status: (typeof PROBLEMS)[keyof typeof PROBLEMS]['status'] | 200,
): Promise<Response> {
  const proof = await proofOf(web, c, 'recovery');
  if (proof?.state === 'completed') return c.redirect('/sign-in', 303);
  if (proof?.held) return c.html(heldPage(viewOf(web, c), proof.held));
  if (proof?.state === 'choosing') return c.redirect('/recover/account', 303);
  if (proof?.state !== 'verified') return c.redirect(proof ? '/recover/code' : '/recover', 303);
  const profile = web.config.passwordProfile;
  return c.html(
    passwordPage(viewOf(web, c), {
      typed: proof.typed,
      chosen: proof.chosen,
      profile,
      rules: PASSWORD_RULES[profile],
      errors,
    }),
    status,
  );
}
