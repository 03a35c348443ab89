import { STALE_AFTER_MONTHS } from '../../rules/stale-numbers.ts';
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
      text: `${WHY[params.why]} So the new password has to wait. Until then the old one goes on working, and nobody is signed out.`,
    },
    { type: 'paragraph', text: 'If that was you, just wait. We write again when the new password works.' },
    ...sooner(params),
    { type: 'aside', title: 'Not you? Stop it now', blocks: notYou(params, surroundings) },
  ],
});

const WHY: Record<MessageParams['password-held']['why'], string> = {
  changed: 'The browser is new to the account, and an address came or went lately, or a messenger was linked.',
  stale_number:
    `The code may have been read at a phone number that was not confirmed for more than ${STALE_AFTER_MONTHS} months, and old ` +
    'numbers are given to new people.',
};

function sooner({ soonerUrl }: MessageParams['password-held']): Block[] {
  return soonerUrl === undefined
    ? []
    : [{ type: 'link', label: 'With a code by email instead, a new password works at once', url: soonerUrl }];
}

function notYou({ cancelUrl, why }: MessageParams['password-held'], { supportAddress }: Surroundings): Block[] {
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
        why === 'changed'
          ? 'Change the password of your email account: someone may be reading your mail.'
          : 'Is the number not yours any more? Sign in and remove it from your account.',
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
