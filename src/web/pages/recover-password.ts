import { html } from 'hono/html';
import type { PasswordProfile } from '../../config.ts';
import type { PasswordRuleKey } from '../../rules/passwords.ts';
import { type Told, toldText } from '../../rules/shared-numbers.ts';
import { errorSummary, heading, rich, typedText } from './fields.ts';
import { type FieldError, type Html, page, type View } from './layout.ts';
import { passwordFields } from './password-fields.ts';

export interface PasswordProps {
  typed: string;
  /** Where it was one of several. */
  chosen?: Told | undefined;
  profile: PasswordProfile;
  rules: readonly PasswordRuleKey[];
  errors: readonly FieldError[];
}

/** `POST /recover/password` with `password` and `password2`. */
export function passwordPage(view: View, { typed, chosen, profile, rules, errors }: PasswordProps): Html {
  const t = view.t.password;
  const account = chosen ? html`<span class="typed">${toldText(chosen) || typed}</span>` : typedText(typed);
  return page(view, {
    title: t.title,
    hasErrors: errors.length > 0,
    main: html`<div class="card">${errorSummary(view, errors)}
${heading(view, { icon: 'key', title: t.title, lead: rich(t.lead, { typed: account }), step: { step: 3, steps: 3 } })}
<form method="post" action="/recover/password" novalidate>
${passwordFields(view, { base: '/recover', typed, profile, rules, labels: { first: t.first, second: t.second }, errors })}
<button type="submit" class="primary">${t.submit}</button>
</form>
</div>`,
  });
}
