/** Attempts to show control of an address. */
import type { HeldFor } from '../../rules/address-trust.ts';
import type { CodeFormat, Purpose } from '../../rules/codes.ts';
import type { Channel } from '../../rules/delivery.ts';
import type { IdentifierKind } from '../../rules/identifiers.ts';
import type { Lane } from '../../rules/lanes.ts';
import type { StoredState } from '../../rules/recovery-flow.ts';

/** One attempt to show control of an address: the row behind a recovery or a registration. Moments are ms since 1970. */
export interface Proof {
  id: string;
  /** SHA-256 of the claimant's token, hex. */
  tokenDigest: string;
  purpose: Purpose;
  channel: Channel;
  /** Who asked, as far as that can be known without looking anything up. */
  lane: Lane;
  /** What its mails carry: a code, or in times of high risk a link alone. Other channels always carry a code. */
  carries: 'code' | 'link';
  identifierKind: IdentifierKind;
  /** As typed, to be shown back, and empty where nobody typed it; and as compared. */
  identifierTyped: string;
  identifier: string;
  /** HMAC of kind and identifier, hex: what limits and wrong guesses are counted by. */
  identifierMac: string;
  locale: string;
  /** "Firefox on Windows", for the message. */
  browser: string;
  /** Client network that it was asked for from; null where one address stands for everybody. Gone with the proof. */
  network: string | null;
  state: StoredState;
  /** pending until the worker has looked; decoy: no code ever matches, or none any more. */
  resolution: 'pending' | 'known' | 'decoy';
  accountId: string | null;
  accountGeneration: number | null;
  /** Which of the root secrets the code is derived from. */
  keyId: string;
  epoch: number;
  codeFormat: CodeFormat;
  codeLength: number;
  triesLeft: number;
  codeExpiresAt: number;
  /** The code of epoch - 1 while it lives out its time. */
  previousCodeExpiresAt: number | null;
  previousCodeFormat: CodeFormat | null;
  previousCodeLength: number | null;
  resends: number;
  resendAt: number;
  /** The proof whose messages are shown as this one's; null for its own. */
  messagesOf: string | null;
  createdAt: number;
  /** When the account's mailboxes were told that this recovery was asked for; of one that leads to nobody, when they would have been. */
  toldAt: number | null;
  /** When a code of it last was about to leave for a phone number, written down before it could. */
  textedAt: number | null;
  /** What opened it: a code, which may have gone several ways, or the link of a mail. Null before. */
  verifiedBy: 'code' | 'link' | null;
  verifiedExpiresAt: number | null;
  /** Why its new password has to wait. */
  heldFor: HeldFor | null;
  completedAt: number | null;
  /** When somebody said of this completed recovery that it wasn't him. */
  reportedAt: number | null;
  expiresAt: number;
}

/**
 * An account that a proof may recover: one of several with the number that was typed. Its row goes when the account voids what is
 * outstanding, and leaves the others as they are.
 */
export interface Candidate {
  proofId: string;
  /** What the claimant chooses it by: random, of this proof alone. */
  id: string;
  accountId: string;
  accountGeneration: number;
  /** When its mailboxes were told that a code left for the number. */
  toldAt: number | null;
  chosenAt: number | null;
}

export interface Proofs {
  insert(proof: Proof): Promise<void>;
  /** `lock` holds the row until the transaction ends (FOR UPDATE; SQLite's transactions are alone anyway). */
  byId(id: string, options?: { lock?: boolean }): Promise<Proof | undefined>;
  /** `lock` as with `byId`. */
  byToken(purpose: Purpose, tokenDigest: string, options?: { lock?: boolean }): Promise<Proof | undefined>;
  /**
   * Takes one try off a living code, in one statement, before anything is compared.
   * @returns the proof after the charge, or undefined where no try was left, the code was dead or the state another
   */
  chargeTry(id: string, now: number): Promise<Proof | undefined>;
  /** Compare and set: false where the stored state is not `from` any more. */
  transition(id: string, from: StoredState, change: { state: StoredState } & Partial<Proof>): Promise<boolean>;
  update(id: string, change: Partial<Proof>): Promise<void>;
  /** What the worker found, once: false where it was found before. */
  resolve(
    id: string,
    resolution: 'known' | 'decoy',
    accountId: string | null,
    accountGeneration: number | null,
  ): Promise<boolean>;
  /** Compare and set of `toldAt`: of many who would tell the mailboxes, exactly one does. */
  claimTelling(id: string, now: number): Promise<boolean>;
  /** Compare and set of `reportedAt`: exactly one report of a completed recovery wins. */
  report(id: string, now: number): Promise<boolean>;
  /** Compare and set: no code matches any more. False where the right one was entered, or none matched before. */
  makeDecoy(id: string): Promise<boolean>;
  /**
   * Every unfinished proof of the account is cancelled, those that hold a password back as well, or becomes a decoy where it
   * `endsUnseen`; where the account was one of several, it is none any more.
   */
  cancelAllOf(accountId: string, exceptId?: string): Promise<void>;
  /** Drops what was created before, but what is held or was completed since. */
  purge(createdBefore: number): Promise<number>;
}

export interface Candidates {
  insert(candidate: Candidate): Promise<void>;
  /** In the order of their ids, which says nothing. */
  ofProof(proofId: string): Promise<Candidate[]>;
  /** Those that were not told yet are marked as told: of many who try, one gets each. */
  claimTelling(proofId: string, now: number): Promise<Candidate[]>;
  /** False where it is gone. Whoever voids the account's proofs at this moment waits, and finds it chosen. */
  choose(proofId: string, id: string, now: number): Promise<boolean>;
  /** False where it was none. */
  remove(proofId: string, accountId: string): Promise<boolean>;
}
