/** A further address for an account, and taking one away; both ask for the current password again. */
import { html } from 'hono/html';
import { errorSummary, heading, rich, secretField, textField, typedText, warning } from './fields.ts';
import { type FieldError, type Html, page, type View } from './layout.ts';

export interface AddAddressProps {
  identifier: string;
  errors: readonly FieldError[];
  /** A spelling that was asked about already; sent again, it is taken as it is. */
  asked?: string | undefined;
  /** An attempt came to nothing. */
  ended?: boolean | undefined;
}

/** `POST /account/addresses/add` with `identifier` and `password`, and `asked` after a question about the spelling. */
export function addAddressPage(view: View, { identifier, errors, asked, ended }: AddAddressProps): Html {
  const t = view.t.addAddress;
  return page(view, {
    title: t.title,
    hasErrors: errors.length > 0,
    main: html`<div class="card">${errorSummary(view, errors)}${ended && errors.length === 0 ? warning(t.endedTitle, t.ended) : ''}
${heading(view, { icon: 'envelope', title: t.title, lead: t.lead, step: { step: 1, steps: 2 } })}
<form method="post" action="/account/addresses/add" novalidate>
${textField({
  name: 'identifier',
  label: t.identifier,
  value: identifier,
  errors,
  attributes: html`type="text" dir="auto" inputmode="email" autocomplete="email" autocapitalize="none" spellcheck="false" maxlength="400"`,
})}
${passwordField(view, errors)}
<button type="submit" class="primary">${t.submit}</button>
${asked === undefined ? '' : html`<input type="hidden" name="asked" value="${asked}">`}
</form>
</div>
<p class="below"><a href="/account">${t.back}</a></p>`,
  });
}

export interface RemoveAddressProps {
  address: string;
  /** Where the form goes. */
  action: string;
  /** False for the last address that a code can be sent to. */
  removable: boolean;
  errors: readonly FieldError[];
}

/** `POST` to `action` with `password`. */
export function removeAddressPage(view: View, { address, action, removable, errors }: RemoveAddressProps): Html {
  const t = view.t.removeAddress;
  const title = removable ? t.title : t.lastTitle;
  const lead = rich(removable ? t.lead : t.last, { address: typedText(address) });
  return page(view, {
    title,
    hasErrors: errors.length > 0,
    main: html`<div class="card">${errorSummary(view, errors)}
${heading(view, { icon: removable ? 'hand' : 'shield', title, lead })}
${
  removable
    ? html`<form method="post" action="${action}" novalidate>
${passwordField(view, errors)}
<button type="submit" class="primary">${t.submit}</button>
</form>`
    : html`<a class="button primary" href="/account/addresses/add">${view.t.account.addAddress}</a>`
}
</div>
<p class="below"><a href="/account">${removable ? t.keep : view.t.addAddress.back}</a></p>`,
  });
}

function passwordField(view: View, errors: readonly FieldError[]): Html {
  const t = view.t.addAddress;
  return secretField(view, {
    name: 'password',
    label: t.password,
    hint: t.passwordHint,
    showLabel: view.t.showPassword,
    errors,
    attributes: html`autocomplete="current-password"`,
  });
}
