/** English. */
import type { MessageLocale } from '../catalog.ts';
import { addressAdded } from './address-added.ts';
import { addressCode } from './address-code.ts';
import { addressRemoved } from './address-removed.ts';
import { addressTaken } from './address-taken.ts';
import { noAccount } from './no-account.ts';
import { passwordBlocked } from './password-blocked.ts';
import { passwordChanged } from './password-changed.ts';
import { recoveryCode } from './recovery-code.ts';
import { recoveryLink } from './recovery-link.ts';
import { registrationCode } from './registration-code.ts';
import { registrationTaken } from './registration-taken.ts';

export const en: MessageLocale = {
  direction: 'ltr',
  // Day first, with the month in letters: nobody can take it for another day.
  dateLocale: 'en-GB',
  templates: {
    'recovery-code': recoveryCode,
    'recovery-link': recoveryLink,
    'no-account': noAccount,
    'registration-code': registrationCode,
    'registration-taken': registrationTaken,
    'address-code': addressCode,
    'address-taken': addressTaken,
    'address-added': addressAdded,
    'address-removed': addressRemoved,
    'password-changed': passwordChanged,
    'password-blocked': passwordBlocked,
  },
  footer: () => ({ help: 'Questions', contact: 'Customer support' }),
};
