/** The part of the configuration that actions decide by; commands that run some of them need it, too. */
import type { Config } from './config.ts';
import type { Settings } from './ports.ts';
import type { Texting } from './rules/ladder.ts';

export function settingsOf(config: Config): Settings {
  return {
    brandName: config.brand.name,
    host: new URL(config.origin).hostname,
    passwordProfile: config.passwordProfile,
    mailUnknownAddresses: config.mailUnknownAddresses,
    busyHourSends: config.busyHourSends,
    spend: config.spend,
    supportAddress: config.brand.supportAddress,
    coolOffHours: config.coolOffHours,
    texting: textingOf(config),
    messengers: [],
  };
}

/** In development a phone number of any country can be tried: its texts go to the inbox. */
function textingOf({ mode, sms, spend: { smsCountries }, telegramGateway }: Config): Texting | undefined {
  const telegram = telegramGateway !== undefined;
  if (sms) return { countries: smsCountries, telegram };
  return mode === 'development' ? { countries: smsCountries.length > 0 ? smsCountries : 'all', telegram } : undefined;
}
