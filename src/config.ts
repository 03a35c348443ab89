/**
 * Every setting of Regain: `config/settings.ts` lists them, the files beside it read them, with their bounds. Parsed once, at
 * start; a refused setting is one line: the name, what is wrong, an example.
 */
import { type Brand, readBrand } from './config/brand.ts';
import { type Given, oneOf, readGiven, wholeNumber } from './config/given.ts';
import { type MailConfig, readMail } from './config/mail.ts';
import { type PlaceConfig, readPlace } from './config/place.ts';
import { type ProvidersConfig, readProviders } from './config/providers.ts';
import type { Settings } from './config/settings.ts';
import type { AssessRisk } from './ports.ts';
import { BUSY_HOUR_SENDS } from './rules/limits.ts';
import { readCountries } from './rules/spend-settings.ts';

export type { Brand } from './config/brand.ts';
export { ConfigError } from './config/given.ts';
export type { MailSettings } from './config/mail.ts';
export type { DatabaseUrl, TrustedProxies } from './config/place.ts';
export type { SmsSettings } from './config/providers.ts';
export { SETTINGS, type Settings } from './config/settings.ts';

export type Mode = 'development' | 'production';
export type PasswordProfile = 'guide' | 'nist';

export interface Config extends PlaceConfig, MailConfig, ProvidersConfig {
  mode: Mode;
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
  /** How long a new password waits after a risky recovery; 0 for never. */
  coolOffHours: number;
  /** The host's own knowledge of risk. */
  risk: AssessRisk | undefined;
  logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug';
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
  const given = readGiven(env, file);
  const mode = readMode(env.NODE_ENV, given);
  const production = mode === 'production';
  const place = readPlace(given, production);
  const hostName = new URL(place.origin).hostname;
  const brand = readBrand(given, hostName);
  const config: Config = {
    mode,
    ...place,
    brand,
    ...readMail(given, { brandName: brand.name, hostName, production }),
    ...readProviders(given),
    ...readPolicy(given, production),
    risk: readRisk(file.risk, given),
  };
  given.requireNoneRefused();
  return config;
}

/** A word that is none of these may well mean production, and must not open the development pages. */
function readMode(nodeEnv: string | undefined, { refuseLine }: Given): Mode {
  const known = oneOf(nodeEnv || 'development', ['development', 'test', 'production'] as const);
  if (known === undefined)
    refuseLine(
      `NODE_ENV: '${nodeEnv}' is none of production, development and test. Example: NODE_ENV=production for a real shop`,
    );
  return known === 'development' || known === 'test' ? 'development' : 'production';
}

type Policy = Omit<Config, 'mode' | 'brand' | 'risk' | keyof PlaceConfig | keyof MailConfig | keyof ProvidersConfig>;

/** What the operator decides about people, and how much is logged. */
function readPolicy(given: Given, production: boolean): Policy {
  const { text, refuse } = given;
  const homePath = text('homePath') ?? '/sign-in';
  if (!/^\/(?![/\\])[\x21-\x7e]*$/.test(homePath) || homePath === '/')
    refuse('homePath', `'${homePath}' is not a path on this origin`);
  const passwordProfile = oneOf(text('passwordProfile') ?? 'guide', ['guide', 'nist'] as const);
  if (!passwordProfile) refuse('passwordProfile', 'must be guide or nist');
  const unknown = oneOf(text('mailUnknownAddresses') ?? 'on', ['on', 'off', 'true', 'false'] as const);
  if (!unknown) refuse('mailUnknownAddresses', 'must be on or off');
  const byDefault = production ? 'info' : 'warn';
  const logLevel = oneOf(text('logLevel') ?? byDefault, ['silent', 'error', 'warn', 'info', 'debug'] as const);
  if (!logLevel) refuse('logLevel', 'must be silent, error, warn, info or debug');
  return {
    homePath,
    passwordProfile: passwordProfile ?? 'guide',
    leakedPasswordsFile: text('leakedPasswords'),
    mailUnknownAddresses: unknown === 'on' || unknown === 'true',
    defaultCountry: readDefaultCountry(given),
    busyHourSends: wholeNumber(given, 'busyHourSends', BUSY_HOUR_SENDS, 10, 1_000_000),
    coolOffHours: wholeNumber(given, 'coolOffHours', 0, 0, 168),
    logLevel: logLevel ?? 'info',
  };
}

function readDefaultCountry({ text, refuse }: Given): string {
  const read = readCountries(text('defaultCountry') ?? 'US');
  if (!read.ok) refuse('defaultCountry', read.problem);
  else if (read.value.length > 1) refuse('defaultCountry', 'must be one country');
  return (read.ok && read.value[0]) || 'US';
}

function readRisk(value: unknown, { refuseLine }: Given): AssessRisk | undefined {
  if (value === undefined || typeof value === 'function') return value as AssessRisk | undefined;
  return refuseLine("regain.config.ts: risk must be a function. Example: risk: async ({ identifier }) => 'low'");
}
