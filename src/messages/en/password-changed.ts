import { type Channel, isMessenger, MESSENGER_NAMES } from '../../rules/delivery.ts';
import type { MessageParams, Surroundings, Templates, TextTemplates } from '../catalog.ts';
import type { Block } from '../layout.ts';
import { whyTold } from './phrases.ts';

export const passwordChanged: Templates['password-changed'] = (params, surroundings) => ({
  subject: `Your ${surroundings.brand} password was changed`,
  preheader: 'If you changed it, there is nothing to do. If not, act now: this mail tells you how.',
  heading: 'Your password was changed',
  blocks: [
    {
      type: 'paragraph',
      text:
        params.removedAt === undefined
          ? `The password of your ${surroundings.brand} account (${params.account}) was changed.`
          : `The password of the ${surroundings.brand} account that ${params.account} belonged to was changed.`,
    },
    ...whyTold(params.removedAt, surroundings),
    {
      type: 'facts',
      rows: [
        { label: 'When', value: surroundings.moment(params.changedAt) },
        { label: 'Browser', value: params.browser },
        { label: 'How', value: `with a message from us, by ${waysOf(params.by)}` },
        { label: 'Done', value: 'every device signed out, every other code cancelled' },
      ],
    },
    {
      type: 'paragraph',
      text:
        params.removedAt === undefined
          ? 'If that was you, there is nothing more to do. Sign in with your new password.'
          : 'If you know of this, there is nothing more to do.',
    },
    { type: 'aside', title: 'Not you? Act now', blocks: notYou(params, surroundings) },
  ],
});

function waysOf(channels: readonly Channel[]): string {
  return channels.map((channel) => (isMessenger(channel) ? MESSENGER_NAMES[channel] : WAYS[channel])).join(' or ');
}

const WAYS = { email: 'email', sms: 'text message' } as const;

function notYou(
  { notMeUrl, notMeHours, removedAt }: MessageParams['password-changed'],
  { supportAddress }: Surroundings,
): Block[] {
  const mailbox = 'Change the password of your email account as well: someone may be reading your mail.';
  if (notMeUrl === undefined)
    return [
      {
        type: 'paragraph',
        text:
          `Write to ${supportAddress}. Recovery by this address was stopped lately, so this mail has no button ` +
          'that changes anything. That protects the account from whoever else may read it.',
      },
      { type: 'detail', text: mailbox },
    ];
  const button =
    'Choose “This wasn’t me” below. We sign everyone out, block the password, stop recovery by the address';
  return [
    {
      type: 'steps',
      items: [
        removedAt === undefined
          ? `${button} that was used, and send a code to another one, if your account has one.`
          : `${button} that was used, and tell customer support.`,
        mailbox,
        `If you get stuck, write to ${supportAddress}.`,
      ],
    },
    { type: 'button', label: 'This wasn’t me', url: notMeUrl },
    { type: 'detail', text: `It works for ${notMeHours} hours, and never asks for your password.` },
  ];
}

/** A text has no button: a new recovery is what its reader can do at once. It ends all sessions, and the other password with it. */
export const passwordChangedText: TextTemplates['password-changed'] = (params, { brand, host, help, shortMoment }) => {
  const at = shortMoment(params.changedAt);
  const recover = `Not you? Choose "Forgot password?" on ${host} now.`;
  return [
    `${brand}: your password was changed on ${at} and all devices signed out. ${recover} Help: ${help}`,
    `${brand}: your password was changed on ${at}. ${recover} Help: ${help}`,
    `${brand}: your password was changed. ${recover} Help: ${help}`,
    `${brand}: your password was changed. ${recover}`,
    `Your password was changed. Not you? Choose "Forgot password?" on ${host}.`,
  ];
};
