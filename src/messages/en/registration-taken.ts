import type { Templates, TextTemplates } from '../catalog.ts';
import { whenAndWhere } from './phrases.ts';

export const registrationTaken: Templates['registration-taken'] = (params, surroundings) => ({
  subject: `You already have an account at ${surroundings.brand}`,
  preheader: 'Someone tried to create another account with this address. You can simply sign in.',
  heading: 'You already have an account',
  blocks: [
    {
      type: 'paragraph',
      text:
        `Someone tried to create an account at ${surroundings.brand} with this email address (${params.address}). ` +
        'You already have one with it, so nothing new was made and nothing has changed.',
    },
    whenAndWhere(params.requestedAt, params.browser, surroundings),
    { type: 'paragraph', text: 'If that was you, welcome back. Your account is waiting:' },
    { type: 'button', label: 'Sign in', url: params.signInUrl },
    { type: 'link', label: 'Forgot your password? Set a new one', url: params.recoverUrl },
    {
      type: 'aside',
      title: 'Not you?',
      blocks: [
        {
          type: 'paragraph',
          text: 'Then do nothing. Whoever it was has not been told that you have an account.',
        },
      ],
    },
  ],
});

export const registrationTakenText: TextTemplates['registration-taken'] = (_params, { brand, host }) => [
  `${brand}: someone tried to create an account with this number. You already have one; nothing has changed. Was it you? Sign in on ${host}.`,
  `${brand}: this number already has an account, nothing was changed. Was it you? Sign in on ${host}.`,
  `This number already has an account on ${host}. Nothing was changed.`,
];
