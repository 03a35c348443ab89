import type { Templates, TextTemplates } from '../catalog.ts';
import { codeRules, whenAndWhere } from './phrases.ts';

export const recoveryCode: Templates['recovery-code'] = (params, surroundings) => ({
  subject: `Reset your ${surroundings.brand} password?`,
  preheader: 'Someone asked to reset your password. If it was not you, you can ignore this mail.',
  heading: 'Reset your password?',
  blocks: [
    {
      type: 'paragraph',
      text: `Someone asked to reset the password of your ${surroundings.brand} account (${params.account}).`,
    },
    whenAndWhere(params.requestedAt, params.browser, surroundings),
    {
      type: 'paragraph',
      text: `If that was you, type this code on ${surroundings.host}, in the page that you left open:`,
      strong: surroundings.host,
    },
    { type: 'code', code: params.code },
    codeRules(params.minutes, surroundings),
    { type: 'link', label: 'Closed the page? Go on in this browser', url: params.confirmUrl },
    {
      type: 'aside',
      title: 'Not you?',
      blocks: [
        {
          type: 'paragraph',
          text: 'Then do nothing. Your password has not changed, and the code stops working by itself.',
        },
        { type: 'link', label: 'Or stop this request now', url: params.cancelUrl },
      ],
    },
  ],
});

/** Purpose and warning before the code, so that a locked screen shows those and not the code. */
export const recoveryCodeText: TextTemplates['recovery-code'] = (_params, { brand, host }) => [
  `${brand}: someone asked to RESET YOUR PASSWORD. Not you? Ignore this. Only type this code on ${host}, nowhere else:`,
  `Someone asked to RESET your ${brand} PASSWORD. Not you? Ignore. Use only on ${host}:`,
  `PASSWORD RESET code for ${host} only. Not you? Ignore:`,
];
