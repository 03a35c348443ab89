import type { Templates } from '../catalog.ts';
import { addressChangeNotYours } from './phrases.ts';

export const addressAdded: Templates['address-added'] = (params, surroundings) => ({
  subject: `An email address was added to your ${surroundings.brand} account`,
  preheader: 'If you added it, there is nothing to do. If not, act now: this mail tells you how.',
  heading: 'An address was added',
  blocks: [
    {
      type: 'paragraph',
      text:
        `${params.address} now belongs to your ${surroundings.brand} account (${params.account}). ` +
        'Codes for a new password, and notices like this one, can be sent there.',
    },
    {
      type: 'facts',
      rows: [
        { label: 'When', value: surroundings.moment(params.at) },
        { label: 'Browser', value: params.browser },
        { label: 'Added', value: params.address },
      ],
    },
    { type: 'paragraph', text: 'If that was you, there is nothing more to do.' },
    addressChangeNotYours(params.recoverUrl, surroundings),
  ],
});
