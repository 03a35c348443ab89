/** What a handler needs to know of a request. */
import type { Context as HttpContext } from 'hono';
import { isSupportedCountry } from 'libphonenumber-js/max';
import type { Context, Origin } from '../actions/context.ts';
import type { Inbox } from '../channels/inbox.ts';
import type { InboxChats } from '../channels/inbox-chats.ts';
import type { Config } from '../config.ts';
import { type PickedLocale, pickLocale } from '../locales/index.ts';
import type { LinkedChannel } from '../ports.ts';
import type { Messenger } from '../rules/delivery.ts';
import { PROBLEMS, type ProblemCode, type Refusal } from '../rules/errors.ts';
import { browserName } from './browser-name.ts';
import { clientAddress, clientNetwork } from './client-address.ts';
import type { Cookies } from './cookies.ts';
import type { HeldBodies } from './held-bodies.ts';
import type { OpenStreams } from './open-streams.ts';
import type { View } from './pages/layout.ts';
import type { Receivers } from './webhooks.ts';

/** Given to every handler. */
export interface Web {
  context: Context;
  config: Config;
  cookies: Cookies;
  streams: OpenStreams;
  heldBodies: HeldBodies;
  /** In development: every message that left. */
  inbox: Inbox | undefined;
  /** In development: the chats of messengers, in the inbox. */
  chats: InboxChats | undefined;
  /** Who reports to /webhooks/:provider. */
  receivers: Receivers;
  messengers: Messengers;
  /** Changes with every build, so that cached assets never outlive their pages. */
  assetVersion: string;
}

/** The messengers of this installation that a person can link to an account. */
export type Messengers = Partial<Record<Messenger, Pick<LinkedChannel, 'deepLink'>>>;

/** Address of the socket: set by the server adapter, or by whoever embeds us. */
export type Peer = { peer?: string };

export function localeOf(web: Web, c: HttpContext): PickedLocale {
  const chosen = c.req.query('lang') ?? web.cookies.read(c, 'locale');
  return pickLocale(c.req.header('accept-language'), chosen, { development: web.config.mode === 'development' });
}

/** What a page needs to know about the person and the shop. */
export function viewOf(web: Web, c: HttpContext): View {
  const { brand, mode } = web.config;
  return { ...localeOf(web, c), brand, development: mode === 'development', assetVersion: web.assetVersion };
}

/** The status of a page that shows a refusal; sets `Retry-After` where it is known when to come back. */
export function refusedStatus(c: HttpContext, { code, details }: Refusal): (typeof PROBLEMS)[ProblemCode]['status'] {
  const { retryAfterSeconds } = details;
  if (retryAfterSeconds !== undefined) c.header('Retry-After', String(Math.max(1, retryAfterSeconds)));
  return PROBLEMS[code].status;
}

export function originOf(web: Web, c: HttpContext, locale?: string): Origin {
  return {
    locale: locale ?? localeOf(web, c).locale,
    browser: browserName(c.req.header('user-agent')),
    source: sourceOf(web.config, c),
    device: web.cookies.read(c, 'device'),
  };
}

/** The client's network, as limits are counted; undefined for this machine, where one address stands for everybody. */
export function sourceOf({ trustedProxies }: Config, c: HttpContext): string | undefined {
  const peer = (c.env as Peer | undefined)?.peer ?? '';
  return clientNetwork(clientAddress(peer, c.req.header('x-forwarded-for'), trustedProxies));
}

/**
 * The country that national phone numbers are read with: the region of the locale that an app named, else of the first
 * accepted language, else the shop's.
 */
export function countryOf(web: Web, c: HttpContext, locale = ''): string {
  return countryIn(locale) ?? countryIn(c.req.header('accept-language') ?? '') ?? web.config.defaultCountry;
}

/** Regions that are no country ("en-UK", "ar-XB") are met in the wild. */
function countryIn(languages: string): string | undefined {
  const region = /^[a-z]{2,3}(?:-[a-z]{4})?-([a-z]{2})\b/i.exec(languages)?.[1];
  const country = region?.toUpperCase();
  return country !== undefined && isSupportedCountry(country) ? country : undefined;
}
