/** Asked for again before something that whoever finds an open page must not do. */
import { html } from 'hono/html';
import { secretField } from './fields.ts';
import type { FieldError, Html, View } from './layout.ts';

export function currentPasswordField(view: View, errors: readonly FieldError[]): Html {
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
