import type { MessageParams, Surroundings, Templates, TextTemplates } from '../catalog.ts';
import type { Block } from '../layout.ts';
import { whyTold } from './phrases.ts';

export const passwordHeld: Templates['password-held'] = (params, surroundings) => ({
  subject: `A new password for your ${surroundings.brand} account is waiting`,
  preheader: 'It does not work yet. If it is not yours, you can stop it now.',
  heading: 'A new password is waiting',
  blocks: [
    {
      type: 'paragraph',
      text:
        params.removedAt === undefined
          ? `Someone chose a new password for your ${surroundings.brand} account (${params.account}), with a code from us.`
          : `Someone chose a new password for the ${surroundings.brand} account that ${params.account} belonged to.`,
    },
    ...whyTold(params.removedAt, surroundings),
    {
      type: 'facts',
      rows: [
        { label: 'When', value: surroundings.moment(params.at) },
        { label: 'Browser', value: params.browser },
        { label: 'Works from', value: surroundings.moment(params.completesAt) },
      ],
    },
    {
      type: 'paragraph',
      text:
        'The browser is new to the account, and an address came or went lately, or a messenger was linked. So the new password ' +
        'has to wait. Until then the old one goes on working, and nobody is signed out.',
    },
    { type: 'paragraph', text: 'If that was you, just wait. We write again when the new password works.' },
    { type: 'aside', title: 'Not you? Stop it now', blocks: notYou(params, surroundings) },
  ],
});

function notYou({ cancelUrl }: MessageParams['password-held'], { supportAddress }: Surroundings): Block[] {
  if (cancelUrl === undefined)
    return [
      {
        type: 'paragraph',
        text:
          `Sign in with the old password, which stops the new one, or write to ${supportAddress}. Recovery by this ` +
          'address was stopped lately, so this mail has no button that changes anything.',
      },
    ];
  return [
    {
      type: 'steps',
      items: [
        'Stop it with the button below. Signing in with the old password stops it as well.',
        'Change the password of your email account: someone may be reading your mail.',
        `If you get stuck, write to ${supportAddress}.`,
      ],
    },
    { type: 'button', label: 'Stop it now', url: cancelUrl },
  ];
}

export const passwordHeldText: TextTemplates['password-held'] = (params, { brand, host, shortMoment }) => [
  `${brand}: a new password was set and works from ${shortMoment(params.completesAt)}. Not you? Sign in on ${host} with the old one, which stops it.`,
  `New password for ${host} from ${shortMoment(params.completesAt)}. Not you? Sign in with the old one.`,
];
