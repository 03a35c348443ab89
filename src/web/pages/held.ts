import { html } from 'hono/html';
import { heading, momentOf, rich } from './fields.ts';
import { type Html, page, type View } from './layout.ts';

/** After the new password was chosen, where it has to wait. */
export function heldPage(view: View, { completesAt }: { completesAt: number }): Html {
  const t = view.t.held;
  return page(view, {
    title: t.title,
    main: html`<div class="card">
${heading(view, { icon: 'clock', title: t.title, lead: rich(t.lead, { at: momentOf(view, completesAt) }) })}
<p>${t.why}</p>
<ul class="points"><li>${t.told}</li><li>${t.untilThen}</li><li>${t.stop}</li></ul>
<a class="button secondary" href="/sign-in">${t.toSignIn}</a>
</div>`,
  });
}
