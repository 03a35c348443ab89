import type { Templates, TextTemplates } from '../catalog.ts';
import { whenAndWhere } from './phrases.ts';

export const addressTaken: Templates['address-taken'] = (params, surroundings) => ({
  subject: `This address already belongs to an account at ${surroundings.brand}`,
  preheader: 'Someone tried to add it to another account. Nothing has changed.',
  heading: 'This address has an account already',
  blocks: [
    {
      type: 'paragraph',
      text:
        `Someone tried to add this email address (${params.address}) to another account at ${surroundings.brand}. ` +
        'It already belongs to yours, and an address belongs to one account only. So nothing has changed.',
    },
    whenAndWhere(params.requestedAt, params.browser, surroundings),
    {
      type: 'paragraph',
      text: 'If that was you, you have two accounts. Sign in to the one with this address, and remove it there first:',
    },
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

export const addressTakenText: TextTemplates['address-taken'] = (_params, { brand, host, help }) => [
  `${brand}: someone asked to add this number to one more account. As many accounts have it as may, so nothing was changed. Help: ${help}`,
  `${brand}: number not added. As many accounts have it as may. Help: ${help}`,
  `Number not added on ${host}: as many accounts have it as may.`,
];
