/** What happened to an account, as a list on its page and as pages of their own for what is older. */
import { html } from 'hono/html';
import type { Activity, ActivityEntry, RecoveryEntry } from '../../actions/list-activity.ts';
import { fillCount } from '../../locales/index.ts';
import { heading, momentOf, rich } from './fields.ts';
import { type Icon, icon } from './icons.ts';
import { type Html, page, type View } from './layout.ts';

const ICONS: Record<ActivityEntry['name'], Icon> = {
  'resolve-recovery': 'key',
  'sign-in': 'person',
  'sign-in-refused': 'hand',
  'sign-out': 'swap',
  'sign-out-elsewhere': 'swap',
  'add-address': 'envelope',
  'confirm-address': 'phone',
  'remove-address': 'envelope',
  'link-messenger': 'chat',
  'unlink-messenger': 'chat',
  'stop-messenger': 'chat',
  'share-number': 'phone',
  'wrong-password': 'hand',
  'freeze-address': 'shield',
  'thaw-address': 'shield',
  'complete-registration': 'check',
  'add-account': 'check',
  'import-account': 'check',
};

export function activityPage(view: View, activity: Activity): Html {
  const t = view.t.activity;
  return page(view, {
    title: t.title,
    bodyClass: 'wide',
    main: html`<div class="card">
${heading(view, { icon: 'clock', title: t.title, lead: t.lead })}
${activityList(view, activity)}
${activity.isNewest ? '' : html`<p><a href="/account/activity">${t.newest}</a></p>`}
</div>
<p class="below"><a href="/account">${t.back}</a></p>`,
  });
}

export function activityList(view: View, { entries, olderBefore }: Activity): Html {
  const t = view.t.activity;
  if (entries.length === 0) return html`<p class="hint">${t.none}</p>`;
  return html`<ul class="rows">${entries.map((entry) => activityRow(view, entry))}</ul>${
    olderBefore === undefined ? '' : html`<p><a href="/account/activity?before=${olderBefore}">${t.older}</a></p>`
  }`;
}

function activityRow(view: View, entry: ActivityEntry): Html {
  const t = view.t.activity;
  const facts = [
    momentOf(view, entry.at),
    ...(entry.browser === undefined ? [] : [html`<bdi>${capitalised(entry.browser)}</bdi>`]),
    ...(entry.name === 'resolve-recovery' ? [t.channels[entry.channel] ?? entry.channel] : []),
  ];
  return html`<li>${icon(ICONS[entry.name])}<span><strong>${rich(t.events[entry.name], { address: html`<bdi>${'address' in entry ? (entry.address ?? '') : ''}</bdi>` })}</strong><small>${facts.map(
    (fact, at) => html`${at > 0 ? ' · ' : ''}${fact}`,
  )}</small>${entry.name === 'resolve-recovery' ? html`<small>${fateOf(view, entry)}</small>` : ''}</span></li>`;
}

function fateOf({ t, locale }: View, { message, wrongCodes, outcome }: RecoveryEntry): string {
  return [
    t.activity.messages[message],
    wrongCodes > 0 ? fillCount(locale, t.activity.wrongCodes, wrongCodes) : '',
    t.activity.outcomes[outcome],
  ]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

/** "an app or unknown browser" stands inside a sentence elsewhere. */
export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
