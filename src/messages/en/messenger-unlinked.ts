import type { Templates, TextTemplates } from '../catalog.ts';
import { addressChangeNotYours, messengerFacts, whyTold, yourAccount } from './phrases.ts';

export const messengerUnlinked: Templates['messenger-unlinked'] = (params, surroundings) => ({
  subject: `${params.messenger} was unlinked from your ${surroundings.brand} account`,
  preheader: 'If you unlinked it, there is nothing to do. If not, act now: this mail tells you how.',
  heading: `${params.messenger} was unlinked`,
  blocks: [
    {
      type: 'paragraph',
      text: `A chat in ${params.messenger} no longer belongs to ${yourAccount(params, surroundings)}. No code is sent there any more.`,
    },
    ...whyTold(params.removedAt, surroundings),
    messengerFacts(params, surroundings),
    { type: 'paragraph', text: 'If that was you, there is nothing more to do.' },
    addressChangeNotYours(params.recoverUrl, surroundings),
  ],
});

export const messengerUnlinkedText: TextTemplates['messenger-unlinked'] = ({ messenger }, { brand, host, help }) => [
  `${brand}: ${messenger} was unlinked from your account. Not you? Type ${help} in your browser now.`,
  `${messenger} was unlinked on ${host}. Not you? Type ${help} in your browser.`,
];
