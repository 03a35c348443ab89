/**
 * Draws the text part and the HTML part of a message from the same blocks, so that they can't say different things.
 *
 * The HTML is one column of presentation tables with inline styles, which every mail program draws; the style block adds
 * dark mode. Nothing is loaded from anywhere, so there is nothing to track and nothing to block.
 */
import { html, raw } from 'hono/html';
import { type Palette, paletteOf } from './palette.ts';

export type Block =
  /** `strong` is the part of the text that stands out in HTML. */
  | { type: 'paragraph'; text: string; strong?: string }
  /** Small print below a code or a button. */
  | { type: 'detail'; text: string }
  | { type: 'facts'; rows: readonly Fact[] }
  | { type: 'code'; code: string }
  | { type: 'steps'; items: readonly string[] }
  | { type: 'button'; label: string; url: string }
  | { type: 'link'; label: string; url: string }
  /** Set apart from the rest: what to do if it wasn't you. */
  | { type: 'aside'; title: string; blocks: readonly Block[] };

export interface Fact {
  label: string;
  value: string;
}

export interface MessageContent {
  /** Never holds a code, and nothing that a stranger could choose: it is read without its context, on locked screens. */
  subject: string;
  /** What an inbox shows after the subject. */
  preheader: string;
  /** Title of the HTML part; the text part has the subject above it. */
  heading: string;
  blocks: readonly Block[];
}

export interface Frame {
  lang: string;
  direction: 'ltr' | 'rtl';
  brand: string;
  /** Accent colour, #rrggbb */
  color: string;
  origin: string;
  helpUrl: string;
  supportAddress: string;
  footer: { help: string; contact: string };
}

/** Columns of the text part; addresses of pages are never broken. */
const TEXT_COLUMNS = 72;

export function drawText(content: MessageContent, frame: Frame): string {
  const { footer } = frame;
  const end = [
    '--',
    `${frame.brand} - ${frame.origin}`,
    `${footer.help}: ${frame.helpUrl}`,
    `${footer.contact}: ${frame.supportAddress}`,
  ];
  return `${[...content.blocks.map(textOf), end.join('\n')].join('\n\n')}\n`;
}

function textOf(block: Block): string {
  switch (block.type) {
    case 'paragraph':
    case 'detail':
      return wrap(block.text);
    case 'facts':
      return textOfFacts(block.rows);
    case 'code':
      return `    ${block.code}`;
    case 'steps':
      return block.items.map((item, index) => wrap(item, `${index + 1}. `)).join('\n');
    case 'button':
    case 'link':
      return `${wrap(`${block.label}:`)}\n${block.url}`;
    case 'aside':
      return [wrap(block.title), ...block.blocks.map(textOf)].join('\n\n');
  }
}

function textOfFacts(rows: readonly Fact[]): string {
  const width = Math.max(...rows.map(({ label }) => label.length)) + 2;
  return rows.map(({ label, value }) => wrap(value, `${label}:`.padEnd(width))).join('\n');
}

