/** Help, signs of life, and the addresses that only lead elsewhere. */

import { Refusal } from '../rules/errors.ts';
import { helpPage } from './pages/help.ts';
import { viewOf, type Web } from './request.ts';
import type { Handler } from './routes.ts';

export const showHelp: Handler = (web, c) =>
  c.html(helpPage(viewOf(web, c), { sender: senderAddress(web), profile: web.config.passwordProfile }));

/** W3C "A Well-Known URL for Changing Passwords". */
export const redirectToRecovery: Handler = (_web, c) => c.redirect('/recover', 303);

export const redirectHome: Handler = (web, c) => c.redirect(web.config.homePath, 303);

/**
 * Shows whoever holds the root secret that this is his installation: a challenge is signed together with our own origin,
 * by a key for nothing else. `regain doctor` measures no installation that can't answer for its operator.
 */
export const proveOperator: Handler = (web, c) => {
  const challenge = c.req.param('challenge') ?? '';
  if (!/^[\w-]{22,64}$/.test(challenge)) throw new Refusal('not_found');
  return c.text(web.context.keys.sign('operator', `${web.config.origin} ${challenge}`));
};

/** The process answers. */
export const showHealth: Handler = (_web, c) => c.json({ status: 'ok' });

/** The process can do its work: the database answers and has this version's tables. */
export const showReadiness: Handler = async (web, c) => {
  try {
    await web.context.store.ping();
    const pending = await web.context.store.pendingMigrations();
    return pending.length === 0 ? c.json({ status: 'ready' }) : c.json({ status: 'migrations pending' }, 503);
  } catch (error) {
    web.context.log.error('not-ready', { error: String(error) });
    return c.json({ status: 'database unavailable' }, 503);
  }
};

/** The address that people look for in their mailbox. */
export function senderAddress(web: Web): string {
  const from = web.config.mail?.from ?? `no-reply@${new URL(web.config.origin).hostname}`;
  return /<([^<>]+)>/.exec(from)?.[1] ?? from;
}
