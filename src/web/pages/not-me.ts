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

export function notMeDonePage(view: View, { codeSent }: { codeSent: boolean }): Html {
  const t = view.t.notMe;
  const lifetime = durationText(view, CODE_LIFETIME_MS / 1000);
  return page(view, {
    title: t.doneTitle,
    main: html`<div class="card">
${heading(view, { icon: 'shield', title: t.doneTitle, lead: t.done })}
<p>${codeSent ? fill(t.doneCode, { lifetime }) : t.doneNoCode}</p>
${
  codeSent
    ? html`<a class="button primary" href="/recover/code">${t.enterCode}</a>`
    : html`<a class="button primary" href="/recover">${t.recover}</a>`
}
<p class="hint">${t.mailbox}</p>
</div>`,
  });
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
