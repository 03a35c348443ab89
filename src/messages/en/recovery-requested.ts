import type { MessageParams, Surroundings, Templates } from '../catalog.ts';
import type { Block } from '../layout.ts';
import { whenAndWhere } from './phrases.ts';

type Params = MessageParams['recovery-requested'];

export const recoveryRequested: Templates['recovery-requested'] = (params, surroundings) => ({
  subject: `${surroundings.brand}: a password reset was asked for by ${WAYS[params.by]}`,
  preheader: 'If that was you, there is nothing to do. If not, you can stop it now.',
  heading: params.by === 'email' ? 'Someone asked for a password reset' : 'A code was sent to your phone',
  blocks: [
    {
      type: 'paragraph',
      text: `Someone asked to reset the password of your ${surroundings.brand} account (${params.account}), and ${whatGoes(params)}`,
    },
    whenAndWhere(params.requestedAt, params.browser, surroundings),
    {
      type: 'paragraph',
      text:
        params.by === 'email'
          ? 'If that was you, go on with that message. There is nothing to do here.'
          : 'If that was you, go on with the code. There is nothing to do here.',
    },
    { type: 'aside', title: 'Not you?', blocks: notYou(params, surroundings) },
  ],
});

const WAYS = { email: 'email', text: 'text message', messenger: 'messenger' } as const;

function whatGoes({ by, to }: Params): string {
  if (by === 'messenger') return 'a code goes to a messenger that you have linked to it.';
  if (by === 'text') return `a code goes to ${to} by text message.`;
  return to === undefined
    ? 'a message goes to another mailbox of it.'
    : `a message goes to ${to}, another mailbox of it.`;
}

function notYou({ by, cancelUrl }: Params, { supportAddress }: Surroundings): Block[] {
  const advice = {
    email: `Someone else may be reading that mailbox. Change its password, or write to ${supportAddress}.`,
    text: `Your phone number may be in someone else’s hands. Ask your phone company about it, or write to ${supportAddress}.`,
    messenger: `Your phone may be in someone else’s hands. Write to ${supportAddress}.`,
  }[by];
  if (cancelUrl === undefined) return [{ type: 'paragraph', text: advice }];
  const stops = by === 'email' ? 'that message stops working' : 'the code stops working';
  return [
    { type: 'paragraph', text: `Then stop it now, and ${stops}. ${advice}` },
    { type: 'button', label: 'Stop this request', url: cancelUrl },
  ];
}
