import { html } from 'hono/html';
import type { Choice } from '../../actions/shared-number.ts';
import { accountName } from './account-name.ts';
import { errorSummary, fieldError, heading, rich, typedText } from './fields.ts';
import { type FieldError, type Html, page, type View } from './layout.ts';

export interface ChooseAccountProps {
  /** The number, as typed. */
  typed: string;
  choices: readonly Choice[];
  errors: readonly FieldError[];
}

/** `POST /recover/account` with `account`. Nothing is chosen beforehand: the first one is nobody's choice. */
export function chooseAccountPage(view: View, { typed, choices, errors }: ChooseAccountProps): Html {
  const t = view.t.chooseAccount;
  const describedBy = errors.length > 0 ? html` aria-describedby="account-error"` : '';
  return page(view, {
    title: t.title,
    hasErrors: errors.length > 0,
    main: html`<div class="card">${errorSummary(view, errors)}
${heading(view, { icon: 'person', title: t.title, lead: rich(t.lead, { typed: typedText(typed) }), step: { step: 2, steps: 3 } })}
<form method="post" action="/recover/account" novalidate>
<fieldset class="field"${describedBy}><legend>${t.legend}</legend>${fieldError(errors, 'account')}
<ul class="choices">
${choices.map(
  (choice, at) =>
    html`<li><label class="choice"><input type="radio" name="account" value="${choice.id}" required${
      // The error summary leads to the first one.
      at === 0 ? html` id="account"` : ''
    }><span>${accountName(view, choice)}</span></label></li>`,
)}
</ul></fieldset>
<p class="hint">${t.told}</p>
<button type="submit" class="primary">${t.submit}</button>
</form>
</div>
<p class="below"><a href="/help#contact">${t.none}</a></p>`,
  });
}
