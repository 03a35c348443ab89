/** What the actions need from the world, with the outcomes of every method. Adapters implement these; `compose.ts` picks them. */
export type * from './ports/accounts.ts';
export type * from './ports/channels.ts';
export type * from './ports/keys.ts';
export type * from './ports/passwords.ts';
export type * from './ports/risk.ts';
export type * from './ports/settings.ts';
export type * from './ports/webhooks.ts';
export type * from './ports/world.ts';
