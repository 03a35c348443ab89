/** What customer support is told after "this wasn't me": what to look up, and what happened lately. No link in it opens anything. */
import { maskIdentifier } from '../rules/identifiers.ts';
import {
  TIMELINE_ASKED,
  TIMELINE_ASKED_MAX,
  TIMELINE_EVENTS,
  TIMELINE_EVENTS_MAX,
  TIMELINE_SINCE_MS,
  type TimelineEntry,
  type TimelineEvent,
} from '../rules/timeline.ts';
import type { Message, Proof, StoredAuditEvent, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import type { Delivery, Prepared } from './delivery.ts';

export async function prepareSupportMail(
  context: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  message: Message,
  proof: Proof,
): Promise<Prepared> {
  const { accountId, address, createdAt } = message;
  const account = accountId === null ? undefined : await context.accounts.get(tx, accountId);
  if (!account || address === null) return { do: 'fail', reason: 'no_account' };
  const events = await eventsSince(tx, account.id, createdAt - TIMELINE_SINCE_MS);
  const confirmed = account.addresses.filter(({ confirmedAt }) => confirmedAt !== null);
  const params = {
    accountId: account.id,
    proofId: proof.id,
    at: createdAt,
    addresses: confirmed.map(maskIdentifier),
    stopped: confirmed.filter(({ frozenAt }) => frozenAt !== null).map(maskIdentifier),
    timeline: events.map(entryOf),
  };
  return { do: 'send', to: address, mail: delivery.render('support-not-me', params, message.locale) };
}

/** The oldest first. */
async function eventsSince(tx: StoreTransaction, accountId: string, since: number): Promise<StoredAuditEvent[]> {
  const asked = await tx.audit.pageOf(accountId, [TIMELINE_ASKED], TIMELINE_ASKED_MAX);
  const done = await tx.audit.pageOf(accountId, TIMELINE_EVENTS, TIMELINE_EVENTS_MAX);
  return [...asked, ...done].filter(({ at }) => at >= since).sort((one, other) => one.id - other.id);
}

function entryOf({ at, name, detail }: StoredAuditEvent): TimelineEntry {
  const text = (fact: unknown): string | undefined => (typeof fact === 'string' ? fact : undefined);
  return {
    at,
    what: name as TimelineEvent,
    channel: text(detail.channel),
    address: text(detail.address),
    browser: text(detail.browser),
  };
}
