/** Pages of development only: the demo shop and the inbox. */
import { streamSSE } from 'hono/streaming';
import { currentSession } from '../actions/sessions.ts';
import { Refusal } from '../rules/errors.ts';
import { devInboxList, devInboxPage, type InboxMessage } from './pages/dev-inbox.ts';
import { devShopPage } from './pages/dev-shop.ts';
import { viewOf, type Web } from './request.ts';
import type { Handler } from './routes.ts';

export const showDevShop: Handler = async (web, c) => {
  const current = await currentSession(web.context, web.cookies.read(c, 'session'));
  const signedInAs = current && (current.account.name ?? current.account.addresses[0]?.value ?? '');
  return c.html(devShopPage(viewOf(web, c), { signedInAs }));
};

export const showDevInbox: Handler = (web, c) =>
  c.html(devInboxPage(viewOf(web, c), { messages: messagesOf(web), selected: c.req.query('message') }));

export const showDevInboxList: Handler = (web, c) =>
  c.html(devInboxList(viewOf(web, c), { messages: messagesOf(web), selected: c.req.query('message') }));

/** One event per new message, with how many there are now. */
export const showDevInboxEvents: Handler = (web, c) =>
  streamSSE(c, async (stream) => {
    const count = (): string => String(messagesOf(web).length);
    await stream.writeSSE({ data: count() });
    await new Promise<void>((resolve) => {
      const arrived = (): void => void stream.writeSSE({ data: count() });
      const leave = web.inbox?.subscribe({ arrived, ended: resolve });
      stream.onAbort(() => {
        leave?.();
        resolve();
      });
    });
  });

/** The HTML part as a mail program would show it: framed, without script, its own styles allowed. */
export const showDevInboxHtml: Handler = (web, c) => {
  const message = messagesOf(web).find(({ id }) => id === c.req.param('id'));
  if (!message) throw new Refusal('not_found');
  c.header(
    'Content-Security-Policy',
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'",
  );
  return c.html(message.html);
};

function messagesOf(web: Web): InboxMessage[] {
  return (web.inbox?.messages() ?? []).map((message) => ({ ...message, kind: message.subject }));
}
