import type { MessageParams, Surroundings, Templates } from '../catalog.ts';
import type { Block } from '../layout.ts';
import { whenAndWhere } from './phrases.ts';

export const recoveryRequested: Templates['recovery-requested'] = (params, surroundings) => ({
  subject: `${surroundings.brand}: a password reset was asked for by ${params.phone === undefined ? 'messenger' : 'text message'}`,
  preheader: 'If that was you, there is nothing to do. If not, you can stop it now.',
  heading: 'A code was sent to your phone',
  blocks: [
    {
      type: 'paragraph',
      text:
        `Someone asked to reset the password of your ${surroundings.brand} account (${params.account}), ` +
        (params.phone === undefined
          ? 'and a code goes to a messenger that you have linked to it.'
          : `and a code goes to ${params.phone} by text message.`),
    },
    whenAndWhere(params.requestedAt, params.browser, surroundings),
    { type: 'paragraph', text: 'If that was you, go on with the code. There is nothing to do here.' },
    { type: 'aside', title: 'Not you?', blocks: notYou(params, surroundings) },
  ],
});

function notYou({ cancelUrl, phone }: MessageParams['recovery-requested'], { supportAddress }: Surroundings): Block[] {
  const number =
    phone === undefined
      ? `Your phone may be in someone else’s hands. Write to ${supportAddress}.`
      : `Your phone number may be in someone else’s hands. Ask your phone company about it, or write to ${supportAddress}.`;
  if (cancelUrl === undefined) return [{ type: 'paragraph', text: number }];
  return [
    { type: 'paragraph', text: `Then stop it now, and the code stops working. ${number}` },
    { type: 'button', label: 'Stop this request', url: cancelUrl },
  ];
}
