/**
 * The audit chain: every event gets a digest over what it says and over the digest before it, batches of them a signature.
 * Digests are MACs, not plain hashes: whoever can write to the database but lacks the secret can't make one, so the first
 * row that was touched can always be named. `audit-verdict.ts` checks what this file makes.
 */
import { createHmac } from 'node:crypto';

/** Events of one batch: 200 are chained and stored in some milliseconds, which a request may have to wait for. */
export const AUDIT_BATCH_MAX = 200;
/**
 * PostgreSQL gives out ids before it commits them. An event that comes into sight this long after a higher id was sealed
 * still gets its place in the chain; a later one is not Regain's.
 */
export const AUDIT_LATE_MS = 10 * 60_000;

/** An event as the database has it. */
export interface StoredEvent {
  id: number;
  /** Milliseconds since 1970. */
  at: number;
  name: string;
  accountId: string | null;
  proofId: string | null;
  /** JSON, byte for byte. */
  detail: string;
}

/** An event's place in the chain. Places are given when sealing, without gaps; ids have gaps and commit out of order. */
export interface AuditSeal {
  /** 1, 2, 3 ... */
  position: number;
  eventId: number;
  /** HMAC-SHA-256, hex. */
  digest: string;
}

/** A seal, and what stands at its event's id now; undefined where nothing does. */
export interface SealedEvent extends AuditSeal {
  event: StoredEvent | undefined;
}

export interface AuditBatch {
  /** 1, 2, 3 ... */
  number: number;
  firstPosition: number;
  lastPosition: number;
  /** The highest id that this batch or one before it sealed. */
  highestId: number;
  /** When its newest event happened, but not after the sealing: what the time to purge is counted from. */
  newestAt: number;
  sealedAt: number;
  /** Which of the root secrets its digests and its signature were made with. */
  keyId: string;
  /** The digest before its first one; empty for the first batch. */
  previous: string;
  /** The digest of its last event. */
  head: string;
  signature: string;
  /** When its events and everything before them were removed because they were old enough; else null. */
  purgedAt: number | null;
  /** "key id:MAC" over the purge, so that nobody else can call a gap one. */
  purgeSignature: string | null;
}

/** A moment of the chain. Kept elsewhere, it shows later that nothing before it was cut off or rewritten. */
export interface ChainPoint {
  position: number;
  digest: string;
}

export interface ChainKey {
  id: string;
  key: Buffer;
}

/**
 * @param events unsealed ones, in the order of their ids; at least one
 * @param last the batch before
 */
export function sealBatch(
  events: readonly StoredEvent[],
  last: AuditBatch | undefined,
  { id, key }: ChainKey,
  now: number,
): { batch: AuditBatch; seals: AuditSeal[] } {
  const previous = last?.head ?? '';
  const before = last?.lastPosition ?? 0;
  const seals: AuditSeal[] = [];
  for (const event of events) {
    const position = before + seals.length + 1;
    const digest = digestOf(key, seals.at(-1)?.digest ?? previous, position, event);
    seals.push({ position, eventId: event.id, digest });
  }
  const unsigned = {
    number: (last?.number ?? 0) + 1,
    firstPosition: before + 1,
    lastPosition: before + seals.length,
    highestId: Math.max(last?.highestId ?? 0, ...events.map((event) => event.id)),
    newestAt: Math.min(now, Math.max(...events.map((event) => event.at))),
    sealedAt: now,
    keyId: id,
    previous,
    head: seals.at(-1)?.digest ?? previous,
  };
  const signature = signatureOf(key, unsigned);
  return { batch: { ...unsigned, signature, purgedAt: null, purgeSignature: null }, seals };
}

/** The batch as the oldest one left, its events and everything before them removed. */
export function markPurged(batch: AuditBatch, { id, key }: ChainKey, now: number): AuditBatch {
  return { ...batch, purgedAt: now, purgeSignature: `${id}:${purgeMac(key, batch, now)}` };
}

/** An array in JSON names its parts unambiguously: no value can run into the next one. */
export function digestOf(key: Buffer, previous: string, position: number, event: StoredEvent): string {
  const { id, at, name, accountId, proofId, detail } = event;
  return mac(key, 'regain audit event v1', [position, previous, id, at, name, accountId, proofId, detail]);
}

export function signatureOf(key: Buffer, batch: Omit<AuditBatch, 'signature' | 'purgedAt' | 'purgeSignature'>): string {
  const { number, firstPosition, lastPosition, highestId, newestAt, sealedAt, keyId, previous, head } = batch;
  const parts = [number, firstPosition, lastPosition, highestId, newestAt, sealedAt, keyId, previous, head];
  return mac(key, 'regain audit batch v1', parts);
}

export function purgeMac(key: Buffer, batch: AuditBatch, purgedAt: number): string {
  return mac(key, 'regain audit purge v1', [batch.number, batch.lastPosition, batch.head, purgedAt]);
}

/** Whether the program itself wrote this batch, as it stands. */
export function isSigned(batch: AuditBatch, keys: readonly ChainKey[]): boolean {
  const key = keys.find(({ id }) => id === batch.keyId)?.key;
  return key !== undefined && signatureOf(key, batch) === batch.signature;
}

/** "4711:9f3c…": what `regain audit verify` prints as the head, and takes back. */
export function formatPoint({ position, digest }: ChainPoint): string {
  return `${position}:${digest}`;
}

/** Undefined for what is no head. */
export function readPoint(text: string): ChainPoint | undefined {
  const [, position, digest] = /^(\d{1,15}):([0-9a-f]{64})$/i.exec(text.trim()) ?? [];
  return position && digest ? { position: Number(position), digest: digest.toLowerCase() } : undefined;
}

/** The purpose stands in the MAC, so that a digest can't pass for a signature. */
function mac(key: Buffer, purpose: string, parts: readonly (string | number | null)[]): string {
  return createHmac('sha256', key)
    .update(JSON.stringify([purpose, ...parts]))
    .digest('hex');
}
