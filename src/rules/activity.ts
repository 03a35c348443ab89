/**
 * What an account's owner is shown of what happened to it: audit events, with what belongs to one recovery put together.
 */
import type { AuditEventName } from './audit.ts';
import type { MessageStatus } from './delivery.ts';

/** How much one page shows. */
export const ACTIVITY_PAGE = 20;
/** For this long, a recovery that nobody finished is pointed out above everything else. */
export const ACTIVITY_POINTED_OUT_MS = 86_400_000;

/**
 * The entry that an older page begins behind: its moment, and which of the account's entries of that moment it is, the oldest
 * being 0. Ids of events count what happens to everybody, and by asking for the page before one and another number anyone
 * could read that off.
 */
export interface ActivityCursor {
  at: number;
  place: number;
}

export function cursorText({ at, place }: ActivityCursor): string {
  return `${at}-${place}`;
}

/** Undefined for what is none. */
export function readCursor(text: string): ActivityCursor | undefined {
  const [, at, place] = /^(\d{1,15})-(\d{1,9})$/.exec(text) ?? [];
  return at === undefined || place === undefined ? undefined : { at: Number(at), place: Number(place) };
}

/** Each of these is an entry of its own. */
export const ACTIVITY_EVENTS = [
  'resolve-recovery',
  'sign-in',
  'sign-in-refused',
  'sign-out',
  'sign-out-elsewhere',
  'add-address',
  'confirm-address',
  'remove-address',
  'link-messenger',
  'unlink-messenger',
  'stop-messenger',
  'share-number',
  'wrong-password',
  'freeze-address',
  'thaw-address',
  'complete-registration',
  'add-account',
  'import-account',
] as const satisfies AuditEventName[];
export type ActivityEvent = (typeof ACTIVITY_EVENTS)[number];

/** What became of a recovery: told with it, not apart from it. */
export const RECOVERY_EVENTS = [
  'wrong-code',
  'verify-code',
  'confirm-recovery',
  'pass-over-account',
  'set-password',
  'hold-password',
  'cancel-recovery',
  'report-not-me',
] as const satisfies AuditEventName[];

/**
 * The fate of the message with the code, for the account's owner. Unlike the claimant he may know everything, at once;
 * `unknown` when the message is no longer kept.
 */
export type MessageFate = 'queued' | 'sent' | 'delivered' | 'failed' | 'unknown';

export function messageFate(status: MessageStatus | undefined): MessageFate {
  switch (status) {
    case undefined:
      return 'unknown';
    case 'queued':
    case 'sent':
    case 'delivered':
      return status;
    default:
      return 'failed';
  }
}

/** `open`: it can still be finished. `held`: a new password waits. `code_entered`: the code was right or the link confirmed, and no password was set. `passed_over`: it was used for another account with the number. */
export type RecoveryOutcome =
  | 'reported'
  | 'password_changed'
  | 'cancelled'
  | 'passed_over'
  | 'held'
  | 'open'
  | 'code_entered'
  | 'not_finished';

/** @param isOpen whether the recovery itself can still be finished */
export function recoveryOutcome(events: readonly { name: AuditEventName }[], isOpen: boolean): RecoveryOutcome {
  const happened = (name: AuditEventName): boolean => events.some((event) => event.name === name);
  if (happened('report-not-me')) return 'reported';
  if (happened('set-password')) return 'password_changed';
  if (happened('cancel-recovery')) return 'cancelled';
  if (happened('pass-over-account')) return 'passed_over';
  if (isOpen) return happened('hold-password') ? 'held' : 'open';
  return happened('verify-code') || happened('confirm-recovery') ? 'code_entered' : 'not_finished';
}
