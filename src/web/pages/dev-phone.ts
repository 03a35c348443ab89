/** Development only: a phone, as it shows text messages and the chats of messengers. */
import { html } from 'hono/html';
import type { InboxMessage } from '../../channels/inbox.ts';
import type { Opened } from '../../channels/inbox-chats.ts';
import { fill } from '../../locales/index.ts';
import type { Messenger, ReportedStatus } from '../../rules/delivery.ts';
import { codeBox, codeIn, copyButton, linked } from './dev-code.ts';
import { momentOf, rich } from './fields.ts';
import { icon } from './icons.ts';
import type { Html, View } from './layout.ts';

export interface OpenChat {
  kind: 'chat';
  messenger: Messenger;
  /** The development phone; undefined for a chat of a real messenger. */
  phone: { slug: 'first' | 'second'; name: string } | undefined;
  /** The messenger's own name of the chat. */
  chat: string;
  /** Oldest first. */
  thread: readonly InboxMessage[];
  /** Of the link that opened it, until something was said. */
  token: string | undefined;
  byLink: boolean;
  opened: Opened;
  isBlocked: boolean;
  /** Id of the message that was asked for. */
  selected: string | undefined;
  canReport: boolean;
}

export interface OpenTexts {
  message: InboxMessage;
  /** All to the same number, oldest first. */
  thread: readonly InboxMessage[];
  canReport: boolean;
}

export function phoneName(view: View, slug: 'first' | 'second'): string {
  return view.t.inbox.phone[slug];
}

/** The text messages of one number. */
export function devTexts(view: View, { message, thread, canReport }: OpenTexts): Html {
  const t = view.t.inbox;
  const host = /\n@(\S+) #[0-9A-Z]+$/.exec(message.text)?.[1];
  return html`<article class="card" aria-labelledby="subject"><p class="hint">${t.channels.sms} · ${momentOf(view, message.at)}</p>
<h2 id="subject">${t.textSubject}</h2><p class="to">${rich(t.to, { to: html`<bdi>${message.to}</bdi>` })}</p>
<div class="beside"><section class="phone" data-look="sms" id="phone" aria-label="${t.onPhone}">${bar(view, t.textSubject)}
<div class="thread" tabindex="0"><ol>${thread.map((line) => bubble(view, line))}</ol></div></section>
<div>${codeBox(view, codeIn(message))}
${host === undefined ? '' : html`<p class="hint">${fill(t.boundCode, { host })}</p>`}
${canReport ? receipts(view, message, ['delivered', 'failed']) : ''}</div></div></article>`;
}

/** One chat of one phone. */
export function devChat(view: View, open: OpenChat): Html {
  const t = view.t.inbox;
  const { messenger, phone, chat, thread } = open;
  const last = thread.findLast(({ said }) => !said);
  const title = fill(t.chatOf, { brand: view.brand.name, channel: t.channels[messenger] });
  return html`<article class="card" aria-labelledby="subject"><p class="hint">${phone ? phoneName(view, phone.slug) : t.channels[messenger]}</p>
<h2 id="subject">${title}</h2><p class="to">${rich(t.to, { to: html`<bdi>${phone?.name ?? chat}</bdi>` })}</p>
<div class="beside"><section class="phone" data-look="${messenger}" id="phone" aria-label="${t.onPhone}">${bar(view, t.business[messenger], phone && !open.isBlocked ? menu(view, open) : '')}
<div class="thread" tabindex="0">${conversation(view, open)}</div>
${phone ? hand(view, open) : ''}</section>
<div>${open.byLink ? html`<p class="hint">${t.byLink} <a href="/account/messengers/confirm/${messenger}">${t.accountLink}</a></p>` : ''}
${codeBox(view, last && codeIn(last))}
${open.canReport && last && !last.fate ? receipts(view, last, ['delivered', 'read', 'failed']) : ''}</div></div></article>`;
}

function bar(view: View, below: string, more: Html | '' = ''): Html {
  const { name } = view.brand;
  return html`<header><span class="avatar" aria-hidden="true">${[...name][0]}</span><p><strong>${name}</strong><small><bdi>${below}</bdi></small></p>${more}</header>`;
}

function menu(view: View, open: OpenChat): Html {
  const t = view.t.inbox;
  return html`<details><summary aria-label="${t.menu}">${icon('more')}</summary>${actForm(
    open,
    html`<button name="act" value="block">${fill(t.block, { brand: view.brand.name })}</button>`,
  )}</details>`;
}

