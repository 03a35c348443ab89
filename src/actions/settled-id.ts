/** Below which id every event has its seal, or is none of ours. */
import { AUDIT_LATE_MS } from '../rules/audit-chain.ts';
import type { Store, StoreTransaction } from '../store/store.ts';

/**
 * SQLite gives out ids in the order of commits, so what was sealed last settles all before it. PostgreSQL does not, so
 * what was sealed some time ago does.
 */
export async function settledId(tx: StoreTransaction, engine: Store['engine'], now: number): Promise<number> {
  const settled = await tx.auditChain.newest(engine === 'sqlite' ? undefined : now - AUDIT_LATE_MS);
  return settled?.highestId ?? 0;
}
