/** What an operator sees of the outbox: fates, never a code, a body, a token or a whole address. */
import type { Channel, MessageStatus } from '../rules/delivery.ts';
import { maskIdentifier } from '../rules/identifiers.ts';
import type { Message, MessageKind, Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';

export interface MessageSummary {
  id: string;
  /** The fewest characters, from 8 on, that no other message's id begins with. */
  shortId: string;
  createdAt: number;
  kind: MessageKind;
  channel: Channel;
  status: MessageStatus;
  attempts: number;
  reason: string | null;
  /** Masked; null where there is nobody to send to, and where it is looked up when sending. */
  to: string | null;
  /** There was nobody to send to. */
  nobody: boolean;
  sentAt: number | null;
  /** While it is queued. */
  nextTryAt: number | null;
  usefulUntil: number;
}

export interface MessageList {
  messages: MessageSummary[];
  /** Of the period and the other filters, whatever their status. */
  counts: Partial<Record<MessageStatus, number>>;
  /** When the message that has waited longest was created, of the period or from before. */
  oldestQueuedAt: number | undefined;
}

export interface MessagesAsked {
  since: number;
  limit: number;
  status?: MessageStatus | undefined;
  channel?: string | undefined;
  kind?: string | undefined;
  accountId?: string | undefined;
}

/** An account has few: limits of the sending lanes see to it. */
const OF_ACCOUNT_MAX = 10_000;
const SHORT_ID_CHARACTERS = 8;

/** Newest first. */
export async function listMessages({ store }: Pick<Context, 'store'>, asked: MessagesAsked): Promise<MessageList> {
  return store.transaction(async (tx) => {
    const { messages, counts } =
      asked.accountId === undefined ? await listAll(tx, asked) : await listOfAccount(tx, asked, asked.accountId);
    const summaries: MessageSummary[] = [];
    for (const message of messages) summaries.push(await summarize(tx, message, await proofOf(tx, message)));
    return { messages: summaries, counts, oldestQueuedAt: await tx.messages.oldestQueuedAt() };
  });
}

async function listAll(tx: StoreTransaction, { limit, since, status, channel, kind }: MessagesAsked) {
  const filter = { since, channel, kind };
  return { messages: await tx.messages.list({ ...filter, status }, limit), counts: await tx.messages.counts(filter) };
}

async function listOfAccount(tx: StoreTransaction, asked: MessagesAsked, accountId: string) {
  const { limit, since, status, channel, kind } = asked;
  const all = (await tx.messages.ofAccount(accountId, since, OF_ACCOUNT_MAX)).filter(
    (message) => (channel ?? message.channel) === message.channel && (kind ?? message.kind) === message.kind,
  );
  const counts: MessageList['counts'] = {};
  for (const message of all) counts[message.status] = (counts[message.status] ?? 0) + 1;
  return { messages: all.filter((message) => (status ?? message.status) === message.status).slice(0, limit), counts };
}

export async function summarize(
  tx: StoreTransaction,
  message: Message,
  proof: Proof | undefined,
): Promise<MessageSummary> {
  const { id, createdAt, kind, channel, status, attempts, reason, sentAt, dueAt, leasedUntil, usefulUntil } = message;
  return {
    id,
    shortId: await shortIdOf(tx, id),
    createdAt,
    kind,
    channel,
    status,
    attempts,
    reason,
    to: recipientOf(message, proof),
    nobody: isToNobody(message),
    sentAt,
    nextTryAt: status === 'queued' ? Math.max(dueAt, leasedUntil ?? 0) : null,
    usefulUntil,
  };
}

export async function proofOf(tx: StoreTransaction, { proofId }: Message): Promise<Proof | undefined> {
  return proofId === null ? undefined : tx.proofs.byId(proofId);
}

function isToNobody({ kind, status }: Message): boolean {
  return kind === 'decoy' || status === 'suppressed';
}

function recipientOf(message: Message, proof: Proof | undefined): string | null {
  if (isToNobody(message)) return null;
  if (message.address !== null) return maskAddress(message.channel, message.address);
  const kind = message.channel === 'email' ? 'email' : 'phone';
  // A phone number that is reached by mail, or by a linked chat: where to is looked up when sending, and kept nowhere.
  return proof?.identifierKind === kind ? maskIdentifier({ kind, canonical: proof.identifier }) : null;
}

/** A linked chat has an id of the messenger's, which names a person as a number does. */
function maskAddress(channel: string, address: string): string {
  if (channel === 'email') return maskIdentifier({ kind: 'email', canonical: address });
  if (address.startsWith('+')) return maskIdentifier({ kind: 'phone', canonical: address });
  return `*****${address.slice(-2)}`;
}

async function shortIdOf(tx: StoreTransaction, id: string): Promise<string> {
  for (let length = SHORT_ID_CHARACTERS; length < id.length; length += 1) {
    const prefix = id.slice(0, length);
    if ((await tx.messages.idsFrom(prefix, 2)).length < 2) return prefix;
  }
  return id;
}

/** By its whole id or how it begins; several where that is not enough to tell. */
export async function findMessage(tx: StoreTransaction, idOrPrefix: string): Promise<Message | undefined | 'several'> {
  const ids = await tx.messages.idsFrom(idOrPrefix, 2);
  const [first] = ids;
  if (first === undefined) return undefined;
  return first === idOrPrefix || ids.length === 1 ? tx.outbox.byId(first) : 'several';
}
