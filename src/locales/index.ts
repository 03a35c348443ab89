/** Which language a page speaks, and how its texts are filled. */
import { en, type Plural, type Texts } from './en.ts';
import { mirrored } from './pseudo.ts';

export type { Plural, Texts } from './en.ts';

export interface PickedLocale {
  /** BCP 47 */
  locale: string;
  dir: 'ltr' | 'rtl';
  t: Texts;
}

const ENGLISH: PickedLocale = { locale: 'en', dir: 'ltr', t: en };
const SUPPORTED: readonly PickedLocale[] = [ENGLISH];
/** Made from English, to see in development what a right-to-left language does to the pages. */
const PSEUDO: PickedLocale = { locale: 'ar-XB', dir: 'rtl', t: mirrored(en) };

/**
 * The best supported language: what the person chose, else what the browser asks for (RFC 9110 12.5.4, matched by
 * RFC 4647 lookup), else English.
 */
export function pickLocale(
  acceptLanguage: string | undefined,
  chosen: string | undefined,
  options: { development: boolean },
): PickedLocale {
  const supported = options.development ? [...SUPPORTED, PSEUDO] : SUPPORTED;
  for (const wanted of [...(chosen ? [chosen] : []), ...wantedLanguages(acceptLanguage ?? '')]) {
    const found = lookUp(wanted, supported);
    if (found) return found;
  }
  return ENGLISH;
}

/** Replaces every {name} by its parameter; an unknown name stays, so that a mistake is seen. */
export function fill(text: string, params: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}

/** The form of `forms` for `count` in this language, with {count} and the other parameters filled in. */
export function fillCount(
  locale: string,
  forms: Plural,
  count: number,
  params: Record<string, string | number> = {},
): string {
  const text = forms[new Intl.PluralRules(numberLocale(locale)).select(count)] ?? forms.other;
  return fill(text, { ...params, count: new Intl.NumberFormat(numberLocale(locale)).format(count) });
}

/** A length of time in the largest unit that says it well, rounded up: "30 seconds", "2 minutes", "1 hour". */
export function durationText(picked: Pick<PickedLocale, 'locale' | 't'>, seconds: number): string {
  const { locale, t } = picked;
  const whole = Math.max(1, Math.ceil(seconds));
  const units = [
    { forms: t.days, size: 86_400 },
    { forms: t.hours, size: 3600 },
    { forms: t.minutes, size: 60 },
  ];
  const unit = units.find(({ size }) => whole >= size && (whole % size === 0 || whole >= 1.5 * size));
  return unit ? fillCount(locale, unit.forms, Math.ceil(whole / unit.size)) : fillCount(locale, t.seconds, whole);
}

/** A moment (ms since 1970) in words, in UTC: "14 Mar 2026, 09:12 UTC". */
export function momentText(locale: string, at: number): string {
  const format = { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC', hourCycle: 'h23' } as const;
  return `${new Intl.DateTimeFormat(numberLocale(locale), format).format(at)} UTC`;
}

/** The name of a country (ISO 3166): "United Kingdom". */
export function countryName(locale: string, country: string): string {
  return new Intl.DisplayNames([numberLocale(locale)], { type: 'region' }).of(country) ?? country;
}

/** The pseudo language borrows the numbers and plurals of the English it is made of. */
function numberLocale(locale: string): string {
  return locale === PSEUDO.locale ? 'en-GB' : locale === 'en' ? 'en-GB' : locale;
}

/** Language ranges by falling weight; what is malformed or has weight 0 is left out. */
function wantedLanguages(acceptLanguage: string): string[] {
  return acceptLanguage
    .slice(0, 500)
    .split(',')
    .map((part) => {
      const [tag = '', ...params] = part.trim().split(/\s*;\s*/);
      const weight = params.find((param) => param.startsWith('q='));
      return { tag, weight: weight === undefined ? 1 : Number(weight.slice(2)) };
    })
    .filter(({ tag, weight }) => /^[a-z]{2,3}(-[a-z0-9]{1,8})*$/i.test(tag) && weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ tag }) => tag);
}

function lookUp(wanted: string, supported: readonly PickedLocale[]): PickedLocale | undefined {
  for (let tag = wanted.toLowerCase(); tag !== ''; tag = tag.slice(0, Math.max(0, tag.lastIndexOf('-')))) {
    const found = supported.find(({ locale }) => locale.toLowerCase() === tag);
    if (found) return found;
  }
  return undefined;
}
