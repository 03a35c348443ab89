import type { Templates, TextTemplates } from '../catalog.ts';
import { codeRules, whenAndWhere } from './phrases.ts';

export const addressCode: Templates['address-code'] = (params, surroundings) => ({
  subject: `Add this email address to your ${surroundings.brand} account?`,
  preheader: 'Someone wants to add this address to an account. If it is not you, you can ignore this mail.',
  heading: 'Add this email address?',
  blocks: [
    {
      type: 'paragraph',
      text:
        `Someone asked to add this email address (${params.address}) to the ${surroundings.brand} account ` +
        `of ${params.account}. Afterwards codes and notices for that account can be sent here.`,
    },
    whenAndWhere(params.requestedAt, params.browser, surroundings),
    {
      type: 'paragraph',
      text: `If that was you, type this code on ${surroundings.host}, in the page that you left open:`,
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
          text: 'Then do nothing. Without the code, nobody can add your address to an account.',
        },
      ],
    },
  ],
});

export const addressCodeText: TextTemplates['address-code'] = ({ again }, { brand, host }) =>
  again
    ? [
        `${brand}: someone asked to CONFIRM THIS NUMBER of an account again. Not you? Ignore this. Only type this code on ${host}:`,
        `Code to CONFIRM THIS NUMBER at ${brand}. Not you? Ignore. Use only on ${host}:`,
        `CONFIRM NUMBER code for ${host} only. Not you? Ignore:`,
      ]
    : [
        `${brand}: someone asked to ADD THIS NUMBER to an account. Not you? Ignore this. Only type this code on ${host}:`,
        `Code to ADD THIS NUMBER at ${brand}. Not you? Ignore. Use only on ${host}:`,
        `ADD NUMBER code for ${host} only. Not you? Ignore:`,
      ];
