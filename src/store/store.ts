/**
 * The store's interface: what actions may ask of the database. Implemented once, over kysely, for SQLite and PostgreSQL. Rows and
 * queries of each table are in `interface/`; moments are milliseconds since 1970.
 */
import type { Transaction } from '../ports.ts';
import type { AccountRows, HeldPasswords, RetiredIdentifiers, Sessions } from './interface/accounts.ts';
import type { AuditChain, AuditEvents } from './interface/audit.ts';
import type { Chats, LinkTokens } from './interface/chats.ts';
import type { Guesses, Limits, Spend } from './interface/counting.ts';
import type { EarlyReceipts, MessagesView, NoAccountMails, Outbox, Suppressions } from './interface/messages.ts';
import type { Candidates, Proofs } from './interface/proofs.ts';

export type { HeldPassword, Session } from './interface/accounts.ts';
export type { AuditCount, AuditEvent, AuditFilter, StoredAuditEvent } from './interface/audit.ts';
export type { Chat, ChatIds, LinkToken } from './interface/chats.ts';
export type { Guessed, SpendMoney, SpendTally } from './interface/counting.ts';
export type {
  EarlyReceipt,
  Message,
  MessageEvent,
  MessageFilter,
  MessageKind,
  NewMessage,
  Suppression,
} from './interface/messages.ts';
export type { Candidate, Proof } from './interface/proofs.ts';

export interface StoreTransaction extends Transaction {
  readonly proofs: Proofs;
  readonly candidates: Candidates;
  readonly outbox: Outbox;
  readonly messages: MessagesView;
  readonly noAccountMails: NoAccountMails;
  readonly heldPasswords: HeldPasswords;
  readonly retiredIdentifiers: RetiredIdentifiers;
  readonly suppressions: Suppressions;
  readonly earlyReceipts: EarlyReceipts;
  readonly chats: Chats;
  readonly linkTokens: LinkTokens;
  readonly guesses: Guesses;
  readonly limits: Limits;
  readonly spend: Spend;
  readonly accounts: AccountRows;
  readonly sessions: Sessions;
  readonly audit: AuditEvents;
  readonly auditChain: AuditChain;
}

export interface Store {
  readonly engine: 'sqlite' | 'postgres';
  /**
   * Runs `work` in one transaction; it commits when the promise resolves and rolls back when it rejects. `ahead`: where there is one
   * writer, which is SQLite, a crowd of others does not keep this one from its turn. On SQLite those that ask at once share a
   * commit, and `work` may run again where that fails; on PostgreSQL where the database asks for it.
   */
  transaction<T>(work: (tx: StoreTransaction) => Promise<T>, options?: { ahead?: boolean }): Promise<T>;
  /** Brings the tables to this version. Safe to run from several processes at once. Returns the names applied. */
  migrate(): Promise<string[]>;
  /** Migrations that are not applied yet. */
  pendingMigrations(): Promise<string[]>;
  /** Cheap sign of life. */
  ping(): Promise<void>;
  /**
   * Calls `wake` when messages may have been queued: after a commit of this process that wrote to the outbox, and, where the
   * engine can tell, of others (LISTEN on PostgreSQL; a watch of the write-ahead log on SQLite when `otherProcesses`:
   * at once, or `seldom`, within a second).
   */
  onQueued(wake: () => void, options?: { otherProcesses?: boolean | 'seldom' }): Promise<() => Promise<void>>;
  close(): Promise<void>;
}
