import type { Templates, TextTemplates } from '../catalog.ts';

export const passwordChanged: Templates['password-changed'] = (params, { brand, moment, supportAddress }) => ({
  subject: `Your ${brand} password was changed`,
  preheader: 'If you changed it, there is nothing to do. If not, act now: this mail tells you how.',
  heading: 'Your password was changed',
  blocks: [
    { type: 'paragraph', text: `The password of your ${brand} account (${params.account}) was changed.` },
    {
      type: 'facts',
      rows: [
        { label: 'When', value: moment(params.changedAt) },
        { label: 'Browser', value: params.browser },
        { label: 'Done', value: 'every device signed out, every other code cancelled' },
      ],
    },
    { type: 'paragraph', text: 'If that was you, there is nothing more to do. Sign in with your new password.' },
    {
      type: 'aside',
      title: 'Not you? Act now',
      blocks: [
        {
          type: 'steps',
          items: [
            'Choose “This wasn’t me” below. We sign everyone out, block the password, and help you to set a new one.',
            'Change the password of your email account as well: someone may be reading your mail.',
            `If you get stuck, write to ${supportAddress}.`,
          ],
        },
        { type: 'button', label: 'This wasn’t me', url: params.notMeUrl },
        { type: 'detail', text: `It works for ${params.notMeHours} hours, and never asks for your password.` },
      ],
    },
  ],
});

export const passwordChangedText: TextTemplates['password-changed'] = (params, { brand, host, help, shortMoment }) => [
  `${brand}: your password was changed on ${shortMoment(params.changedAt)} and all devices signed out. Not you? Type ${help} in your browser now.`,
  `${brand}: your password was changed and all devices signed out. Not you? Type ${help} in your browser now.`,
  `Your password for ${host} was changed. Not you? Type ${help} in your browser now.`,
];
