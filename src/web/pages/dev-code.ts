/** Development only: finding the code and the links in a message. */
import { html } from 'hono/html';
import type { InboxMessage } from '../../channels/inbox.ts';
import { readCode } from '../../rules/codes.ts';
import { CODE_LADDER } from '../../rules/limits.ts';
import type { Html, View } from './layout.ts';

/** What its button copies, a line that is nothing but a code, or the code that a text message ends with. */
export function codeIn({ text, code }: Pick<InboxMessage, 'text' | 'code'>): string | undefined {
  if (code !== undefined) return code;
  const candidates = [...text.split('\n').map((line) => line.trim()), /#([0-9A-Z]+)\s*$/.exec(text)?.[1] ?? ''];
  for (const candidate of candidates.filter((line) => line === line.toUpperCase()))
    for (const shape of CODE_LADDER) {
      const found = readCode(candidate, shape);
      if (found !== undefined) return found;
    }
  return undefined;
}

/** The code, large, with a button that copies it. */
export function codeBox(view: View, code: string | undefined): Html | '' {
  const t = view.t.inbox;
  if (code === undefined) return '';
  return html`<div class="found"><p><span>${t.code}</span> <output>${code}</output></p>${copyButton(view, code, t.copy)}</div>`;
}

/** Hidden until the script can make it work. */
export function copyButton(view: View, code: string, label: string): Html {
  return html`<button type="button" class="secondary" data-copy="${code}" data-copied="${view.t.inbox.copied}" hidden>${label}</button>`;
}

/** Links of our own origin and others become clickable; the rest is text. */
export function linked(text: string): (string | Html)[] {
  return text
    .split(/(https?:\/\/[^\s<>"]+)/)
    .map((part, at) => (at % 2 === 0 ? part : html`<a href="${part}">${part}</a>`));
}
