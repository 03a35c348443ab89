import { html } from 'hono/html';
import { durationText, fill } from '../../locales/index.ts';
import { CODE_LIFETIME_MS, NOT_ME_LIFETIME_MS } from '../../rules/limits.ts';
import { heading } from './fields.ts';
import { type Html, page, type View } from './layout.ts';

/** Opened from a change notice: says what the button does, and waits for it (`POST` to `action`). */
export function notMePage(view: View, { action }: { action: string }): Html {
  const t = view.t.notMe;
  return page(view, {
    title: t.title,
    main: html`<div class="card">
${heading(view, { icon: 'shield', title: t.title, lead: fill(t.lead, { brand: view.brand.name }) })}
<ol class="steps-list">${t.steps.map((step) => html`<li>${step}</li>`)}</ol>
<form method="post" action="${action}"><button type="submit" class="primary">${t.submit}</button></form>
<p class="hint">${t.itWasMe}</p>
</div>`,
  });
}

/** @param props.next what the person can do now, as `actions/report-not-me.ts` tells it */
export function notMeDonePage(view: View, { next }: { next: 'code_sent' | 'recover' | 'support' }): Html {
  const t = view.t.notMe;
  const lifetime = durationText(view, CODE_LIFETIME_MS / 1000);
  return page(view, {
    title: t.doneTitle,
    main: html`<div class="card">
${heading(view, { icon: 'shield', title: t.doneTitle, lead: t.done })}
<p>${fill(t.doneNext[next], { lifetime })}</p>
${nextButton(view, next)}
<p class="hint">${t.mailbox}</p>
</div>`,
  });
}

function nextButton({ t, brand }: View, next: 'code_sent' | 'recover' | 'support'): Html {
  if (next === 'code_sent') return html`<a class="button primary" href="/recover/code">${t.notMe.enterCode}</a>`;
  if (next === 'recover') return html`<a class="button primary" href="/recover">${t.notMe.recover}</a>`;
  const { supportAddress } = brand;
  return html`<a class="button primary" href="mailto:${supportAddress}">${fill(t.helpPage.contactLink, { address: supportAddress })}</a>`;
}

/** The link was used before, or is too old. */
export function notMeGonePage(view: View): Html {
  const t = view.t.notMe;
  return page(view, {
    title: t.goneTitle,
    main: html`<div class="card">
${heading(view, { icon: 'clock', title: t.goneTitle, lead: fill(t.gone, { lifetime: durationText(view, NOT_ME_LIFETIME_MS / 1000) }) })}
<a class="button primary" href="/recover">${t.recover}</a>
</div>`,
  });
}
