import type { TextTemplates } from '../catalog.ts';

export const chatHelpText: TextTemplates['chat-help'] = (_, { brand, host, help }) => [
  `${brand} sends codes here to whoever linked this chat on ${host}. STOP ends that. More help: ${help}`,
  `Codes of ${host} come here once you link this chat there. STOP ends that.`,
];
