/** What actions need of the configuration. */
import type { Messenger } from '../rules/delivery.ts';
import type { Texting } from '../rules/ladder.ts';
import type { SpendSettings } from '../rules/spend-settings.ts';

/** What actions need of the configuration. */
export interface Settings {
  brandName: string;
  /** Host of the public origin. */
  host: string;
  passwordProfile: 'guide' | 'nist';
  mailUnknownAddresses: boolean;
  /** Codes that strangers ask for in a busy hour; far beyond it the breaker on sends opens. */
  busyHourSends: number;
  /** Where messages that cost money may go, and how much they may cost. */
  spend: SpendSettings;
  /** Where support is told of what went wrong. */
  supportAddress: string;
  /** How long a new password waits after a risky recovery; 0 for never. */
  coolOffHours: number;
  /** Codes to phones; undefined where there are none. */
  texting: Texting | undefined;
  /** Messengers that people can link to their account, and that codes can then be sent by. */
  messengers: readonly Messenger[];
}
