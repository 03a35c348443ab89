/** Writes a text message: its words from the locale, the longest wording that fits, and the line that binds a code to us. */
import type { Over } from '../rules/delivery.ts';
import { textSize } from '../rules/gsm7.ts';
import type { MessageLocale, TextKind, TextParams, TextSurroundings } from './catalog.ts';
import { chooseLocale, isolated, MESSAGE_LOCALES, ours, type RenderContext, visible } from './render.ts';

export interface RenderedText {
  /** Lines are separated by \n; there is none at the end. */
  text: string;
  code: string | undefined;
  /** The locale that it is written in: BCP 47. */
  locale: string;
  /** What is paid for. */
  segments: number;
}

/**
 * One GSM-7 segment of 160 septets; where the letters of the locale or of the brand lie outside that alphabet, two of
 * UCS-2. For very long hosts, and for a link in UCS-2, the shortest wording may take more.
 * @param over a chat gets no line that binds the code: no messenger offers it to a page, and some make links of its @ and #
 * @throws RangeError where a URL in `params` is not on `context.origin`
 */
export function renderText<K extends TextKind>(
  kind: K,
  params: TextParams[K],
  context: RenderContext,
  over: Over = 'number',
): RenderedText {
  const lang = chooseLocale(context.locale);
  const locale = MESSAGE_LOCALES[lang] as MessageLocale;
  const code = 'code' in params ? visible(params.code) : undefined;
  if ('confirmUrl' in params) ours(params.confirmUrl, context.origin);
  const wordings = locale.texts[kind](params, surroundingsOf(context, locale));
  const text = drawText(wordings, code, over === 'number' ? new URL(context.origin).hostname : undefined);
  return { text, code, locale: lang, segments: textSize(text).segments };
}

/**
 * The longest of `wordings` that fits, with the code behind it and again in a last line of its own, from which phones
 * offer it to the page of that very host (WICG "Origin-bound one-time codes delivered via SMS"): "@acme.com #482913".
 */
export function drawText(
  wordings: readonly [string, ...string[]],
  code: string | undefined,
  host: string | undefined,
): string {
  const bound = host === undefined ? '' : `\n@${host} #${code}`;
  const texts = wordings.map((words) => (code === undefined ? words : `${words} ${code}${bound}`));
  return texts.find(fits) ?? (texts.at(-1) as string);
}

function fits(text: string): boolean {
  const { encoding, segments } = textSize(text);
  return segments <= (encoding === 'gsm7' ? 1 : 2);
}

function surroundingsOf(context: RenderContext, locale: MessageLocale): TextSurroundings {
  const help = context.helpUrl ?? `${context.origin}/help`;
  return {
    brand: isolated(nameOnPhones(context.brand.name), locale),
    host: isolated(new URL(context.origin).host, locale),
    help: isolated(help.replace(/^https?:\/\//, ''), locale),
    shortMoment: (at) => shortMoment(at, locale),
  };
}

/**
 * Typographic signs that have a plain twin of the same meaning are written plainly: a single curly apostrophe would double
 * the price. Letters stay as they are: a name that is spelled otherwise is what forgeries look like.
 */
const PLAIN: readonly (readonly [RegExp, string])[] = [
  [/[\u2018\u2019\u201b\u02bc\u2032`\u00b4]/g, "'"],
  [/[\u201c\u201d\u201e\u2033]/g, '"'],
  [/[\u2010-\u2015\u2212]/g, '-'],
  [/\u2026/g, '...'],
];

/** Nothing in it can be read as a line that binds a code: some browsers look for one anywhere after a space. */
function nameOnPhones(name: string): string {
  const plain = PLAIN.reduce((text, [signs, sign]) => text.replace(signs, sign), visible(name));
  return plain.replace(/(^|\s)@(?=\S+ #)/g, '$1');
}

const formats = new Map<string, Intl.DateTimeFormat>();

function shortMoment(at: number, { dateLocale }: MessageLocale): string {
  let format = formats.get(dateLocale);
  if (!format) {
    format = new Intl.DateTimeFormat(dateLocale, {
      day: 'numeric',
      month: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
      timeZone: 'UTC',
      timeZoneName: 'short',
    });
    formats.set(dateLocale, format);
  }
  return format
    .format(at)
    .replace(',', '')
    .replace(/[\u00a0\u202f]/g, ' ');
}
