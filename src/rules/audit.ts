/** Everything that touches an account leaves an event; none carries a code, a token, a password or a full address. */
export const AUDIT_EVENTS = [
  'start-recovery',
  // The worker looked the identifier up; without an account it is written all the same.
  'resolve-recovery',
  'resend-code',
  'wrong-code',
  'outgrow-code',
  'open-breaker',
  'verify-code',
  'confirm-recovery',
  'set-password',
  'cancel-recovery',
  'report-not-me',
  'start-address',
  'add-address',
  'remove-address',
  'wrong-password',
  'start-registration',
  'complete-registration',
  'sign-in',
  'sign-in-refused',
  'sign-out',
  'sign-out-elsewhere',
  'add-account',
  'import-account',
  'retry-message',
] as const;
export type AuditEventName = (typeof AUDIT_EVENTS)[number];
