/**
 * What `REGAIN_SMS_URL` says: `twilio://`, `smpp://`, `smpps://`, or `https://` for the generic webhook. Pure, so that the
 * configuration can refuse a bad one at start with what is wrong and an example.
 */
import { isLoopbackHost } from './loopback.ts';
import { decoded, type Refuse, refuser, requireKnown, UrlRefused, wholeNumber } from './provider-urls.ts';

export interface TwilioUrl {
  provider: 'twilio';
  /** Origin of the API, without a trailing slash. */
  base: string;
  account: string;
  /** Signs Twilio's calls to us, and opens the API where there is no key. */
  authToken: string;
  key: { sid: string; secret: string } | undefined;
  sender: { from: string } | { messagingService: string };
}

export interface SmppUrl {
  provider: 'smpp';
  host: string;
  port: number;
  tls: boolean;
  /** Whether the certificate of the other side is checked. */
  verify: boolean;
  systemId: string;
  password: string;
  systemType: string;
  /** Type of number and numbering plan (SMPP 3.4, 5.2.5 and 5.2.6). */
  from: { address: string; ton: number; npi: number };
  /** How a text of several parts travels. */
  long: 'udh' | 'sar' | 'payload';
  /** Submits without an answer at a time. */
  window: number;
  enquireEveryMs: number;
}

export interface WebhookUrl {
  provider: 'webhook';
  /** Where to post, without the parameters that are ours. */
  url: string;
  secret: string;
}

export const SMS_URL_EXAMPLES = {
  twilio: 'twilio://ACxxxxxxxx:AUTH_TOKEN@api.twilio.com?from=+15550100',
  smpp: 'smpp://user:password@smsc.example:2775?from=Shop',
  webhook: 'https://sms.shop.example/send?secret=KEY',
} as const;

/** @throws UrlRefused */
export function parseSmsUrl(text: string): TwilioUrl | SmppUrl | WebhookUrl {
  if (!URL.canParse(text)) throw new UrlRefused('is not a URL', SMS_URL_EXAMPLES.twilio);
  const url = new URL(text);
  switch (url.protocol) {
    case 'twilio:':
      return parseTwilioUrl(url);
    case 'smpp:':
    case 'smpps:':
      return parseSmppUrl(url);
    case 'https:':
    case 'http:':
      return parseSmsWebhookUrl(url);
    default:
      throw new UrlRefused('must start with twilio://, smpp://, smpps:// or https://', SMS_URL_EXAMPLES.twilio);
  }
}

/**
 * `twilio://SID:TOKEN@api.twilio.com?from=+1...`, or `service=MG...` for a messaging service. `key` and `key_secret` are an
 * API key that opens the API in place of the token.
 * @throws UrlRefused
 */
export function parseTwilioUrl(url: URL): TwilioUrl {
  const refuse = refuser(SMS_URL_EXAMPLES.twilio);
  requireKnown(url, ['from', 'service', 'key', 'key_secret', 'api', 'insecure'], refuse);
  const account = decoded(url.username, refuse);
  const authToken = decoded(url.password, refuse);
  if (!/^AC[0-9A-Za-z]*$/.test(account)) refuse('needs the account SID before the colon; it starts with AC');
  if (authToken === '') refuse('needs the auth token after the account SID and a colon');
  const key = url.searchParams.get('key') ?? '';
  const secret = url.searchParams.get('key_secret') ?? '';
  if ((key === '') !== (secret === '')) refuse("needs both 'key' and 'key_secret', or neither");
  const from = sender(url.searchParams.get('from'));
  const service = url.searchParams.get('service') ?? '';
  if ((from === '') === (service === '')) refuse("needs either 'from' or 'service'");
  if (from !== '' && senderKind(from) === undefined) refuse(BAD_SENDER);
  if (service !== '' && !/^MG[0-9A-Za-z]+$/.test(service))
    refuse("'service' must be a messaging service SID; it starts with MG");
  return {
    provider: 'twilio',
    base: apiBase(url, 'https:', refuse),
    account,
    authToken,
    key: key === '' ? undefined : { sid: key, secret },
    sender: from === '' ? { messagingService: service } : { from },
  };
}

/**
 * `smpp://user:password@host:2775?from=Shop`; `smpps` is TLS from the start (3550). Parameters: `from`, `ton` and `npi` in
 * place of those that follow from it, `system_type`, `long` (udh, sar or payload), `window`, `enquire` in seconds.
 * `api=smpp://...` names another host.
 * @throws UrlRefused
 */
