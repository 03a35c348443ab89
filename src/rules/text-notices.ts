/**
 * Which notices go to phones as well. A new password is told to every confirmed address, by every channel (R68; SP 800-63B
 * 4.6). What else happens is told by text where an account has no mailbox, because each text costs money.
 */
import { type AddressFacts, canRecover } from './address-trust.ts';
import { hasMailbox } from './addresses.ts';
import { canBeTexted, type TextCountries } from './text-numbers.ts';

export const TEXT_NOTICES = [
  'password-changed',
  'password-blocked',
  'password-held',
  'address-added',
  'address-removed',
  'address-thawed',
  'messenger-linked',
  'messenger-unlinked',
] as const;
export type TextNotice = (typeof TEXT_NOTICES)[number];

/**
 * The numbers of an account that are told. Not one that is said to be in wrong hands, nor one that was removed earlier:
 * numbers are given up, and get new owners within weeks.
 */
export function numbersToTell<A extends AddressFacts>(
  notice: string,
  addresses: readonly A[],
  countries: TextCountries | undefined,
): A[] {
  const isText = TEXT_NOTICES.some((kind) => kind === notice);
  if (!isText || countries === undefined || (notice !== 'password-changed' && hasMailbox(addresses))) return [];
  return addresses.filter(
    (address) => address.kind === 'phone' && canRecover(address) && canBeTexted(address.canonical, countries),
  );
}
