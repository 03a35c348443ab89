/** Linking a messenger to an account, and unlinking one (decisions 0017 and 0027). */
import type { Context as HttpContext } from 'hono';
import { confirmLink } from '../actions/confirm-link.ts';
import { listMessengers } from '../actions/list-messengers.ts';
import { requireSession } from '../actions/sessions.ts';
import { discardLink, type LinkView, showLink } from '../actions/show-link.ts';
import { startLink } from '../actions/start-link.ts';
import { digestToken } from '../actions/tokens.ts';
import { unlinkMessenger } from '../actions/unlink-messenger.ts';
import { MESSENGERS, type Messenger } from '../rules/delivery.ts';
import { Refusal } from '../rules/errors.ts';
import {
  askLinkPage,
  endedLinkPage,
  startLinkPage,
  unlinkMessengerPage,
  waitingLinkPage,
} from './pages/account-messenger.ts';
import type { FieldError } from './pages/layout.ts';
import { fieldErrors } from './pages/problems.ts';
import { readForm } from './read-body.ts';
import { originOf, refusedStatus, viewOf, type Web } from './request.ts';
import type { Handler } from './routes.ts';

type Status = 200 | ReturnType<typeof refusedStatus>;

/** Whether this installation has it, and a link that opens it. */
export function canLink({ context, messengers }: Web, messenger: Messenger): boolean {
  return context.settings.messengers.includes(messenger) && messengers[messenger] !== undefined;
}

export const showStartLink: Handler = (web, c) => showStart(web, c, [], 200);

export const submitStartLink: Handler = async (web, c) => {
  const messenger = linkableOf(web, c);
  const password = (await readForm(c)).get('password') ?? '';
  try {
    if (password === '') throw new Refusal('invalid_request', { field: 'password' });
    const { token } = await startLink(web.context, sessionOf(web, c), messenger, password, originOf(web, c));
    web.cookies.write(c, 'link', token);
    return c.redirect(`/account/messengers/confirm/${messenger}`, 303);
  } catch (error) {
    return refusedBy(web, c, error, showStart);
  }
};

/** The token's link, then the question, each in its time; a session that has no link of this messenger starts again. */
export const showConfirmLink: Handler = async (web, c) => {
  const messenger = messengerOf(c);
  return showState(web, c, messenger, await showLink(web.context, sessionOf(web, c), messenger));
};

export const submitConfirmLink: Handler = async (web, c) => {
  const messenger = messengerOf(c);
  const form = await readForm(c);
  try {
    if (form.get('answer') === 'yes') {
      await confirmLink(web.context, sessionOf(web, c), messenger, form.get('offer') ?? '', originOf(web, c));
      web.cookies.forget(c, 'link');
      return c.redirect('/account?notice=messenger-linked', 303);
    }
    await discardLink(web.context, sessionOf(web, c), messenger);
    web.cookies.forget(c, 'link');
    return c.redirect('/account?notice=link-cancelled', 303);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.code === 'invalid_credentials') return c.redirect('/sign-in', 303);
    if (error.code !== 'not_found') throw error;
    return c.html(endedLinkPage(viewOf(web, c), { messenger, canLink: canLink(web, messenger) }), 404);
  }
};

/** For the page that waits. */
export const showLinkStatus: Handler = async (web, c) => {
  const { state } = await showLink(web.context, sessionOf(web, c), messengerOf(c));
  return c.json({ state });
};

export const showUnlinkMessenger: Handler = (web, c) => showUnlink(web, c, [], 200);

export const submitUnlinkMessenger: Handler = async (web, c) => {
  const messenger = messengerOf(c);
  const password = (await readForm(c)).get('password') ?? '';
  try {
    if (password === '') throw new Refusal('invalid_request', { field: 'password' });
    await unlinkMessenger(web.context, sessionOf(web, c), messenger, password, originOf(web, c));
    return c.redirect('/account?notice=messenger-unlinked', 303);
  } catch (error) {
    return refusedBy(web, c, error, showUnlink);
  }
};

async function showStart(web: Web, c: HttpContext, errors: FieldError[], status: Status): Promise<Response> {
  const messenger = linkableOf(web, c);
  const replaces = (await chatOf(web, c, messenger)) !== undefined;
  return c.html(startLinkPage(viewOf(web, c), { messenger, replaces, errors }), status);
}

async function showUnlink(web: Web, c: HttpContext, errors: FieldError[], status: Status): Promise<Response> {
  const messenger = messengerOf(c);
  const chat = await chatOf(web, c, messenger);
  if (!chat) throw new Refusal('not_found');
  return c.html(unlinkMessengerPage(viewOf(web, c), { messenger, name: chat.name, errors }), status);
}

function showState(web: Web, c: HttpContext, messenger: Messenger, link: LinkView): Response | Promise<Response> {
  const view = viewOf(web, c);
  if (link.state === 'offered') return c.html(askLinkPage(view, { messenger, offer: link.id, name: link.name }));
  const token = web.cookies.read(c, 'link');
  const isOurs = link.state === 'waiting' && token !== undefined && digestToken(token) === link.tokenDigest;
  const url = isOurs ? web.messengers[messenger]?.deepLink(token) : undefined;
  if (link.state === 'ended' || url === undefined)
    return c.html(endedLinkPage(view, { messenger, canLink: canLink(web, messenger) }));
  return c.html(waitingLinkPage(view, { messenger, url, expiresAt: link.expiresAt }));
}

/** The form again with what is wrong with the password; who was signed out meanwhile signs in. */
function refusedBy(
  web: Web,
  c: HttpContext,
  error: unknown,
  show: (web: Web, c: HttpContext, errors: FieldError[], status: Status) => Promise<Response>,
): Response | Promise<Response> {
  if (!(error instanceof Refusal) || error.code === 'not_found') throw error;
  const { code, details } = error;
  if (code === 'invalid_credentials' && details.field === undefined) return c.redirect('/sign-in', 303);
  const view = viewOf(web, c);
  const errors =
    code === 'invalid_credentials'
      ? [{ field: 'password', message: view.t.addAddress.wrongPassword }]
      : fieldErrors(view, error, { fallbackField: 'password' });
  return show(web, c, errors, refusedStatus(c, error));
}

async function chatOf(web: Web, c: HttpContext, messenger: Messenger) {
  const { account } = await requireSession(web.context, sessionOf(web, c));
  const linked = await listMessengers(web.context, account.id);
  return linked.find((row) => row.messenger === messenger)?.chat;
}

/** @throws Refusal `not_found` */
function messengerOf(c: HttpContext): Messenger {
  const messenger = MESSENGERS.find((one) => one === c.req.param('messenger'));
  if (messenger === undefined) throw new Refusal('not_found');
  return messenger;
}

/** @throws Refusal `not_found` */
function linkableOf(web: Web, c: HttpContext): Messenger {
  const messenger = messengerOf(c);
  if (!canLink(web, messenger)) throw new Refusal('not_found');
  return messenger;
}

function sessionOf(web: Web, c: HttpContext): string | undefined {
  return web.cookies.read(c, 'session');
}
