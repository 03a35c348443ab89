import { html } from 'hono/html';
import { durationText, fill } from '../../locales/index.ts';
import type { ProblemCode } from '../../rules/errors.ts';
import { heading } from './fields.ts';
import type { Icon } from './icons.ts';
import { type Html, page, type View } from './layout.ts';

export interface ProblemProps {
  code: ProblemCode;
  retryAfterSeconds?: number | undefined;
  /** Where the person came from, a path of ours: the button leads back there. */
  backTo?: string | undefined;
}

/** What could not be done, in a plain sentence, with what to do and a way back. */
export function problemPage(view: View, { code, retryAfterSeconds, backTo }: ProblemProps): Html {
  const t = view.t.problems;
  const { title, text } = t[code];
  const back = backTo ? { href: backTo, label: t.again } : wayBack(view, code);
  return page(view, {
    title,
    hasErrors: true,
    main: html`<div class="card">
${heading(view, { icon: iconOf(code), title, lead: text })}
${waitText(view, code, retryAfterSeconds)}
<a class="button primary" href="${back.href}">${back.label}</a>
</div>`,
  });
}

function waitText(view: View, code: ProblemCode, retryAfterSeconds: number | undefined): Html | '' {
  const t = view.t.problems;
  if (retryAfterSeconds !== undefined)
    return html`<p>${fill(t.wait, { wait: durationText(view, retryAfterSeconds) })}</p>`;
  return code === 'unavailable' || code === 'rate_limited' ? html`<p>${t.waitSoon}</p>` : '';
}

function wayBack({ t }: View, code: ProblemCode): { href: string; label: string } {
  if (code === 'recovery_not_found') return { href: '/recover', label: t.problems.again };
  if (code === 'not_found' || code === 'method_not_allowed') return { href: '/', label: t.problems.home };
  return { href: '/sign-in', label: t.problems.toSignIn };
}

function iconOf(code: ProblemCode): Icon {
  if (code === 'rate_limited' || code === 'too_many_tries' || code === 'unavailable' || code === 'code_expired')
    return 'clock';
  return code === 'forbidden' ? 'hand' : 'help';
}
