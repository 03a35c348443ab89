import type { Templates, TextTemplates } from '../catalog.ts';

export const passwordBlocked: Templates['password-blocked'] = (params, { brand, moment, supportAddress }) => ({
  subject: `Set a new password for your ${brand} account`,
  preheader: 'Everyone is signed out, and no password opens your account until you set a new one.',
  heading: 'Your account is closed to everyone',
  blocks: [
    {
      type: 'paragraph',
      text:
        `Someone who got our notice told us that the last password change of your ${brand} account ` +
        `(${params.account}) was not theirs. So we signed out every device and blocked the password.`,
    },
    {
      type: 'facts',
      rows: [
        { label: 'When', value: moment(params.at) },
        { label: 'Blocked', value: 'the old and the new password' },
      ],
    },
    { type: 'paragraph', text: 'Nobody gets in until you set a new password. It takes about a minute:' },
    { type: 'button', label: 'Set a new password', url: params.recoverUrl },
    {
      type: 'aside',
      title: 'To keep it yours',
      blocks: [
        {
          type: 'steps',
          items: [
            'Choose a password that you use nowhere else.',
            'Change the password of your email account as well: whoever reads your mail gets your codes.',
            `If you get stuck, write to ${supportAddress}.`,
          ],
        },
      ],
    },
  ],
});

export const passwordBlockedText: TextTemplates['password-blocked'] = (_params, { brand, host }) => [
  `${brand}: your password is blocked and all devices are signed out, as you asked. Choose "Forgot password?" on ${host} to set a new one.`,
  `${brand}: your password is blocked. Choose "Forgot password?" on ${host} to set a new one.`,
  `Your password is blocked. Set a new one on ${host}.`,
];