/** Breaks at spaces only; lines after the first are indented by the width of `lead`. */
function wrap(text: string, lead = ''): string {
  const lines: string[] = [];
  let line = lead;
  let empty = true;
  for (const word of text.split(' ')) {
    if (!empty && line.length + 1 + word.length > TEXT_COLUMNS) {
      lines.push(line);
      line = ' '.repeat(lead.length);
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line].join('\n');
}

type Html = ReturnType<typeof html>;

const SANS = "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const MONO = "ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono',monospace";

/** At most 12 kB: far below the 102 kB where mail programs cut a message off. */
export function drawHtml(content: MessageContent, frame: Frame): string {
  const palette = paletteOf(frame.color);
  const { light } = palette;
  const page = html`<!doctype html>
<html lang="${frame.lang}" dir="${frame.direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no,date=no,address=no,email=no,url=no">
<title>${content.subject}</title>
<style>${raw(styleSheet(palette))}</style>
</head>
<body class="page" style="margin:0;padding:0;background:${light.page};-webkit-text-size-adjust:100%">
${preheader(content.preheader)}
<table class="page" role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:${light.page}">
<tr><td class="gutter" align="center" style="padding:40px 16px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:560px;font-family:${raw(SANS)}">
<tr><td class="brand" style="padding:0 8px 20px;font-size:20px;line-height:28px;font-weight:700;color:${light.accentOnPage}">${frame.brand}</td></tr>
<tr><td class="card" style="padding:36px 40px 40px;background:${light.card};border:1px solid ${light.line};border-radius:16px">
<h1 class="ink" style="margin:0 0 20px;font-size:26px;line-height:34px;font-weight:700;color:${light.ink}">${content.heading}</h1>
${content.blocks.map((block, index) => htmlOf(block, palette, index === content.blocks.length - 1))}
</td></tr>
<tr><td class="soft" style="padding:24px 8px 0;font-size:14px;line-height:22px;color:${light.softOnPage}">
${frame.footer.help}: ${link(frame.helpUrl, withoutScheme(frame.helpUrl), light.accentOnPage, 'brand')}<br>
${frame.footer.contact}: ${link(`mailto:${frame.supportAddress}`, frame.supportAddress, light.accentOnPage, 'brand')}
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
`;
  return page.toString();
}

/** Invisible characters that inboxes show as nothing. */
const PADDING = `\n${'&#847;&zwnj;&nbsp;'.repeat(10)}`.repeat(6);

/** Read by inboxes, hidden in the mail; the padding keeps the next words, and with them a code, out of the preview. */
function preheader(text: string): Html {
  const hidden = 'display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;font-size:1px;line-height:1px';
  return html`<div style="${hidden}">${text}${raw(PADDING)}</div>`;
}

function htmlOf(block: Block, palette: Palette, last: boolean): Html {
  const { light } = palette;
  const below = last ? 0 : 20;
  switch (block.type) {
    case 'paragraph':
      return html`<p class="ink" style="margin:0 0 ${below}px;font-size:17px;line-height:26px;color:${light.ink}">${emphasized(block.text, block.strong)}</p>
`;
    case 'detail':
      return html`<p class="soft" style="margin:0 0 ${below}px;font-size:15px;line-height:23px;color:${light.soft}">${block.text}</p>
`;
    case 'facts':
      return html`<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 ${below}px;font-size:15px;line-height:23px">
${block.rows.map((row) => htmlOfFact(row, palette))}</table>
`;
    case 'code':
      return htmlOfCode(block.code, palette, below);
    case 'steps':
      return html`<ol class="ink" style="margin:0 0 ${below}px;padding:0;padding-inline-start:22px;font-size:16px;line-height:25px;color:${light.ink}">
${block.items.map((item) => html`<li style="margin:0 0 8px">${item}</li>\n`)}</ol>
`;
    case 'button':
      return htmlOfButton(block.label, block.url, palette, below);
    case 'link':
      return html`<p style="margin:0 0 ${below}px;font-size:16px;line-height:25px">${link(block.url, block.label, light.accent, 'accent')}</p>
`;
    case 'aside':
      return html`<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:8px 0 ${below}px">
<tr><td class="aside" style="padding:20px 24px 22px;background:${light.aside};border-radius:12px">
<h2 class="ink" style="margin:0 0 8px;font-size:17px;line-height:25px;font-weight:700;color:${light.ink}">${block.title}</h2>
${block.blocks.map((inner, index) => htmlOf(inner, palette, index === block.blocks.length - 1))}</td></tr></table>
`;
  }
}

function emphasized(text: string, strong: string | undefined): Html | string {
  const at = strong === undefined ? -1 : text.indexOf(strong);
  if (strong === undefined || at < 0) return text;
  return html`${text.slice(0, at)}<strong>${strong}</strong>${text.slice(at + strong.length)}`;
}

function htmlOfFact({ label, value }: Fact, { light }: Palette): Html {
  return html`<tr><td class="soft" valign="top" style="padding:2px 0;padding-inline-end:16px;white-space:nowrap;color:${light.soft}">${label}</td><td class="ink" valign="top" style="padding:2px 0;word-break:break-word;overflow-wrap:anywhere;color:${light.ink}">${value}</td></tr>
`;
}

/** One run of text, spaced by the style alone: copying it yields the code and nothing else. */
function htmlOfCode(code: string, { light }: Palette, below: number): Html {
  const { size, spacing } =
    code.length <= 6
      ? { size: 38, spacing: 8 }
      : code.length <= 8
        ? { size: 32, spacing: 6 }
        : { size: 25, spacing: 3 };
  return html`<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 ${below}px">
<tr><td class="code" align="center" dir="ltr" style="padding:20px 0 20px ${spacing}px;background:${light.aside};border:1px solid ${light.line};border-radius:12px;font-family:${raw(MONO)};font-size:${size}px;line-height:48px;font-weight:700;letter-spacing:${spacing}px;color:${light.ink}"><span style="-webkit-user-select:all;user-select:all">${code}</span></td></tr></table>
`;
}

/** The colour sits on the cell, because some mail programs ignore the padding of a link. */
function htmlOfButton(label: string, url: string, { light }: Palette, below: number): Html {
  return html`<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 ${below}px">
<tr><td class="button" align="center" style="background:${light.button};border-radius:12px"><a class="button" href="${url}" style="display:inline-block;padding:14px 28px;font-size:17px;line-height:24px;font-weight:700;color:${light.onButton};text-decoration:none;border-radius:12px">${label}</a></td></tr></table>
`;
}

function link(url: string, label: string, color: string, name: string): Html {
  return html`<a class="${name}" href="${url}" style="color:${color};text-decoration:underline">${label}</a>`;
}

function withoutScheme(url: string): string {
  return url.replace(/^https?:\/\//, '');
}

function styleSheet({ dark }: Palette): string {
  return `:root{color-scheme:light dark}
@media (max-width:480px){.gutter{padding:24px 12px!important}.card{padding:28px 22px 26px!important}.aside{padding:18px 18px 20px!important}}
@media (prefers-color-scheme:dark){
.page{background:${dark.page}!important}.card{background:${dark.card}!important;border-color:${dark.line}!important}
.aside,.code{background:${dark.aside}!important;border-color:${dark.line}!important}
.ink,.code{color:${dark.ink}!important}.soft{color:${dark.soft}!important}
.brand{color:${dark.accentOnPage}!important}.accent{color:${dark.accent}!important}
.button{background:${dark.button}!important;color:${dark.onButton}!important}
}`;
}
