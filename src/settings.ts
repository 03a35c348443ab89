/** The part of the configuration that actions decide by; commands that run some of them need it, too. */
import type { Config } from './config.ts';
import type { Settings } from './ports.ts';
import { MESSENGERS, type Messenger } from './rules/delivery.ts';
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
    messengers: messengersOf(config),
  };
}

/** In development a phone number of any country can be tried: its texts go to the inbox. */
function textingOf({ mode, sms, spend: { smsCountries }, telegramGateway }: Config): Texting | undefined {
  const telegram = telegramGateway !== undefined;
  if (sms) return { countries: smsCountries, telegram };
  return mode === 'development' ? { countries: smsCountries.length > 0 ? smsCountries : 'all', telegram } : undefined;
}

/**
 * Those that can be linked. In development each can be tried in the inbox. WhatsApp without the number of the shop has no link that
 * would open its chat.
 */
function messengersOf(config: Config): Messenger[] {
  if (config.mode === 'development') return [...MESSENGERS];
  return MESSENGERS.filter((messenger) =>
    messenger === 'whatsapp' ? config.whatsapp?.number !== undefined : config[messenger] !== undefined,
  );
}
