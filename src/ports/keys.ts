/** Secrets by purpose, and proof of work. */
import type { Identifier } from '../rules/identifiers.ts';

export type KeyPurpose =
  | 'code'
  | 'identifier'
  | 'cancel'
  | 'not-me'
  | 'device'
  | 'confirm'
  | 'work'
  | 'audit'
  | 'operator'
  | 'bounce';

/** Keys per purpose, derived from the root secrets; the first signs, all verify. */
export interface Keys {
  /** The key that new codes are derived from, and its id. */
  codeKey(): { id: string; key: Buffer };
  /** The key of an earlier code; undefined where its secret was dropped from the list. */
  codeKeyById(id: string): Buffer | undefined;
  /** HMAC of an identifier, hex: the same under every rotation that keeps the oldest secret in the list. */
  identifierMac(identifier: Pick<Identifier, 'kind' | 'canonical'>): string;
  /** HMAC of the mailbox that an address leads to, hex; under rotations as `identifierMac`. */
  mailboxMac(mailbox: string): string;
  /** What seals the audit chain, newest first: the first seals, all verify. */
  auditKeys(): { id: string; key: Buffer }[];
  /** MACs of 128 bits, newest secret first: where `sign` is too long. */
  macs(purpose: KeyPurpose, text: string): Buffer[];
  /** base64url(text) + '.' + base64url(mac of 128 bits) */
  sign(purpose: KeyPurpose, text: string): string;
  /** Secrets that proof-of-work challenges are signed with, newest first. */
  workSecrets(): readonly string[];
  /** The signed text, or undefined for a forgery. */
  open(purpose: KeyPurpose, signed: string): string | undefined;
}

/** What a browser or app is given to solve: a document of altcha's, to be handed to its widget or library unread. */
export type WorkChallenge = Record<string, unknown>;

/** Proof of work. */
export interface Work {
  /** @param wanted.subject whom the work is for; `rounds` times `iterations` of PBKDF2 are asked for on average */
  challenge(wanted: { subject: string; iterations: number; rounds: number; expiresAt: number }): Promise<WorkChallenge>;
  /** The id of the challenge that was solved for `subject` in time; undefined for anything else. */
  solved(solution: string, subject: string, now: number): Promise<string | undefined>;
}
