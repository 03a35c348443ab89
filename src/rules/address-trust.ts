/** How far an address of an account is trusted after it came, went, or was said to be in somebody else's hands. */
import type { Identifier } from './identifiers.ts';
import type { Lane } from './lanes.ts';
import { ADDRESS_CHANGED_LATELY_MS, STALE_NUMBER } from './limits.ts';

/** What is known of an address of an account. Moments are milliseconds since 1970. */
export interface AddressFacts extends Pick<Identifier, 'kind' | 'canonical'> {
  confirmedAt: number | null;
  frozenAt: number | null;
  thawedAt: number | null;
}

/** Whether a code or a link may be sent there to recover the account. */
export function canRecover(address: AddressFacts): boolean {
  return address.confirmedAt !== null && address.frozenAt === null;
}

/**
 * Whether a notice to it carries a link that does something. Not while recovery by it is stopped, nor for a while after:
 * whoever reads that mailbox would turn "this wasn't me" against the owner, who has just recovered by another address.
 */
export function mayAct({ frozenAt, thawedAt }: Pick<AddressFacts, 'frozenAt' | 'thawedAt'>, now: number): boolean {
  return frozenAt === null && (thawedAt === null || now >= thawedAt + ADDRESS_CHANGED_LATELY_MS);
}

/**
 * The addresses that a password change puts in doubt when somebody says that it wasn't him: those that a code was sent
 * to, and every one that came to the account since, which may be the intruder's.
 */
export function addressesInDoubt<A extends AddressFacts>(
  addresses: readonly A[],
  used: readonly Pick<AddressFacts, 'kind' | 'canonical'>[],
  changedAt: number,
): A[] {
  return addresses.filter(
    ({ kind, canonical, confirmedAt }) =>
      used.some((one) => one.kind === kind && one.canonical === canonical) ||
      (confirmedAt !== null && confirmedAt > changedAt),
  );
}

/** A recovery by a browser that the account does not know, soon after an address of it came or went, or a messenger was linked. */
export function isRisky(lane: Lane, changedAt: number | undefined, now: number): boolean {
  return lane !== 'known-device' && changedAt !== undefined && now < changedAt + ADDRESS_CHANGED_LATELY_MS;
}

/** Why a new password waits: ways into the account changed lately, or its code may have come by a number that is too little alone. */
export const HELD_FOR = ['changed', 'stale_number'] as const;
export type HeldFor = (typeof HELD_FOR)[number];

/** The longer wait where there are two reasons, and then that one is told which another way to get the code does not help against. */
export function waitFor(
  doubts: Record<HeldFor, boolean>,
  coolOffMs: number,
): { heldFor: HeldFor; waitMs: number } | undefined {
  const staleMs = doubts.stale_number ? STALE_NUMBER.waitMs : 0;
  const changedMs = doubts.changed ? coolOffMs : 0;
  if (staleMs + changedMs === 0) return undefined;
  return { heldFor: changedMs > 0 ? 'changed' : 'stale_number', waitMs: Math.max(staleMs, changedMs) };
}
