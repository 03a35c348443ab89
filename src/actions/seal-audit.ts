/**
 * Gives the events since the last time their place in the audit chain. Runs in the background, so that writing an event
 * stays one insert: chaining it in its own request would make every request wait for the one before.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AUDIT_BATCH_MAX, type AuditBatch, sealBatch } from '../rules/audit-chain.ts';
import type { StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { settledId } from './settled-id.ts';

type SealContext = Pick<Context, 'store' | 'keys' | 'clock' | 'log'>;

/** What one sealer remembers of the chain between two runs. */
export type Remembered = Pick<AuditBatch, 'number' | 'head'>;

/**
 * Seals until nothing is left, one batch a transaction. Of several sealers that run at once, one stores a batch and the
 * others leave it to him.
 * @param remembered what the last run of this process returned: a chain that has lost it is not continued, because its
 *   altered events would be sealed anew
 * @returns what to remember; undefined before the first batch
 */
export async function sealAudit(context: SealContext, remembered?: Remembered): Promise<Remembered | undefined> {
  let known = remembered;
  let afterId = 0;
  for (;;) {
    const [last, from] = [known, afterId];
    const step = await context.store.transaction((tx) => sealNext(context, tx, last, from));
    if (step.outcome === 'broken') {
      context.log.error('audit-broken', {
        batch: last?.number,
        head: last?.head,
        problem: 'the chain has lost this batch since it was sealed; nothing more is sealed; see docs/how-to/audit.md',
      });
      return last;
    }
    if (step.batch) known = { number: step.batch.number, head: step.batch.head };
    if (step.outcome !== 'sealed') return known;
    const { number, lastPosition, firstPosition, head } = step.batch;
    const events = lastPosition - firstPosition + 1;
    // The log usually leaves the machine: whoever rewrites the chain can't rewrite the heads in it.
    context.log.info('audit-seal', { batch: number, events, position: lastPosition, head });
    if (events < AUDIT_BATCH_MAX) return known;
    // A long backlog is not searched from its beginning for every batch; a late id waits for the next run.
    afterId = step.batch.highestId;
    await nextTurn();
  }
}

type Step =
  | { outcome: 'sealed'; batch: AuditBatch }
  /** Nothing to do, or another sealer was faster; with the newest batch. */
  | { outcome: 'done'; batch: AuditBatch | undefined }
  | { outcome: 'broken' };

async function sealNext(
  { store, keys, clock }: SealContext,
  tx: StoreTransaction,
  remembered: Remembered | undefined,
  afterId: number,
): Promise<Step> {
  const now = clock.now();
  const [key] = keys.auditKeys();
  if (!key) throw new Error('at least one root secret is needed');
  const last = await tx.auditChain.newest();
  if (remembered && !(await continues(tx, last, remembered))) return { outcome: 'broken' };
  const settled = await settledId(tx, store.engine, now);
  const events = await tx.auditChain.unsealed(Math.max(afterId, settled), AUDIT_BATCH_MAX);
  if (events.length === 0) return { outcome: 'done', batch: last };
  const { batch, seals } = sealBatch(events, last, key, now);
  if (!(await tx.auditChain.insert(batch, seals))) return { outcome: 'done', batch: last };
  return { outcome: 'sealed', batch };
}

/** Whether the remembered batch is still there as it was, or was purged since. */
async function continues(
  tx: StoreTransaction,
  last: AuditBatch | undefined,
  { number, head }: Remembered,
): Promise<boolean> {
  if (!last || last.number < number) return false;
  if (last.number === number) return last.head === head;
  const [next] = await tx.auditChain.batches(number - 1, 1);
  return next?.number === number ? next.head === head : next?.purgedAt !== null;
}
