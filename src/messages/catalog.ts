/**
 * Every mail that Regain sends, and what each needs to be written; texts are in text-catalog.ts. The sentences lie in one folder per locale, one file
 * per kind; `layout.ts` draws the text part and the HTML part from the same blocks; `render.ts` puts them together.
 * Moments are milliseconds since 1970. Addresses and accounts arrive masked. Every URL is on our own origin.
 */
import type { HeldFor } from '../rules/address-trust.ts';
import type { Channel } from '../rules/delivery.ts';
import type { TimelineEntry } from '../rules/timeline.ts';
import type { MessageContent } from './layout.ts';
import type { TextTemplates } from './text-catalog.ts';

export type { TextKind, TextParams, TextSurroundings, TextTemplates } from './text-catalog.ts';

export interface MessageParams {
  /** The code that opens the way to a new password. `minutes` is what is left of its life, in whole minutes. */
  'recovery-code': Asked & { code: string; minutes: number; account: string; confirmUrl: string; cancelUrl: string };
  /** The same in times of high risk: nothing in it could be read out to a stranger. */
  'recovery-link': Asked & { minutes: number; account: string; confirmUrl: string; cancelUrl: string };
  /** Somebody asked to recover with an address that has no account. */
  'no-account': Asked & { address: string; registerUrl: string; recoverUrl: string };
  /** The code that confirms the address of a new account. */
  'registration-code': Asked & { code: string; minutes: number; address: string };
  /** Somebody tried to register with the address of an existing account; its owner is told, nobody else. */
  'registration-taken': Asked & { address: string; signInUrl: string; recoverUrl: string };
  /** The code that confirms a further address of an account. Named by `account` is one that it has already. */
  'address-code': Asked & { code: string; minutes: number; address: string; account: string };
  /** Somebody tried to add an address of another account to his own; its owner is told, nobody else. */
  'address-taken': Asked & { address: string; signInUrl: string; recoverUrl: string };
  /** To every confirmed address, the new one included, and to those that were removed lately, as the next four. */
  'address-added': AddressChange & { account: string };
  /** To every confirmed address, and to the removed one. */
  'address-removed': AddressChange;
  /** To every other confirmed address, after support allowed recovery by this one again. */
  'address-thawed': Omit<AddressChange, 'what' | 'browser'>;
  /** To every confirmed address: a messenger receives the account's codes from now on, or no longer. `name` as it is called there. */
  'messenger-linked': MessengerChange & { account: string };
  'messenger-unlinked': MessengerChange;
  /** To the mailboxes of an account, after somebody confirmed its number on another one. */
  'number-shared': { phone: string; at: number; recoverUrl: string };
  /** After a new password was set; `by` the ways that the code or link had gone. */
  'password-changed': Told & { changedAt: number; by: Channel[]; notMeUrl: string | undefined; notMeHours: number };
  /** After "this wasn't me": nothing opens the account until a new password is set. `recovery`: what this address can do. */
  'password-blocked': Stopped & { account: string; at: number; recoverUrl: string };
  /** A new password that opens nothing before `completesAt`; `soonerUrl` where a code by email opens the account at once. */
  'password-held': Told & Waiting & { at: number; cancelUrl: string | undefined };
  /** Instead of a code, where "this wasn't me" stopped recovery by this address. */
  'recovery-frozen': Asked & { address: string; recoverUrl: string };
  /** To the mailboxes, where a code goes to a phone, or at high risk to another mailbox; `to` a number or mailbox, masked, or a chat. */
  'recovery-requested': Asked & {
    account: string;
    by: 'email' | 'text' | 'messenger';
    to: string | undefined;
    cancelUrl: string | undefined;
  };
  /** To customer support, after "this wasn't me"; the timeline oldest first. */
  'support-not-me': {
    accountId: string;
    proofId: string;
    at: number;
    addresses: readonly string[];
    stopped: readonly string[];
    timeline: readonly TimelineEntry[];
  };
  /** To support: mail to a customer comes back. `heldBack` by the provider itself; `reason` is its code, "5.1.1". */
  'support-bounce': { address: string; heldBack: boolean; reason: string; at: number };
}

/** A notice to an address of the account, or to one that was removed from it at `removedAt`; links that act may be missing. */
interface Told {
  account: string;
  browser: string;
  removedAt: number | undefined;
}
type Stopped = { recovery: 'open' | 'stopped' | 'removed'; unlinked: readonly string[] };
type Waiting = { completesAt: number; why: HeldFor; soonerUrl: string | undefined };

interface Change {
  at: number;
  browser: string;
  removedAt: number | undefined;
  recoverUrl: string;
}
type MessengerChange = Change & { messenger: string; name: string | undefined };
type AddressChange = Change & { what: 'email' | 'phone'; address: string };

/** When it was asked for, and from which browser ("Firefox on Windows"). */
interface Asked {
  requestedAt: number;
  browser: string;
}

export type TemplateKind = keyof MessageParams;

/** What every template may say besides its own parameters. */
export interface Surroundings {
  /** Name of the shop. */
  brand: string;
  /** The only place where a code may be typed: host of the origin, as shown in an address bar. */
  host: string;
  helpUrl: string;
  supportAddress: string;
  /** "14 March 2026, 09:12 UTC" */
  moment(at: number): string;
}

/** One template for every kind: a locale that lacks a message does not compile. */
export type Templates = {
  [K in TemplateKind]: (params: MessageParams[K], surroundings: Surroundings) => MessageContent;
};

export interface MessageLocale {
  direction: 'ltr' | 'rtl';
  /** BCP 47, how dates are written. */
  dateLocale: string;
  templates: Templates;
  texts: TextTemplates;
  /** What stands below every message. */
  footer(surroundings: Surroundings): { help: string; contact: string };
}
