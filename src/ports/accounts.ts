/** Where accounts live, and what is known of one. */
import type { Identifier, IdentifierKind } from '../rules/identifiers.ts';
import type { Transaction } from './world.ts';

export interface Address {
  kind: IdentifierKind;
  /** As it was given when it was confirmed; messages go here. */
  value: string;
  canonical: string;
  /** Null until its owner typed a code that was sent to it. Only confirmed addresses receive codes. */
  confirmedAt: number | null;
  /** When its owner last proved that it is his; left out, when it was confirmed. */
  provenAt?: number | null;
}

/** An address of an account, with what became of recovery by it. */
export interface HeldAddress extends Address {
  provenAt: number | null;
  /** Set by "this wasn't me": recovery by it is stopped until the account was recovered by another one. */
  frozenAt: number | null;
  /** When that last ended. */
  thawedAt: number | null;
}

export interface RemovedAddress extends HeldAddress {
  removedAt: number;
}

export interface Account {
  id: string;
  name: string | null;
  /** YYYY-MM-DD */
  birthday: string | null;
  /** BCP 47 */
  locale: string | null;
  addresses: HeldAddress[];
  /** PHC string, or null where no password was ever set. */
  passwordHash: string | null;
  /** Set by "this wasn't me": the password opens nothing until a recovery sets a new one. */
  passwordBlockedAt: number | null;
  /** Grows with every change that voids outstanding proofs. */
  generation: number;
}

export interface NewAccount {
  name: string | null;
  birthday: string | null;
  locale: string | null;
  passwordHash: string | null;
  addresses: Address[];
}

/** Where accounts live: our own tables, or the shop's. */
export interface Accounts {
  /** Every account that holds this identifier confirmed: of an email address one at most, of a phone number several. */
  findAllByIdentifier(transaction: Transaction, identifier: Pick<Identifier, 'kind' | 'canonical'>): Promise<Account[]>;
  /** The one account that holds this identifier confirmed; undefined for none and for more than one. */
  findByIdentifier(
    transaction: Transaction,
    identifier: Pick<Identifier, 'kind' | 'canonical'>,
  ): Promise<Account | undefined>;
  /**
   * `lock` keeps everybody else from changing the account until the transaction ends, so that a password which was read is
   * still the password when the transaction commits.
   */
  get(transaction: Transaction, id: string, options?: { lock?: boolean }): Promise<Account | undefined>;
  create(transaction: Transaction, account: NewAccount, now: number): Promise<{ created: string } | { taken: Address }>;
  /** Stores the hash, lifts a block, and voids outstanding proofs by a new generation. */
  setPassword(transaction: Transaction, id: string, passwordHash: string, now: number): Promise<void>;
  /** The password opens nothing any more; outstanding proofs are void. */
  blockPassword(transaction: Transaction, id: string, now: number): Promise<void>;
  /**
   * Adds a confirmed address and voids outstanding proofs, where the account is still of this generation. After anything
   * but `added` the transaction is to be rolled back.
   */
  addAddress(
    transaction: Transaction,
    account: Pick<Account, 'id' | 'generation'>,
    address: Address,
    now: number,
  ): Promise<'added' | 'taken' | 'changed'>;
  /** Takes an address away and voids outstanding proofs, where the account is still of this generation and holds it. */
  removeAddress(
    transaction: Transaction,
    account: Pick<Account, 'id' | 'generation'>,
    address: Pick<Address, 'kind' | 'canonical'>,
    now: number,
  ): Promise<'removed' | 'changed'>;
  /** Confirmed addresses that were removed at `since` or later and are not the account's again, newest first. */
  removedSince(transaction: Transaction, id: string, since: number): Promise<RemovedAddress[]>;
  /**
   * When a confirmed address was last added to the account (not with it, when it was made) or removed; undefined for never.
   */
  addressesChangedAt(transaction: Transaction, id: string): Promise<number | undefined>;
  /** Its owner has proved once more that this confirmed address is his. Voids nothing. */
  proveAddress(
    transaction: Transaction,
    id: string,
    address: Pick<Address, 'kind' | 'canonical'>,
    now: number,
  ): Promise<void>;
  /** Stops recovery by these addresses of the account, and voids outstanding proofs. Moments that stand already stay. */
  freezeAddresses(
    transaction: Transaction,
    id: string,
    addresses: readonly Pick<Address, 'kind' | 'canonical'>[],
    now: number,
  ): Promise<void>;
  /** Allows recovery by these addresses of the account again. */
  thawAddresses(
    transaction: Transaction,
    id: string,
    addresses: readonly Pick<Address, 'kind' | 'canonical'>[],
    now: number,
  ): Promise<void>;
  /** Replaces the hash of an unchanged password by one of today's parameters. */
  rehashPassword(transaction: Transaction, id: string, passwordHash: string): Promise<void>;
}
