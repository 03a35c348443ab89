/** What SES and SendGrid publish of their events, as far as the fate of a mail hangs on it, in our own words. */
import type { Source } from './source.ts';

export const SOURCES: readonly Source[] = [
  {
    what: 'Amazon SES, events',
    address: 'https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html',
    version: 'no date on the page',
    read: '2026-11-25',
  },
  {
    what: 'SendGrid, events',
    address: 'https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event',
    version: 'no date on the page',
    read: '2026-11-25',
  },
  {
    what: 'Postmark, webhooks: types and kinds of bounces in its own library',
    address: 'https://github.com/ActiveCampaign/postmark.js',
    version: '5.1.0',
    read: '2026-11-25',
  },
];

/** Which of them are about the address, and which about us or the message. */
export const SENDGRID_DROPS: Record<string, 'address' | 'message'> = {
  'Invalid SMTPAPI header': 'message',
  'Spam Content (if spam checker app enabled)': 'message',
  'Unsubscribed Address': 'address',
  'Bounced Address': 'address',
  'Spam Reporting Address': 'address',
  Invalid: 'address',
  'Recipient List over Package Quota': 'message',
};

/** `complaintSubType`: null for a complaint; else SES took the mail and did not even try to send it. */
export const SES_COMPLAINT_NOT_SENT = 'OnAccountSuppressionList';

/** `complaintFeedbackType`: whether a person says that the mail was unwanted; null where the mailbox provider says nothing. */
export const SES_FEEDBACK: [type: string | null, isUnwanted: boolean][] = [
  [null, true],
  ['abuse', true],
  ['fraud', true],
  ['other', true],
  ['auth-failure', false],
  ['not-spam', false],
  ['virus', false],
];

/** `bounceType.bounceSubType`, and whether SES asks to write to the address no more; it tries none of them again. */
export const SES_BOUNCES: Record<string, boolean> = {
  'Undetermined.Undetermined': false,
  'Permanent.General': true,
  'Permanent.NoEmail': true,
  'Permanent.Suppressed': true,
  'Permanent.OnAccountSuppressionList': true,
  'Transient.General': false,
  'Transient.MailboxFull': false,
  'Transient.MessageTooLarge': false,
  'Transient.ContentRejected': false,
  'Transient.AttachmentRejected': false,
};
