import { html } from 'hono/html';
import { errorSummary, heading, notice, secretField, textField } from './fields.ts';
import { type FieldError, type Html, page, type View } from './layout.ts';

export interface SignInProps {
  /** What was typed before, or carried over from another page. */
  identifier: string;
  errors: readonly FieldError[];
  notice?: 'password-changed' | 'signed-out' | 'registered' | 'cancelled' | undefined;
}

/**
 * `POST /sign-in`. "Forgot password?" sends the same form to `/recover/from-sign-in`, so that the identifier is carried
 * over without script and without standing in a URL; the password that may be in it is to be ignored there. It comes
 * after "Sign in" in the document, because Enter presses the first submit button.
 */
export function signInPage(view: View, { identifier, errors, notice: key }: SignInProps): Html {
  const t = view.t.signIn;
  return page(view, {
    title: t.title,
    hasErrors: errors.length > 0,
    main: html`<div class="card">${errorSummary(view, errors)}${key && errors.length === 0 ? notice(t.notices[key]) : ''}
${heading(view, { icon: 'person', title: t.title, lead: t.lead })}
<form method="post" action="/sign-in" novalidate>
${textField({
  name: 'identifier',
  label: t.identifier,
  value: identifier,
  errors,
  attributes: html`type="text" dir="auto" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="400"`,
})}
${secretField(view, {
  name: 'password',
  label: t.password,
  showLabel: view.t.showPassword,
  errors,
  attributes: html`autocomplete="current-password"`,
})}
<button type="submit" class="primary">${t.submit}</button>
<button type="submit" class="link" formaction="/recover/from-sign-in" formmethod="post" formnovalidate data-forgot>${t.forgot}</button>
</form>
</div>
<p class="below">${t.newHere} <a href="/register">${t.register}</a></p>
<p class="below">${t.trouble} <a href="/help">${t.support}</a></p>`,
  });
}
