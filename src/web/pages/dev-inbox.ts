/** Development only: every message that left. */
import { html } from 'hono/html';
import { fillCount } from '../../locales/index.ts';
import { readCode } from '../../rules/codes.ts';
import type { Channel } from '../../rules/delivery.ts';
import { CODE_LADDER } from '../../rules/limits.ts';
import { momentOf, rich } from './fields.ts';
import { icon } from './icons.ts';
import { type Html, page, type View } from './layout.ts';

export interface InboxMessage {
  id: string;
  /** Milliseconds since 1970. */
  at: number;
  channel: Channel;
  to: string;
  subject: string;
  text: string;
  /** Empty for channels without HTML. */
  html: string;
  kind: string;
}

export interface DevInboxProps {
  /** Newest first. */
  messages: readonly InboxMessage[];
  /** Id of the message to open; without it the newest is open. */
  selected?: string | undefined;
}

/** `/dev/inbox?message={id}`; the HTML of a mail is framed from `/dev/inbox/{id}/html`. */
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
<div id="inbox" data-list-url="/dev/inbox/list" data-events-url="/dev/inbox/events" data-selected="${props.selected ?? ''}">${devInboxList(view, props)}</div>`,
  });
}

/** What `/dev/inbox/list?message={id}` answers, and what `inbox.js` puts in place when a message arrives. */
export function devInboxList(view: View, { messages, selected }: DevInboxProps): Html {
  const t = view.t.inbox;
  const open = messages.find(({ id }) => id === selected) ?? messages[0];
  if (!open)
    return html`<div class="card empty">${icon('envelope')}<h2>${t.empty}</h2><p>${t.emptyText}</p><a class="button primary" href="/recover">${t.emptyLink}</a></div>`;
  return html`<div class="panes"><nav aria-label="${t.list}"><p class="hint" role="status">${fillCount(view.locale, t.count, messages.length)}</p><ul class="messages">${messages.map(
    (message) => messageRow(view, message, message === open),
  )}</ul></nav>${openMessage(view, open)}</div>`;
}

function messageRow(view: View, message: InboxMessage, isOpen: boolean): Html {
  return html`<li><a href="/dev/inbox?message=${encodeURIComponent(message.id)}"${isOpen ? html` aria-current="true"` : ''}><strong>${message.subject || view.t.inbox.textSubject}</strong><bdi>${message.to}</bdi><small>${momentOf(view, message.at)}</small></a></li>`;
}

function openMessage(view: View, message: InboxMessage): Html {
  const t = view.t.inbox;
  const code = codeIn(message.text);
  return html`<article class="card" aria-labelledby="subject"><p class="hint">${t.channels[message.channel]} · ${momentOf(view, message.at)}</p>
<h2 id="subject">${message.subject || t.textSubject}</h2><p class="to">${rich(t.to, { to: html`<bdi>${message.to}</bdi>` })}</p>
${
  code === undefined
    ? ''
    : html`<div class="found"><p><span>${t.code}</span> <output>${code}</output></p><button type="button" class="secondary" data-copy="${code}" data-copied="${t.copied}" hidden>${t.copy}</button></div>`
}
${
  message.html === ''
    ? ''
    : html`<h3>${t.asHtml}</h3><iframe title="${t.htmlFrame}" src="/dev/inbox/${encodeURIComponent(message.id)}/html" sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe>`
}
${message.channel === 'email' ? html`<h3>${t.asText}</h3><pre tabindex="0">${linked(message.text)}</pre>` : onPhone(view, message)}</article>`;
}

/** As a phone shows it. */
function onPhone(view: View, { at, text }: InboxMessage): Html {
  return html`<h3>${view.t.inbox.onPhone}</h3><div class="handset"><p class="bubble" dir="auto">${linked(text)}</p><small>${momentOf(view, at)}</small></div>`;
}

/** Links of our own origin and others become clickable; the rest is text. */
function linked(text: string): (string | Html)[] {
  return text
    .split(/(https?:\/\/[^\s<>"]+)/)
    .map((part, at) => (at % 2 === 0 ? part : html`<a href="${part}">${part}</a>`));
}

/** A line that is nothing but a code, or the code that a text message ends with. */
function codeIn(text: string): string | undefined {
  const candidates = [...text.split('\n').map((line) => line.trim()), /#([0-9A-Z]+)\s*$/.exec(text)?.[1] ?? ''];
  for (const candidate of candidates.filter((line) => line === line.toUpperCase()))
    for (const shape of CODE_LADDER) {
      const code = readCode(candidate, shape);
      if (code !== undefined) return code;
    }
  return undefined;
}
