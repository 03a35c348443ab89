/**
 * What the database holds, for kysely. Columns are named in snake_case, for operators who read the tables; records carry
 * the same names in camelCase. The two are mapped when a statement is built, never when it runs.
 */
import type { Generated } from 'kysely';
import type { HeldAddress } from '../ports.ts';
import type { AuditBatch, AuditSeal } from '../rules/audit-chain.ts';
import type {
  Candidate,
  Chat,
  EarlyReceipt,
  HeldPassword,
  LinkToken,
  Message,
  MessageEvent,
  Proof,
  Session,
  SpendMoney,
  SpendTally,
  Suppression,
} from './store.ts';

export interface Tables {
  accounts: AccountColumns;
  addresses: Columns<HeldAddress> & {
    /** Keeps the order in which they were given. */
    id: Generated<number>;
    account_id: string;
    removed_at: number | null;
    created_at: number;
  };
  proofs: Columns<Proof>;
  proof_candidates: Columns<Candidate>;
  outbox: Columns<Message>;
  message_events: Columns<MessageEvent> & { message_id: string };
  /** Wrong guesses, one counter per UTC day; `day` counts days since 1970. */
  guesses: { identifier_mac: string; channel: string; lane: string; day: number; wrong: number };
  /** The theoretical arrival time of the generic cell rate algorithm. */
  limits: { key: string; tat: number };
  sessions: Columns<Session>;
  audit_events: {
    id: Generated<number>;
    at: number;
    name: string;
    account_id: string | null;
    proof_id: string | null;
    /** JSON. */
    detail: string;
  };
  audit_batches: Columns<AuditBatch>;
  audit_seals: Columns<AuditSeal>;
  no_account_mails: { identifier_mac: string; message_id: string; sent_at: number };
  held_passwords: Columns<HeldPassword>;
  retired_identifiers: { identifier_mac: string; retired_at: number };
  spend_money: Columns<SpendMoney>;
  spend_tallies: Columns<SpendTally>;
  chats: Columns<Chat>;
  link_tokens: Columns<LinkToken>;
  suppressions: Columns<Suppression> & { lifted_at: number | null; told_at: number | null; told_by: string | null };
  early_receipts: Columns<EarlyReceipt>;
  migrations: { name: string };
}

interface AccountColumns {
  id: string;
  name: string | null;
  birthday: string | null;
  locale: string | null;
  password_hash: string | null;
  password_changed_at: number | null;
  password_blocked_at: number | null;
  generation: number;
  created_at: number;
}

/** A record's fields, as columns. */
export type Columns<T> = { [Field in keyof T & string as SnakeCase<Field>]: T[Field] };

type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : Name;
type Selected<Field> = Field extends string ? `${SnakeCase<Field>} as ${Field}` : never;

/** `tokenDigest` -> `token_digest as tokenDigest`: rows come back as records. */
export function selected<const Field extends string>(fields: readonly Field[]): Selected<Field>[] {
  return fields.map((field) => `${columnOf(field)} as ${field}` as Selected<Field>);
}

/** Those fields of a record, by column. */
export function toColumns<T, Field extends keyof T & string>(record: T, fields: readonly Field[]) {
  return Object.fromEntries(fields.map((field) => [columnOf(field), record[field]])) as Columns<Pick<T, Field>>;
}

function columnOf(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
