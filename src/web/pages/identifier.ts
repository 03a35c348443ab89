import { html } from 'hono/html';
import { fill } from '../../locales/index.ts';
import { described, errorSummary, fieldError, heading, rich, textField, typedText } from './fields.ts';
import type { Icon } from './icons.ts';
import { type FieldError, type Html, page, type View } from './layout.ts';

export interface IdentifierFormProps {
  identifier: string;
  errors: readonly FieldError[];
  /** A likely correction of a mistyped address: asks instead of showing the field. */
  suggestion?: string | undefined;
  /** The script is to do a proof of work before it sends the form. */
  workWanted?: boolean | undefined;
  /** Whether codes can go to a phone. */
  byPhone?: boolean | undefined;
  /** For a phone number without a country code. */
  countries?: Countries | undefined;
}

export interface Countries {
  /** ISO 3166 */
  selected: string;
  options: readonly { code: string; name: string }[];
}

/**
 * `POST /recover` with `identifier`, and with `country` where it was asked for. A question about a mistyped address
 * answers with `identifier-choice`: `suggested` or `typed`.
 */
export function recoverPage(view: View, props: IdentifierFormProps): Html {
  const t = view.t.recover;
  const below = html`<a href="/sign-in">${t.back}</a>`;
  return identifierPage(view, props, { action: '/recover', icon: 'search', texts: t, below });
}

/** `POST /register`, with the same fields. */
export function registerPage(view: View, props: IdentifierFormProps): Html {
  const t = props.byPhone ? { ...view.t.register, ...view.t.register.byPhone } : view.t.register;
  const below = html`${t.haveOne} <a href="/sign-in">${t.signIn}</a>`;
  return identifierPage(view, props, { action: '/register', icon: 'person', texts: t, below });
}

interface IdentifierForm {
  action: '/recover' | '/register';
  icon: Icon;
  texts: { title: string; lead: string; identifier: string; submit: string; hint?: string };
  below: Html;
}

function identifierPage(view: View, props: IdentifierFormProps, { action, icon, texts, below }: IdentifierForm): Html {
  const { title, lead, identifier, submit, hint } = texts;
  if (props.suggestion !== undefined)
    return suggestionPage(view, { action, title, typed: props.identifier, suggestion: props.suggestion });
  return page(view, {
    title,
    hasErrors: props.errors.length > 0,
    ...scriptOf(props),
    main: html`<div class="card">${errorSummary(view, props.errors)}
${heading(view, { icon, title, lead, step: { step: 1, steps: 3 } })}
<form method="post" action="${action}" novalidate${workOf(view, props)}>
${identifierFields(view, { label: identifier, hint }, props)}
<button type="submit" class="primary">${submit}</button>${workLine(view, props)}
</form>
</div>
<p class="below">${below}</p>`,
  });
}

function identifierFields(
  view: View,
  { label, hint }: { label: string; hint: string | undefined },
  props: IdentifierFormProps,
): Html {
  const { identifier, errors, countries } = props;
  return html`${textField({
    name: 'identifier',
    label,
    hint,
    value: identifier,
    errors,
    attributes: html`type="text" dir="auto" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="400"`,
  })}${countries ? countryField(view, countries, errors) : ''}`;
}

/** The script of a form that asks for work, and what the form tells it. */
function scriptOf({ workWanted }: IdentifierFormProps): { extraScript?: string } {
  return workWanted ? { extraScript: 'work.js' } : {};
}

function workOf(view: View, { workWanted }: IdentifierFormProps): Html | '' {
  return workWanted ? html` data-work-url="/recover/work" data-work-text="${view.t.recover.working}"` : '';
}

/** Says what pressing the button will do; without script nothing of it happens, so nothing of it is said. */
function workLine(view: View, { workWanted, errors }: IdentifierFormProps): Html | '' {
  if (!workWanted) return '';
  const text = errors.length > 0 ? view.t.recover.workAgain : '';
  return html`<p class="hint" role="status" data-with-script data-working>${text}</p>`;
}

/** "Did you mean …?", with one button for each answer. */
export function suggestionPage(
  view: View,
  { action, title, typed, suggestion }: { action: string; title: string; typed: string; suggestion: string },
): Html {
  const t = view.t.recover;
  return page(view, {
    // Titles stay in the history of a shared computer, so the address is left to the page.
    title,
    main: html`<div class="card">
${heading(view, {
  icon: 'search',
  title: fill(t.didYouMean, { suggestion }),
  lead: rich(t.didYouMeanLead, { typed: typedText(typed) }),
  step: { step: 1, steps: 3 },
})}
<form method="post" action="${action}">
<input type="hidden" name="identifier" value="${typed}">
<button type="submit" class="primary" name="identifier-choice" value="suggested"><span>${rich(t.useSuggestion, { suggestion: typedText(suggestion) })}</span></button>
<button type="submit" class="secondary" name="identifier-choice" value="typed"><span>${rich(t.keepTyped, { typed: typedText(typed) })}</span></button>
</form>
</div>
<p class="below"><a href="${action}">${t.typeAgain}</a></p>`,
  });
}

export function countryField(view: View, { selected, options }: Countries, errors: readonly FieldError[]): Html {
  const t = view.t.recover;
  return html`<div class="field"><label for="country">${t.country}</label><p class="hint" id="country-hint">${t.countryHint}</p>${fieldError(errors, 'country')}<select id="country" name="country" autocomplete="country"${described({ name: 'country', hint: t.countryHint, errors })}>${options.map(
    ({ code, name }) => html`<option value="${code}"${code === selected ? html` selected` : ''}>${name}</option>`,
  )}</select></div>`;
}
