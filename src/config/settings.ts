/** Every setting: its name, variable, meaning with its bounds, and default. The files beside this one read them. */
import type { AssessRisk } from '../ports.ts';
import { MAIL_REPORTS_EXAMPLE } from '../rules/mail-reports.ts';
import { SMS_URL_EXAMPLES } from '../rules/sms-urls.ts';
import { SMTP_CONNECTIONS, SMTP_URL_EXAMPLE } from '../rules/smtp-urls.ts';
import { DEFAULT_PRICES, DEFAULT_SPEND_PER_DAY } from '../rules/spend-settings.ts';

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
  devOnNetwork: {
    key: 'devOnNetwork',
    variable: 'REGAIN_DEV_ON_NETWORK',
    meaning:
      "yes: in development the inbox at /dev/inbox, with everybody's codes, is shown to whoever reaches it; no: to this machine; production has none",
    example: 'yes',
    default: 'no',
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
    meaning:
      'where accounts and recoveries are kept: sqlite:./regain.db, sqlite:///var/lib/regain.db, or PostgreSQL; in its user and password # / ? @ % are written %23 %2F %3F %40 %25',
    example: 'postgres://regain:password@db.shop.example/regain',
    default: 'sqlite:./regain.db',
  },
  smtpUrl: {
    key: 'smtpUrl',
    variable: 'REGAIN_SMTP_URL',
    meaning: `mail server; plain smtp without TLS is accepted for loopback only, unless the URL says insecure=1; at most ${SMTP_CONNECTIONS} connections at once, or as many as connections= says`,
    example: SMTP_URL_EXAMPLE,
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
    example: 'telegram://123456789:THE_SECRET_PART_OF_THE_TOKEN_OF_THE_BOT@api.telegram.org/shop_bot',
    default: 'none (in development a chat in /dev/inbox)',
  },
  whatsappUrl: {
    key: 'whatsappUrl',
    variable: 'REGAIN_WHATSAPP_URL',
    meaning: 'WhatsApp number that people link to their account, to get codes there (see docs/how-to/whatsapp.md)',
    example:
      '"whatsapp://106540352242922:ACCESS_TOKEN@graph.facebook.com/v23.0?app_secret=APP_SECRET&verify_token=A_WORD_OF_YOURS&template=recovery_code&number=15550100"',
    default: 'none (in development a chat in /dev/inbox)',
  },
  viberUrl: {
    key: 'viberUrl',
    variable: 'REGAIN_VIBER_URL',
    meaning: 'Viber bot that people link to their account, to get codes there (see docs/how-to/viber.md)',
    example: 'viber://:TOKEN_OF_THE_BOT@chatapi.viber.com?uri=shop',
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

export type SettingName = keyof typeof SETTINGS;

/** Keys of `regain.config.ts`: every setting, and what only code can say. */
export type Settings = { [K in keyof typeof SETTINGS]?: string | number | boolean | undefined } & {
  risk?: AssessRisk | undefined;
};
