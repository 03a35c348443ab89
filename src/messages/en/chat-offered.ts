import type { TextTemplates } from '../catalog.ts';

export const chatOfferedText: TextTemplates['chat-offered'] = (_, { brand, host }) => [
  `${brand}: almost done. Say yes on the page of ${host} where you began. Did someone else send you this link? Then do nothing.`,
  `Almost done. Say yes on ${host}. Did someone else send you this link? Then do nothing.`,
];
