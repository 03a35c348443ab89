/** Puts a message together: cleans what strangers may have chosen, picks the locale, lets `layout.ts` draw both parts. */
import type { Brand } from '../config.ts';
import type { MessageLocale, MessageParams, Surroundings, TemplateKind } from './catalog.ts';
import { en } from './en/index.ts';
import { drawHtml, drawText } from './layout.ts';
import { arXB } from './pseudo-rtl.ts';

export interface RenderContext {
  /** BCP 47; an unknown one falls back to its language, then to English. */
  locale: string;
  brand: Pick<Brand, 'name' | 'color' | 'supportAddress'>;
  /** The configured public origin, without a trailing slash: the only place that links lead to. */
  origin: string;
  /** Default: `/help` on the origin. */
  helpUrl?: string;
}

export interface RenderedMessage {
  subject: string;
  text: string;
  html: string;
  /** What an inbox shows after the subject; also at the start of `html`. */
  preheader: string;
}

/** `ar-XB` is English turned round, for looking at right-to-left layouts without reading Arabic. */
export const MESSAGE_LOCALES: Readonly<Record<string, MessageLocale>> = { en, 'ar-XB': arXB };

/**
 * Writes one message in both parts.
 * @throws RangeError where a URL in `params` is not on `context.origin`: a link elsewhere is a mistake of ours or an attack
 */
export function render<K extends TemplateKind>(
  kind: K,
  params: MessageParams[K],
  context: RenderContext,
): RenderedMessage {
  const lang = chooseLocale(context.locale);
  const locale = MESSAGE_LOCALES[lang] as MessageLocale;
  const surroundings = surroundingsOf(context, locale);
  const content = locale.templates[kind](cleaned(params, context.origin, locale), surroundings);
  const frame = {
    lang,
    direction: locale.direction,
    brand: context.brand.name,
    color: context.brand.color,
    origin: context.origin,
    helpUrl: surroundings.helpUrl,
    supportAddress: context.brand.supportAddress,
    footer: locale.footer(surroundings),
  };
  return {
    subject: content.subject,
    preheader: content.preheader,
    text: drawText(content, frame),
    html: drawHtml(content, frame),
  };
}

/** `en-US` is read by `en`; what nobody has written is read in English. */
export function chooseLocale(wanted: string): string {
  if (Object.hasOwn(MESSAGE_LOCALES, wanted)) return wanted;
  const language = wanted.split('-')[0] ?? '';
  return Object.hasOwn(MESSAGE_LOCALES, language) ? language : 'en';
}

function surroundingsOf(context: RenderContext, locale: MessageLocale): Surroundings {
  return {
    brand: isolated(context.brand.name, locale),
    host: isolated(new URL(context.origin).host, locale),
    helpUrl: context.helpUrl ?? `${context.origin}/help`,
    supportAddress: isolated(context.brand.supportAddress, locale),
    moment: (at) => momentOf(at, locale),
  };
}

/** The parameters, safe to be set into sentences: nothing in them can break out of its line, its place or its direction. */
function cleaned<P extends object>(params: P, origin: string, locale: MessageLocale): P {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, cleanedValue(name, value, origin, locale)]),
  ) as P;
}

/** A code, and words that a template translates. */
const CHOSEN_BY_US = ['code', 'what', 'recovery', 'by', 'why'];

/** What stands in a list, or in the entries of one, is cleaned as if it stood alone. */
function cleanedValue(name: string, value: unknown, origin: string, locale: MessageLocale): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => cleanedValue(name, item, origin, locale));
  if (typeof value === 'object' && value !== null) return cleaned(value, origin, locale);
  if (typeof value !== 'string') return value;
  if (name.endsWith('Url')) return ours(value, origin);
  if (CHOSEN_BY_US.includes(name)) return visible(value);
  return isolated(name === 'browser' ? unlinkable(visible(value)) : visible(value), locale);
}

export function ours(url: string, origin: string): string {
  if (!URL.canParse(url) || new URL(url).origin !== origin || !url.startsWith(`${origin}/`))
    throw new RangeError(`a link in a message does not lead to ${origin}`);
  return url;
}

/** Longer values are cut: a message is no place for a stranger's essay. */
const VALUE_MAX_CHARACTERS = 120;

/** Without line breaks, control, formatting and bidirectional characters, which could reorder or hide what stands around. */
export function visible(value: string): string {
  const text = value
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replace(/\p{Cf}+/gu, '')
    .trim();
  const characters = [...text];
  return characters.length <= VALUE_MAX_CHARACTERS
    ? text
    : `${characters.slice(0, VALUE_MAX_CHARACTERS - 1).join('')}…`;
}

/** A browser says of itself what it likes. Mail programs turn `evil.example` into a link; "evil example" stays text. */
function unlinkable(value: string): string {
  return value
    .replace(/[^\p{L}\p{M}\p{N} ,()'&+.…-]+/gu, ' ')
    .replace(/\.(?!\d)/g, ' ')
    .replace(/ +/g, ' ')
    .trim();
}

/** In right-to-left text, what is inserted keeps its own direction: FIRST STRONG ISOLATE, POP DIRECTIONAL ISOLATE (UAX 9). */
export function isolated(value: string, locale: MessageLocale): string {
  return locale.direction === 'rtl' ? `\u2068${value}\u2069` : value;
}

const formats = new Map<string, { day: Intl.DateTimeFormat; time: Intl.DateTimeFormat }>();

function momentOf(at: number, { dateLocale }: MessageLocale): string {
  let format = formats.get(dateLocale);
  if (!format) {
    format = {
      day: new Intl.DateTimeFormat(dateLocale, { dateStyle: 'long', timeZone: 'UTC' }),
      time: new Intl.DateTimeFormat(dateLocale, {
        hour: '2-digit',
        minute: '2-digit',
        hourCycle: 'h23',
        timeZone: 'UTC',
        timeZoneName: 'short',
      }),
    };
    formats.set(dateLocale, format);
  }
  return `${format.day.format(at)}, ${format.time.format(at)}`;
}
