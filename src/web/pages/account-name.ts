import { html } from 'hono/html';
import { fill } from '../../locales/index.ts';
import type { Told } from '../../rules/shared-numbers.ts';
import type { Html, View } from './layout.ts';

/** One of several accounts with a number: first name above masked address, each kept apart from the direction of the page. */
export function accountName({ t }: Pick<View, 't'>, { name, email, number }: Told): Html {
  const first = name ?? email;
  const counted = number === null ? '' : ` ${fill(t.chooseAccount.number, { number })}`;
  return html`<strong>${first === null ? t.chooseAccount.nameless : html`<bdi>${first}</bdi>`}${counted}</strong>${
    name !== null ? html`<small>${email === null ? t.chooseAccount.noEmail : html`<bdi>${email}</bdi>`}</small>` : ''
  }`;
}
