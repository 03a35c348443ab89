import type { Templates, TextTemplates } from '../catalog.ts';
import { AN_ADDRESS, addressChangeNotYours, whyTold, yourAccount } from './phrases.ts';

export const addressRemoved: Templates['address-removed'] = (params, surroundings) => ({
  subject: `${AN_ADDRESS[params.what]} was removed from your ${surroundings.brand} account`,
  preheader: 'If you removed it, there is nothing to do. If not, act now: this mail tells you how.',
  heading: `${AN_ADDRESS[params.what]} was removed`,
  blocks: [
    {
      type: 'paragraph',
      text:
        `${params.address} no longer belongs to ${yourAccount(params, surroundings)}. ` +
        'It can no longer be used to sign in, and no code is sent there any more.',
    },
    ...whyTold(params.removedAt, surroundings),
    {
      type: 'facts',
      rows: [
        { label: 'When', value: surroundings.moment(params.at) },
        { label: 'Browser', value: params.browser },
        { label: 'Removed', value: params.address },
      ],
    },
    { type: 'paragraph', text: 'If that was you, there is nothing more to do.' },
    addressChangeNotYours(params.recoverUrl, surroundings),
  ],
});

export const addressRemovedText: TextTemplates['address-removed'] = ({ what }, { brand, host, help }) => [
  `${brand}: ${AN_ADDRESS[what]} was removed from your account. Not you? Type ${help} in your browser now.`,
  `${AN_ADDRESS[what]} was removed on ${host}. Not you? Type ${help} in your browser.`,
];
