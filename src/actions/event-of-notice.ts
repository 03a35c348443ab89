import type { AuditEventName } from '../rules/audit.ts';
import type { Message, StoredAuditEvent, StoreTransaction } from '../store/store.ts';

/** More than anybody does to an account within the day that a notice is tried for. */
const EVENTS_READ = 200;

/** What a notice tells of: the account's event of the very moment when it was queued. */
export async function eventOfNotice(
  tx: StoreTransaction,
  { accountId, createdAt }: Pick<Message, 'accountId' | 'createdAt'>,
  name: AuditEventName,
): Promise<StoredAuditEvent | undefined> {
  if (accountId === null) return undefined;
  const events = await tx.audit.pageOf(accountId, [name], EVENTS_READ);
  return events.find(({ at }) => at === createdAt);
}
