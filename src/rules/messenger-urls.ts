/**
 * The URLs that messengers are configured with, checked and taken apart. A refused URL is one line: the setting's name, what
 * is wrong, an example; never a part of the URL that may be secret.
 */
import { isLoopbackHost } from './loopback.ts';

export interface TelegramSettings {
  /** Without a trailing slash. */
  api: string;
  /** `BOT_ID:SECRET` */
  token: string;
  /** Name of the bot, without @. */
  bot: string;
}

export interface TelegramGatewaySettings {
  api: string;
  token: string;
  /** User name of a verified channel that codes come from, or undefined for Telegram's own. */
  sender: string | undefined;
}

export interface WhatsAppSettings {
  /** With the version of the API: `https://graph.facebook.com/v23.0`. */
  api: string;
  phoneNumberId: string;
  token: string;
  appSecret: string;
  verifyToken: string;
  /** Name of the authentication template. */
  template: string;
  /** Languages that the template was approved in; the first serves everybody else. */
  languages: string[];
  /** The shop's number in digits, for deep links; undefined where it was not given. */
  number: string | undefined;
}

export interface ViberSettings {
  api: string;
  token: string;
  /** URI of the bot. */
  uri: string;
}

export type ParsedUrl<T> = { settings: T } | { problem: string };

/** What a provider's URL looks like, and what it must and may say. */
interface Form {
  variable: string;
  scheme: string;
  example: string;
  parameters: readonly string[];
}

const TELEGRAM: Form = {
  variable: 'REGAIN_TELEGRAM_URL',
  scheme: 'telegram',
  example: 'telegram://BOT_ID:SECRET@api.telegram.org/shop_bot',
  parameters: [],
};
const TELEGRAM_GATEWAY: Form = {
  variable: 'REGAIN_TELEGRAM_GATEWAY_URL',
  scheme: 'telegram-gateway',
  example: 'telegram-gateway://:TOKEN@gatewayapi.telegram.org',
  parameters: ['sender'],
};
const WHATSAPP: Form = {
  variable: 'REGAIN_WHATSAPP_URL',
  scheme: 'whatsapp',
  example:
    'whatsapp://PHONE_NUMBER_ID:TOKEN@graph.facebook.com/v23.0?app_secret=SECRET&verify_token=SECRET&template=recovery_code&languages=en_US,es&number=15550100',
  parameters: ['app_secret', 'verify_token', 'template', 'languages', 'number'],
};
const VIBER: Form = {
  variable: 'REGAIN_VIBER_URL',
  scheme: 'viber',
  example: 'viber://:TOKEN@chatapi.viber.com?uri=shop',
  parameters: ['uri'],
};

export function parseTelegramUrl(value: string): ParsedUrl<TelegramSettings> {
  return parsed(TELEGRAM, value, (parts) => {
    if (!/^\d{3,16}$/.test(parts.user))
      return 'must begin with the number of the bot, the part of its token before the colon';
    if (!/^[A-Za-z0-9_-]{30,64}$/.test(parts.password))
      return 'must name the secret of the bot, the part of its token after the colon';
    const bot = parts.path.replace(/^\/@?/, '');
    if (!/^[A-Za-z][A-Za-z0-9_]{3,31}$/.test(bot)) return 'must end with the user name of the bot, as in /shop_bot';
    return { api: parts.api(''), token: `${parts.user}:${parts.password}`, bot };
  });
}

export function parseTelegramGatewayUrl(value: string): ParsedUrl<TelegramGatewaySettings> {
  return parsed(TELEGRAM_GATEWAY, value, (parts) => {
    if (parts.user !== '' || !isHeaderSafe(parts.password))
      return 'must name the token of the account between :// and @, after a colon';
    if (parts.path !== '' && parts.path !== '/') return 'must not have a path';
    const sender = parts.query.get('sender')?.replace(/^@/, '');
    if (sender !== undefined && !/^[A-Za-z][A-Za-z0-9_]{3,31}$/.test(sender))
      return "sender must be the user name of your verified channel, as in 'sender=shop'";
    return { api: parts.api(''), token: parts.password, sender };
  });
}

