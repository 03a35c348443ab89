import type { AuditEventName } from '../rules/audit.ts';
import { MESSENGER_NAMES, type Messenger } from '../rules/delivery.ts';
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

const MESSENGER_EVENTS = { 'messenger-linked': 'link-messenger', 'messenger-unlinked': 'unlink-messenger' } as const;
export type LinkNotice = keyof typeof MESSENGER_EVENTS;

export function isLinkNotice(kind: string): kind is LinkNotice {
  return Object.hasOwn(MESSENGER_EVENTS, kind);
}

/** The messengers that "this wasn't me" unlinked. */
export async function unlinkedWith(tx: StoreTransaction, message: Message): Promise<string[]> {
  const { accountId, proofId, createdAt } = message;
  const events = accountId === null ? [] : await tx.audit.pageOf(accountId, ['unlink-messenger'], EVENTS_READ);
  return events
    .filter((event) => event.at === createdAt && event.proofId === proofId)
    .map(({ detail }) => MESSENGER_NAMES[detail.channel as Messenger])
    .sort();
}

/** `name` as the person is called there, where that is told. */
export async function messengerEventOf(
  tx: StoreTransaction,
  message: Message,
  kind: LinkNotice,
): Promise<{ at: number; messenger: string; name: string | undefined; browser: string } | undefined> {
  const event = await eventOfNotice(tx, message, MESSENGER_EVENTS[kind]);
  if (!event) return undefined;
  const { channel, name, browser } = event.detail;
  return {
    at: event.at,
    messenger: MESSENGER_NAMES[channel as Messenger],
    name: typeof name === 'string' ? name : undefined,
    browser: String(browser),
  };
}
