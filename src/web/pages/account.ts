import { html } from 'hono/html';
import type { Activity, RecoveryEntry } from '../../actions/list-activity.ts';
import type { LinkedMessenger } from '../../actions/list-messengers.ts';
import { fill } from '../../locales/index.ts';
import { MESSENGER_NAMES } from '../../rules/delivery.ts';
import { activityList, capitalised } from './account-activity.ts';
import { momentOf, notice, rich } from './fields.ts';
import { icon } from './icons.ts';
import { type Html, page, type View } from './layout.ts';

export type AccountNotice =
  | 'signed-out-elsewhere'
  | 'address-added'
  | 'address-removed'
  | 'number-confirmed'
  | 'messenger-linked'
  | 'messenger-unlinked'
  | 'link-cancelled';

export interface AccountProps {
  name: string | null;
  /** `removeUrl` where it may be removed; `stale` where it is a number that was not proven for long. */
  addresses: readonly {
    value: string;
    confirmed: boolean;
    removeUrl: string | undefined;
    stale: { provenAt: number; confirmUrl: string } | undefined;
  }[];
  /** Whether codes can go to a phone. */
  byPhone: boolean;
  /** `canLink` where a chat can be linked now. */
  messengers: readonly (LinkedMessenger & { canLink: boolean })[];
  /** Moments are milliseconds since 1970. */
  sessions: readonly { browser: string; createdAt: number; lastSeenAt: number; current: boolean }[];
  /** Newest first. */
  activity: Activity;
  /** A recovery of the last day that nobody finished. */
  unfinished?: RecoveryEntry | undefined;
  /** Taken along to the page where a new password is asked for. */
  identifier: string;
  notice?: AccountNotice | undefined;
}

export function accountPage(view: View, props: AccountProps): Html {
  const t = view.t.account;
  return page(view, {
    title: t.title,
    bodyClass: 'wide',
    main: html`<div class="card">${props.notice ? notice(noticeText(view, props.notice)) : ''}
<h1>${props.name ? fill(t.hello, { name: props.name }) : t.title}</h1><p class="lead">${t.lead}</p>
${props.unfinished ? unfinishedCallout(view, props.unfinished, props.identifier) : ''}
<h2>${t.addresses}</h2>
<ul class="rows">${props.addresses.map((address) => addressRow(view, address))}</ul>
<p><a href="/account/addresses/add">${props.byPhone ? t.addAddressOrNumber : t.addAddress}</a></p>
${messengerSection(view, props.messengers)}
<h2>${t.devices}</h2>
<ul class="rows">${props.sessions.map((session) => sessionRow(view, session))}</ul>
${props.sessions.length > 1 ? elsewhereForm(view) : ''}
<h2 id="activity">${view.t.activity.title}</h2>
${activityList(view, props.activity)}
<div class="actions">
${changePasswordForm(view, props.identifier)}
<form method="post" action="/sign-out"><button type="submit" class="secondary">${t.signOut}</button></form>
</div></div>`,
  });
}

function noticeText({ t }: View, key: AccountNotice): string {
  const texts: Record<AccountNotice, string> = {
    'signed-out-elsewhere': t.account.signedOutElsewhere,
    'address-added': t.account.addressAdded,
    'address-removed': t.account.addressRemoved,
    'number-confirmed': t.account.numberConfirmed,
    'messenger-linked': t.messengers.linked,
    'messenger-unlinked': t.messengers.unlinked,
    'link-cancelled': t.messengers.cancelled,
  };
  return texts[key];
}

function addressRow(view: View, { value, confirmed, removeUrl, stale }: AccountProps['addresses'][number]): Html {
  const t = view.t.account;
  return html`<li>${icon(value.includes('@') ? 'envelope' : 'phone')}<span><bdi class="typed">${value}</bdi> <em>${confirmed ? t.confirmed : t.unconfirmed}</em>${
    stale
      ? html`<small>${rich(t.staleNumber, { at: momentOf(view, stale.provenAt) })}</small><a href="${stale.confirmUrl}" aria-label="${fill(t.confirmThisNumber, { address: value })}">${t.confirmAgain}</a>`
      : ''
  }</span>${
    removeUrl === undefined
      ? ''
      : html`<a class="end" href="${removeUrl}" aria-label="${fill(t.removeThisAddress, { address: value })}">${t.removeAddress}</a>`
  }</li>`;
}

/** Nothing where this installation has no messenger, and the account none of former days. */
function messengerSection(view: View, messengers: AccountProps['messengers']): Html | '' {
  const t = view.t.messengers;
  if (messengers.length === 0) return '';
  return html`<h2 id="messengers">${t.title}</h2><p class="hint">${t.why}</p>
<ul class="rows">${messengers.map((messenger) => messengerRow(view, messenger))}</ul>`;
}

function messengerRow(view: View, { messenger, chat, canLink }: AccountProps['messengers'][number]): Html {
  const t = view.t.messengers;
  const name = MESSENGER_NAMES[messenger];
  const link = (to: 'link' | 'unlink', text: string, label: string): Html =>
    html`<a class="end" href="/account/messengers/${to}/${messenger}" aria-label="${fill(label, { messenger: name })}">${text}</a>`;
  if (!chat)
    return html`<li>${icon(messenger)}<span><strong>${name}</strong><small>${t.notLinked}</small></span>${link('link', t.link, t.linkThis)}</li>`;
  const { name: person, linkedAt, stoppedAt } = chat;
  const state =
    stoppedAt === null
      ? rich(t.linkedAt, { at: momentOf(view, linkedAt) })
      : rich(t.stoppedAt, { at: momentOf(view, stoppedAt) });
  return html`<li>${icon(messenger)}<span><strong>${name}</strong>${stoppedAt === null ? '' : html` <em>${t.stopped}</em>`}${
    person === null ? '' : html`<small><bdi>${person}</bdi></small>`
  }<small>${state}</small></span>${
    stoppedAt !== null && canLink
      ? html`<div class="end">${link('link', t.again, t.againThis)}${link('unlink', t.unlink, t.unlinkThis)}</div>`
      : link('unlink', t.unlink, t.unlinkThis)
  }</li>`;
}

function sessionRow(view: View, { browser, createdAt, lastSeenAt, current }: AccountProps['sessions'][number]): Html {
  const t = view.t.account;
  return html`<li>${icon('clock')}<span><strong>${capitalised(browser)}</strong>${current ? html` <em>${t.thisDevice}</em>` : ''}<small>${rich(t.lastSeenAt, { at: momentOf(view, lastSeenAt) })}</small><small>${rich(t.signedInAt, { at: momentOf(view, createdAt) })}</small></span></li>`;
}

function elsewhereForm({ t }: View): Html {
  return html`<form method="post" action="/account/sign-out-elsewhere"><p class="hint">${t.account.elsewhereWhy}</p><button type="submit" class="secondary">${t.account.elsewhere}</button></form>`;
}

/** The address travels as from the sign-in page: nobody types it twice, and it stands in no URL. */
function changePasswordForm({ t }: View, identifier: string): Html {
  return html`<form method="post" action="/recover/from-sign-in"><button type="submit" class="secondary">${t.account.changePassword}</button><input type="hidden" name="identifier" value="${identifier}"></form>`;
}

function unfinishedCallout(view: View, { at, browser }: RecoveryEntry, identifier: string): Html {
  const t = view.t.account;
  return html`<div class="callout" role="status">${icon('shield')}<div><strong>${t.unfinishedTitle}</strong><p>${rich(t.unfinished, { at: momentOf(view, at), browser })} ${t.unfinishedCalm}</p>${changePasswordForm(view, identifier)}</div></div>`;
}
