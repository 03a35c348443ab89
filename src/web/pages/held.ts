import { html } from 'hono/html';
import { fill } from '../../locales/index.ts';
import type { HeldFor } from '../../rules/address-trust.ts';
import { STALE_AFTER_MONTHS } from '../../rules/stale-numbers.ts';
import { heading, momentOf, rich } from './fields.ts';
import { type Html, page, type View } from './layout.ts';

/** After the new password was chosen, where it has to wait. */
export function heldPage(view: View, { completesAt, heldFor }: { completesAt: number; heldFor: HeldFor }): Html {
  const t = view.t.held;
  const isSooner = heldFor === 'stale_number';
  return page(view, {
    title: t.title,
    main: html`<div class="card">
${heading(view, { icon: 'clock', title: t.title, lead: rich(t.lead, { at: momentOf(view, completesAt) }) })}
<p>${isSooner ? fill(t.whyStaleNumber, { months: STALE_AFTER_MONTHS }) : t.why}</p>
<ul class="points"><li>${t.told}</li><li>${t.untilThen}</li><li>${t.stop}</li></ul>
${isSooner ? html`<p>${t.atOnce}</p><a class="button primary" href="/recover">${t.toRecover}</a>` : ''}
<a class="button secondary" href="/sign-in">${t.toSignIn}</a>
</div>`,
  });
}
