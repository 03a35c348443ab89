/** Pages of development only: the demo shop and the inbox. */
import { once } from 'node:events';
import type { Context as HttpContext } from 'hono';
import { streamSSE } from 'hono/streaming';
import { currentSession } from '../actions/sessions.ts';
import type { Behaviour, InboxMessage } from '../channels/inbox.ts';
import { CHANNELS, type Channel } from '../rules/delivery.ts';
import { Refusal } from '../rules/errors.ts';
import { messengerOf, namesOf, openChatOf, phoneRowsOf } from './development-chats.ts';
import { type DevInboxProps, devInboxList, devInboxPage } from './pages/dev-inbox.ts';
import { devShopPage } from './pages/dev-shop.ts';
import { readForm } from './read-body.ts';
import { viewOf, type Web } from './request.ts';
import type { Handler } from './routes.ts';

export const showDevShop: Handler = async (web, c) => {
  const current = await currentSession(web.context, web.cookies.read(c, 'session'));
  const signedInAs = current && (current.account.name ?? current.account.addresses[0]?.value ?? '');
  return c.html(devShopPage(viewOf(web, c), { signedInAs }));
};

export const showDevInbox: Handler = (web, c) => c.html(devInboxPage(viewOf(web, c), propsOf(web, c)));

export const showDevInboxList: Handler = (web, c) => c.html(devInboxList(viewOf(web, c), propsOf(web, c)));

/** One event per change, with how many there were. */
export const showDevInboxEvents: Handler = (web, c) =>
  streamSSE(c, async (stream) => {
    const place = web.streams.enter(undefined);
    if (!place) return;
    stream.onAbort(place.leave);
    const revision = (): string => String(web.inbox?.revision());
    await stream.writeSSE({ data: revision() });
    const unsubscribe = web.inbox?.subscribe(() => void stream.writeSSE({ data: revision() }));
    if (!place.ended.aborted) await once(place.ended, 'abort');
    unsubscribe?.();
    place.leave();
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

/** The phone reports what became of a message, as its provider would. */
export const submitDevReport: Handler = async (web, c) => {
  const form = await readForm(c);
  const id = form.get('message') ?? '';
  const status = (['delivered', 'read', 'failed'] as const).find((one) => one === form.get('status'));
  if (status === undefined) throw new Refusal('invalid_request', { field: 'status' });
  if (!(await web.inbox?.report(id, status))) throw new Refusal('not_found');
  return c.redirect(`/dev/inbox?message=${encodeURIComponent(id)}#phone`, 303);
};

/** What happens to the messages of a channel from now on. */
export const submitDevBehaviour: Handler = async (web, c) => {
  const form = await readForm(c);
  const channel = channelOf(form.get('channel'));
  const behaviour = BEHAVIOURS.find((one) => one === form.get('behaviour'));
  if (channel === undefined || behaviour === undefined) throw new Refusal('invalid_request');
  web.inbox?.behave(channel, behaviour);
  const messenger = messengerOf(channel);
  return c.redirect(messenger ? `/dev/inbox/chats/${messenger}` : `/dev/inbox?channel=${channel}`, 303);
};

const BEHAVIOURS: readonly Behaviour[] = ['works', 'refuses', 'silent'];

/** By `channel`, `message`, `phone` and `token` of the query; chats name their messenger in the path. */
function propsOf(web: Web, c: HttpContext): DevInboxProps {
  const named = c.req.param('messenger');
  if (named !== undefined && !messengerOf(named)) throw new Refusal('not_found');
  const channel = channelOf(named ?? c.req.query('channel'));
  const messages = messagesOf(web).filter((message) => channel === undefined || message.channel === channel);
  const phones = phoneRowsOf(web, c, channel);
  const carrier = channel && web.inbox?.carrierOf(channel);
  return {
    channel,
    messages,
    names: namesOf(web),
    open: openOf(web, c, channel, messages),
    phones,
    behaviour: (channel && web.inbox?.behaviourOf(channel)) ?? 'works',
    carrier,
    hasReceipts: channel !== undefined && web.inbox?.hasReceipts(channel) === true,
    query: queryOf(c, channel),
  };
}

function openOf(
  web: Web,
  c: HttpContext,
  channel: Channel | undefined,
  messages: readonly InboxMessage[],
): DevInboxProps['open'] {
  const selected = messages.find(({ id }) => id === c.req.query('message'));
  const message = selected ?? messages[0];
  const chat = openChatOf(web, c, channel, selected ?? (channel === undefined ? message : undefined));
  if (chat || !message) return chat;
  const thread = messages.filter((other) => other.channel === message.channel && other.to === message.to).reverse();
  const canReport = web.inbox?.hasReceipts(message.channel) === true && !message.fate;
  return { kind: 'message', message, thread, canReport };
}

/** Of the list that belongs to this page. */
function queryOf(c: HttpContext, channel: Channel | undefined): string {
  const { message, phone, token, from } = c.req.query();
  const wanted = { channel, message, phone, token, from };
  const given = Object.entries(wanted).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}

function channelOf(text: string | undefined): Channel | undefined {
  return CHANNELS.find((channel) => channel === text);
}

function messagesOf(web: Web): InboxMessage[] {
  return web.inbox?.messages() ?? [];
}
