/** The account page of somebody who is signed in. */
import { currentSession, listSessions, signOut, signOutElsewhere } from '../actions/sessions.ts';
import { accountPage } from './pages/account.ts';
import { viewOf } from './request.ts';
import type { Handler } from './routes.ts';

export const showAccount: Handler = async (web, c) => {
  const current = await currentSession(web.context, web.cookies.read(c, 'session'));
  if (!current) return c.redirect('/sign-in', 303);
  const { account, session } = current;
  const sessions = await listSessions(web.context, account.id);
  return c.html(
    accountPage(viewOf(web, c), {
      name: account.name,
      addresses: account.addresses.map(({ value, confirmedAt }) => ({ value, confirmed: confirmedAt !== null })),
      sessions: sessions.map(({ id, browser, createdAt, lastSeenAt }) => ({
        browser,
        createdAt,
        lastSeenAt,
        current: id === session.id,
      })),
      notice: c.req.query('notice') === 'signed-out-elsewhere' ? 'signed-out-elsewhere' : undefined,
    }),
  );
};

export const submitSignOut: Handler = async (web, c) => {
  await signOut(web.context, web.cookies.read(c, 'session'));
  web.cookies.forget(c, 'session');
  return c.redirect('/sign-in?notice=signed-out', 303);
};

export const submitSignOutElsewhere: Handler = async (web, c) => {
  const token = web.cookies.read(c, 'session');
  if (!(await currentSession(web.context, token))) return c.redirect('/sign-in', 303);
  await signOutElsewhere(web.context, token);
  return c.redirect('/account?notice=signed-out-elsewhere', 303);
};
