/** Every text message that Regain sends, and what each needs to be written: the other half of catalog.ts. */
import type { MessageParams, Surroundings } from './catalog.ts';

/** A `code` is set by render-text.ts, at the end. */
export interface TextParams {
  'recovery-code': { code: string };
  'recovery-link': { minutes: number; confirmUrl: string };
  'registration-code': { code: string };
  'registration-taken': Record<never, never>;
  /** `again`: the number is the account's already. */
  'address-code': { code: string; again: boolean };
  /** As many accounts have the number as may. */
  'address-taken': Record<never, never>;
  'password-changed': { changedAt: number };
  'password-blocked': Record<never, never>;
  'password-held': { completesAt: number };
  'address-added': Pick<MessageParams['address-added'], 'what'>;
  'address-removed': Pick<MessageParams['address-added'], 'what'>;
  'address-thawed': Record<never, never>;
  'messenger-linked': Pick<MessageParams['messenger-linked'], 'messenger'>;
  'messenger-unlinked': Pick<MessageParams['messenger-linked'], 'messenger'>;
  /** Into the chat that brought a link's token back: the yes is given in the browser. */
  'chat-offered': Record<never, never>;
  /** Into a chat that is linked from now on. */
  'chat-linked': Record<never, never>;
  /** Into any chat whose person asks what it is for. */
  'chat-help': Record<never, never>;
}
export type TextKind = keyof TextParams;

export interface TextSurroundings extends Pick<Surroundings, 'brand' | 'host'> {
  /** Address of the help page as one types it: "acme.com/help". */
  help: string;
  /** "14 Mar 09:12 UTC" */
  shortMoment(at: number): string;
}

/** Wordings of the same message, longest first. The longest that fits is sent; the code follows behind a space. */
export type TextTemplates = {
  [K in TextKind]: (params: TextParams[K], surroundings: TextSurroundings) => readonly [string, ...string[]];
};
