/** The account page of somebody who is signed in. */
import { listActivity, unfinishedRecovery } from '../actions/list-activity.ts';
import { listMessengers } from '../actions/list-messengers.ts';
import { addressKey } from '../actions/remove-address.ts';
import { currentSession, listSessions, signOut, signOutElsewhere } from '../actions/sessions.ts';
import type { Account, HeldAddress } from '../ports.ts';
import { canRemove } from '../rules/addresses.ts';
import { staleSince } from '../rules/stale-numbers.ts';
import { canLink } from './account-messengers.ts';
import { OWNERS_COOKIES } from './cookies.ts';
import { type AccountNotice, type AccountProps, accountPage } from './pages/account.ts';
import { activityPage } from './pages/account-activity.ts';
import { viewOf, type Web } from './request.ts';
import type { Handler } from './routes.ts';

const NOTICES: readonly AccountNotice[] = [
  'signed-out-elsewhere',
  'address-added',
  'address-removed',
  'number-confirmed',
  'messenger-linked',
  'messenger-unlinked',
  'link-cancelled',
];

export const showAccount: Handler = async (web, c) => {
  const current = await currentSession(web.context, web.cookies.read(c, 'session'));
  if (!current) return c.redirect('/sign-in', 303);
  const { account, session } = current;
  const sessions = await listSessions(web.context, account.id);
  const messengers = await listMessengers(web.context, account.id);
  return c.html(
    accountPage(viewOf(web, c), {
      name: account.name,
      addresses: account.addresses.map((address) => ({
        value: address.value,
        confirmed: address.confirmedAt !== null,
        removeUrl: canRemove(account.addresses, address, web.context.settings.texting?.countries)
          ? `/account/addresses/remove/${addressKey(web.context, address)}`
          : undefined,
        stale: staleOf(web, account, address),
      })),
      byPhone: web.context.settings.texting !== undefined,
      messengers: messengers
        .map((row) => ({ ...row, canLink: canLink(web, row.messenger) }))
        .filter((row) => row.canLink || row.chat !== undefined),
      sessions: sessions.map(({ id, browser, createdAt, lastSeenAt }) => ({
        browser,
        createdAt,
        lastSeenAt,
        current: id === session.id,
      })),
      activity: await listActivity(web.context, account.id),
      unfinished: await unfinishedRecovery(web.context, account.id),
      identifier: account.addresses.find(({ confirmedAt }) => confirmedAt !== null)?.value ?? '',
      notice: NOTICES.find((notice) => notice === c.req.query('notice')),
    }),
  );
};

function staleOf({ context }: Web, account: Account, address: HeldAddress): AccountProps['addresses'][number]['stale'] {
  const provenAt = staleSince(address, account, {
    countries: context.settings.texting?.countries,
    now: context.clock.now(),
  });
  if (provenAt === undefined) return undefined;
  return { provenAt, confirmUrl: `/account/addresses/confirm/${addressKey(context, address)}` };
}

export const showActivity: Handler = async (web, c) => {
  const current = await currentSession(web.context, web.cookies.read(c, 'session'));
  if (!current) return c.redirect('/sign-in', 303);
  const activity = await listActivity(web.context, current.account.id, c.req.query('before'));
  return c.html(activityPage(viewOf(web, c), activity));
};

export const submitSignOut: Handler = async (web, c) => {
  await signOut(web.context, web.cookies.read(c, 'session'));
  web.cookies.forget(c, 'session');
  for (const name of OWNERS_COOKIES) web.cookies.forget(c, name);
  return c.redirect('/sign-in?notice=signed-out', 303);
};

export const submitSignOutElsewhere: Handler = async (web, c) => {
  const token = web.cookies.read(c, 'session');
  if (!(await currentSession(web.context, token))) return c.redirect('/sign-in', 303);
  await signOutElsewhere(web.context, token);
  return c.redirect('/account?notice=signed-out-elsewhere', 303);
};
