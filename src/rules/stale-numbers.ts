/**
 * Phone numbers get new owners: US carriers give one on after as little as 45 days, and of 259 that were for sale 171 still opened
 * somebody's accounts (Lee and Narayanan, eCrime 2021). So a number is trusted for as long as its owner proved it lately.
 */
import { hasMailbox, isProvable } from './addresses.ts';
import { isHandedOver, LEFT_OUT, type MessageStatus } from './delivery.ts';
import type { IdentifierKind } from './identifiers.ts';
import type { Lane } from './lanes.ts';
import { STALE_NUMBER } from './limits.ts';
import type { TextCountries } from './text-numbers.ts';

/** The bound in the months that people count in. */
export const STALE_AFTER_MONTHS = Math.round((STALE_NUMBER.afterMs * 12) / (365 * 86_400_000));

/** Of an address. Moments are milliseconds since 1970. */
export interface Proven {
  kind: IdentifierKind;
  confirmedAt: number | null;
  provenAt: number | null;
}

/** Mailboxes don't get new owners this way. */
export function isStale(address: Proven, now: number): boolean {
  const at = lastProvenAt(address);
  return address.kind === 'phone' && at !== null && now > at + STALE_NUMBER.afterMs;
}

/** An older program that runs beside this one writes down the confirmation alone. */
function lastProvenAt({ provenAt, confirmedAt }: Proven): number | null {
  return provenAt ?? confirmedAt;
}

/**
 * When a number of the account that its owner is to confirm again was last proven; undefined where there is nothing to ask of him.
 * Without a mailbox it is trusted as ever, and one that is not texted can't be confirmed.
 */
export function staleSince(
  address: Proven & { canonical: string },
  { addresses }: { addresses: readonly (Proven & { canonical: string })[] },
  { countries, now }: { countries: TextCountries | undefined; now: number },
): number | undefined {
  const isAsked = isStale(address, now) && hasMailbox(addresses) && isProvable(address, countries);
  return isAsked ? (lastProvenAt(address) ?? undefined) : undefined;
}

/**
 * Whether a code that may have been read at this number is too little to open the account at once. Not where there is no mailbox
 * to ask: its owner would have no way in. Nor in a browser that has signed in with what was typed: somebody gave it the password
 * there, so the number does not stand alone.
 */
export function isTooLittle(
  number: Proven | undefined,
  asking: { hasMailbox: boolean; lane: Lane; now: number },
): boolean {
  const { hasMailbox, lane, now } = asking;
  return number !== undefined && hasMailbox && lane !== 'known-device' && isStale(number, now);
}

/** What is known of a message with a code. */
export interface CodeMessage {
  /** The end of its way. */
  end: 'mailbox' | 'number' | 'chat';
  status: MessageStatus;
  attempts: number;
  reason: string | null;
}

/**
 * What the recovery has proven beyond doubt. Each way brings the same code, so where it may have gone two ways nothing is. A link
 * stands in mails alone.
 */
export function provenEnd(
  { verifiedBy, textedAt }: { verifiedBy: 'code' | 'link' | null; textedAt: number | null },
  messages: readonly CodeMessage[],
): 'mailbox' | 'number' | undefined {
  if (verifiedBy === null) return undefined;
  if (verifiedBy === 'link') return 'mailbox';
  const elsewhere = messages.filter((message) => message.end !== 'number' && mayHaveLeft(message));
  if (textedAt !== null) return elsewhere.length === 0 ? 'number' : undefined;
  return elsewhere.length > 0 && elsewhere.every(({ end }) => end === 'mailbox') ? 'mailbox' : undefined;
}

/** Also where it failed: a bounce can be forged by whoever reads the mail, and a lost answer was none. */
export function mayHaveLeft({ status, attempts, reason }: Omit<CodeMessage, 'end'>): boolean {
  if (status === 'suppressed') return false;
  // One whose answer was lost ends as unneeded where somebody asked again.
  return isHandedOver(reason) || (attempts > 0 && !LEFT_OUT.some((why) => why === reason));
}