export function parseWhatsAppUrl(value: string): ParsedUrl<WhatsAppSettings> {
  return parsed(WHATSAPP, value, (parts) => {
    if (!/^\d{5,20}$/.test(parts.user))
      return 'must begin with the id of the phone number, which is digits (not the number itself)';
    if (!isHeaderSafe(parts.password)) return 'must name the access token after the id, before the @';
    if (!/^\/v\d{1,3}\.\d{1,2}\/?$/.test(parts.path))
      return 'must name the version of the API after the host, as in /v23.0';
    const [appSecret, verifyToken] = [parts.query.get('app_secret') ?? '', parts.query.get('verify_token') ?? ''];
    if (appSecret === '') return 'app_secret is missing: without it, reports could be forged';
    if (verifyToken.length < 8)
      return 'verify_token is missing or shorter than 8 characters; invent one and type it at Meta, too';
    const template = parts.query.get('template') ?? '';
    if (!/^[a-z0-9_]{1,512}$/.test(template))
      return 'template must be the name of an authentication template: a-z, 0-9 and _';
    const languages = (parts.query.get('languages') ?? 'en_US').split(',').map((language) => language.trim());
    const strange = languages.find((language) => !/^[a-z]{2,3}(_[A-Z]{2,3})?$/.test(language));
    if (strange !== undefined)
      return `languages has '${strange}', which is no language code of WhatsApp such as en_US or es`;
    const number = parts.query.get('number')?.replace(/^\+|[ ()-]/g, '');
    if (number !== undefined && !/^[1-9]\d{6,14}$/.test(number))
      return 'number must be the phone number of the shop with its country code, in digits';
    const api = parts.api(parts.path.replace(/\/$/, ''));
    return {
      api,
      phoneNumberId: parts.user,
      token: parts.password,
      appSecret,
      verifyToken,
      template,
      languages,
      number,
    };
  });
}

export function parseViberUrl(value: string): ParsedUrl<ViberSettings> {
  return parsed(VIBER, value, (parts) => {
    if (parts.user !== '' || !isHeaderSafe(parts.password))
      return 'must name the token of the bot between :// and @, after a colon';
    if (parts.path !== '' && parts.path !== '/') return 'must not have a path';
    const uri = parts.query.get('uri') ?? '';
    if (!/^[A-Za-z0-9_.-]{1,64}$/.test(uri))
      return 'uri is missing: the name of the bot in its viber://pa?chatURI= link';
    return { api: parts.api(''), token: parts.password, uri };
  });
}

interface Parts {
  user: string;
  password: string;
  path: string;
  query: URLSearchParams;
  /** Base of the API's addresses: that of `api=`, or https and the host; the path is added to both. */
  api(path: string): string;
}

function parsed<T>(form: Form, value: string, read: (parts: Parts) => T | string): ParsedUrl<T> {
  const parts = takeApart(form, value);
  const settings = typeof parts === 'string' ? parts : read(parts);
  return typeof settings === 'string'
    ? { problem: `${form.variable}: ${settings}. Example: ${form.variable}=${form.example}` }
    : { settings };
}

function takeApart(form: Form, value: string): Parts | string {
  if (!value.startsWith(`${form.scheme}://`)) return `must start with ${form.scheme}://`;
  if (!URL.canParse(value)) return 'is not a URL';
  const url = new URL(value);
  if (!url.hostname) return 'names no host';
  if (url.hash) return 'has a # in it; write it as %23';
  const [user, password] = [decoded(url.username), decoded(url.password)];
  if (user === undefined || password === undefined) return 'has a % that begins no code; write it as %25';
  const query = url.searchParams;
  for (const name of query.keys()) {
    if (![...form.parameters, 'api', 'insecure'].includes(name))
      return `has a parameter '${name}', which is none of ${form.scheme}`;
    if (query.getAll(name).length > 1) return `says '${name}' twice`;
  }
  if (query.has('insecure') && query.get('insecure') !== '1') return 'insecure can only be 1';
  const base = apiBase(query.get('api') ?? `https://${url.host}`, query.get('insecure') === '1');
  if ('problem' in base) return base.problem;
  return { user, password, path: url.pathname, query, api: (path) => base.url + path };
}

function apiBase(value: string, insecure: boolean): { url: string } | { problem: string } {
  if (!URL.canParse(value)) return { problem: 'api is not a URL' };
  const url = new URL(value);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return { problem: 'api must start with https:// or http://' };
  if (url.username || url.password || url.search || url.hash)
    return { problem: 'api must be scheme, host and path only' };
  if (url.protocol === 'http:' && !insecure && !isLoopbackHost(url.hostname))
    return { problem: 'api is plain http, which is accepted for loopback only; use https, or say insecure=1' };
  return { url: url.origin + url.pathname.replace(/\/+$/, '') };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Tokens go into a header: visible ASCII, and nothing that could end it. */
function isHeaderSafe(token: string): boolean {
  return /^[\x21-\x7e]{8,2048}$/.test(token);
}
