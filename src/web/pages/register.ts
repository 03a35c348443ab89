import { html } from 'hono/html';
import { errorSummary, heading } from './fields.ts';
import { type Html, page, type View } from './layout.ts';
import { type IdentifierFormProps, identifierFields, scriptOf, suggestionPage, workLine, workOf } from './recover.ts';

/** `POST /register`, with the fields of `recoverPage`. */
export function registerPage(view: View, props: IdentifierFormProps): Html {
  const t = view.t.register;
  if (props.suggestion !== undefined)
    return suggestionPage(view, {
      action: '/register',
      title: t.title,
      typed: props.identifier,
      suggestion: props.suggestion,
    });
  return page(view, {
    title: t.title,
    hasErrors: props.errors.length > 0,
    ...scriptOf(props),
    main: html`<div class="card">${errorSummary(view, props.errors)}
${heading(view, { icon: 'person', title: t.title, lead: t.lead, step: { step: 1, steps: 3 } })}
<form method="post" action="/register" novalidate${workOf(view, props)}>
${identifierFields(view, t.identifier, props)}
<button type="submit" class="primary">${t.submit}</button>${workLine(view, props)}
</form>
</div>
<p class="below">${t.haveOne} <a href="/sign-in">${t.signIn}</a></p>`,
  });
}
