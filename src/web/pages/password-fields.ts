/** The new password, typed twice, with its rules and a meter: the same for recovering and registering. */
import { html } from 'hono/html';
import type { PasswordProfile } from '../../config.ts';
import { fill, fillCount } from '../../locales/index.ts';
import { PASSPHRASE_MIN_CHARACTERS, PASSWORD_MIN_CHARACTERS, type PasswordRuleKey } from '../../rules/passwords.ts';
import { secretField } from './fields.ts';
import { icon } from './icons.ts';
import type { FieldError, Html, View } from './layout.ts';

export interface PasswordFieldsProps {
  /** Where the script asks for a verdict: `{base}/password/judge`. */
  base: '/recover' | '/register';
  /** Who signs in with this password, for password managers. */
  typed: string;
  profile: PasswordProfile;
  /** Keys of the rules that are shown, in this order. */
  rules: readonly PasswordRuleKey[];
  labels: { first: string; second: string };
  errors: readonly FieldError[];
}

export function passwordFields(view: View, props: PasswordFieldsProps): Html {
  const t = view.t.password;
  // The passphrase length in both profiles: what a password manager makes should satisfy either.
  const attributes = html`autocomplete="new-password" passwordrules="minlength: ${PASSPHRASE_MIN_CHARACTERS}; allowed: unicode;"`;
  return html`<div data-password data-judge-url="${props.base}/password/judge" data-scores="${JSON.stringify(t.scores)}" data-strength="${t.strength}" data-accepted="${t.accepted}" data-not-yet="${t.notYet}" data-met="${t.met}" data-unmet="${t.unmet}" data-same="${t.same}" data-different="${t.different}">
<input class="hidden-visually" type="text" name="username" autocomplete="username" value="${props.typed}" readonly tabindex="-1" aria-hidden="true">
${secretField(view, {
  name: 'password',
  label: props.labels.first,
  showLabel: view.t.showPassword,
  hint: t.hint,
  errors: props.errors,
  attributes,
})}
<div class="judge"><div class="meter" data-meter hidden><span class="bars" aria-hidden="true"><i></i><i></i><i></i><i></i></span><span data-meter-text></span></div>
<ul class="rules" aria-label="${t.rulesTitle}">${props.rules.map(
    (key) =>
      html`<li data-rule="${key}">${icon('check')}<span>${ruleText(view, key, props.profile)}</span><span class="hidden-visually" data-rule-state></span></li>`,
  )}</ul><p class="verdict" role="status" data-verdict></p></div>
${secretField(view, {
  name: 'password2',
  label: props.labels.second,
  showLabel: view.t.showPasswordAgain,
  errors: props.errors,
  attributes: html`autocomplete="new-password"`,
})}
<p class="match" role="status" data-match></p>
</div>`;
}

function ruleText(view: View, key: PasswordRuleKey, profile: PasswordProfile): string {
  const t = view.t.password.rules;
  if (key !== 'length') return fill(t[key], { long: PASSPHRASE_MIN_CHARACTERS });
  return fillCount(view.locale, t.length, profile === 'guide' ? PASSWORD_MIN_CHARACTERS : PASSPHRASE_MIN_CHARACTERS);
}
