import { html } from 'hono/html';
import { fill } from '../../locales/index.ts';
import { errorSummary, heading, momentOf, textField } from './fields.ts';
import { type FieldError, type Html, page, type View } from './layout.ts';

/** Where the link of a recovery mail leads. The script sends the form at once. */
export function openLinkPage(view: View, { errors }: { errors: readonly FieldError[] }): Html {
  const t = view.t.confirm;
  return page(view, {
    title: t.openTitle,
    hasErrors: errors.length > 0,
    main: html`<div class="card">${errorSummary(view, errors)}
${heading(view, { icon: 'shield', title: t.openTitle, lead: t.openLead })}
<form method="post" action="/recover/confirm" novalidate data-link-form>
${textField({
  name: 'link',
  label: t.link,
  hint: t.linkHint,
  errors,
  attributes: html`type="text" inputmode="url" autocomplete="off" autocapitalize="none" spellcheck="false" dir="ltr"`,
})}
<button type="submit" class="primary">${t.open}</button>
</form>
</div>
<p class="below"><a href="/recover">${t.again}</a></p>`,
  });
}

/** Asks before anything happens; the answer that harms nobody comes first. */
export function confirmPage(
  view: View,
  { link, requestedAt, browser }: { link: string; requestedAt: number; browser: string },
): Html {
  const t = view.t.confirm;
  return page(view, {
    title: t.title,
    main: html`<div class="card">
${heading(view, { icon: 'shield', title: t.title, lead: fill(t.lead, { brand: view.brand.name }) })}
<dl class="facts"><dt>${t.when}</dt><dd>${momentOf(view, requestedAt)}</dd><dt>${t.browser}</dt><dd>${browser}</dd></dl>
<p>${t.onlyYou}</p>
<form method="post" action="/recover/confirm"><input type="hidden" name="link" value="${link}">
<button type="submit" class="primary" name="answer" value="no">${t.no}</button>
<button type="submit" class="secondary" name="answer" value="yes">${t.yes}</button>
</form>
<p class="hint">${t.calm}</p>
</div>`,
  });
}

/** Used before, overtaken by a newer message, or too old. */
export function confirmGonePage(view: View): Html {
  const t = view.t.confirm;
  return page(view, {
    title: t.goneTitle,
    main: html`<div class="card">
${heading(view, { icon: 'clock', title: t.goneTitle, lead: t.gone })}
<a class="button primary" href="/recover">${t.again}</a>
</div>`,
  });
}
