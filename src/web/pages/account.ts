import { html } from 'hono/html';
import { fill } from '../../locales/index.ts';
import { momentOf, notice, rich } from './fields.ts';
import { icon } from './icons.ts';
import { type Html, page, type View } from './layout.ts';

export interface AccountProps {
  name: string | null;
  addresses: readonly { value: string; confirmed: boolean }[];
  /** Moments are milliseconds since 1970. */
  sessions: readonly { browser: string; createdAt: number; lastSeenAt: number; current: boolean }[];
  notice?: 'signed-out-elsewhere' | undefined;
}

export function accountPage(view: View, props: AccountProps): Html {
  const t = view.t.account;
  return page(view, {
    title: t.title,
    bodyClass: 'wide',
    main: html`<div class="card">${props.notice ? notice(t.signedOutElsewhere) : ''}
<h1>${props.name ? fill(t.hello, { name: props.name }) : t.title}</h1><p class="lead">${t.lead}</p>
<h2>${t.addresses}</h2>
<ul class="rows">${props.addresses.map((address) => addressRow(view, address))}</ul>
<h2>${t.devices}</h2>
<ul class="rows">${props.sessions.map((session) => sessionRow(view, session))}</ul>
${props.sessions.length > 1 ? elsewhereForm(view) : ''}
<div class="actions">
<a class="button secondary" href="/recover">${t.changePassword}</a>
<form method="post" action="/sign-out"><button type="submit" class="secondary">${t.signOut}</button></form>
</div></div>`,
  });
}

function addressRow(view: View, { value, confirmed }: AccountProps['addresses'][number]): Html {
  const t = view.t.account;
  return html`<li>${icon(value.includes('@') ? 'envelope' : 'phone')}<span><bdi class="typed">${value}</bdi> <em>${confirmed ? t.confirmed : t.unconfirmed}</em></span></li>`;
}

function sessionRow(view: View, { browser, createdAt, lastSeenAt, current }: AccountProps['sessions'][number]): Html {
  const t = view.t.account;
  return html`<li>${icon('clock')}<span><strong>${capitalised(browser)}</strong>${current ? html` <em>${t.thisDevice}</em>` : ''}<small>${rich(t.lastSeenAt, { at: momentOf(view, lastSeenAt) })}</small><small>${rich(t.signedInAt, { at: momentOf(view, createdAt) })}</small></span></li>`;
}

/** "an app or unknown browser" stands inside a sentence elsewhere. */
function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function elsewhereForm({ t }: View): Html {
  return html`<form method="post" action="/account/sign-out-elsewhere"><p class="hint">${t.account.elsewhereWhy}</p><button type="submit" class="secondary">${t.account.elsewhere}</button></form>`;
}
