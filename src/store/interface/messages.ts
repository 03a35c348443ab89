/** Messages on their way, what became of them, and addresses that mail does not reach. */
import type { AddressTrouble } from '../../rules/bounces.ts';
import type { HourOfCodes } from '../../rules/busy-hours.ts';
import type { Channel, MessageStatus, ReportedStatus } from '../../rules/delivery.ts';
import type { IdentifierKind } from '../../rules/identifiers.ts';
import type { PerUrgency, Urgency } from '../../rules/urgency.ts';

/** `decoy`: nobody is written to; the worker knocks at the provider all the same, so that an outage looks the same. */
export type MessageKind =
  | 'recovery-code'
  | 'no-account'
  | 'registration-code'
  | 'registration-taken'
  | 'address-code'
  | 'address-taken'
  | 'address-added'
  | 'address-removed'
  | 'address-thawed'
  | 'messenger-linked'
  | 'messenger-unlinked'
  | 'chat-offered'
  | 'chat-linked'
  | 'chat-help'
  | 'number-shared'
  | 'password-changed'
  | 'password-blocked'
  | 'password-held'
  | 'recovery-frozen'
  | 'recovery-requested'
  | 'support-not-me'
  | 'support-bounce'
  | 'decoy';

/** A row of the outbox. It carries ids, never a code, a body or a secret. */
export interface Message {
  id: string;
  kind: MessageKind;
  channel: Channel;
  /** The proof it belongs to, and which of its codes it carries. */
  proofId: string | null;
  epoch: number | null;
  accountId: string | null;
  /** For notices: the confirmed address to send to. For codes it is looked up when sending. */
  address: string | null;
  locale: string;
  status: MessageStatus;
  attempts: number;
  /** How often an operator had it sent again. */
  retries: number;
  createdAt: number;
  dueAt: number;
  usefulUntil: number;
  /** When somebody asked for the code, and when it could leave; the rungs of a ladder share both. Null for what is no code. */
  askedAt: number | null;
  leavesAt: number | null;
  /** Which asking of its proof a code answers, counted from 0 as `resends` are; the rungs of a ladder share it. */
  ask: number | null;
  /** The message that a rung stands in for: it is sent unless that one arrives. Each message has one such rung at most. */
  follows: string | null;
  /** Whose messages go first. */
  urgency: Urgency;
  leasedUntil: number | null;
  sentAt: number | null;
  providerId: string | null;
  /** The provider's last word, without addresses. */
  reason: string | null;
  /** Of a way that was left although it only failed for a moment: from when it may be tried again. */
  retryAt: number | null;
}

export type NewMessage = Pick<
  Message,
  | 'id'
  | 'kind'
  | 'channel'
  | 'proofId'
  | 'epoch'
  | 'accountId'
  | 'address'
  | 'locale'
  | 'createdAt'
  | 'dueAt'
  | 'usefulUntil'
> &
  /** Without an urgency it waits among those that strangers ask for. */
  Partial<Pick<Message, 'askedAt' | 'leavesAt' | 'ask' | 'follows' | 'urgency'>>;

/** One line of a message's history. */
export interface MessageEvent {
  /** 1, 2, 3 ... within the message. */
  number: number;
  at: number;
  status: MessageStatus;
  channel: Channel;
  /** The provider's word, without addresses. */
  reason: string | null;
  /** Attempts made by then. */
  attempt: number;
}

/** Messages created at `since` or later. Names that nothing has find nothing. */
export interface MessageFilter {
  since: number;
  channel?: string | undefined;
  kind?: string | undefined;
}

/** An address that promotions are not sent to. Codes still are: the next recovery tries it again. */
export interface Suppression {
  identifierMac: string;
  kind: IdentifierKind;
  /** `j***@example.com` */
  masked: string;
  trouble: AddressTrouble;
  /** A code of the provider, without addresses. */
  reason: string;
  /** When it was reported, by the provider's clock. */
  at: number;
}

