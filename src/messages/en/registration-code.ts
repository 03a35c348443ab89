import type { Templates, TextTemplates } from '../catalog.ts';
import { codeRules, whenAndWhere } from './phrases.ts';

export const registrationCode: Templates['registration-code'] = (params, surroundings) => ({
  subject: `Confirm your email address for ${surroundings.brand}`,
  preheader: 'Someone is creating an account with this address. If it is not you, you can ignore this mail.',
  heading: 'Confirm your email address',
  blocks: [
    {
      type: 'paragraph',
      text: `Someone is creating an account at ${surroundings.brand} with this email address (${params.address}).`,
    },
    whenAndWhere(params.requestedAt, params.browser, surroundings),
    {
      type: 'paragraph',
      text: `If that is you, type this code on ${surroundings.host}, in the page that you left open:`,
      strong: surroundings.host,
    },
    { type: 'code', code: params.code },
    codeRules(params.minutes, surroundings),
    {
      type: 'aside',
      title: 'Not you?',
      blocks: [
        {
          type: 'paragraph',
          text: 'Then do nothing. Without the code, nobody can open an account with your address.',
        },
      ],
    },
  ],
});

export const registrationCodeText: TextTemplates['registration-code'] = (_params, { brand, host }) => [
  `${brand}: someone is CREATING AN ACCOUNT with this number. Not you? Ignore this. Only type this code on ${host}:`,
  `Code to CREATE your ${brand} ACCOUNT. Not you? Ignore. Use only on ${host}:`,
  `NEW ACCOUNT code for ${host} only. Not you? Ignore:`,
];
