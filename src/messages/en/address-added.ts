import type { Templates, TextTemplates } from '../catalog.ts';
import { AN_ADDRESS, addressChangeNotYours, whyTold, yourAccount } from './phrases.ts';

export const addressAdded: Templates['address-added'] = (params, surroundings) => ({
  subject: `${AN_ADDRESS[params.what]} was added to your ${surroundings.brand} account`,
  preheader: 'If you added it, there is nothing to do. If not, act now: this mail tells you how.',
  heading: `${AN_ADDRESS[params.what]} was added`,
  blocks: [
    {
      type: 'paragraph',
      text:
        `${params.address} now belongs to ${yourAccount(params, surroundings)}. ` +
        `Codes for a new password${params.what === 'email' ? ', and notices like this one,' : ''} can be sent there.`,
    },
    ...whyTold(params.removedAt, surroundings),
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

export const addressAddedText: TextTemplates['address-added'] = ({ what }, { brand, host, help }) => [
  `${brand}: ${AN_ADDRESS[what]} was added to your account. Not you? Type ${help} in your browser now.`,
  `${AN_ADDRESS[what]} was added on ${host}. Not you? Type ${help} in your browser.`,
];
