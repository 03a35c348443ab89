import type { Templates, TextTemplates } from '../catalog.ts';
import { addressChangeNotYours, whyTold, yourAccount } from './phrases.ts';

export const addressThawed: Templates['address-thawed'] = (params, surroundings) => ({
  subject: `An address can recover your ${surroundings.brand} account again`,
  preheader: 'If you asked support for it, there is nothing to do. If not, act now: this mail tells you how.',
  heading: 'An address can recover your account again',
  blocks: [
    {
      type: 'paragraph',
      text:
        `Customer support allowed recovery by ${params.address} again, an address of ${yourAccount(params, surroundings)}. ` +
        'It had been stopped because someone told us: this wasn’t me. Codes for a new password can be sent there from now on.',
    },
    ...whyTold(params.removedAt, surroundings),
    {
      type: 'facts',
      rows: [
        { label: 'When', value: surroundings.moment(params.at) },
        { label: 'Allowed', value: params.address },
      ],
    },
    { type: 'paragraph', text: 'If you asked for it, there is nothing more to do.' },
    addressChangeNotYours(params.recoverUrl, surroundings),
  ],
});

export const addressThawedText: TextTemplates['address-thawed'] = (_, { brand, host, help }) => [
  `${brand}: support allowed recovery by an address of your account again. Not you? Type ${help} in your browser now.`,
  `An address can recover your account on ${host} again. Not you? Type ${help}.`,
];
