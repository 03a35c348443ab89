/** The screen after the code of a number that several accounts have. */
import type { Context as HttpContext } from 'hono';
import { chooseAccount } from '../actions/choose-account.ts';
import { type PROBLEMS, Refusal } from '../rules/errors.ts';
import { chooseAccountPage } from './pages/choose-account.ts';
import type { FieldError } from './pages/layout.ts';
import { fieldErrors } from './pages/problems.ts';
import { readForm } from './read-body.ts';
import { refusedStatus, viewOf, type Web } from './request.ts';
import type { Handler } from './routes.ts';
import { proofOf, tokenOf } from './typed-code.ts';

export const showChooseAccount: Handler = (web, c) => showPage(web, c, [], 200);

export const submitChooseAccount: Handler = async (web, c) => {
  const chosen = (await readForm(c)).get('account') ?? '';
  try {
    await chooseAccount(web.context, (await tokenOf(web, c, 'recovery')) ?? '', chosen);
    return c.redirect('/recover/password', 303);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const errors = fieldErrors(viewOf(web, c), error, { fallbackField: 'account' });
    return showPage(web, c, errors, refusedStatus(c, error));
  }
};

/** Whoever is elsewhere in his recovery is led there, also who sent the form twice. */
async function showPage(
  web: Web,
  c: HttpContext,
  errors: FieldError[],
  status: (typeof PROBLEMS)[keyof typeof PROBLEMS]['status'] | 200,
): Promise<Response> {
  const proof = await proofOf(web, c, 'recovery');
  if (!proof?.choices) return c.redirect(proof ? '/recover/code' : '/recover', 303);
  const { typed, choices } = proof;
  return c.html(chooseAccountPage(viewOf(web, c), { typed, choices, errors }), status);
}
