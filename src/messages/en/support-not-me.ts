import type { TimelineEvent } from '../../rules/timeline.ts';
import type { MessageParams, Surroundings, Templates } from '../catalog.ts';

export const supportNotMe: Templates['support-not-me'] = (params, surroundings) => ({
  subject: `A customer of ${surroundings.brand} says: this wasn’t me`,
  preheader: 'Everyone is signed out and the password is blocked. The owner may need your help.',
  heading: 'A customer says: this wasn’t me',
  blocks: [
    {
      type: 'paragraph',
      text:
        'Someone who got the notice of a password change told us that it was not theirs. Every device was signed out, ' +
        'the password was blocked, and recovery by the address that was used was stopped.',
    },
    {
      type: 'facts',
      rows: [
        { label: 'When', value: surroundings.moment(params.at) },
        { label: 'Account', value: params.accountId },
        { label: 'Recovery', value: params.proofId },
        { label: 'Addresses', value: params.addresses.join(', ') || 'none' },
        { label: 'Stopped', value: params.stopped.join(', ') || 'none: it was removed from the account' },
      ],
    },
    { type: 'paragraph', text: 'What happened to the account in the last days, oldest first:' },
    { type: 'steps', items: params.timeline.map((entry) => written(entry, surroundings)) },
    {
      type: 'aside',
      title: 'What to do',
      blocks: [
        {
          type: 'steps',
          items: [
            'If another address is left, the owner gets back in with it, without you. That allows the stopped one again.',
            'If none is left, the owner will write to you. Make sure who it is before you do anything: the person who ' +
              'writes may be the one who changed the password.',
            'An operator allows the address again with “regain accounts unfreeze”.',
            'Never ask for a code or a password.',
          ],
        },
      ],
    },
  ],
});

function written(
  { at, what, channel, address, browser }: MessageParams['support-not-me']['timeline'][number],
  { moment }: Surroundings,
): string {
  const facts = [channel && `by ${CHANNELS[channel] ?? channel}`, address, browser].filter(
    (fact) => fact !== undefined,
  );
  return `${moment(at)}: ${WHAT[what]}${facts.length > 0 ? ` (${facts.join(', ')})` : ''}`;
}

const CHANNELS: Record<string, string> = { sms: 'text message' };

const WHAT: Record<TimelineEvent, string> = {
  'resolve-recovery': 'a recovery was asked for',
  'verify-code': 'its code was entered',
  'confirm-recovery': 'its link was confirmed',
  'choose-account': 'this account was chosen of those with the number',
  'pass-over-account': 'another account with the number was chosen',
  'set-password': 'a new password was set',
  'hold-password': 'a new password was chosen and has to wait',
  'cancel-recovery': 'a recovery was stopped by its link',
  'report-not-me': 'somebody said: this wasn’t me',
  'freeze-address': 'recovery by an address was stopped',
  'thaw-address': 'recovery by an address was allowed again',
  'add-address': 'an address was added',
  'remove-address': 'an address was removed',
  'complete-registration': 'the account was made',
  'sign-in': 'signed in',
  'sign-out-elsewhere': 'signed out everywhere else',
  'add-account': 'the account was made by an operator',
  'import-account': 'the account was imported',
};
