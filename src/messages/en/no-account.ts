import type { Templates } from '../catalog.ts';
import { whenAndWhere } from './phrases.ts';

export const noAccount: Templates['no-account'] = (params, surroundings) => ({
  subject: `There is no account at ${surroundings.brand} with this address`,
  preheader: 'Someone asked to reset a password with this address. Maybe you signed up with another one.',
  heading: 'There is no account with this address',
  blocks: [
    {
      type: 'paragraph',
      text:
        `Someone asked to reset a password at ${surroundings.brand} and gave this email address (${params.address}). ` +
        'No account uses it, so there is nothing to reset.',
    },
    whenAndWhere(params.requestedAt, params.browser, surroundings),
    {
      type: 'paragraph',
      text: 'If that was you, maybe you signed up with another email address, or with your phone number. Try that one:',
    },
    { type: 'button', label: 'Try another address', url: params.recoverUrl },
    { type: 'link', label: 'New here? Create an account', url: params.registerUrl },
    {
      type: 'aside',
      title: 'Not you?',
      blocks: [
        {
          type: 'paragraph',
          text: 'Then do nothing. Someone probably mistyped their own address. We send this mail once a week at most.',
        },
      ],
    },
  ],
});
