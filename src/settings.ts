/** The part of the configuration that actions decide by; commands that run some of them need it, too. */
import type { Config } from './config.ts';
import type { Settings } from './ports.ts';

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
  };
}
