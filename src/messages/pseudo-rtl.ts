/**
 * `ar-XB`: English with every word turned round, in a right-to-left layout. For development and tests: whoever can read
 * English can see what is wrong with a right-to-left page. Derived mechanically, so it is always complete.
 */
import type { MessageLocale, Templates, TextTemplates } from './catalog.ts';
import { en } from './en/index.ts';
import type { Block, MessageContent } from './layout.ts';

export const arXB: MessageLocale = {
  direction: 'rtl',
  dateLocale: en.dateLocale,
  templates: Object.fromEntries(
    Object.entries(en.templates).map(([kind, template]) => [
      kind,
      (...args: Parameters<typeof template>) => turned((template as (...all: typeof args) => MessageContent)(...args)),
    ]),
  ) as Templates,
  texts: Object.fromEntries(
    Object.entries(en.texts).map(([kind, template]) => [
      kind,
      (...args: Parameters<typeof template>) =>
        (template as (...all: typeof args) => readonly string[])(...args).map(turnWords),
    ]),
  ) as unknown as TextTemplates,
  footer: (surroundings) => {
    const { help, contact } = en.footer(surroundings);
    return { help: turnWords(help), contact: turnWords(contact) };
  },
};

function turned(content: MessageContent): MessageContent {
  return {
    subject: turnWords(content.subject),
    preheader: turnWords(content.preheader),
    heading: turnWords(content.heading),
    blocks: content.blocks.map(turnBlock),
  };
}

/** Codes and URLs stay as they are. */
function turnBlock(block: Block): Block {
  switch (block.type) {
    case 'paragraph':
    case 'detail':
      return { ...block, text: turnWords(block.text) };
    case 'facts':
      return {
        ...block,
        rows: block.rows.map(({ label, value }) => ({ label: turnWords(label), value: turnWords(value) })),
      };
    case 'code':
      return block;
    case 'steps':
      return { ...block, items: block.items.map(turnWords) };
    case 'button':
    case 'link':
      return { ...block, label: turnWords(block.label) };
    case 'aside':
      return { ...block, title: turnWords(block.title), blocks: block.blocks.map(turnBlock) };
  }
}

/**
 * RIGHT-TO-LEFT OVERRIDE around every word of letters. Inserted values come between isolates and are left alone, as are
 * words with digits or dots in them.
 */
function turnWords(text: string): string {
  return text
    .split(/(\u2068[^\u2069]*\u2069)/)
    .map((part) =>
      part.startsWith('\u2068')
        ? part
        : part.replace(/(?<![^\s("'“])\p{L}[\p{L}'’-]*(?![\p{L}\p{N}@/]|:\/|\.\w)/gu, '\u202e$&\u202c'),
    )
    .join('');
}
