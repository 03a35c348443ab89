/** The link of a recovery mail: its token stands in the fragment, so that only a post brings it here. */
import type { Context as HttpContext } from 'hono';
import { cancelRecovery } from '../actions/cancel-recovery.ts';
import { confirmRecovery, showConfirmation } from '../actions/confirm-recovery.ts';
import { PROBLEMS, Refusal } from '../rules/errors.ts';
import { cancelledPage } from './pages/cancel.ts';
import { confirmGonePage, confirmPage, openLinkPage } from './pages/confirm.ts';
import { readForm } from './read-body.ts';
import { originOf, viewOf, type Web } from './request.ts';
import type { Handler } from './routes.ts';

/** The script posts the fragment; without it there is a field to put the link into. */
export const showConfirm: Handler = (web, c) => c.html(openLinkPage(viewOf(web, c), { errors: [] }));

export const submitConfirm: Handler = async (web, c) => {
  const form = await readForm(c);
  const token = tokenIn(form.get('link') ?? '');
  const view = viewOf(web, c);
  if (token === undefined) {
    const errors = [{ field: 'link', message: view.t.confirm.noLink }];
    return c.html(openLinkPage(view, { errors }), 400);
  }
  try {
    return await answered(web, c, token, form.get('answer'));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return c.html(confirmGonePage(view), PROBLEMS[error.code].status);
  }
};

async function answered(web: Web, c: HttpContext, token: string, answer: string | undefined): Promise<Response> {
  const view = viewOf(web, c);
  if (answer === 'yes') {
    const verified = await confirmRecovery(web.context, token, originOf(web, c));
    web.cookies.write(c, 'recovery', verified.token);
    return c.redirect('/recover/password', 303);
  }
  const { requestedAt, browser, cancelToken } = await showConfirmation(web.context, token);
  if (answer === undefined) return c.html(confirmPage(view, { link: token, requestedAt, browser }));
  await cancelRecovery(web.context, cancelToken);
  return c.html(cancelledPage(view));
}

/** The whole link, or what stands behind its #. */
function tokenIn(link: string): string | undefined {
  return /(?:^|#)([\w-]+\.[\w-]+)$/.exec(link.trim())?.[1];
}
