import type { Templates } from '../catalog.ts';

export const numberShared: Templates['number-shared'] = (params, surroundings) => ({
  subject: `Your phone number is on another ${surroundings.brand} account, too`,
  preheader: 'If you share the phone, there is nothing to do. If not, someone else may have your number.',
  heading: 'Your phone number is on another account, too',
  blocks: [
    {
      type: 'paragraph',
      text:
        `Someone typed a code that we had sent to ${params.phone}, and so added this number to another ` +
        `${surroundings.brand} account. It stays on yours as well.`,
    },
    { type: 'facts', rows: [{ label: 'When', value: surroundings.moment(params.at) }] },
    {
      type: 'paragraph',
      text: 'If you share the phone with someone, or have two accounts, there is nothing to do. Whoever gets a code by text chooses afterwards which account it is for.',
    },
    {
      type: 'aside',
      title: 'Not you? Someone may have your number',
      blocks: [
        {
          type: 'steps',
          items: [
            'If you gave the number up, remove it from your account.',
            'If it is still yours, call your phone company: someone may have got a second SIM card for it.',
            `Then set a new password with your email address. If you get stuck, write to ${surroundings.supportAddress}.`,
          ],
        },
        { type: 'button', label: 'Set a new password', url: params.recoverUrl },
      ],
    },
  ],
});
