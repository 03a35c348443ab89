/** The chats of the development phones: what they show, and what is done in them. */
import type { Context as HttpContext } from 'hono';
import type { InboxMessage } from '../channels/inbox.ts';
import type { ChatAct, Phone } from '../channels/inbox-chats.ts';
import { type Channel, MESSENGERS, type Messenger } from '../rules/delivery.ts';
import { Refusal } from '../rules/errors.ts';
import type { PhoneRow } from './pages/dev-inbox.ts';
import type { OpenChat } from './pages/dev-phone.ts';
import { readForm } from './read-body.ts';
import type { Web } from './request.ts';
import type { Handler } from './routes.ts';

export function messengerOf(channel: string | undefined): Messenger | undefined {
  return MESSENGERS.find((messenger) => messenger === channel);
}

/** What the person said or did in a chat. */
export const submitDevChat: Handler = async (web, c) => {
  const messenger = messengerOf(c.req.param('messenger'));
  const form = await readForm(c);
  const phone = web.chats?.phones.find(({ slug }) => slug === form.get('phone'));
  if (!messenger || !phone || !web.chats) throw new Refusal('not_found');
  await web.chats.act(messenger, phone, actOf(form));
  // The token is in what was said now; the way back to the account stays in sight.
  const cameByLink = form.has('token') || form.get('from') === 'link';
  return c.redirect(`${hrefOf(messenger, phone, cameByLink ? { from: 'link' } : {})}#phone`, 303);
};

/** @throws Refusal `invalid_request` */
function actOf(form: Map<string, string>): ChatAct {
  const [act, text, token] = [form.get('act'), form.get('text')?.trim(), form.get('token')];
  if (act === 'block' || act === 'unblock') return { kind: act };
  if (act !== 'say' || !text) throw new Refusal('invalid_request', { field: 'text' });
  return { kind: 'say', text, token };
}

/** Who the development phones belong to, by messenger and chat. */
export function namesOf({ chats }: Web): Map<string, string> {
  const phones = chats?.phones ?? [];
  return new Map(
    MESSENGERS.flatMap((messenger) => phones.map(({ name, chats }) => [`${messenger} ${chats[messenger]}`, name])),
  );
}

/** The two phones, where the channel is a messenger that nobody carries for real. */
export function phoneRowsOf(web: Web, c: HttpContext, channel: Channel | undefined): PhoneRow[] {
  const messenger = ours(web, channel);
  if (!messenger || !web.chats) return [];
  const open = phoneOf(web, c);
  const token = c.req.query('token');
  return web.chats.phones.map((phone) => ({
    slug: phone.slug,
    name: phone.name,
    href: hrefOf(messenger, phone, token === undefined ? {} : { token }),
    isOpen: phone.slug === open?.slug,
    last: threadOf(web, messenger, phone.chats[messenger]).at(-1),
  }));
}

/** The chat that the message is in, or that the query asks for. */
export function openChatOf(
  web: Web,
  c: HttpContext,
  channel: Channel | undefined,
  message: InboxMessage | undefined,
): OpenChat | undefined {
  const messenger = messengerOf(message?.channel ?? channel);
  if (!messenger || !web.chats || !web.inbox) return undefined;
  const phones = web.inbox.carrierOf(messenger) === undefined ? web.chats.phones : [];
  const phone = message ? phones.find(({ chats }) => chats[messenger] === message.to) : phoneOf(web, c);
  const chat = message?.to ?? phone?.chats[messenger];
  if (chat === undefined || (phones.length === 0 && !message)) return undefined;
  const token = message ? undefined : c.req.query('token');
  return {
    kind: 'chat',
    messenger,
    phone: phones.length === 0 ? undefined : phone,
    chat,
    thread: threadOf(web, messenger, chat),
    token,
    byLink: token !== undefined || c.req.query('from') === 'link',
    opened: web.chats.opened(messenger, token),
    isBlocked: web.inbox.isBlocked(messenger, chat),
    selected: message?.id,
    canReport: web.inbox.hasReceipts(messenger),
  };
}

function ours(web: Web, channel: Channel | undefined): Messenger | undefined {
  const messenger = messengerOf(channel);
  return messenger && web.inbox?.carrierOf(messenger) === undefined ? messenger : undefined;
}

function phoneOf(web: Web, c: HttpContext): Phone | undefined {
  const phones = web.chats?.phones ?? [];
  return phones.find(({ slug }) => slug === c.req.query('phone')) ?? phones[0];
}

function hrefOf(messenger: Messenger, { slug }: Phone, more: { token?: string; from?: 'link' }): string {
  const query = new URLSearchParams({ phone: slug, ...more });
  return `/dev/inbox/chats/${messenger}?${query}`;
}

/** Oldest first. */
function threadOf(web: Web, messenger: Messenger, chat: string): InboxMessage[] {
  const all = web.inbox?.messages() ?? [];
  return all.filter(({ channel, to }) => channel === messenger && to === chat).reverse();
}
