import { html } from 'hono/html';
import type { PasswordProfile } from '../../config.ts';
import { durationText, fill } from '../../locales/index.ts';
import { CODE_LIFETIME_MS, RESEND_WAITS_MS, TRIES_PER_CODE } from '../../rules/limits.ts';
import { PASSPHRASE_MIN_CHARACTERS, PASSWORD_MIN_CHARACTERS } from '../../rules/passwords.ts';
import { STALE_AFTER_MONTHS } from '../../rules/stale-numbers.ts';
import { rich } from './fields.ts';
import { icon } from './icons.ts';
import { type Html, page, type View } from './layout.ts';

export interface HelpProps {
  /** The mail address that codes come from. */
  sender: string;
  profile: PasswordProfile;
}

/** Anchors: #code, #wrong, #password, #lost, #changed, #not-me, #contact. */
export function helpPage(view: View, { sender, profile }: HelpProps): Html {
  const t = view.t.helpPage;
  const { supportAddress } = view.brand;
  const numbers = {
    sender: html`<bdi>${sender}</bdi>`,
    wait: durationText(view, RESEND_WAITS_MS[0] / 1000),
    lifetime: durationText(view, CODE_LIFETIME_MS / 1000),
    tries: String(TRIES_PER_CODE),
    months: String(STALE_AFTER_MONTHS),
  };
  const list = (items: readonly string[]): Html =>
    html`<ul class="points">${items.map((item) => html`<li>${rich(item, numbers)}</li>`)}</ul>`;
  return page(view, {
    title: t.title,
    bodyClass: 'wide',
    main: html`<div class="card">
<h1>${t.title}</h1><p class="lead">${t.lead}</p>
<p class="callout">${icon('key')}<span><strong>${t.start}</strong> ${t.startText} <a href="/recover">${t.startLink}</a></span></p>
<section id="code"><h2>${t.code}</h2>${list(t.codeSteps)}</section>
<section id="wrong"><h2>${t.wrong}</h2>${list(t.wrongSteps)}</section>
<section id="password"><h2>${t.passwords}</h2><p>${fill(t.passwordText[profile], { short: PASSWORD_MIN_CHARACTERS, long: PASSPHRASE_MIN_CHARACTERS })}</p><p>${t.passwordTip}</p></section>
<section id="lost"><h2>${t.lost}</h2><p>${t.lostText}</p></section>
<section id="changed"><h2>${t.changed}</h2>${list(t.changedSteps)}<p><a href="/recover">${t.changedLink}</a></p></section>
<section id="not-me"><h2>${t.notMe}</h2><p>${t.notMeText}</p></section>
<section id="contact"><h2>${t.contact}</h2><p>${t.contactText}</p>
<a class="button secondary" href="mailto:${supportAddress}">${fill(t.contactLink, { address: supportAddress })}</a></section>
</div>
<p class="below"><a href="/sign-in">${t.toSignIn}</a></p>`,
  });
}