/** What was said, and what the shop asks whoever came by a link. */
function conversation(view: View, { messenger, thread, opened }: OpenChat): Html {
  const t = view.t.inbox;
  if (thread.length === 0 && opened.question === undefined)
    return html`<p class="nothing">${messenger === 'telegram' ? fill(t.telegramEmpty, { brand: view.brand.name }) : t.nothingSaid}</p>`;
  return html`<ol>${thread.map((line) => bubble(view, line))}${
    opened.question ? html`<li><p class="bubble" dir="auto">${opened.question}</p></li>` : ''
  }</ol>`;
}

function bubble(view: View, message: InboxMessage): Html {
  const t = view.t.inbox;
  const { said, fate, reported } = message;
  return html`<li${said ? html` class="mine"` : ''}${fate ? html` data-fate="${fate}"` : ''}><p class="bubble" dir="auto">${wordsOf(view, message)}</p>${
    said ? '' : keysOf(view, message)
  }<small>${momentOf(view, message.at)}${reported && reported !== 'failed' ? html` ${icon('check')}` : ''}${
    fate ? html`<span class="fate">${t[fate]}</span>` : ''
  }</small></li>`;
}

/** WhatsApp has words of its own for a code. Of a text, the last line is for the phone. */
function wordsOf(view: View, { channel, text, code, said }: InboxMessage): unknown {
  if (channel === 'whatsapp' && code !== undefined && !said)
    return rich(view.t.inbox.whatsAppCode, { code: html`<b>${code}</b>` });
  const [, words = text, bound] = channel === 'sms' ? (/^([\s\S]*)\n(@\S+ #\S+)$/.exec(text) ?? []) : [];
  return bound === undefined ? linked(text) : html`${linked(words)}<span class="bound">${bound}</span>`;
}

/** Telegram's button has the code on it, WhatsApp's says what it does, and Viber has none that copies. */
function keysOf(view: View, { channel, code }: InboxMessage): Html | '' {
  if (code === undefined) return '';
  if (channel === 'telegram') return copyButton(view, code, code);
  return channel === 'whatsapp' ? copyButton(view, code, view.t.inbox.copyCode) : '';
}

/** What the person can do at the lower end of the screen. */
function hand(view: View, open: OpenChat): Html {
  const t = view.t.inbox;
  const { messenger, opened, thread, token } = open;
  if (open.isBlocked)
    return html`<footer><p>${t.blocked[messenger]}</p>${actForm(open, html`<button class="key" name="act" value="unblock">${t.unblock}</button>`)}</footer>`;
  // Telegram has a button where nothing was said, too.
  const press = token !== undefined || thread.length === 0 ? opened.press : undefined;
  const pressForm = press
    ? actForm(
        open,
        html`<input type="hidden" name="text" value="${press.text}"><button class="key" name="act" value="say">${press.label}</button>`,
      )
    : '';
  // Before "Start", a chat with a bot of Telegram has no field to write in.
  if (press && messenger === 'telegram') return html`<footer>${pressForm}</footer>`;
  const commands = messenger === 'telegram' ? ['/stop', '/help'] : [];
  return html`<footer>${pressForm}${
    commands.length === 0
      ? ''
      : html`<div class="commands">${commands.map((command) => actForm(open, html`<input type="hidden" name="text" value="${command}"><button name="act" value="say">${command}</button>`))}</div>`
  }${actForm(
    open,
    html`<label class="hidden-visually" for="say">${t.say}</label><input id="say" name="text" value="${opened.draft ?? ''}" placeholder="${t.say}" autocomplete="off" required maxlength="1000"><button class="send" name="act" value="say">${t.send}</button>`,
    'composer',
  )}</footer>`;
}

function actForm({ messenger, phone, token, byLink }: OpenChat, inside: Html, className?: string): Html {
  return html`<form method="post" action="/dev/inbox/chats/${messenger}"${className ? html` class="${className}"` : ''}><input type="hidden" name="phone" value="${phone?.slug}">${
    token !== undefined
      ? html`<input type="hidden" name="token" value="${token}">`
      : byLink
        ? html`<input type="hidden" name="from" value="link">`
        : ''
  }${inside}</form>`;
}

/** A phone reports by itself, or does not, as the switch of its channel says; this is by hand. */
function receipts(view: View, { id, reported }: InboxMessage, offered: Exclude<ReportedStatus, 'sent'>[]): Html {
  const t = view.t.inbox;
  return html`<form class="receipts" method="post" action="/dev/inbox/report"><h3>${t.reports}</h3><p class="hint" role="status">${t.reported[reported ?? 'none']}</p><input type="hidden" name="message" value="${id}"><div>${offered.map(
    (status) => html`<button class="secondary" name="status" value="${status}">${t.report[status]}</button>`,
  )}</div></form>`;
}
