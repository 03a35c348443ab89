import type { Templates } from '../catalog.ts';

export const supportBounce: Templates['support-bounce'] = ({ address, heldBack, reason, at }, { brand, moment }) => ({
  subject: `Mail to a customer of ${brand} comes back`,
  preheader: 'Until this is mended, one of your customers gets no codes by email.',
  heading: 'Mail to one of your customers comes back',
  blocks: [
    {
      type: 'paragraph',
      text: heldBack
        ? `Your mail provider does not send to ${address} any more, because earlier mail to it came back or was called spam.`
        : `The mail server of ${address} says that this mailbox does not exist any more.`,
    },
    {
      type: 'facts',
      rows: [
        { label: 'Address', value: address },
        { label: 'Answer', value: reason },
        { label: 'When', value: moment(at) },
      ],
    },
    {
      type: 'aside',
      title: 'What it means',
      blocks: [
        {
          type: 'paragraph',
          text:
            `The account at ${brand} can't be recovered through this mailbox for now. Regain sends no promotions to it, but a ` +
            'new recovery is always tried again, so nothing is locked.',
        },
      ],
    },
    {
      type: 'aside',
      title: 'What to do',
      blocks: [
        {
          type: 'steps',
          items: [
            heldBack
              ? 'Take the address off the list of suppressed addresses at your mail provider, if its owner can read mail there.'
              : 'If the owner writes to you from another address, do not take their word for who they are: ask for the proof that your rules for lost mailboxes name.',
            'The audit log has the event under the name bounce-address, with the account.',
          ],
        },
      ],
    },
  ],
});
