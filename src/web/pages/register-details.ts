import { html } from 'hono/html';
import type { PasswordProfile } from '../../config.ts';
import type { PasswordRuleKey } from '../../rules/passwords.ts';
import { described, errorOf, errorSummary, fieldError, heading, rich, textField, typedText } from './fields.ts';
import { type FieldError, type Html, page, type View } from './layout.ts';
import { passwordFields } from './password-fields.ts';

export interface RegisterDetailsProps {
  typed: string;
  name: string;
  /** As typed. */
  birthday: { day: string; month: string; year: string };
  /** An error of the birthday has the field `birthday_day`. */
  errors: readonly FieldError[];
  profile: PasswordProfile;
  rules: readonly PasswordRuleKey[];
}

/** `POST /register/complete` with `name`, `birthday_day`, `birthday_month`, `birthday_year`, `password`, `password2`. */
export function registerDetailsPage(view: View, props: RegisterDetailsProps): Html {
  const t = view.t.register;
  const { errors, typed, profile, rules } = props;
  return page(view, {
    title: t.detailsTitle,
    hasErrors: errors.length > 0,
    main: html`<div class="card">${errorSummary(view, errors)}
${heading(view, { icon: 'key', title: t.detailsTitle, lead: rich(t.detailsLead, { typed: typedText(typed) }), step: { step: 3, steps: 3 } })}
<form method="post" action="/register/complete" novalidate>
${textField({ name: 'name', label: t.name, value: props.name, errors, attributes: html`type="text" dir="auto" autocomplete="name" maxlength="200"` })}
${birthdayFields(view, props)}
${passwordFields(view, { base: '/register', typed, profile, rules, labels: { first: t.password, second: t.password2 }, errors })}
<button type="submit" class="primary">${t.complete}</button>
</form>
</div>`,
  });
}

function birthdayFields(view: View, { birthday, errors }: RegisterDetailsProps): Html {
  const t = view.t.register;
  const part = (name: 'day' | 'month' | 'year', label: string, length: number): Html =>
    html`<div class="${name}"><label for="birthday_${name}">${label}</label><input id="birthday_${name}" name="birthday_${name}" value="${birthday[name]}" type="text" inputmode="numeric" autocomplete="bday-${name}" maxlength="${length}"${
      errorOf(errors, 'birthday_day') ? html` aria-invalid="true"` : ''
    }></div>`;
  return html`<fieldset class="field"${described({ name: 'birthday_day', hint: t.birthdayHint, errors: [] })}><legend>${t.birthday} <span class="optional">${view.t.optional}</span></legend><p class="hint" id="birthday_day-hint">${t.birthdayHint}</p>${fieldError(errors, 'birthday_day')}<div class="date">${part('day', t.day, 2)}${part('month', t.month, 2)}${part('year', t.year, 4)}</div></fieldset>`;
}
