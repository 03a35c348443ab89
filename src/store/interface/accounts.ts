/** Accounts, their sessions, and passwords that wait. */
import type { Account, Address, NewAccount, RemovedAddress } from '../../ports.ts';
import type { IdentifierKind } from '../../rules/identifiers.ts';

/** The hash of a new password that waits out a cool-off, while its proof is `held`. */
export interface HeldPassword {
  proofId: string;
  passwordHash: string;
  completesAt: number;
}

export interface Session {
  id: string;
  tokenDigest: string;
  accountId: string;
  browser: string;
  createdAt: number;
  lastSeenAt: number;
  expiresAt: number;
}

export interface HeldPasswords {
  insert(held: HeldPassword): Promise<void>;
  /** Proofs whose passwords have waited long enough, the longest first, some at a time. */
  due(now: number): Promise<string[]>;
  /** Takes it away where it has waited long enough: of many who try, exactly one gets it. */
  take(proofId: string, now: number): Promise<HeldPassword | undefined>;
  /** Drops those whose proofs are not held any more. Returns how many. */
  purge(): Promise<number>;
}

export interface RetiredIdentifiers {
  /** An account gave this identifier up. */
  mark(identifierMac: string, now: number): Promise<void>;
  /** When it was last given up, or undefined. */
  retiredAt(identifierMac: string): Promise<number | undefined>;
  purge(before: number): Promise<number>;
}

export interface AccountRows {
  /** `lock` holds the account's row until the transaction ends. Whoever locks proofs of it, too, locks them afterwards. */
  byId(id: string, options?: { lock?: boolean }): Promise<Account | undefined>;
  /** Accounts that hold this address confirmed (not removed). */
  byConfirmedAddress(kind: IdentifierKind, canonical: string): Promise<Account[]>;
  /** `taken` where an email address is already confirmed on another account. A phone number may be shared. */
  insert(id: string, account: NewAccount, now: number): Promise<{ taken: Address } | undefined>;
  update(
    id: string,
    change: {
      passwordHash?: string;
      passwordChangedAt?: number;
      passwordBlockedAt?: number | null;
      bumpGeneration?: true;
    },
  ): Promise<void>;
  /** Compare and set: voids outstanding proofs, and is false where somebody else did so since `from` was read. */
  nextGeneration(id: string, from: number): Promise<boolean>;
  /** False where an email address is already confirmed on an account. */
  addAddress(accountId: string, address: Address, now: number): Promise<boolean>;
  /** Marks it as removed, which frees it for others; false where the account does not hold it. */
  removeAddress(accountId: string, address: Pick<Address, 'kind' | 'canonical'>, now: number): Promise<boolean>;
  /** Confirmed addresses that were removed at `since` or later and were not added again, newest first, each once. */
  removedSince(accountId: string, since: number): Promise<RemovedAddress[]>;
  /** When a confirmed address was last added after the account was made, or removed; undefined for never. */
  addressesChangedAt(accountId: string): Promise<number | undefined>;
  /** Its owner proved once more that it is his; where the account holds it confirmed. */
  proveAddress(accountId: string, address: Pick<Address, 'kind' | 'canonical'>, now: number): Promise<void>;
  /** Where it is not frozen yet. */
  freezeAddress(accountId: string, address: Pick<Address, 'kind' | 'canonical'>, now: number): Promise<void>;
  /** Where it is frozen. */
  thawAddress(accountId: string, address: Pick<Address, 'kind' | 'canonical'>, now: number): Promise<void>;
  /** Deletes the addresses that were removed before this moment. Returns how many. */
  purgeAddresses(removedBefore: number): Promise<number>;
  count(): Promise<number>;
}

export interface Sessions {
  insert(session: Session): Promise<void>;
  /**
   * `lock` holds the row until the transaction ends, so that nobody else ends the session meanwhile. Whoever locks its account,
   * too, locks that before.
   */
  byToken(tokenDigest: string, now: number, options?: { lock?: boolean }): Promise<Session | undefined>;
  ofAccount(accountId: string, now: number): Promise<Session[]>;
  touch(id: string, now: number): Promise<void>;
  delete(id: string): Promise<void>;
  /** Ends all sessions of the account but one, or all. Returns how many ended. */
  deleteAllOf(accountId: string, exceptId?: string): Promise<number>;
  /** Ends everybody's. Returns how many ended. */
  deleteAll(): Promise<number>;
  purge(now: number): Promise<number>;
}
