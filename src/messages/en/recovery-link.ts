import type { Templates, TextTemplates } from '../catalog.ts';
import { timeLeft, whenAndWhere } from './phrases.ts';

export const recoveryLink: Templates['recovery-link'] = (params, surroundings) => ({
  subject: `Did you ask to reset your ${surroundings.brand} password?`,
  preheader: 'Someone asked to reset your password. If it was not you, you can ignore this mail.',
  heading: 'Did you ask to reset your password?',
  blocks: [
    {
      type: 'paragraph',
      text: `Someone asked to reset the password of your ${surroundings.brand} account (${params.account}).`,
    },
    whenAndWhere(params.requestedAt, params.browser, surroundings),
    {
      type: 'paragraph',
      text: 'If that was you, open this page and answer there. You go on in the browser that opens it:',
    },
    { type: 'button', label: 'Answer and go on', url: params.confirmUrl },
    {
      type: 'detail',
      text:
        `The link works for ${timeLeft(params.minutes)}. It is yours alone: do not forward it, and do not open it ` +
        `because somebody asks you to. Nobody from ${surroundings.brand} ever will.`,
    },
    {
      type: 'aside',
      title: 'Not you?',
      blocks: [
        { type: 'paragraph', text: 'Then do nothing. Your password has not changed, and the link dies by itself.' },
        { type: 'link', label: 'Or stop this request now', url: params.cancelUrl },
      ],
    },
  ],
});

export const recoveryLinkText: TextTemplates['recovery-link'] = ({ minutes, confirmUrl }, { brand }) => [
  `${brand}: someone asked to RESET YOUR PASSWORD. You? Open ${confirmUrl} within ${minutes} min. Not you? Ignore. Do not forward.`,
  `Someone asked to RESET your ${brand} PASSWORD. You? Open ${confirmUrl} Not you? Ignore. Do not forward.`,
  `RESET your PASSWORD? Open ${confirmUrl} Not you? Ignore. Do not forward.`,
  `RESET PASSWORD? ${confirmUrl} Not you? Ignore. Never forward.`,
];
