/** What a bounce says of an address, by its enhanced status code (RFC 3463; IANA's registry of them). */
import { SUPPORT_TOLD_EVERY_MS } from './limits.ts';

/**
 * no-mailbox: mail can't ever arrive there. held-back: the provider itself sends nothing more to it. complaint: whoever reads
 * it calls our mail spam.
 */
export type AddressTrouble = 'no-mailbox' | 'held-back' | 'complaint';

/**
 * 5.1.1 no such mailbox, 5.1.2 no such host, 5.1.3 no address, 5.1.6 moved away, 5.1.10 a domain that takes no mail (RFC 7505),
 * 5.2.1 switched off. Not 5.2.2 (full), 5.4.x (the way there) or 5.7.x (what the other side thinks of us): these pass.
 */
const NO_MAILBOX = /^5\.(?:1\.(?:1|2|3|6|10)|2\.1)$/;

/**
 * A mailbox that nobody reported for a year may be somebody else's by now, and is tried anew. What mail has reached is
 * kept while it remembers that support was told, and as long as a report from before it may be told or repeated.
 */
export const SUPPRESSION_KEPT_MS = 365 * 24 * 3_600_000;
export const LIFTED_KEPT_MS = SUPPORT_TOLD_EVERY_MS;

export function troubleOf(enhancedStatus: string | undefined): { trouble?: AddressTrouble } {
  return NO_MAILBOX.test(enhancedStatus ?? '') ? { trouble: 'no-mailbox' } : {};
}

/** The first enhanced status code in a sentence of a mail server: "smtp; 550 5.1.1 <jane@...>: unknown" is 5.1.1. */
export function enhancedStatusIn(text: string): string | undefined {
  return /(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)/.exec(text)?.[1];
}

/** A reply code (RFC 5321 4.2): "550 No such user" is 550. */
export function replyCodeIn(text: string): string | undefined {
  return /(?<![\d.])([245][0-5]\d)(?![\d.])/.exec(text)?.[1];
}

/** xtext (RFC 3461 4): "+" and two hexadecimal digits in upper case stand for what can't stand in a command, "+" itself included. */
export function decodedXtext(text: string): string {
  return text.replace(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
