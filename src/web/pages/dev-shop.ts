/** Development only: a shop around the sign-in link, where people look for it. */
import { html } from 'hono/html';
import { fill } from '../../locales/index.ts';
import { icon } from './icons.ts';
import { type Html, page, type View } from './layout.ts';

export interface DevShopProps {
  /** Name or address of the person who is signed in. */
  signedInAs?: string | undefined;
}

export function devShopPage(view: View, { signedInAs }: DevShopProps): Html {
  const t = view.t.shop;
  return page(view, {
    title: t.title,
    bodyClass: 'shop',
    extraStyle: 'dev.css',
    skipLink: true,
    corner: html`<nav class="corner">${
      signedInAs === undefined
        ? html`<a class="button primary" href="/sign-in">${t.signIn}</a>`
        : html`<a class="button secondary" href="/account">${icon('person')}<span>${t.account}</span></a>`
    }</nav>`,
    main: html`<section class="hero"><div><p class="eyebrow">${t.ribbon}</p>
<h1>${signedInAs === undefined ? t.heading : html`<bdi>${fill(t.hello, { name: signedInAs })}</bdi>`}</h1><p class="lead">${t.lead}</p></div>
<div class="try"><h2>${t.tryTitle}</h2><ol class="steps-list">${t.trySteps.map((step) => html`<li>${step}</li>`)}</ol><a href="/dev/inbox">${t.inbox}</a></div></section>
<section aria-labelledby="products"><h2 id="products">${t.products}</h2>
<ul class="products">${PRODUCTS.map((product) => productCard(view, product))}</ul></section>`,
  });
}

interface Product {
  key: keyof View['t']['shop']['items'];
  /** In euros. */
  price: number;
  /** Shapes of class a (base), b (shade), c (light) in a box of 200 by 160. */
  drawing: Html;
}

const PRODUCTS: readonly Product[] = [
  {
    key: 'mug',
    price: 24,
    drawing: html`<path class="b" d="M126 66h14a18 18 0 0 1 0 44h-16v-11h15a8 8 0 0 0 0-22h-13Z"/><path class="a" d="M66 54h62v58a16 16 0 0 1-16 16H82a16 16 0 0 1-16-16Z"/><path class="c" d="M66 54h62v16H66Z"/><path class="s" d="M84 42q-7-8 0-15t0-14M104 42q-7-8 0-15t0-14"/>`,
  },
  {
    key: 'lamp',
    price: 89,
    drawing: html`<path class="b" d="M96 78h8v46h-8Z"/><path class="a" d="M76 24h48l18 56H58Z"/><path class="c" d="M76 24h48l4 12H72Z"/><rect class="b" x="72" y="122" width="56" height="10" rx="5"/>`,
  },
  {
    key: 'vase',
    price: 42,
    drawing: html`<path class="s" d="M96 66q-6-26-26-40M101 66q0-28 4-50M105 66q6-18 24-26"/><circle class="c" cx="68" cy="24" r="9"/><circle class="c" cx="106" cy="15" r="9"/><circle class="c" cx="131" cy="38" r="9"/><path class="a" d="M88 62h26l-3 14q21 12 21 32 0 22-31 22t-31-22q0-20 21-32Z"/><path class="b" d="M71 101q30 12 60 0 1 4 1 7 0 22-31 22t-31-22q0-4 1-7Z"/>`,
  },
  {
    key: 'candle',
    price: 18,
    drawing: html`<path class="a" d="M68 74h64v46a12 12 0 0 1-12 12H80a12 12 0 0 1-12-12Z"/><path class="b" d="M68 92h64v22H68Z"/><path class="s" d="M100 74V58"/><path class="c" d="M100 22q15 16 11 27a11.5 11.5 0 0 1-22 0q-2-9 11-27Z"/>`,
  },
  {
    key: 'blanket',
    price: 120,
    drawing: html`<rect class="b" x="46" y="96" width="108" height="34" rx="12"/><rect class="a" x="46" y="64" width="108" height="36" rx="12"/><rect class="c" x="46" y="34" width="108" height="34" rx="12"/><path class="s" d="M64 42v18M78 42v18M64 73v18M78 73v18M64 104v18M78 104v18"/>`,
  },
  {
    key: 'chair',
    price: 310,
    drawing: html`<path class="b" d="M70 92h8v42h-8ZM126 92h8v42h-8Z"/><rect class="a" x="72" y="22" width="60" height="58" rx="14"/><path class="s" d="M84 36h36M84 48h36M84 60h36"/><rect class="c" x="60" y="78" width="84" height="18" rx="9"/>`,
  },
];

function productCard(view: View, { key, price, drawing }: Product): Html {
  const { name, about } = view.t.shop.items[key];
  const amount = new Intl.NumberFormat('en-GB', { style: 'currency', currency: 'EUR', maximumFractionDigits: 0 });
  return html`<li><div class="picture"><svg viewBox="0 0 200 160" aria-hidden="true">${drawing}</svg></div><h3>${name}</h3><p>${about}</p><p class="price">${amount.format(price)}</p></li>`;
}
