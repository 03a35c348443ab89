/** English. */
import type { MessageLocale } from '../catalog.ts';
import { addressAdded, addressAddedText } from './address-added.ts';
import { addressCode, addressCodeText } from './address-code.ts';
import { addressRemoved, addressRemovedText } from './address-removed.ts';
import { addressTaken, addressTakenText } from './address-taken.ts';
import { addressThawed, addressThawedText } from './address-thawed.ts';
import { chatHelpText } from './chat-help.ts';
import { chatLinkedText } from './chat-linked.ts';
import { chatOfferedText } from './chat-offered.ts';
import { messengerLinked, messengerLinkedText } from './messenger-linked.ts';
import { messengerUnlinked, messengerUnlinkedText } from './messenger-unlinked.ts';
import { noAccount } from './no-account.ts';
import { numberShared } from './number-shared.ts';
import { passwordBlocked, passwordBlockedText } from './password-blocked.ts';
import { passwordChanged, passwordChangedText } from './password-changed.ts';
import { passwordHeld, passwordHeldText } from './password-held.ts';
import { recoveryCode, recoveryCodeText } from './recovery-code.ts';
import { recoveryFrozen } from './recovery-frozen.ts';
import { recoveryLink, recoveryLinkText } from './recovery-link.ts';
import { recoveryRequested } from './recovery-requested.ts';
import { registrationCode, registrationCodeText } from './registration-code.ts';
import { registrationTaken, registrationTakenText } from './registration-taken.ts';
import { supportBounce } from './support-bounce.ts';
import { supportNotMe } from './support-not-me.ts';

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
    'address-thawed': addressThawed,
    'messenger-linked': messengerLinked,
    'messenger-unlinked': messengerUnlinked,
    'number-shared': numberShared,
    'password-changed': passwordChanged,
    'password-blocked': passwordBlocked,
    'password-held': passwordHeld,
    'recovery-frozen': recoveryFrozen,
    'recovery-requested': recoveryRequested,
    'support-not-me': supportNotMe,
    'support-bounce': supportBounce,
  },
  texts: {
    'recovery-code': recoveryCodeText,
    'recovery-link': recoveryLinkText,
    'registration-code': registrationCodeText,
    'registration-taken': registrationTakenText,
    'address-code': addressCodeText,
    'address-taken': addressTakenText,
    'address-added': addressAddedText,
    'address-removed': addressRemovedText,
    'address-thawed': addressThawedText,
    'messenger-linked': messengerLinkedText,
    'messenger-unlinked': messengerUnlinkedText,
    'password-changed': passwordChangedText,
    'password-blocked': passwordBlockedText,
    'chat-offered': chatOfferedText,
    'chat-linked': chatLinkedText,
    'chat-help': chatHelpText,
    'password-held': passwordHeldText,
  },
  footer: () => ({ help: 'Questions', contact: 'Customer support' }),
};
