import type { Templates, TextTemplates } from '../catalog.ts';
import { addressChangeNotYours, messengerFacts, whyTold, yourAccount } from './phrases.ts';

export const messengerLinked: Templates['messenger-linked'] = (params, surroundings) => ({
  subject: `${params.messenger} was linked to your ${surroundings.brand} account`,
  preheader: 'If you linked it, there is nothing to do. If not, act now: this mail tells you how.',
  heading: `${params.messenger} was linked`,
  blocks: [
    {
      type: 'paragraph',
      text:
        `A chat in ${params.messenger} now belongs to ${yourAccount(params, surroundings)}. ` +
        'Codes for a new password can be sent there.',
    },
    ...whyTold(params.removedAt, surroundings),
    messengerFacts(params, surroundings),
    {
      type: 'paragraph',
      text: 'If that was you, there is nothing more to do. You can unlink it on your account page.',
    },
    addressChangeNotYours(params.recoverUrl, surroundings),
  ],
});

export const messengerLinkedText: TextTemplates['messenger-linked'] = ({ messenger }, { brand, host, help }) => [
  `${brand}: ${messenger} was linked to your account, codes can go there. Not you? Type ${help} in your browser now.`,
  `${messenger} was linked on ${host}. Not you? Type ${help} in your browser.`,
];
