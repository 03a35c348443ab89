/**
 * Every setting of Regain: its name, environment variable, default and bounds. Parsed once, at start;
 * a refused setting is one line: the name, what is wrong, an example.
 */
import { readFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import type { AssessRisk } from './ports.ts';
import { BOUNCE_LOCAL_MAX } from './rules/bounce-addresses.ts';
import { isLoopbackHost } from './rules/loopback.ts';
import { MAIL_REPORTS_EXAMPLE, type MailReports, readMailReports } from './rules/mail-reports.ts';
import {
  type ParsedUrl,
  parseTelegramGatewayUrl,
  parseTelegramUrl,
  parseViberUrl,
  parseWhatsAppUrl,
  type TelegramGatewaySettings,
  type TelegramSettings,
  type ViberSettings,
  type WhatsAppSettings,
} from './rules/messenger-urls.ts';
import {
  parseSmsUrl,
  SMS_URL_EXAMPLES,
  type SmppUrl,
  type TwilioUrl,
  UrlRefused,
  type WebhookUrl,
} from './rules/sms-urls.ts';
import {
  DEFAULT_PRICES,
  DEFAULT_SPEND_PER_DAY,
  type Read,
  readCountries,
  readPrices,
  readSpendPerDay,
  type SpendSettings,
} from './rules/spend-settings.ts';

export type Mode = 'development' | 'production';
export type PasswordProfile = 'guide' | 'nist';

export interface Brand {
  /** Shown in pages and messages: "Your Acme account". */
  name: string;
  /** A data: URL of an SVG or PNG, or undefined for the built-in mark. */
  logo: string | undefined;
  /** Accent colour, #rrggbb. */
  color: string;
  /** Email address of customer support, shown to people who can't get in. */
  supportAddress: string;
}

export type DatabaseUrl = { engine: 'sqlite'; file: string } | { engine: 'postgres'; url: string };

export interface MailSettings {
  url: string;
  host: string;
  /** `Shop <no-reply@shop.example>` */
  from: string;
}

export type SmsSettings = TwilioUrl | SmppUrl | WebhookUrl;

/** Peers whose `X-Forwarded-For` is believed: a number of hops, or networks. */
export type TrustedProxies = { hops: number } | { networks: BlockList; text: string };

export interface Config {
  mode: Mode;
  host: string;
  port: number;
  /** Public origin; every link is built from it, never from a header. No trailing slash. */
  origin: string;
  /** Root secrets: the first signs, all verify. Empty in development until the start script makes one. */
  secrets: string[];
  database: DatabaseUrl;
  mail: MailSettings | undefined;
  /** Where mail that can't be delivered comes back to: `bounces@shop.example`; a token is set behind the local part. */
  bounceAddress: string | undefined;
  /** Who reports on our mails. */
  mailReports: MailReports[];
  sms: SmsSettings | undefined;
  telegramGateway: TelegramGatewaySettings | undefined;
  /** Messengers that people link to their account. */
  telegram: TelegramSettings | undefined;
  whatsapp: WhatsAppSettings | undefined;
  viber: ViberSettings | undefined;
  trustedProxies: TrustedProxies;
  brand: Brand;
  /** Where `/` leads in production. */
  homePath: string;
  passwordProfile: PasswordProfile;
  /** Path of a bigger filter of leaked passwords, or undefined for the bundled one. */
  leakedPasswordsFile: string | undefined;
  /** Whether an address without an account gets one helpful mail a week. */
  mailUnknownAddresses: boolean;
  /** ISO 3166 code that national phone numbers are read with when the locale names none. */
  defaultCountry: string;
  /** Codes that strangers ask for in a busy hour; far beyond it they must work or wait. */
  busyHourSends: number;
  spend: SpendSettings;
  /** How long a new password waits after a risky recovery; 0 for never. */
  coolOffHours: number;
  /** The host's own knowledge of risk. */
  risk: AssessRisk | undefined;
  logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug';
}

interface Setting {
  key: string;
  variable: string;
  /** What it means, for the reference and for errors. */
  meaning: string;
  example: string;
  /** Shown in the reference. */
  default: string;
}

/** One row per setting: the reference in docs/reference/settings.md is printed from this list. */
export const SETTINGS = {
  port: {
    key: 'port',
    variable: 'PORT',
    meaning: 'TCP port to listen on',
    example: '3000',
    default: '3000',
  },
  host: {
    key: 'host',
    variable: 'HOST',
    meaning: 'address to listen on',
    example: '0.0.0.0',
    default: '127.0.0.1 in development, 0.0.0.0 in production',
  },
  origin: {
    key: 'origin',
    variable: 'REGAIN_ORIGIN',
    meaning: 'public origin; every link is built from it, never from a header',
    example: 'https://accounts.shop.example',
    default: 'http://localhost:PORT in development; required in production',
  },
  secret: {
    key: 'secret',
    variable: 'REGAIN_SECRET',
    meaning: 'root secret of 32 bytes or more; a comma-separated list rotates: the first signs, all verify',
    example: '"$(openssl rand -base64 32)"',
    default: 'kept in .regain/secret in development; required in production',
  },
  databaseUrl: {
    key: 'databaseUrl',
    variable: 'REGAIN_DATABASE_URL',
    meaning: 'where accounts and recoveries are kept',
    example: 'postgres://regain:password@db.shop.example/regain',
    default: 'sqlite:./regain.db',
  },
  smtpUrl: {
    key: 'smtpUrl',
    variable: 'REGAIN_SMTP_URL',
    meaning: 'mail server; plain smtp without TLS is accepted for loopback only, unless the URL says insecure=1',
    example: 'smtp://user:password@mail.shop.example:587',
    default: 'none in development (messages go to /dev/inbox); required in production',
  },
  mailFrom: {
    key: 'mailFrom',
    variable: 'REGAIN_MAIL_FROM',
    meaning: 'sender of every mail',
    example: '"Shop <no-reply@shop.example>"',
    default: 'Brand <no-reply@host of the origin> in development; required with REGAIN_SMTP_URL in production',
  },
  bounceAddress: {
    key: 'bounceAddress',
    variable: 'REGAIN_BOUNCE_ADDRESS',
    meaning:
      'where mail that cannot be delivered comes back to, as bounces+TOKEN@shop.example (see docs/how-to/bounces.md)',
    example: 'bounces@shop.example',
    default: 'none (the sender of REGAIN_MAIL_FROM)',
  },
  mailReports: {
    key: 'mailReports',
    variable: 'REGAIN_MAIL_REPORTS',
    meaning: 'who reports on our mails at /webhooks/PROVIDER: inbound, ses, postmark, sendgrid, separated by commas',
    example: MAIL_REPORTS_EXAMPLE,
    default: 'none',
  },
  smsUrl: {
    key: 'smsUrl',
    variable: 'REGAIN_SMS_URL',
    meaning: 'provider of text messages: Twilio, SMPP (smpp://) or a service of your own (https://); see docs/how-to',
    example: SMS_URL_EXAMPLES.twilio,
    default: 'none (in development text messages go to /dev/inbox)',
  },
  telegramGatewayUrl: {
    key: 'telegramGatewayUrl',
    variable: 'REGAIN_TELEGRAM_GATEWAY_URL',
    meaning: 'Telegram Gateway, tried before a text message; needs REGAIN_SMS_URL for people without Telegram',
    example: 'telegram-gateway://:ACCESS_TOKEN@gatewayapi.telegram.org',
    default: 'none',
  },
  telegramUrl: {
    key: 'telegramUrl',
    variable: 'REGAIN_TELEGRAM_URL',
    meaning: 'Telegram bot that people link to their account, to get codes there (see docs/how-to/telegram.md)',
    example: 'telegram://BOT_ID:SECRET@api.telegram.org/shop_bot',
    default: 'none (in development a chat in /dev/inbox)',
  },
  whatsappUrl: {
    key: 'whatsappUrl',
    variable: 'REGAIN_WHATSAPP_URL',
    meaning: 'WhatsApp number that people link to their account, to get codes there (see docs/how-to/whatsapp.md)',
    example:
      '"whatsapp://PHONE_NUMBER_ID:TOKEN@graph.facebook.com/v23.0?app_secret=SECRET&verify_token=SECRET&template=recovery_code&number=15550100"',
    default: 'none (in development a chat in /dev/inbox)',
  },
  viberUrl: {
    key: 'viberUrl',
    variable: 'REGAIN_VIBER_URL',
    meaning: 'Viber bot that people link to their account, to get codes there (see docs/how-to/viber.md)',
    example: 'viber://:TOKEN@chatapi.viber.com?uri=shop',
    default: 'none (in development a chat in /dev/inbox)',
  },
  trustProxy: {
    key: 'trustProxy',
    variable: 'REGAIN_TRUST_PROXY',
    meaning: 'number of trusted proxy hops, or their networks in CIDR form, separated by commas',
    example: '1',
    default: '0 (no proxy is trusted)',
  },
  brandName: {
    key: 'brandName',
    variable: 'REGAIN_BRAND_NAME',
    meaning: 'name of the shop, 1 to 40 characters',
    example: 'Acme',
    default: 'Regain',
  },
  brandLogo: {
    key: 'brandLogo',
    variable: 'REGAIN_BRAND_LOGO',
    meaning: 'file with the logo, SVG or PNG, at most 4 kB so that a page stays one round trip',
    example: './logo.svg',
    default: 'a built-in mark',
  },
  brandColor: {
    key: 'brandColor',
    variable: 'REGAIN_BRAND_COLOR',
    meaning: 'accent colour, #rrggbb, with a contrast of 4.5 or more against white',
    example: '#0f5c4d',
    default: '#b3401f',
  },
  supportAddress: {
    key: 'supportAddress',
    variable: 'REGAIN_SUPPORT_ADDRESS',
    meaning: 'email address of customer support',
    example: 'help@shop.example',
    default: 'support@host of the origin',
  },
  homePath: {
    key: 'homePath',
    variable: 'REGAIN_HOME_PATH',
    meaning: 'where / leads in production, a path on the same origin',
    example: '/sign-in',
    default: '/sign-in',
  },
  passwordProfile: {
    key: 'passwordProfile',
    variable: 'REGAIN_PASSWORD_PROFILE',
    meaning: 'guide: 8 characters mixed or a passphrase of 15; nist: 15 characters, no mix',
    example: 'nist',
    default: 'guide',
  },
  leakedPasswords: {
    key: 'leakedPasswords',
    variable: 'REGAIN_LEAKED_PASSWORDS',
    meaning: 'file with a bigger filter of leaked passwords (see docs/how-to/bigger-leaked-list.md)',
    example: './leaked.bin',
    default: 'the bundled list',
  },
  mailUnknownAddresses: {
    key: 'mailUnknownAddresses',
    variable: 'REGAIN_MAIL_UNKNOWN_ADDRESSES',
    meaning: 'on: an address without an account gets one helpful mail a week at most',
    example: 'off',
    default: 'on',
  },
  defaultCountry: {
    key: 'defaultCountry',
    variable: 'REGAIN_DEFAULT_COUNTRY',
    meaning: 'ISO 3166 code that national phone numbers are read with when the locale names no country',
    example: 'FR',
    default: 'US',
  },
  busyHourSends: {
    key: 'busyHourSends',
    variable: 'REGAIN_BUSY_HOUR_SENDS',
    meaning:
      'codes that unknown browsers ask for in a busy hour; far beyond it codes get longer and strangers work or wait',
    example: '1000',
    default: '200',
  },
  smsCountries: {
    key: 'smsCountries',
    variable: 'REGAIN_SMS_COUNTRIES',
    meaning: 'ISO 3166 codes of the countries that text messages may be sent to; needed with REGAIN_SMS_URL',
    example: 'US,CA',
    default: 'none: SMS is off',
  },
  spendPerDay: {
    key: 'spendPerDay',
    variable: 'REGAIN_SPEND_PER_DAY',
    meaning: 'the most that each channel may cost in a day of UTC; 0 switches one off (see docs/how-to/spend.md)',
    example: 'sms=50,whatsapp=20',
    default: DEFAULT_SPEND_PER_DAY,
  },
  prices: {
    key: 'prices',
    variable: 'REGAIN_PRICES',
    meaning: 'what a message costs by channel and country, * for any other; a country without a price gets none',
    example: 'sms:US=0.0079,sms:*=0.08,whatsapp:*=0.02',
    default: DEFAULT_PRICES,
  },
  currency: {
    key: 'currency',
    variable: 'REGAIN_CURRENCY',
    meaning: 'ISO 4217 code of the money that prices and budgets are in, for display',
    example: 'EUR',
    default: 'USD',
  },
  coolOffHours: {
    key: 'coolOffHours',
    variable: 'REGAIN_COOL_OFF_HOURS',
    meaning:
      'hours that a new password waits after a risky recovery, up to 168; 0 is off (see docs/how-to/cool-off.md)',
    example: '24',
    default: '0',
  },
  logLevel: {
    key: 'logLevel',
    variable: 'REGAIN_LOG_LEVEL',
    meaning: 'silent, error, warn, info or debug',
    example: 'info',
    default: 'warn in development, info in production',
  },
} as const satisfies Record<string, Setting>;

/** Keys of `regain.config.ts`: every setting, and what only code can say. */
export type Settings = { [K in keyof typeof SETTINGS]?: string | number | boolean | undefined } & {
  risk?: AssessRisk | undefined;
};

export class ConfigError extends Error {
  /** One line per refused setting. */
  readonly lines: string[];
  constructor(lines: string[]) {
    super(lines.join('\n'));
    this.name = 'ConfigError';
    this.lines = lines;
  }
}

/** Types a `regain.config.ts`; environment variables win over it. */
export function defineConfig(settings: Settings): Settings {
  return settings;
}

/**
 * Parses settings from `env` and from the keys of a config file, `env` first.
 * @throws ConfigError with one line per refused setting
 */
export function parseConfig(env: Record<string, string | undefined>, file: Settings = {}): Config {
  const refused: string[] = [];
  const refuse = (name: keyof typeof SETTINGS, problem: string): undefined => {
    const { variable, example } = SETTINGS[name];
    refused.push(`${variable}: ${problem}. Example: ${variable}=${example}`);
    return undefined;
  };
  const text = (name: keyof typeof SETTINGS): string | undefined => {
    const value = env[SETTINGS[name].variable] ?? file[name];
    const trimmed = value === undefined ? '' : String(value).trim();
    return trimmed === '' ? undefined : trimmed;
  };
  for (const key of Object.keys(file))
    if (!(key in SETTINGS) && key !== 'risk')
      refused.push(`regain.config.ts: '${key}' is not a setting; see docs/reference/settings.md`);
  for (const variable of Object.keys(env))
    if (variable.startsWith('REGAIN_') && !Object.values(SETTINGS).some((s) => s.variable === variable))
      refused.push(`${variable}: is not a setting; see docs/reference/settings.md for the list`);

  const mode: Mode = env.NODE_ENV === 'production' ? 'production' : 'development';
  const production = mode === 'production';
  const port = parsePort(text('port')) ?? refuse('port', 'must be a whole number from 1 to 65535') ?? 0;
  const origin =
    parseOrigin(text('origin'), production, port, (problem) => refuse('origin', problem)) ?? 'http://localhost';
  const hostName = new URL(origin).hostname;
  const brand: Brand = {
    name: text('brandName') ?? 'Regain',
    logo: undefined,
    color: (text('brandColor') ?? '#b3401f').toLowerCase(),
    supportAddress: text('supportAddress') ?? `support@${hostName}`,
  };
  if ([...brand.name].length > 40 || /[\p{Cc}\p{Cf}<>]/u.test(brand.name))
    refuse('brandName', 'must be 1 to 40 characters without control characters');
  if (!/^#[0-9a-f]{6}$/.test(brand.color)) refuse('brandColor', `'${brand.color}' is not a colour of the form #rrggbb`);
  else if (contrastWithWhite(brand.color) < 4.5)
    refuse(
      'brandColor',
      `${brand.color} has a contrast of ${contrastWithWhite(brand.color).toFixed(1)} against white, needs 4.5`,
    );
  if (!looksLikeAddress(brand.supportAddress))
    refuse('supportAddress', `'${brand.supportAddress}' is not an email address`);
  const logoFile = text('brandLogo');
  if (logoFile) brand.logo = readLogo(logoFile, (problem) => refuse('brandLogo', problem));

  const homePath = text('homePath') ?? '/sign-in';
  if (!/^\/(?![/\\])[\x21-\x7e]*$/.test(homePath) || homePath === '/')
    refuse('homePath', `'${homePath}' is not a path on this origin`);
  const passwordProfile = oneOf(text('passwordProfile') ?? 'guide', ['guide', 'nist'] as const);
  if (!passwordProfile) refuse('passwordProfile', 'must be guide or nist');
  const unknown = oneOf(text('mailUnknownAddresses') ?? 'on', ['on', 'off', 'true', 'false'] as const);
  if (!unknown) refuse('mailUnknownAddresses', 'must be on or off');
  const defaultCountry = (text('defaultCountry') ?? 'US').toUpperCase();
  if (!/^[A-Z]{2}$/.test(defaultCountry))
    refuse('defaultCountry', `'${defaultCountry}' is not a two-letter country code`);
  const busyHourSends = Number(text('busyHourSends') ?? '200');
  if (!Number.isInteger(busyHourSends) || busyHourSends < 10 || busyHourSends > 1_000_000)
    refuse('busyHourSends', 'must be a whole number from 10 to 1000000');
  const coolOffHours = Number(text('coolOffHours') ?? '0');
  if (!Number.isInteger(coolOffHours) || coolOffHours < 0 || coolOffHours > 168)
    refuse('coolOffHours', 'must be a whole number from 0 to 168');
  const logLevel = oneOf(text('logLevel') ?? (production ? 'info' : 'warn'), [
    'silent',
    'error',
    'warn',
    'info',
    'debug',
  ] as const);
  if (!logLevel) refuse('logLevel', 'must be silent, error, warn, info or debug');

  const config: Config = {
    mode,
    host: text('host') ?? (production ? '0.0.0.0' : '127.0.0.1'),
    port,
    origin,
    secrets: parseSecrets(text('secret'), production, (problem) => refuse('secret', problem)),
    database: parseDatabaseUrl(text('databaseUrl') ?? 'sqlite:./regain.db', (problem) =>
      refuse('databaseUrl', problem),
    ),
    mail: parseMail(text('smtpUrl'), text('mailFrom'), brand, hostName, production, refuse),
    bounceAddress: parseBounceAddress(text('bounceAddress'), (problem) => refuse('bounceAddress', problem)),
    mailReports: readMailReports(text('mailReports') ?? '', (problem) => refuse('mailReports', problem)),
    ...parseTexting({
      smsUrl: text('smsUrl'),
      countries: text('smsCountries'),
      gatewayUrl: text('telegramGatewayUrl'),
      refuse: (name, problem, example = SETTINGS[name].example) => {
        const { variable } = SETTINGS[name];
        refused.push(`${variable}: ${problem}. Example: ${variable}=${example}`);
      },
      refuseWith: (line) => refused.push(line),
    }),
    telegram: read(text('telegramUrl'), parseTelegramUrl, refused),
    whatsapp: read(text('whatsappUrl'), parseWhatsAppUrl, refused),
    viber: read(text('viberUrl'), parseViberUrl, refused),
    trustedProxies: parseTrustedProxies(text('trustProxy') ?? '0', (problem) => refuse('trustProxy', problem)),
    brand,
    homePath,
    passwordProfile: passwordProfile ?? 'guide',
    leakedPasswordsFile: text('leakedPasswords'),
    mailUnknownAddresses: unknown === 'on' || unknown === 'true',
    defaultCountry,
    busyHourSends,
    spend: parseSpend(text, refuse),
    coolOffHours,
    risk: parseRisk(file.risk, (problem) => refused.push(`regain.config.ts: risk ${problem}`)),
    logLevel: logLevel ?? 'info',
  };
  if (refused.length > 0) throw new ConfigError(refused);
  return config;
}

type Refuse = (problem: string) => undefined;

/** @param refused takes the line that says what is wrong, example included */
function read<T>(value: string | undefined, parse: (value: string) => ParsedUrl<T>, refused: string[]): T | undefined {
  const parsed = value === undefined ? undefined : parse(value);
  if (parsed === undefined || 'settings' in parsed) return parsed?.settings;
  refused.push(parsed.problem);
  return undefined;
}

function parseRisk(value: unknown, refuse: (problem: string) => void): AssessRisk | undefined {
  if (value === undefined || typeof value === 'function') return value as AssessRisk | undefined;
  refuse("must be a function. Example: risk: async ({ identifier }) => 'low'");
  return undefined;
}

function parseSpend(
  text: (name: keyof typeof SETTINGS) => string | undefined,
  refuse: (name: keyof typeof SETTINGS, problem: string) => undefined,
): SpendSettings {
  const read = <T>(name: keyof typeof SETTINGS, byDefault: string, reader: (given: string) => Read<T>): T => {
    const given = reader(text(name) ?? byDefault);
    if (given.ok) return given.value;
    refuse(name, given.problem);
    const fallback = reader(byDefault);
    if (!fallback.ok) throw new Error(`the default of ${name} is refused: ${fallback.problem}`);
    return fallback.value;
  };
  const smsCountries = text('smsCountries') === undefined ? [] : read('smsCountries', 'US', readCountries);
  const prices = read('prices', DEFAULT_PRICES, readPrices);
  const unpriced = smsCountries.filter((country) => !prices.sms.has(country) && !prices.sms.has('*'));
  if (unpriced.length > 0)
    refuse('prices', `has no price of a text to ${unpriced.join(', ')}, which REGAIN_SMS_COUNTRIES names`);
  const currency = text('currency') ?? 'USD';
  if (!/^[A-Z]{3}$/.test(currency)) refuse('currency', `'${currency}' is not a code of three capital letters`);
  return { smsCountries, perDay: read('spendPerDay', DEFAULT_SPEND_PER_DAY, readSpendPerDay), prices, currency };
}

function parsePort(value: string | undefined): number | undefined {
  if (value === undefined) return 3000;
  return /^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= 65535 ? Number(value) : undefined;
}

function parseOrigin(value: string | undefined, production: boolean, port: number, refuse: Refuse): string | undefined {
  if (value === undefined) return production ? refuse('is missing') : `http://localhost:${port}`;
  if (!URL.canParse(value)) return refuse(`'${value}' is not a URL`);
  const url = new URL(value);
  const local = isLoopbackHost(url.hostname);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return refuse('must start with https://');
  if (url.protocol === 'http:' && production && !local) return refuse('must be https unless the host is localhost');
  if (url.username || url.password || url.search || url.hash || url.pathname !== '/')
    return refuse('must be an origin only: scheme, host and port');
  return url.origin;
}

function parseSecrets(value: string | undefined, production: boolean, refuse: Refuse): string[] {
  if (value === undefined) {
    if (production) refuse('is missing');
    return [];
  }
  const secrets = value.split(',').map((secret) => secret.trim());
  for (const secret of secrets) {
    const bytes = Buffer.byteLength(secret);
    if (bytes < 32) {
      refuse(`has a secret of ${bytes} bytes, needs 32 or more`);
      break;
    }
  }
  return secrets;
}

function parseDatabaseUrl(value: string, refuse: Refuse): DatabaseUrl {
  if (value.startsWith('sqlite:') && value.length > 'sqlite:'.length)
    return { engine: 'sqlite', file: value.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '') };
  if (/^postgres(ql)?:\/\//.test(value) && URL.canParse(value)) return { engine: 'postgres', url: value };
  refuse('must start with sqlite: or postgres://');
  return { engine: 'sqlite', file: ':memory:' };
}

function parseMail(
  smtpUrl: string | undefined,
  from: string | undefined,
  brand: Brand,
  hostName: string,
  production: boolean,
  refuse: (name: keyof typeof SETTINGS, problem: string) => undefined,
): MailSettings | undefined {
  if (from !== undefined && !looksLikeMailbox(from)) refuse('mailFrom', `'${from}' is not a mailbox`);
  if (smtpUrl === undefined) {
    if (production) refuse('smtpUrl', 'is missing; without a mail server nobody gets a code');
    return undefined;
  }
  if (from === undefined && production) refuse('mailFrom', 'is missing');
  if (!URL.canParse(smtpUrl)) return refuse('smtpUrl', 'is not a URL');
  const url = new URL(smtpUrl);
  if (url.protocol !== 'smtp:' && url.protocol !== 'smtps:')
    return refuse('smtpUrl', 'must start with smtp:// or smtps://');
  if (!url.hostname) return refuse('smtpUrl', 'names no host');
  return { url: smtpUrl, host: url.hostname, from: from ?? `${brand.name} <no-reply@${hostName}>` };
}

function parseBounceAddress(value: string | undefined, refuse: Refuse): string | undefined {
  if (value === undefined) return undefined;
  const local = value.slice(0, value.lastIndexOf('@'));
  if (!/^[\w.-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(value))
    return refuse(`'${value}' is not a plain email address`);
  if (local.length > BOUNCE_LOCAL_MAX)
    return refuse(`'${local}' is longer than ${BOUNCE_LOCAL_MAX} characters, so that no token fits behind it`);
  return value;
}

interface TextingGiven {
  smsUrl: string | undefined;
  countries: string | undefined;
  gatewayUrl: string | undefined;
  refuse(name: 'smsUrl' | 'smsCountries' | 'telegramGatewayUrl', problem: string, example?: string): void;
  /** A whole line. */
  refuseWith(line: string): void;
}

/** Whoever lets strangers send text messages at his cost says where to: no country is the default. */
function parseTexting(given: TextingGiven): Pick<Config, 'sms' | 'telegramGateway'> {
  const { smsUrl, countries, gatewayUrl, refuse } = given;
  if (smsUrl !== undefined && countries === undefined)
    refuse('smsCountries', 'is missing; with REGAIN_SMS_URL it says which countries text messages may go to');
  if (gatewayUrl !== undefined && smsUrl === undefined)
    refuse('telegramGatewayUrl', 'needs REGAIN_SMS_URL: whoever has no Telegram gets a text message');
  const gateway = gatewayUrl === undefined ? undefined : parseTelegramGatewayUrl(gatewayUrl);
  if (gateway && 'problem' in gateway) given.refuseWith(gateway.problem);
  return {
    sms: smsUrl === undefined ? undefined : parseSms(smsUrl, (problem, example) => refuse('smsUrl', problem, example)),
    telegramGateway: gateway && 'settings' in gateway ? gateway.settings : undefined,
  };
}

function parseSms(url: string, refuse: (problem: string, example: string) => void): SmsSettings | undefined {
  try {
    return parseSmsUrl(url);
  } catch (error) {
    if (!(error instanceof UrlRefused)) throw error;
    refuse(error.message, error.example);
    return undefined;
  }
}

function parseTrustedProxies(value: string, refuse: Refuse): TrustedProxies {
  if (/^\d{1,2}$/.test(value)) return { hops: Number(value) };
  const networks = new BlockList();
  for (const part of value.split(',').map((item) => item.trim())) {
    const [address = '', prefix] = part.split('/');
    const version = isIP(address);
    const longest = version === 4 ? 32 : 128;
    const bits = prefix === undefined ? longest : Number(prefix);
    if (version === 0 || !Number.isInteger(bits) || bits < 0 || bits > longest || prefix === '') {
      refuse(`'${part}' is neither a number of hops nor a network`);
      return { hops: 0 };
    }
    networks.addSubnet(address, bits, version === 4 ? 'ipv4' : 'ipv6');
  }
  return { networks, text: value };
}

function readLogo(file: string, refuse: Refuse): string | undefined {
  const type = file.endsWith('.svg') ? 'image/svg+xml' : file.endsWith('.png') ? 'image/png' : undefined;
  if (!type) return refuse(`'${file}' must end in .svg or .png`);
  try {
    const bytes = readFileSync(file);
    if (bytes.length > 4096) return refuse(`'${file}' has ${bytes.length} bytes, at most 4096 fit`);
    return `data:${type};base64,${bytes.toString('base64')}`;
  } catch (error) {
    return refuse(`'${file}' can't be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`);
  }
}

function oneOf<T extends string>(value: string, allowed: readonly T[]): T | undefined {
  return allowed.find((item) => item === value);
}

/** Enough to catch a mistyped setting; the provider has the last word. */
function looksLikeAddress(value: string): boolean {
  return /^[^\s@<>,;]+@[^\s@<>,;]+$/.test(value);
}

function looksLikeMailbox(value: string): boolean {
  const inBrackets = /^[^<>\r\n]*<([^<>]+)>$/.exec(value);
  return looksLikeAddress(inBrackets?.[1] ?? value);
}

/** WCAG 2.2 relative luminance contrast of #rrggbb against white. */
function contrastWithWhite(color: string): number {
  const channel = (at: number): number => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 1.05 / (0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5) + 0.05);
}
