/** Development only: every message that left, and what it looks like where it arrives. */
import { html } from 'hono/html';
import type { Behaviour, InboxMessage } from '../../channels/inbox.ts';
import { fill, fillCount } from '../../locales/index.ts';
import { CHANNELS, type Channel, MESSENGERS } from '../../rules/delivery.ts';
import { codeBox, codeIn, linked } from './dev-code.ts';
import { devChat, devTexts, type OpenChat, phoneName } from './dev-phone.ts';
import { momentOf, rich } from './fields.ts';
import { type Icon, icon } from './icons.ts';
import { type Html, page, type View } from './layout.ts';

export interface DevInboxProps {
  /** Of this channel alone. */
  channel: Channel | undefined;
  /** Newest first. */
  messages: readonly InboxMessage[];
  /** Who the development phones belong to, by messenger and chat: `viber abc==`. */
  names: ReadonlyMap<string, string>;
  /** What stands beside the list. */
  open: OpenMessage | OpenChat | undefined;
  /** Chats of the development phones, where the channel is a messenger of ours. */
  phones: readonly PhoneRow[];
  behaviour: Behaviour;
  /** Who carries the channel for real. */
  carrier: string | undefined;
  hasReceipts: boolean;
  /** The query that this page was asked for with, for its list. */
  query: string;
}

export interface OpenMessage {
  kind: 'message';
  message: InboxMessage;
  /** All to the same number, oldest first. */
  thread: readonly InboxMessage[];
  /** Whether a receipt can be sent by hand. */
  canReport: boolean;
}

export interface PhoneRow {
  slug: 'first' | 'second';
  name: string;
  href: string;
  isOpen: boolean;
  last: InboxMessage | undefined;
}

export const CHANNEL_ICONS: Record<Channel, Icon> = {
  email: 'envelope',
  sms: 'phone',
  whatsapp: 'whatsapp',
  telegram: 'telegram',
  viber: 'viber',
};

/** `/dev/inbox?channel={channel}&message={id}` and `/dev/inbox/chats/{messenger}?phone={slug}&token={token}`. */
export function devInboxPage(view: View, props: DevInboxProps): Html {
  const t = view.t.inbox;
  return page(view, {
    title: t.title,
    bodyClass: 'inbox',
    extraStyle: 'dev.css',
    extraScript: 'inbox.js',
    skipLink: true,
    corner: html`<nav class="corner"><a href="/">${t.shop}</a></nav>`,
    main: html`<h1>${t.title}</h1><p class="lead">${t.lead}</p>
<nav class="tabs" aria-label="${t.tabs}"><ul>${[undefined, ...CHANNELS].map((channel) => tab(view, channel, channel === props.channel))}</ul></nav>
<div id="inbox" data-list-url="/dev/inbox/list${props.query}" data-events-url="/dev/inbox/events">${devInboxList(view, props)}</div>`,
  });
}

/** What `/dev/inbox/list` answers to the same query, and what `inbox.js` puts in place when something has changed. */
export function devInboxList(view: View, props: DevInboxProps): Html {
  const t = view.t.inbox;
  const { channel, messages, open, phones } = props;
  const bar = channel === undefined ? '' : behaviourBar(view, channel, props);
  if (!open)
    return html`${bar}<div class="card empty">${icon(channel === undefined ? 'envelope' : CHANNEL_ICONS[channel])}<h2>${t.empty}</h2><p>${t.emptyText}</p><a class="button primary" href="/recover">${t.emptyLink}</a></div>`;
  const rows =
    phones.length > 0
      ? html`<nav aria-label="${t.phones}"><ul class="messages">${phones.map((phone) => phoneRow(view, phone))}</ul></nav>`
      : html`<nav aria-label="${t.list}"><p class="hint" role="status">${fillCount(view.locale, t.count, messages.length)}</p><ul class="messages">${messages.map(
          (message) => messageRow(view, message, props, isOpen(message, open)),
        )}</ul></nav>`;
  return html`${bar}<div class="panes">${rows}${openPart(view, open)}</div>`;
}

