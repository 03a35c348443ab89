/**
 * Removes audit events that are old enough, whole batches at a time. The last batch that goes leaves its record, signed
 * as purged: the chain goes on from there, and a gap that the policy made is told from one that somebody else made.
 */
import { type AuditBatch, isSigned, markPurged } from '../rules/audit-chain.ts';
import { AUDIT_KEPT_MS } from '../rules/limits.ts';
import type { StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';

const BATCHES_AT_ONCE = 500;

/** @returns how many events were removed */
export async function purgeAudit(
  { keys, log }: Pick<Context, 'keys' | 'log'>,
  tx: StoreTransaction,
  now: number,
): Promise<number> {
  const before = now - AUDIT_KEPT_MS;
  const [key] = keys.auditKeys();
  if (!key) throw new Error('at least one root secret is needed');
  const unsealed = await tx.auditChain.purgeUnsealed(before);
  const anchor = await lastOldBatch(keys.auditKeys(), tx, before);
  if (!anchor || anchor.purgedAt !== null) return unsealed;
  const removed = await tx.auditChain.cut(markPurged(anchor, key, now));
  const { number, lastPosition, head } = anchor;
  log.info('audit-purge', { batch: number, position: lastPosition, head, events: removed });
  return unsealed + removed;
}

/**
 * The last batch before the first one that is too young. A record that Regain did not sign says nothing about its age, or
 * whoever altered it could have its events removed by us; it goes when a later one goes.
 */
async function lastOldBatch(
  keys: ReturnType<Context['keys']['auditKeys']>,
  tx: StoreTransaction,
  before: number,
): Promise<AuditBatch | undefined> {
  let last: AuditBatch | undefined;
  for (let after = 0; ; ) {
    const batches = await tx.auditChain.batches(after, BATCHES_AT_ONCE);
    for (const batch of batches) {
      if (!isSigned(batch, keys)) continue;
      if (batch.newestAt >= before) return last;
      last = batch;
    }
    if (batches.length < BATCHES_AT_ONCE) return last;
    after = batches.at(-1)?.number ?? after;
  }
}
