/** The parts that forms are made of: headings, notices, errors, fields. Field names are ids; errors point at them. */
import { html } from 'hono/html';
import { fill, fillCount, momentText } from '../../locales/index.ts';
import { type Icon, icon } from './icons.ts';
import type { FieldError, Html, View } from './layout.ts';

/** Like `fill`, with parts that are HTML: `rich(t.sent, { typed: typedText(typed) })`. */
export function rich(text: string, params: Record<string, string | Html>): (string | Html)[] {
  return text.split(/\{(\w+)\}/).map((part, at) => (at % 2 === 0 ? part : (params[part] ?? `{${part}}`)));
}

/** What somebody typed, kept apart from the direction of the text around it. */
export function typedText(typed: string): Html {
  return html`<bdi class="typed">${typed}</bdi>`;
}

export interface Heading {
  icon: Icon;
  title: string;
  lead?: unknown;
  /** Which of how many screens this is. */
  step?: { step: number; steps: number };
}

export function heading(view: View, { icon: name, title, lead, step }: Heading): Html {
  return html`<div class="head"><span class="tile">${icon(name)}</span>${
    step
      ? html`<p class="steps">${fill(view.t.step, { ...step })}<span aria-hidden="true">${Array.from(
          { length: step.steps },
          (_, at) => html`<i${at < step.step ? html` class="on"` : ''}></i>`,
        )}</span></p>`
      : ''
  }</div><h1>${title}</h1>${lead ? html`<p class="lead">${lead}</p>` : ''}`;
}

/** In UTC; the script turns it into the time of the person's clock. */
export function momentOf(view: View, at: number): Html {
  return html`<time datetime="${new Date(at).toISOString()}" data-local><bdi>${momentText(view.locale, at)}</bdi></time>`;
}

/** Something that went as it should. */
export function notice(text: string): Html {
  return html`<p class="notice" role="status">${icon('check')}<span>${text}</span></p>`;
}

/** Something that ended, with what to do about it. */
export function warning(title: string, text: string): Html {
  return html`<div class="warning" role="status">${icon('clock')}<div><strong>${title}</strong><p>${text}</p></div></div>`;
}

/** All errors at the top, each a link to its field; the script moves the focus here. */
export function errorSummary(view: View, errors: readonly FieldError[]): Html | '' {
  if (errors.length === 0) return '';
  return html`<div class="errors" id="errors" role="alert" tabindex="-1">${icon('warn')}<div><h2>${fillCount(
    view.locale,
    view.t.errorHeading,
    errors.length,
  )}</h2><ul>${errors.map(({ field, message }) => html`<li><a href="#${field}">${message}</a></li>`)}</ul></div></div>`;
}

export interface TextField {
  name: string;
  label: unknown;
  value?: string;
  hint?: unknown;
  errors: readonly FieldError[];
  /** Further attributes, written by us. */
  attributes: Html;
}

export function textField(field: TextField): Html {
  return html`<div class="field">${labelOf(field)}<input id="${field.name}" name="${field.name}" value="${field.value ?? ''}" ${field.attributes}${described(field)}></div>`;
}

export interface SecretField {
  name: string;
  label: string;
  showLabel: string;
  hint?: unknown;
  errors: readonly FieldError[];
  attributes: Html;
}

/** A password with a button that shows it; the button is hidden until the script can make it work. */
export function secretField(view: View, field: SecretField): Html {
  return html`<div class="field">${labelOf(field)}<div class="secret"><input id="${field.name}" name="${field.name}" type="password" autocapitalize="none" spellcheck="false" ${field.attributes}${described(field)}><button type="button" class="show" aria-pressed="false" aria-label="${field.showLabel}" aria-controls="${field.name}" data-show hidden>${icon('eye')}<span>${view.t.show}</span></button></div></div>`;
}

export function errorOf(errors: readonly FieldError[], field: string): string | undefined {
  return errors.find((error) => error.field === field)?.message;
}

/** The error of one field, referred to by its `aria-describedby`. */
export function fieldError(errors: readonly FieldError[], field: string): Html | '' {
  const message = errorOf(errors, field);
  return message === undefined
    ? ''
    : html`<p class="error" id="${field}-error">${icon('warn')}<span>${message}</span></p>`;
}

/** `aria-describedby` and `aria-invalid` of a field, with a leading space. */
export function described(field: { name: string; hint?: unknown; errors: readonly FieldError[] }): Html {
  const wrong = errorOf(field.errors, field.name) !== undefined;
  const ids = [...(field.hint ? [`${field.name}-hint`] : []), ...(wrong ? [`${field.name}-error`] : [])];
  return html`${ids.length > 0 ? html` aria-describedby="${ids.join(' ')}"` : ''}${wrong ? html` aria-invalid="true"` : ''}`;
}

function labelOf(field: { name: string; label: unknown; hint?: unknown; errors: readonly FieldError[] }): Html {
  return html`<label for="${field.name}">${field.label}</label>${
    field.hint ? html`<p class="hint" id="${field.name}-hint">${field.hint}</p>` : ''
  }${fieldError(field.errors, field.name)}`;
}

/** A choice with its reason: a link in the shape of a row. */
export function choiceLink(name: Icon, href: string, title: unknown, why: string): Html {
  return html`<li><a class="choice" href="${href}">${icon(name)}<span><strong>${title}</strong><small>${why}</small></span></a></li>`;
}
