import type { Account, HeldAddress } from '../ports.ts';
import { canRecover } from '../rules/address-trust.ts';
import type { Proof } from '../store/store.ts';

/**
 * Addresses of the account that a message of this proof may go to, the preferred one first: the one that was named; for a
 * phone number by email, any mailbox.
 */
export function addressesFor(account: Account, proof: Proof): HeldAddress[] {
  const kind = proof.channel === 'sms' ? 'phone' : 'email';
  return account.addresses.filter(
    (address) =>
      address.kind === kind &&
      address.confirmedAt !== null &&
      (proof.identifierKind !== kind || address.canonical === proof.identifier),
  );
}

/** Where the code of a completed proof went. What came to the account later is not it. */
export function usedAddress(account: Account, proof: Proof): HeldAddress | undefined {
  return addressesFor(account, proof).find(
    (address) => canRecover(address) && (address.confirmedAt ?? 0) <= proof.createdAt,
  );
}