/** What was reported by a provider's id that no message had yet. */
export interface EarlyReceipt {
  channel: Channel;
  providerId: string;
  status: ReportedStatus;
  reason: string | null;
  /** When it happened, by the provider's clock, and when we kept it, by ours. */
  at: number;
  keptAt: number;
}

export interface Outbox {
  /** By which channels codes of a proof left, each once. */
  channelsOfCodes(proofId: string): Promise<Channel[]>;
  /** The same, and by which codes may have left: their answer was lost, or is still waited for. */
  channelsPerhapsLeft(proofId: string): Promise<Channel[]>;
  /**
   * By which channels it was tried to send this code of a proof, or is being tried by a worker, each once; not those that were left out,
   * nor those that failed for a moment.
   */
  channelsTried(proofId: string, epoch: number, now: number): Promise<Channel[]>;
  insert(message: NewMessage): Promise<void>;
  /** False where the message that it follows has a rung already: of many who add one, exactly one gets true. */
  insertRung(message: NewMessage & { follows: string }): Promise<boolean>;
  /** Makes the rung that follows a message due now, where it waits to be. */
  hasten(follows: string, now: number): Promise<boolean>;
  /**
   * Ends what still waits to bring the same code by the same way for an earlier asking, as `unneeded` with the reason
   * `asked_again`: neither what a worker has leased, nor what was handed over, nor what an operator queued again.
   * @returns when each would have left, and whose messages it waited among
   */
  supersede(
    by: Pick<Message, 'channel'> & { proofId: string; epoch: number; ask: number },
    now: number,
  ): Promise<Pick<Message, 'id' | 'dueAt' | 'urgency'>[]>;
  /** The message of a later asking that brings the same code by the same way, unless that one came to nothing. */
  laterAsking(message: Pick<Message, 'proofId' | 'epoch' | 'channel' | 'ask'>): Promise<Message | undefined>;
  /**
   * Whether another message has brought the same code by the same way, or may have, or has just been handed over; or an earlier
   * asking's is being sent by a worker. So of two that workers hold at one moment the earlier one goes.
   */
  isBrought(message: Pick<Message, 'id' | 'proofId' | 'epoch' | 'channel' | 'ask'>, now: number): Promise<boolean>;
  /**
   * Queues again what failed for a moment of a code that nothing is left to bring: none arrived, and none waits for its first try. Each way
   * once, and not where another message went by it. The caller holds the proof, so that of two that end at one moment one sees both.
   */
  requeueLeft(proofId: string, epoch: number, now: number): Promise<void>;
  /** Makes a message due now that waits to be. */
  hastenMessage(id: string, now: number): Promise<void>;
  byId(id: string): Promise<Message | undefined>;
  /** The newest message that carries a code of the proof, or the newest by a channel; a notice of what came of it is none. */
  latestCodeOf(proofId: string, channel?: Channel): Promise<Message | undefined>;
  /** Messages that carry codes of the proof, newest first, a hundred at most. */
  codesOf(proofId: string): Promise<Message[]>;
  /**
   * Takes up to so many queued, due, unleased messages of each urgency, the soonest of each, most urgent first; no other
   * worker gets them before `leasedUntil`. PostgreSQL skips rows that others hold.
   */
  lease(counts: Partial<PerUrgency>, now: number, leasedUntil: number): Promise<Message[]>;
  /** Keeps leased messages that are still being sent from being taken over. */
  renew(ids: readonly string[], leasedUntil: number): Promise<void>;
  /** What a code message turned out to be, once its identifier was resolved. */
  setKind(id: string, kind: MessageKind): Promise<void>;
  /**
   * Why a leased message waits, or what is being done with it. Compare and set: false where it has ended, as by a report, or is not
   * any more as it was read, because another worker has taken it over.
   */
  setReason(read: Pick<Message, 'id' | 'attempts' | 'reason'>, reason: string): Promise<boolean>;
  /**
   * Ends the lease with the outcome; status and reason of a receipt that was faster stay. Like every method that sets a status,
   * it adds a line to the message's history.
   * @param read the message as it was leased: another worker may have taken it over, and what that one does goes on
   * @returns false where an attempt was settled since it was read, unless this one left
   */
  settle(
    id: string,
    change: Pick<Message, 'status' | 'attempts'> &
      Partial<Pick<Message, 'dueAt' | 'sentAt' | 'providerId' | 'reason' | 'retryAt'>>,
    read?: Pick<Message, 'attempts'>,
  ): Promise<boolean>;
  /** The newest message that a provider of this channel knows by that id. */
  byProviderId(channel: Channel, providerId: string): Promise<Message | undefined>;
  /** What a receipt tells. Compare and set: false where the status is not `from` any more. */
  report(
    id: string,
    from: MessageStatus,
    change: Pick<Message, 'status' | 'reason'> & { at: number },
  ): Promise<boolean>;
  /** Due again at once, with the reason why, and one more of its `retries`. Compare and set like `report`: of many who ask, exactly one gets true. */
  requeue(id: string, from: MessageStatus, change: { reason: string; now: number }): Promise<boolean>;
  /** When the next queued message of these is due or its lease ends; undefined when none is queued. */
  nextDueAt(of?: readonly Urgency[]): Promise<number | undefined>;
  count(status: MessageStatus): Promise<number>;
  /**
   * How many messages expired that were of use until `since` or later, and that nobody got in another way: neither decoys, nor
   * codes of which another message left.
   */
  countLost(since: number): Promise<number>;
  /** With their history. */
  purge(createdBefore: number): Promise<number>;
}

