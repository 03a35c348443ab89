/** What every page has: head, brand, main, help. */
import { html } from 'hono/html';
import type { Brand } from '../../config.ts';
import { fill, type Texts } from '../../locales/index.ts';
import { darkPaper, lightPaper } from './brand-css.ts';

/** What `html` returns; both are accepted by `c.html()` and inside another template. */
export type Html = ReturnType<typeof html>;

/** What a page needs to know about the person and the shop. */
export interface View {
  brand: Brand;
  /** BCP 47 */
  locale: string;
  dir: 'ltr' | 'rtl';
  t: Texts;
  development: boolean;
  /** Changes with every change of a file below /assets/, so that they can be cached for ever. */
  assetVersion: string;
}

/** A field that the person should correct, in words. `field` is the field's name and the id of its input. */
export interface FieldError {
  field: string;
  message: string;
}

export interface PageParts {
  title: string;
  main: Html;
  /** Puts "Error: " before the title. */
  hasErrors?: boolean;
  bodyClass?: 'wide' | 'shop' | 'inbox';
  /** Beside the brand, at the end of the line. */
  corner?: Html;
  /** A link over a long header. */
  skipLink?: boolean;
  /** Of pages that exist in development only: `dev.css`, `inbox.js`. */
  extraStyle?: string;
  extraScript?: string;
}

export function page(view: View, parts: PageParts): Html {
  const { t, brand } = view;
  const title = parts.hasErrors ? fill(t.errorTitle, { title: parts.title }) : parts.title;
  return html`<!doctype html>
<html lang="${view.locale}" dir="${view.dir}">
<head>
<meta charset="utf-8">
<title>${title} – ${brand.name}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="theme-color" content="${lightPaper}" media="(prefers-color-scheme: light)">
<meta name="theme-color" content="${darkPaper}" media="(prefers-color-scheme: dark)">
<meta name="robots" content="noindex">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="${brand.logo ?? iconUrl(brand)}">
<link rel="stylesheet" href="${asset(view, 'regain.css')}">
<link rel="stylesheet" href="${asset(view, 'brand.css')}-${brand.color.slice(1)}">
${parts.extraStyle ? html`<link rel="stylesheet" href="${asset(view, parts.extraStyle)}">` : ''}
<script type="module" src="${asset(view, 'regain.js')}"></script>
${parts.extraScript ? html`<script type="module" src="${asset(view, parts.extraScript)}"></script>` : ''}
</head>
<body${parts.bodyClass ? html` class="${parts.bodyClass}"` : ''}>
${parts.skipLink ? html`<a class="skip" href="#main">${t.skip}</a>` : ''}
<header class="top"><a class="brand" href="/" aria-label="${fill(t.homeOf, { brand: brand.name })}">${mark(brand)}<span>${brand.name}</span></a>${parts.corner ?? ''}</header>
<main id="main" tabindex="-1">${parts.main}</main>
<footer class="foot"><a href="/help">${t.help}</a>${
    view.development ? html`<a href="/dev/inbox">${t.inboxLink}</a>` : ''
  }</footer>
</body>
</html>`;
}

function asset(view: View, file: string): string {
  return `/assets/${file}?v=${view.assetVersion}`;
}

/** The operator's logo, or our mark: a ring that comes back to where it started. */
function mark(brand: Brand): Html {
  if (brand.logo) return html`<img src="${brand.logo}" alt="" width="36" height="36">`;
  return html`<svg class="mark" viewBox="0 0 36 36" width="36" height="36" aria-hidden="true"><rect width="36" height="36" rx="11"/><path d="M11.2 13.4a8.2 8.2 0 1 1-1 6.5"/><path d="M10.6 8.6v5.2h5.2"/></svg>`;
}

function iconUrl(brand: Brand): string {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 36 36"><rect width="36" height="36" rx="11" fill="${brand.color}"/><path d="M11.2 13.4a8.2 8.2 0 1 1-1 6.5M10.6 8.6v5.2h5.2" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
