/** Audit events, and the chain that seals them. */

import type { AuditEventName } from '../../rules/audit.ts';
import type { AuditBatch, AuditSeal, SealedEvent, StoredEvent } from '../../rules/audit-chain.ts';

export interface AuditEvent {
  at: number;
  name: AuditEventName;
  accountId: string | null;
  proofId: string | null;
  /** Small facts without secrets: masked identifier, channel, browser. */
  detail: Record<string, string | number | boolean>;
}

/** By when events happened: from `since` on, before `until`. */
export interface AuditFilter {
  since?: number | undefined;
  until?: number | undefined;
}

/** `id` grows with every event. */
export interface StoredAuditEvent extends AuditEvent {
  id: number;
}

export interface AuditCount {
  proofId: string;
  name: AuditEventName;
  count: number;
}

export interface AuditEvents {
  append(event: AuditEvent): Promise<void>;
  ofAccount(accountId: string, count: number): Promise<AuditEvent[]>;
  /** Events of these names, newest first: all, or those before the event with an id. */
  pageOf(
    accountId: string,
    names: readonly AuditEventName[],
    count: number,
    before?: number,
  ): Promise<StoredAuditEvent[]>;
  /** Which of the account's events of these names and this moment has this id: how many of them are older. */
  placeOf(accountId: string, names: readonly AuditEventName[], at: number, id: number): Promise<number>;
  /** The id of the event at that place of that moment. */
  idAt(accountId: string, names: readonly AuditEventName[], at: number, place: number): Promise<number | undefined>;
  /**
   * How often each of these names was written for each of these proofs after the event with this id: under the account, or
   * under the proof itself.
   */
  countsOf(
    accountId: string,
    proofIds: readonly string[],
    names: readonly AuditEventName[],
    afterId: number,
  ): Promise<AuditCount[]>;
}

export interface AuditChain {
  /** The newest batch, or the newest one sealed at or before a moment. */
  newest(sealedUntil?: number): Promise<AuditBatch | undefined>;
  /** In order. */
  batches(afterNumber: number, count: number): Promise<AuditBatch[]>;
  /**
   * Compare and set: false where a batch of that number is there already; then nothing is stored. The newest batch must
   * have been read before the unsealed events: in the other order PostgreSQL may show both of another sealer's batch.
   */
  insert(batch: AuditBatch, seals: readonly AuditSeal[]): Promise<boolean>;
  /** Events with a higher id that have no seal, lowest id first. */
  unsealed(afterId: number, count: number): Promise<StoredEvent[]>;
  /** Events without a seal whose ids are higher, or at most so high. */
  outside(
    range: { afterId: number } | { untilId: number },
  ): Promise<{ count: number; firstId: number | null; oldestAt: number | null }>;
  /** Seals in the order of the chain, each with its event. */
  sealed(afterPosition: number, count: number, filter?: AuditFilter): Promise<SealedEvent[]>;
  /** The digest at a place of the chain. */
  sealAt(position: number): Promise<string | undefined>;
  /** Removes events and seals up to the end of this batch, and the batches before it. Returns how many events went. */
  cut(anchor: AuditBatch): Promise<number>;
  /** Removes events from before a moment that were never sealed. */
  purgeUnsealed(before: number): Promise<number>;
}