/** The operator's view of the outbox. */
export interface MessagesView {
  /** Newest first. */
  list(filter: MessageFilter & { status?: MessageStatus | undefined }, count: number): Promise<Message[]>;
  /** Messages to the account and of its proofs, newest first. */
  ofAccount(accountId: string, since: number, count: number): Promise<Message[]>;
  /** How many there are of each status that there is one of. */
  counts(filter: MessageFilter): Promise<Partial<Record<MessageStatus, number>>>;
  /** Codes that were asked for since then, by the hour; the ways that one of them went on by are not counted again. */
  codesByHour(since: number): Promise<HourOfCodes[]>;
  /** When the message that has waited longest was created, whatever its age. */
  oldestQueuedAt(): Promise<number | undefined>;
  /** Ids that begin so, in order. */
  idsFrom(prefix: string, count: number): Promise<string[]>;
  /** In order. */
  history(id: string): Promise<MessageEvent[]>;
}

export interface NoAccountMails {
  /** True at most once per identifier in the given time: whoever gets true sends the mail. */
  claim(identifierMac: string, messageId: string, now: number, everyMs: number): Promise<boolean>;
  /** The message that the last claim was for. */
  lastMessageId(identifierMac: string): Promise<string | undefined>;
  purge(before: number): Promise<number>;
}

export interface Suppressions {
  /** False where what is known is as new, be it that mail arrived: a report that comes twice, or late, changes nothing. */
  record(suppression: Suppression): Promise<boolean>;
  /** Undefined where there is none, or it was lifted. */
  of(identifierMac: string): Promise<Suppression | undefined>;
  /**
   * Mail arrived: ends what is older than `at`, and remembers it where there was nothing to end, so that a report from before is
   * no news. False where what is known is as new.
   */
  lift(mailbox: Pick<Suppression, 'identifierMac' | 'kind' | 'masked'>, at: number): Promise<boolean>;
  /** True at most once per address in the given time: whoever gets true tells support, by that message. */
  claimTelling(identifierMac: string, messageId: string, now: number, everyMs: number): Promise<boolean>;
  /** What a message to support is about. */
  toldBy(messageId: string): Promise<Suppression | undefined>;
  /** Drops what was last reported before the one moment, and what was lifted before the other. Returns how many. */
  purge(before: { reported: number; lifted: number }): Promise<number>;
}

export interface EarlyReceipts {
  /** The same status again changes nothing. */
  keep(receipt: EarlyReceipt): Promise<void>;
  /** Each is given out once. */
  take(channel: Channel, providerId: string): Promise<EarlyReceipt[]>;
  purge(before: number): Promise<number>;
}
