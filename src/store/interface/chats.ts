/** Chats that are linked to accounts, and the tokens that link them. */
import type { Messenger } from '../../rules/delivery.ts';

/** By what a messenger knows somebody. */
export interface ChatIds {
  /** The provider's id of the chat; E.164 for WhatsApp, or the scoped id of who shows no number. */
  chat: string;
  /** WhatsApp's id of the person for this business alone, beside a number: all that is told once the number is hidden. */
  scopedId: string | null;
}

/** A chat of a messenger that its owner linked to the account: it receives codes. */
export interface Chat extends ChatIds {
  id: string;
  accountId: string;
  channel: Messenger;
  /** As the person is called there, for the owner to recognise it. */
  name: string | null;
  /** When the person agreed in the messenger, by the provider's clock; when the owner of the account did, by ours. */
  consentedAt: number;
  linkedAt: number;
  /** Since when the messenger reaches this person no more, or null. */
  stoppedAt: number | null;
}

/** What stands in a deep link, and which chat brought it back (decision 0017). */
export interface LinkToken {
  id: string;
  /** SHA-256 of the token, hex. */
  tokenDigest: string;
  accountId: string;
  /** Only the session that asked can accept. */
  sessionId: string;
  channel: Messenger;
  /** Null until somebody opened the link in the messenger and agreed there. */
  chat: string | null;
  scopedId: string | null;
  name: string | null;
  /** By the provider's clock. */
  offeredAt: number | null;
  createdAt: number;
  expiresAt: number;
}

export interface Chats {
  /** Linked chats of the account, also stopped ones. */
  ofAccount(accountId: string): Promise<Chat[]>;
  /** Takes the place of the chat that the account had with this messenger. */
  link(chat: Chat): Promise<void>;
  /** The chat that went, or undefined where there was none. */
  unlink(accountId: string, channel: Messenger): Promise<Chat | undefined>;
  /**
   * The messenger reaches this person no more, since `at` by the provider's clock. A consent that is younger stands. Returns what
   * was stopped, of every account that has this chat: known by either id, as either.
   */
  stop(channel: Messenger, ids: ChatIds, at: number): Promise<Chat[]>;
}

export interface LinkTokens {
  insert(token: LinkToken): Promise<void>;
  /** Those that are alive, newest first. */
  ofSession(sessionId: string, now: number): Promise<LinkToken[]>;
  /**
   * Writes down which chat brought the token back: the first one, in time, by the messenger that it was made for. Undefined for all
   * others.
   */
  offer(
    tokenDigest: string,
    channel: Messenger,
    offered: ChatIds & { name: string | null; at: number },
    now: number,
  ): Promise<LinkToken | undefined>;
  /** Takes an offer away to accept it: of many who try, exactly one gets it, and only in the session that asked. */
  take(id: string, sessionId: string, now: number): Promise<LinkToken | undefined>;
  /** Drops what this session asked for. Returns how many. */
  discard(sessionId: string, channel: Messenger): Promise<number>;
  /** Drops what was offered to this chat, by either id, until `at`, by the provider's clock: its owner said stop before he said yes. */
  withdraw(channel: Messenger, ids: ChatIds, at: number): Promise<number>;
  purge(now: number): Promise<number>;
}