function tab(view: View, channel: Channel | undefined, isCurrent: boolean): Html {
  const t = view.t.inbox;
  const href = channel === undefined ? '/dev/inbox' : hrefOf(channel);
  const current = isCurrent ? html` aria-current="page"` : '';
  return html`<li><a href="${href}"${current}>${channel === undefined ? '' : icon(CHANNEL_ICONS[channel])}<span>${channel === undefined ? t.all : t.channels[channel]}</span></a></li>`;
}

function hrefOf(channel: Channel): string {
  return MESSENGERS.some((messenger) => messenger === channel)
    ? `/dev/inbox/chats/${channel}`
    : `/dev/inbox?channel=${channel}`;
}

function isOpen(message: InboxMessage, open: OpenMessage | OpenChat): boolean {
  return (open.kind === 'message' ? open.message.id : open.selected) === message.id;
}

/** A switch without script: three buttons, one of them pressed. */
function behaviourBar(view: View, channel: Channel, { behaviour, carrier, hasReceipts }: DevInboxProps): Html {
  const t = view.t.inbox;
  if (carrier !== undefined) return html`<p class="hint bar">${fill(t.carried, { provider: carrier })}</p>`;
  const offered: Behaviour[] = hasReceipts ? ['works', 'refuses', 'silent'] : ['works', 'refuses'];
  const text = behaviour === 'works' && !hasReceipts ? t.behaviourText.unreported : t.behaviourText[behaviour];
  return html`<form class="bar" method="post" action="/dev/inbox/behaviour"><input type="hidden" name="channel" value="${channel}"><div class="switch" role="group" aria-label="${t.behaviour}">${offered.map(
    (one) =>
      html`<button name="behaviour" value="${one}" aria-pressed="${one === behaviour ? 'true' : 'false'}">${t.behaviours[one]}</button>`,
  )}</div><p class="hint">${text}</p></form>`;
}

function messageRow(
  view: View,
  message: InboxMessage,
  { channel: within, names }: DevInboxProps,
  isCurrent: boolean,
): Html {
  const name = names.get(`${message.channel} ${message.to}`) ?? message.to;
  const query = new URLSearchParams({ ...(within ? { channel: within } : {}), message: message.id });
  const current = isCurrent ? html` aria-current="true"` : '';
  return html`<li><a href="/dev/inbox?${query}"${current}>${icon(CHANNEL_ICONS[message.channel])}<span><strong dir="auto">${subjectOf(view, message, name)}</strong><bdi>${name}</bdi><small>${view.t.inbox.channels[message.channel]} · ${momentOf(view, message.at)}</small></span></a></li>`;
}

function phoneRow(view: View, { slug, name, href, isOpen, last }: PhoneRow): Html {
  const current = isOpen ? html` aria-current="true"` : '';
  return html`<li><a href="${href}"${current}>${icon('phone')}<span><strong>${phoneName(view, slug)}</strong><bdi>${name}</bdi><small dir="auto">${last?.text ?? view.t.inbox.nothingSaid}</small></span></a></li>`;
}

/** Of what has no subject, as phones show it: how it begins. */
function subjectOf(view: View, { subject, text, said }: InboxMessage, name: string): string {
  if (subject !== '') return subject;
  return said ? fill(view.t.inbox.saidBy, { name, text }) : text;
}

function openPart(view: View, open: OpenMessage | OpenChat): Html {
  if (open.kind === 'chat') return devChat(view, open);
  return open.message.channel === 'email' ? openMail(view, open.message) : devTexts(view, open);
}

function openMail(view: View, message: InboxMessage): Html {
  const t = view.t.inbox;
  return html`<article class="card" aria-labelledby="subject"><p class="hint">${t.channels.email} · ${momentOf(view, message.at)}</p>
<h2 id="subject">${message.subject}</h2><p class="to">${rich(t.to, { to: html`<bdi>${message.to}</bdi>` })}</p>
${message.fate ? html`<p class="fate">${icon('warn')}<span>${t[message.fate]}</span></p>` : ''}
${codeBox(view, codeIn(message))}
${
  message.html === ''
    ? ''
    : html`<h3>${t.asHtml}</h3><iframe title="${t.htmlFrame}" src="/dev/inbox/${encodeURIComponent(message.id)}/html" sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe>`
}
<h3>${t.asText}</h3><pre tabindex="0">${linked(message.text)}</pre></article>`;
}
