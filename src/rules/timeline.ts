/** What customer support is told of an account when somebody says that a change was not his. */
import type { AuditEventName } from './audit.ts';

export const TIMELINE_SINCE_MS = 7 * 86_400_000;
export const TIMELINE_EVENTS_MAX = 40;
/** Of what strangers can add to: so many at most, and apart, so that they push nothing else out. */
export const TIMELINE_ASKED_MAX = 20;

/** Refused sign-ins are left out: they would say little. */
export const TIMELINE_ASKED = 'resolve-recovery' satisfies AuditEventName;
export const TIMELINE_EVENTS = [
  'verify-code',
  'confirm-recovery',
  'choose-account',
  'pass-over-account',
  'set-password',
  'hold-password',
  'cancel-recovery',
  'report-not-me',
  'freeze-address',
  'thaw-address',
  'add-address',
  'remove-address',
  'complete-registration',
  'sign-in',
  'sign-out-elsewhere',
  'add-account',
  'import-account',
] as const satisfies AuditEventName[];
export type TimelineEvent = (typeof TIMELINE_EVENTS)[number] | typeof TIMELINE_ASKED;

/** What is not known of an event, or does not belong to it, is left out. Addresses are masked. */
export interface TimelineEntry {
  at: number;
  what: TimelineEvent;
  channel?: string | undefined;
  address?: string | undefined;
  browser?: string | undefined;
}
