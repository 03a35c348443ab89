/** Who carries texts and chats, and what they may cost. */
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
} from '../rules/messenger-urls.ts';
import { UrlRefused } from '../rules/provider-urls.ts';
import { parseSmsUrl, type SmppUrl, type TwilioUrl, type WebhookUrl } from '../rules/sms-urls.ts';
import {
  DEFAULT_PRICES,
  DEFAULT_SPEND_PER_DAY,
  type Read,
  readCountries,
  readPrices,
  readSpendPerDay,
  type SpendSettings,
} from '../rules/spend-settings.ts';
import type { Given } from './given.ts';
import type { SettingName } from './settings.ts';

export type SmsSettings = TwilioUrl | SmppUrl | WebhookUrl;

export interface ProvidersConfig {
  sms: SmsSettings | undefined;
  telegramGateway: TelegramGatewaySettings | undefined;
  /** Messengers that people link to their account. */
  telegram: TelegramSettings | undefined;
  whatsapp: WhatsAppSettings | undefined;
  viber: ViberSettings | undefined;
  spend: SpendSettings;
}

/** Whoever lets strangers send text messages at his cost says where to: no country is the default. */
export function readProviders(given: Given): ProvidersConfig {
  const { text, refuse } = given;
  if (text('smsUrl') !== undefined && text('smsCountries') === undefined)
    refuse('smsCountries', 'is missing; with REGAIN_SMS_URL it says which countries text messages may go to');
  if (text('telegramGatewayUrl') !== undefined && text('smsUrl') === undefined)
    refuse('telegramGatewayUrl', 'needs REGAIN_SMS_URL: whoever has no Telegram gets a text message');
  return {
    sms: readSms(given),
    telegramGateway: readUrl(given, 'telegramGatewayUrl', parseTelegramGatewayUrl),
    telegram: readUrl(given, 'telegramUrl', parseTelegramUrl),
    whatsapp: readUrl(given, 'whatsappUrl', parseWhatsAppUrl),
    viber: readUrl(given, 'viberUrl', parseViberUrl),
    spend: readSpend(given),
  };
}

function readSms({ text, refuse }: Given): SmsSettings | undefined {
  const url = text('smsUrl');
  try {
    return url === undefined ? undefined : parseSmsUrl(url);
  } catch (error) {
    if (!(error instanceof UrlRefused)) throw error;
    return refuse('smsUrl', error.message, error.example);
  }
}

function readUrl<T>(given: Given, name: SettingName, parse: (value: string) => ParsedUrl<T>): T | undefined {
  const value = given.text(name);
  const parsed = value === undefined ? undefined : parse(value);
  if (parsed === undefined || 'settings' in parsed) return parsed?.settings;
  return given.refuseLine(parsed.problem);
}

function readSpend({ text, refuse }: Given): SpendSettings {
  const read = <T>(name: SettingName, byDefault: string, reader: (given: string) => Read<T>): T => {
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
