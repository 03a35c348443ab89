/** Linking a messenger in three steps, and taking one away. */
import { html } from 'hono/html';
import { fill } from '../../locales/index.ts';
import { MESSENGER_NAMES, type Messenger } from '../../rules/delivery.ts';
import { currentPasswordField } from './current-password.ts';
import { errorSummary, heading, momentOf, rich, warning } from './fields.ts';
import { icon } from './icons.ts';
import { type FieldError, type Html, page, type View } from './layout.ts';
import { qrCode } from './qr-code.ts';

const STEPS = 3;

export interface StartLinkProps {
  messenger: Messenger;
  /** Another chat of this messenger is linked. */
  replaces: boolean;
  errors: readonly FieldError[];
}

/** `POST` with `password`. */
export function startLinkPage(view: View, { messenger, replaces, errors }: StartLinkProps): Html {
  const t = view.t.messengers;
  const names = { messenger: MESSENGER_NAMES[messenger], brand: view.brand.name };
  const title = fill(t.startTitle, names);
  return page(view, {
    title,
    hasErrors: errors.length > 0,
    main: html`<div class="card">${errorSummary(view, errors)}
${heading(view, { icon: messenger, title, lead: fill(t.startLead, names), step: { step: 1, steps: STEPS } })}
${replaces ? html`<p>${t.startReplaces}</p>` : ''}
<form method="post" action="/account/messengers/link/${messenger}" novalidate>
${currentPasswordField(view, errors)}
<button type="submit" class="primary">${t.start}</button>
</form>
</div>
<p class="below"><a href="/account">${t.back}</a></p>`,
  });
}

export interface WaitingLinkProps {
  messenger: Messenger;
  /** What opens the messenger with the token. */
  url: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

/** On the phone the button opens the messenger; from a desktop the camera of the phone does. */
export function waitingLinkPage(view: View, { messenger, url, expiresAt }: WaitingLinkProps): Html {
  const t = view.t.messengers;
  const names = { messenger: MESSENGER_NAMES[messenger] };
  const title = fill(t.waitTitle, names);
  const here = `/account/messengers/confirm/${messenger}`;
  return page(view, {
    title,
    main: html`<div class="card">
${heading(view, { icon: messenger, title, lead: t.waitDo[messenger], step: { step: 2, steps: STEPS } })}
<a class="button primary" href="${url}" target="_blank" rel="noopener noreferrer">${fill(t.open, names)}</a>
<div>${qrCode(url, fill(t.qrLabel, names))}<p class="hint">${fill(t.qr, names)}</p></div>
<p class="purpose">${icon('shield')}<span>${t.onlyYou} ${rich(t.until, { at: momentOf(view, expiresAt) })}</span></p>
<div class="delivery" data-delivery="queued" data-link-status-url="/account/messengers/status/${messenger}"><span class="dot" aria-hidden="true"></span><p role="status" data-with-script>${fill(t.waiting, names)}</p></div>
<a class="button secondary" href="${here}" data-without-script>${fill(t.done, names)}</a>
<form method="post" action="${here}"><button type="submit" class="link" name="answer" value="no">${t.cancel}</button></form>
</div>`,
  });
}

export interface AskLinkProps {
  messenger: Messenger;
  /** Goes back with the answer: a page that lies open says yes to what it shows, and to nothing later. */
  offer: string;
  name: string | null;
}

/** The answer that harms nobody comes first. */
export function askLinkPage(view: View, { messenger, offer, name }: AskLinkProps): Html {
  const t = view.t.messengers;
  const parts = { messenger: MESSENGER_NAMES[messenger], name: html`<bdi>${name ?? ''}</bdi>` };
  return page(view, {
    title: t.askTitle,
    main: html`<div class="card">
${heading(view, { icon: 'shield', title: t.askTitle, lead: t.askLead, step: { step: 3, steps: STEPS } })}
<p class="callout">${icon(messenger)}<strong>${rich(name === null ? t.askNameless : t.askNamed, parts)}</strong></p>
<p>${t.askWhy}</p>
<form method="post" action="/account/messengers/confirm/${messenger}"><input type="hidden" name="offer" value="${offer}">
<button type="submit" class="primary" name="answer" value="no">${t.no}</button>
<button type="submit" class="secondary" name="answer" value="yes">${t.yes}</button>
</form>
</div>`,
  });
}

export function endedLinkPage(view: View, { messenger, canLink }: { messenger: Messenger; canLink: boolean }): Html {
  const t = view.t.messengers;
  return page(view, {
    title: t.endedTitle,
    main: html`<div class="card">
<h1>${fill(t.startTitle, { messenger: MESSENGER_NAMES[messenger] })}</h1>
${warning(t.endedTitle, t.ended)}
${canLink ? html`<a class="button primary" href="/account/messengers/link/${messenger}">${t.startAgain}</a>` : ''}
</div>
<p class="below"><a href="/account">${t.back}</a></p>`,
  });
}

export interface UnlinkMessengerProps {
  messenger: Messenger;
  name: string | null;
  errors: readonly FieldError[];
}

/** `POST` with `password`. */
export function unlinkMessengerPage(view: View, { messenger, name, errors }: UnlinkMessengerProps): Html {
  const t = view.t.messengers;
  const names = { messenger: MESSENGER_NAMES[messenger] };
  const title = fill(t.unlinkTitle, names);
  return page(view, {
    title,
    hasErrors: errors.length > 0,
    main: html`<div class="card">${errorSummary(view, errors)}
${heading(view, { icon: 'hand', title, lead: t.unlinkLead })}
${name === null ? '' : html`<p class="callout">${icon(messenger)}<strong>${rich(t.askNamed, { ...names, name: html`<bdi>${name}</bdi>` })}</strong></p>`}
<form method="post" action="/account/messengers/unlink/${messenger}" novalidate>
${currentPasswordField(view, errors)}
<button type="submit" class="primary">${fill(t.unlinkSubmit, names)}</button>
</form>
</div>
<p class="below"><a href="/account">${t.keep}</a></p>`,
  });
}
