/** A further address for an account, and taking one away; both ask for the current password again. */
import { html } from 'hono/html';
import type { Removal } from '../../actions/remove-address.ts';
import { currentPasswordField } from './current-password.ts';
import { errorSummary, heading, momentOf, rich, textField, typedText, warning } from './fields.ts';
import { type Countries, countryField } from './identifier.ts';
import { type FieldError, type Html, page, type View } from './layout.ts';

export interface AddAddressProps {
  identifier: string;
  errors: readonly FieldError[];
  /** A spelling that was asked about already; sent again, it is taken as it is. */
  asked?: string | undefined;
  /** Whether codes can go to a phone. */
  byPhone: boolean;
  /** For a phone number without a country code. */
  countries?: Countries | undefined;
  /** An attempt came to nothing. */
  ended?: boolean | undefined;
}

/** `POST /account/addresses/add` with `identifier` and `password`, with `country` where it was asked for, and `asked` after a question about the spelling. */
export function addAddressPage(view: View, props: AddAddressProps): Html {
  const { identifier, errors, asked, ended, byPhone, countries } = props;
  const t = byPhone ? { ...view.t.addAddress, ...view.t.addAddress.byPhone } : view.t.addAddress;
  return page(view, {
    title: t.title,
    hasErrors: errors.length > 0,
    main: html`<div class="card">${errorSummary(view, errors)}${ended && errors.length === 0 ? warning(t.endedTitle, t.ended) : ''}
${heading(view, { icon: byPhone ? 'phone' : 'envelope', title: t.title, lead: t.lead, step: { step: 1, steps: 2 } })}
<form method="post" action="/account/addresses/add" novalidate>
${textField({
  name: 'identifier',
  label: t.identifier,
  hint: byPhone ? view.t.addAddress.byPhone.hint : undefined,
  value: identifier,
  errors,
  attributes: html`type="text" dir="auto" ${
    byPhone ? html`autocomplete="off"` : html`inputmode="email" autocomplete="email"`
  } autocapitalize="none" spellcheck="false" maxlength="400"`,
})}${countries ? countryField(view, countries, errors) : ''}
${currentPasswordField(view, errors)}
<button type="submit" class="primary">${t.submit}</button>
${asked === undefined ? '' : html`<input type="hidden" name="asked" value="${asked}">`}
</form>
</div>
<p class="below"><a href="/account">${t.back}</a></p>`,
  });
}

export interface ConfirmNumberProps {
  number: string;
  /** Milliseconds since 1970. */
  provenAt: number;
  /** Where the form goes. */
  action: string;
  /** Undefined where it has to stay. */
  removeUrl: string | undefined;
  errors: readonly FieldError[];
}

/** `POST` to `action` with `password`: the code goes to the number, and is entered where that of a new address is. */
export function confirmNumberPage(view: View, props: ConfirmNumberProps): Html {
  const { number, provenAt, action, removeUrl, errors } = props;
  const t = view.t.confirmNumber;
  const lead = rich(t.lead, { address: typedText(number), at: momentOf(view, provenAt) });
  return page(view, {
    title: t.title,
    hasErrors: errors.length > 0,
    main: html`<div class="card">${errorSummary(view, errors)}
${heading(view, { icon: 'phone', title: t.title, lead, step: { step: 1, steps: 2 } })}
<form method="post" action="${action}" novalidate>
${currentPasswordField(view, errors)}
<button type="submit" class="primary">${t.submit}</button>
</form>
${removeUrl === undefined ? '' : html`<p><a href="${removeUrl}">${t.notMine}</a></p>`}
</div>
<p class="below"><a href="/account">${view.t.addAddress.back}</a></p>`,
  });
}

export interface RemoveAddressProps {
  address: string;
  /** Where the form goes. */
  action: string;
  removal: Removal;
  errors: readonly FieldError[];
}

/** `POST` to `action` with `password`. */
export function removeAddressPage(view: View, { address, action, removal, errors }: RemoveAddressProps): Html {
  const t = view.t.removeAddress;
  const removable = removal === 'removable';
  const title = removable ? t.title : t.lastTitle;
  const leads = { removable: t.lead, last_address: t.last, shared_left: t.sharedLeft };
  const lead = rich(leads[removal], { address: typedText(address) });
  return page(view, {
    title,
    hasErrors: errors.length > 0,
    main: html`<div class="card">${errorSummary(view, errors)}
${heading(view, { icon: removable ? 'hand' : 'shield', title, lead })}
${
  removable
    ? html`<form method="post" action="${action}" novalidate>
${currentPasswordField(view, errors)}
<button type="submit" class="primary">${t.submit}</button>
</form>`
    : html`<a class="button primary" href="/account/addresses/add">${t.addAnother}</a>`
}
</div>
<p class="below"><a href="/account">${removable ? t.keep : view.t.addAddress.back}</a></p>`,
  });
}
