import type { MessageParams, Surroundings, Templates, TextTemplates } from '../catalog.ts';
import type { Block, Fact } from '../layout.ts';

export const passwordBlocked: Templates['password-blocked'] = (params, surroundings) => ({
  subject: `Your ${surroundings.brand} account is closed until it has a new password`,
  preheader: 'Everyone is signed out, and no password opens the account. This mail tells you how to go on.',
  heading: 'Your account is closed to everyone',
  blocks: [
    {
      type: 'paragraph',
      text:
        `Someone who got our notice told us that the last password change of your ${surroundings.brand} account ` +
        `(${params.account}) was not theirs. So we signed out every device and blocked the password.`,
    },
    {
      type: 'facts',
      rows: [
        { label: 'When', value: surroundings.moment(params.at) },
        { label: 'Blocked', value: 'the old and the new password' },
        { label: 'Stopped', value: 'recovery by the address that was used' },
        ...unlinkedFact(params.unlinked),
      ],
    },
    ...wayBack(params, surroundings),
    {
      type: 'aside',
      title: 'To keep it yours',
      blocks: [
        {
          type: 'steps',
          items: [
            'Choose a password that you use nowhere else.',
            'Change the password of your email account as well: whoever reads your mail gets your codes.',
            `If you get stuck, write to ${surroundings.supportAddress}. They know what happened.`,
          ],
        },
      ],
    },
  ],
});

function unlinkedFact(unlinked: readonly string[]): Fact[] {
  if (unlinked.length === 0) return [];
  return [{ label: 'Unlinked', value: `${unlinked.join(' and ')}; no code is sent there until you link yours again` }];
}

/** What this very address can do. */
function wayBack(
  { recovery, recoverUrl }: MessageParams['password-blocked'],
  { supportAddress }: Surroundings,
): Block[] {
  if (recovery === 'open')
    return [
      { type: 'paragraph', text: 'Nobody gets in until you set a new password. It takes about a minute:' },
      { type: 'button', label: 'Set a new password', url: recoverUrl },
    ];
  if (recovery === 'removed')
    return [
      {
        type: 'paragraph',
        text: `This address was removed from the account, so it can’t recover it. Write to ${supportAddress} if it is yours.`,
      },
    ];
  return [
    {
      type: 'paragraph',
      text:
        'Recovery by this address is stopped: the change was made with a code that went here, so somebody else may be ' +
        'reading this mailbox. Set a new password with another address of your account:',
    },
    { type: 'button', label: 'Use another address', url: recoverUrl },
    {
      type: 'detail',
      text: `If your account has no other address, write to ${supportAddress}. They help you back in.`,
    },
  ];
}

export const passwordBlockedText: TextTemplates['password-blocked'] = (_params, { brand, host }) => [
  `${brand}: your password is blocked and all devices are signed out, as you asked. Choose "Forgot password?" on ${host} to set a new one.`,
  `${brand}: your password is blocked. Choose "Forgot password?" on ${host} to set a new one.`,
  `Your password is blocked. Set a new one on ${host}.`,
];