export function parseSmppUrl(url: URL): SmppUrl {
  const refuse = refuser(SMS_URL_EXAMPLES.smpp);
  const known = ['from', 'ton', 'npi', 'system_type', 'long', 'window', 'enquire', 'api', 'insecure'];
  requireKnown(url, known, refuse);
  const api = url.searchParams.get('api');
  if (api !== null && !(URL.canParse(api) && /^smpps?:$/.test(new URL(api).protocol)))
    refuse("'api' must be a URL that starts with smpp:// or smpps://");
  const place = api === null ? url : new URL(api);
  if (place.hostname === '') refuse('names no host');
  const systemId = decoded(url.username, refuse);
  const password = decoded(url.password, refuse);
  // SMPP 3.4, 5.2.1 to 5.2.3: 16, 9 and 13 octets with the closing zero.
  if (!/^[\x21-\x7e]{1,15}$/.test(systemId)) refuse('needs a user of 1 to 15 ASCII characters');
  if (!/^[\x20-\x7e]{0,8}$/.test(password))
    refuse('has a password of more than 8 ASCII characters, which SMPP does not allow');
  const systemType = url.searchParams.get('system_type') ?? '';
  if (!/^[\x20-\x7e]{0,12}$/.test(systemType)) refuse("'system_type' has at most 12 ASCII characters");
  const address = sender(url.searchParams.get('from'));
  const kind = senderKind(address);
  if (kind === undefined) throw new UrlRefused(BAD_SENDER, SMS_URL_EXAMPLES.smpp);
  const long = url.searchParams.get('long') ?? 'udh';
  if (long !== 'udh' && long !== 'sar' && long !== 'payload')
    throw new UrlRefused("'long' must be udh, sar or payload", SMS_URL_EXAMPLES.smpp);
  const tls = place.protocol === 'smpps:';
  return {
    provider: 'smpp',
    host: place.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: place.port === '' ? (tls ? 3550 : 2775) : Number(place.port),
    tls,
    verify: !isLoopbackHost(place.hostname) && url.searchParams.get('insecure') !== '1',
    systemId,
    password,
    systemType,
    from: {
      address: address.replace(/^\+/, ''),
      ton: wholeNumber(url, 'ton', SENDER_TYPES[kind].ton, 0, 255, refuse),
      npi: wholeNumber(url, 'npi', SENDER_TYPES[kind].npi, 0, 255, refuse),
    },
    long,
    window: wholeNumber(url, 'window', 10, 1, 1000, refuse),
    enquireEveryMs: wholeNumber(url, 'enquire', 30, 5, 600, refuse) * 1000,
  };
}

/**
 * `https://...?secret=KEY`: posted to as it stands, less `secret`, `insecure` and `api`, which are ours. `api` puts another
 * origin in the place of the URL's own.
 * @throws UrlRefused
 */
export function parseSmsWebhookUrl(url: URL): WebhookUrl {
  const refuse = refuser(SMS_URL_EXAMPLES.webhook);
  const secret = url.searchParams.get('secret') ?? '';
  if (secret === '') refuse("needs 'secret', the key that our calls are signed with");
  if (url.username !== '' || url.password !== '')
    refuse('must not hold a user or a password: calls are signed instead');
  const base = apiBase(url, url.protocol, refuse);
  return {
    provider: 'webhook',
    url: `${base}${url.pathname}${queryWithout(url.search, ['secret', 'insecure', 'api'])}`,
    secret,
  };
}

/** Where HTTP goes: `api`, or the URL's own host. Without TLS only on loopback, unless the URL says `insecure=1`. */
function apiBase(url: URL, scheme: string, refuse: Refuse): string {
  const api = url.searchParams.get('api');
  if (api !== null && !URL.canParse(api)) refuse("'api' is not a URL");
  const base = api === null ? new URL(`${scheme}//${url.host}`) : new URL(api);
  if (base.protocol !== 'https:' && base.protocol !== 'http:') refuse("'api' must start with https://");
  if (base.hostname === '') refuse('names no host');
  if (base.username !== '' || base.search !== '' || base.hash !== '')
    refuse("'api' must be scheme, host, port and path only");
  if (base.protocol === 'http:' && !isLoopbackHost(base.hostname) && url.searchParams.get('insecure') !== '1')
    refuse('goes to plain http, which is for loopback only; use https, or add insecure=1 on a network of your own');
  return `${base.origin}${base.pathname.replace(/\/$/, '')}`;
}

/** The other parameters byte by byte: some receivers sign or compare their query. */
function queryWithout(search: string, names: readonly string[]): string {
  const kept = search
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '' && !names.includes(pair.split('=')[0] as string));
  return kept.length === 0 ? '' : `?${kept.join('&')}`;
}

const BAD_SENDER =
  "needs 'from': a number like +15550100, a short code of 3 to 8 digits, or a name of up to 11 letters, digits and spaces";

/** A plus sign in a query means a space; nobody starts a number with one on purpose. */
function sender(from: string | null): string {
  return (from ?? '').replace(/^ (?=\d)/, '+').trim();
}

const SENDER_TYPES = {
  number: { ton: 1, npi: 1 },
  'short-code': { ton: 3, npi: 0 },
  name: { ton: 5, npi: 0 },
} as const;

function senderKind(from: string): keyof typeof SENDER_TYPES | undefined {
  if (/^\+[1-9]\d{6,14}$/.test(from)) return 'number';
  if (/^\d{3,8}$/.test(from)) return 'short-code';
  return /^(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}$/.test(from) ? 'name' : undefined;
}
