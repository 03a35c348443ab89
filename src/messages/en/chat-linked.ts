import type { TextTemplates } from '../catalog.ts';

export const chatLinkedText: TextTemplates['chat-linked'] = (_, { brand, host }) => [
  `${brand}: codes for your account on ${host} can come to this chat now. Don't want them? Write STOP.`,
  `Codes for ${host} can come to this chat now. Don't want them? Write STOP.`,
];
