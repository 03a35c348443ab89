import { html } from 'hono/html';
import { fill } from '../../locales/index.ts';
import { heading } from './fields.ts';
import { type Html, page, type View } from './layout.ts';

/** Opened from a message: a link alone changes nothing, the button does (`POST` to `action`). */
export function cancelPage(view: View, { action }: { action: string }): Html {
  const t = view.t.cancel;
  return page(view, {
    title: t.title,
    main: html`<div class="card">
${heading(view, { icon: 'hand', title: t.title, lead: fill(t.lead, { brand: view.brand.name }) })}
<form method="post" action="${action}"><button type="submit" class="primary">${t.submit}</button></form>
<p class="hint">${t.calm}</p>
</div>`,
  });
}

export function cancelledPage(view: View): Html {
  const t = view.t.cancel;
  return page(view, {
    title: t.doneTitle,
    main: html`<div class="card">
${heading(view, { icon: 'check', title: t.doneTitle, lead: t.done })}
<p>${t.doneMore}</p>
<a class="button secondary" href="/sign-in">${t.toSignIn}</a>
</div>`,
  });
}
