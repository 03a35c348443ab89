import type { Templates } from '../catalog.ts';
import { whenAndWhere } from './phrases.ts';

export const recoveryFrozen: Templates['recovery-frozen'] = (params, surroundings) => ({
  subject: `Recovery of your ${surroundings.brand} account by this address is stopped`,
  preheader: 'Use another address of your account, or write to customer support.',
  heading: 'Recovery by this address is stopped',
  blocks: [
    {
      type: 'paragraph',
      text: `Someone asked to reset the password of your ${surroundings.brand} account with this address (${params.address}).`,
    },
    whenAndWhere(params.requestedAt, params.browser, surroundings),
    {
      type: 'paragraph',
      text:
        'We sent no code. Lately the password was changed with a code that went to this address, and somebody told us ' +
        'that it was not theirs. Until the account is recovered another way, this address can’t do it.',
    },
    { type: 'paragraph', text: 'If that was you, use another address of your account:' },
    { type: 'button', label: 'Use another address', url: params.recoverUrl },
    {
      type: 'detail',
      text: `No other address? Write to ${surroundings.supportAddress}. They know what happened, and help you back in.`,
    },
    {
      type: 'aside',
      title: 'Not you?',
      blocks: [{ type: 'paragraph', text: 'Then do nothing. No code was sent, and nothing has changed.' }],
    },
  ],
});
