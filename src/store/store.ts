/** The store's interface: what actions may ask of the database. Implemented once, over kysely, for SQLite and PostgreSQL. */
import type { Account, Address, NewAccount, RemovedAddress, Transaction } from '../ports.ts';
import type { AuditEventName } from '../rules/audit.ts';
import type { AuditBatch, AuditSeal, SealedEvent, StoredEvent } from '../rules/audit-chain.ts';
import type { AddressTrouble } from '../rules/bounces.ts';
import type { CodeFormat, Purpose } from '../rules/codes.ts';
import type { Channel, Door, MessageStatus, Messenger } from '../rules/delivery.ts';
import type { IdentifierKind } from '../rules/identifiers.ts';
import type { GuessLane, Lane } from '../rules/lanes.ts';
import type { Limit } from '../rules/limits.ts';
import type { StoredState } from '../rules/recovery-flow.ts';
import type { CodesCounted, PaidChannel, SpendOutcome } from '../rules/spend.ts';
import type { PerUrgency, Urgency } from '../rules/urgency.ts';

/** One attempt to show control of an address: the row behind a recovery or a registration. Moments are ms since 1970. */
export interface Proof {
  id: string;
  /** SHA-256 of the claimant's token, hex. */
  tokenDigest: string;
  purpose: Purpose;
  channel: Channel;
  /** Who asked, as far as that can be known without looking anything up. */
  lane: Lane;
  /** What its mails carry: a code, or in times of high risk a link alone. Other channels always carry a code. */
  carries: 'code' | 'link';
  identifierKind: IdentifierKind;
  /** As typed, to be shown back; and as compared. */
  identifierTyped: string;
  identifier: string;
  /** HMAC of kind and identifier, hex: what limits and wrong guesses are counted by. */
  identifierMac: string;
  locale: string;
  /** "Firefox on Windows", for the message. */
  browser: string;
  state: StoredState;
  /** pending until the worker has looked; decoy: no code ever matches. */
  resolution: 'pending' | 'known' | 'decoy';
  accountId: string | null;
  accountGeneration: number | null;
  /** Which of the root secrets the code is derived from. */
  keyId: string;
  epoch: number;
  codeFormat: CodeFormat;
  codeLength: number;
  triesLeft: number;
  codeExpiresAt: number;
  /** The code of epoch - 1 while it lives out its time. */
  previousCodeExpiresAt: number | null;
  previousCodeFormat: CodeFormat | null;
  previousCodeLength: number | null;
  resends: number;
  resendAt: number;
  createdAt: number;
  verifiedExpiresAt: number | null;
  completedAt: number | null;
  /** When somebody said of this completed recovery that it wasn't him. */
  reportedAt: number | null;
  expiresAt: number;
}

/** A chat of a messenger that its owner linked to the account: it receives codes. */
export interface Chat {
  id: string;
  accountId: string;
  channel: Messenger;
  /** The provider's id of the chat; E.164 for WhatsApp. */
  chat: string;
  /** As the person is called there, for the owner to recognise it. */
  name: string | null;
  /** When the person agreed in the messenger, by the provider's clock; when the owner of the account did, by ours. */
  consentedAt: number;
  linkedAt: number;
  /** Since when the messenger reaches this person no more, or null. */
  stoppedAt: number | null;
}

/** What stands in a deep link, and which chat brought it back (decision 0017). */
export interface LinkToken {
  id: string;
  /** SHA-256 of the token, hex. */
  tokenDigest: string;
  accountId: string;
  /** Only the session that asked can accept. */
  sessionId: string;
  channel: Messenger;
  /** Null until somebody opened the link in the messenger and agreed there. */
  chat: string | null;
  name: string | null;
  /** By the provider's clock. */
  offeredAt: number | null;
  createdAt: number;
  expiresAt: number;
}

/**
 * An account that a proof may recover: one of several with the number that was typed. Its row goes when the account voids what is
 * outstanding, and leaves the others as they are.
 */
export interface Candidate {
  proofId: string;
  /** What the claimant chooses it by: random, of this proof alone. */
  id: string;
  accountId: string;
  accountGeneration: number;
  /** When its mailboxes were told that a code left for the number. */
  toldAt: number | null;
  chosenAt: number | null;
}

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
  | 'messenger-linked'
  | 'messenger-unlinked'
  | 'chat-offered'
  | 'chat-linked'
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

/** The hash of a new password that waits out a cool-off, while its proof is `held`. */
export interface HeldPassword {
  proofId: string;
  passwordHash: string;
  completesAt: number;
}

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

export interface Session {
  id: string;
  tokenDigest: string;
  accountId: string;
  browser: string;
  createdAt: number;
  lastSeenAt: number;
  expiresAt: number;
}

export interface AuditEvent {
  at: number;
  name: AuditEventName;
  accountId: string | null;
  proofId: string | null;
  /** Small facts without secrets: masked identifier, channel, browser. */
  detail: Record<string, string | number | boolean>;
}

/** Whose wrong guesses are counted together. */
export interface Guessed {
  identifierMac: string;
  channel: Door;
  lane: GuessLane;
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

/** Money of one channel and day of UTC (days since 1970), in millionths; `stripe` is the row that carries a part of it. */
export interface SpendMoney {
  channel: PaidChannel;
  day: number;
  stripe: number;
  micros: number;
}

/** What became of messages that cost money, for one hour of UTC (hours since 1970). No number is in it. */
export interface SpendTally {
  channel: PaidChannel;
  /** A number without its last four digits; empty for a chat. */
  prefix: string;
  hour: number;
  outcome: SpendOutcome;
  /** ISO 3166; empty where there is none. */
  country: string;
  messages: number;
  /** What was paid; 0 for everything that did not leave. */
  micros: number;
}

export interface StoreTransaction extends Transaction {
  readonly proofs: {
    insert(proof: Proof): Promise<void>;
    byId(id: string): Promise<Proof | undefined>;
    /** `lock` holds the row until the transaction ends (FOR UPDATE; SQLite's transactions are alone anyway). */
    byToken(purpose: Purpose, tokenDigest: string, options?: { lock?: boolean }): Promise<Proof | undefined>;
    /**
     * Takes one try off a living code, in one statement, before anything is compared.
     * @returns the proof after the charge, or undefined where no try was left, the code was dead or the state another
     */
    chargeTry(id: string, now: number): Promise<Proof | undefined>;
    /** Compare and set: false where the stored state is not `from` any more. */
    transition(id: string, from: StoredState, change: { state: StoredState } & Partial<Proof>): Promise<boolean>;
    update(id: string, change: Partial<Proof>): Promise<void>;
    /** What the worker found, once: false where it was found before. */
    resolve(
      id: string,
      resolution: 'known' | 'decoy',
      accountId: string | null,
      accountGeneration: number | null,
    ): Promise<boolean>;
    /** Compare and set of `reportedAt`: exactly one report of a completed recovery wins. */
    report(id: string, now: number): Promise<boolean>;
    /**
     * Every unfinished proof of the account is cancelled, those that hold a password back as well; where it was one of several,
     * it is none any more.
     */
    cancelAllOf(accountId: string, exceptId?: string): Promise<void>;
    /** Drops what was created before, but what is held or was completed since. */
    purge(createdBefore: number): Promise<number>;
  };
  readonly candidates: {
    insert(candidate: Candidate): Promise<void>;
    /** In the order of their ids, which says nothing. */
    ofProof(proofId: string): Promise<Candidate[]>;
    /** Those that were not told yet are marked as told: of many who try, one gets each. */
    claimTelling(proofId: string, now: number): Promise<Candidate[]>;
    /** False where it is gone. Whoever voids the account's proofs at this moment waits, and finds it chosen. */
    choose(proofId: string, id: string, now: number): Promise<boolean>;
    /** False where it was none. */
    remove(proofId: string, accountId: string): Promise<boolean>;
  };
  readonly outbox: {
    /** By which channels codes of a proof left, each once. */
    channelsOfCodes(proofId: string): Promise<Channel[]>;
    /** By which channels it was tried to send this code of a proof, whatever came of it, each once. */
    channelsTried(proofId: string, epoch: number): Promise<Channel[]>;
    insert(message: NewMessage): Promise<void>;
    /** False where the message that it follows has a rung already: of many who add one, exactly one gets true. */
    insertRung(message: NewMessage & { follows: string }): Promise<boolean>;
    /** Makes the rung that follows a message due now, where it waits to be. */
    hasten(follows: string, now: number): Promise<boolean>;
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
     * Ends the lease with the outcome; status and reason of a receipt that was faster stay. Like every method that sets a status,
     * it adds a line to the message's history.
     */
    settle(
      id: string,
      change: Pick<Message, 'status' | 'attempts'> &
        Partial<Pick<Message, 'dueAt' | 'sentAt' | 'providerId' | 'reason'>>,
    ): Promise<void>;
    /** The newest message that a provider of this channel knows by that id. */
    byProviderId(channel: Channel, providerId: string): Promise<Message | undefined>;
    /** What a receipt tells. Compare and set: false where the status is not `from` any more. */
    report(
      id: string,
      from: MessageStatus,
      change: Pick<Message, 'status' | 'reason'> & { at: number },
    ): Promise<boolean>;
    /** Due again at once, with the reason why. Compare and set like `report`: of many who ask, exactly one gets true. */
    requeue(id: string, from: MessageStatus, change: { reason: string; now: number }): Promise<boolean>;
    /** When the next queued message of these is due or its lease ends; undefined when none is queued. */
    nextDueAt(of?: readonly Urgency[]): Promise<number | undefined>;
    count(status: MessageStatus): Promise<number>;
    /** With their history. */
    purge(createdBefore: number): Promise<number>;
  };
  /** The operator's view of the outbox. */
  readonly messages: {
    /** Newest first. */
    list(filter: MessageFilter & { status?: MessageStatus | undefined }, count: number): Promise<Message[]>;
    /** Messages to the account and of its proofs, newest first. */
    ofAccount(accountId: string, since: number, count: number): Promise<Message[]>;
    /** How many there are of each status that there is one of. */
    counts(filter: MessageFilter): Promise<Partial<Record<MessageStatus, number>>>;
    /** When the message that has waited longest was created, whatever its age. */
    oldestQueuedAt(): Promise<number | undefined>;
    /** Ids that begin so, in order. */
    idsFrom(prefix: string, count: number): Promise<string[]>;
    /** In order. */
    history(id: string): Promise<MessageEvent[]>;
  };
  readonly noAccountMails: {
    /** True at most once per identifier in the given time: whoever gets true sends the mail. */
    claim(identifierMac: string, messageId: string, now: number, everyMs: number): Promise<boolean>;
    /** The message that the last claim was for. */
    lastMessageId(identifierMac: string): Promise<string | undefined>;
    purge(before: number): Promise<number>;
  };
  readonly heldPasswords: {
    insert(held: HeldPassword): Promise<void>;
    /** Proofs whose passwords have waited long enough, the longest first, some at a time. */
    due(now: number): Promise<string[]>;
    /** Takes it away where it has waited long enough: of many who try, exactly one gets it. */
    take(proofId: string, now: number): Promise<HeldPassword | undefined>;
    /** Drops those whose proofs are not held any more. Returns how many. */
    purge(): Promise<number>;
  };
  readonly retiredIdentifiers: {
    /** An account gave this identifier up. */
    mark(identifierMac: string, now: number): Promise<void>;
    /** When it was last given up, or undefined. */
    retiredAt(identifierMac: string): Promise<number | undefined>;
    purge(before: number): Promise<number>;
  };
  readonly suppressions: {
    /** False where what is known is as new: a report that comes twice changes nothing. */
    record(suppression: Suppression): Promise<boolean>;
    /** Undefined where there is none, or it was lifted. */
    of(identifierMac: string): Promise<Suppression | undefined>;
    /** Ends what is older than `at`: mail arrived again. */
    lift(identifierMac: string, at: number): Promise<boolean>;
    /** True at most once per address in the given time: whoever gets true tells support, by that message. */
    claimTelling(identifierMac: string, messageId: string, now: number, everyMs: number): Promise<boolean>;
    /** What a message to support is about. */
    toldBy(messageId: string): Promise<Suppression | undefined>;
    /** Drops what was last reported before the one moment, and what was lifted before the other. Returns how many. */
    purge(before: { reported: number; lifted: number }): Promise<number>;
  };
  readonly chats: {
    /** Linked chats of the account, also stopped ones. */
    ofAccount(accountId: string): Promise<Chat[]>;
    /** Takes the place of the chat that the account had with this messenger. */
    link(chat: Chat): Promise<void>;
    /** The chat that went, or undefined where there was none. */
    unlink(accountId: string, channel: Messenger): Promise<Chat | undefined>;
    /**
     * The messenger reaches this person no more, since `at` by the provider's clock. A consent that is younger stands. Returns what
     * was stopped, of every account that has this chat.
     */
    stop(channel: Messenger, chat: string, at: number): Promise<Chat[]>;
  };
  readonly linkTokens: {
    insert(token: LinkToken): Promise<void>;
    /** Those that are alive, newest first. */
    ofSession(sessionId: string, now: number): Promise<LinkToken[]>;
    /**
     * Writes down which chat brought the token back: the first one, in time, by the messenger that it was made for. Undefined for all
     * others.
     */
    offer(
      tokenDigest: string,
      channel: Messenger,
      offered: { chat: string; name: string | null; at: number },
      now: number,
    ): Promise<LinkToken | undefined>;
    /** Takes an offer away to accept it: of many who try, exactly one gets it, and only in the session that asked. */
    take(id: string, sessionId: string, now: number): Promise<LinkToken | undefined>;
    /** Drops what this session asked for. Returns how many. */
    discard(sessionId: string, channel: Messenger): Promise<number>;
    /** Drops what was offered to this chat until `at`, by the provider's clock: its owner said stop before he said yes. */
    withdraw(channel: Messenger, chat: string, at: number): Promise<number>;
    purge(now: number): Promise<number>;
  };
  readonly guesses: {
    /** Wrong guesses for an identifier, channel and lane since a moment. */
    wrongSince(guessed: Guessed, since: number): Promise<number>;
    /** Counts a guess, before it is compared; `weight` is the number of codes that it is compared with. */
    charge(guessed: Guessed, weight: number, now: number): Promise<void>;
    /** A success on that channel and lane, and nothing else, clears its count. */
    clear(guessed: Guessed): Promise<void>;
    purge(before: number): Promise<number>;
  };
  readonly limits: {
    /**
     * Generic cell rate algorithm, one statement per key: `undefined` where the charge fits, else the milliseconds until
     * it would.
     */
    charge(key: string, limit: Limit, now: number): Promise<number | undefined>;
    /** Gives a charge back. */
    refund(key: string, limit: Limit): Promise<void>;
    /** When the buckets of these keys will be full again, in one look; those never charged are left out. */
    fullAt(keys: readonly string[]): Promise<Map<string, number>>;
    /** Milliseconds until one charge would fit, without charging; 0 when it fits now. */
    wait(key: string, limit: Limit, now: number): Promise<number>;
    purge(now: number): Promise<number>;
  };
  readonly spend: {
    /** Adds to a row's money while it stays within `cap`, in one statement: false where it would not. */
    charge(money: SpendMoney, cap: number): Promise<boolean>;
    /** Gives money back to the row that it was taken from. */
    refund(money: SpendMoney): Promise<void>;
    /** All rows of a day. */
    spentOn(day: number): Promise<SpendMoney[]>;
    /** Adds to a counter. */
    count(tally: SpendTally): Promise<void>;
    /** Codes to a prefix, and those of them that were entered, from an hour on. */
    conversion(
      channel: PaidChannel,
      prefix: string,
      sinceHour: number,
      codes: CodesCounted,
    ): Promise<{ sent: number; entered: number }>;
    /** All counters from an hour on. */
    tallies(sinceHour: number): Promise<SpendTally[]>;
    /** Removes what is older than that day and that hour. */
    purge(before: { day: number; hour: number }): Promise<number>;
  };
  readonly accounts: {
    /** `lock` holds the account's row until the transaction ends. Whoever locks proofs of it, too, locks them afterwards. */
    byId(id: string, options?: { lock?: boolean }): Promise<Account | undefined>;
    /** Accounts that hold this address confirmed (not removed). */
    byConfirmedAddress(kind: IdentifierKind, canonical: string): Promise<Account[]>;
    /** `taken` where an email address is already confirmed on another account. A phone number may be shared. */
    insert(id: string, account: NewAccount, now: number): Promise<{ taken: Address } | undefined>;
    update(
      id: string,
      change: {
        passwordHash?: string;
        passwordChangedAt?: number;
        passwordBlockedAt?: number | null;
        bumpGeneration?: true;
      },
    ): Promise<void>;
    /** Compare and set: voids outstanding proofs, and is false where somebody else did so since `from` was read. */
    nextGeneration(id: string, from: number): Promise<boolean>;
    /** False where an email address is already confirmed on an account. */
    addAddress(accountId: string, address: Address, now: number): Promise<boolean>;
    /** Marks it as removed, which frees it for others; false where the account does not hold it. */
    removeAddress(accountId: string, address: Pick<Address, 'kind' | 'canonical'>, now: number): Promise<boolean>;
    /** Confirmed addresses that were removed at `since` or later and were not added again, newest first, each once. */
    removedSince(accountId: string, since: number): Promise<RemovedAddress[]>;
    /** When a confirmed address was last added after the account was made, or removed; undefined for never. */
    addressesChangedAt(accountId: string): Promise<number | undefined>;
    /** Where it is not frozen yet. */
    freezeAddress(accountId: string, address: Pick<Address, 'kind' | 'canonical'>, now: number): Promise<void>;
    /** Where it is frozen. */
    thawAddress(accountId: string, address: Pick<Address, 'kind' | 'canonical'>, now: number): Promise<void>;
    count(): Promise<number>;
  };
  readonly sessions: {
    insert(session: Session): Promise<void>;
    byToken(tokenDigest: string, now: number): Promise<Session | undefined>;
    ofAccount(accountId: string, now: number): Promise<Session[]>;
    touch(id: string, now: number): Promise<void>;
    delete(id: string): Promise<void>;
    /** Ends all sessions of the account but one, or all. Returns how many ended. */
    deleteAllOf(accountId: string, exceptId?: string): Promise<number>;
    /** Ends everybody's. Returns how many ended. */
    deleteAll(): Promise<number>;
    purge(now: number): Promise<number>;
  };
  readonly audit: {
    append(event: AuditEvent): Promise<void>;
    ofAccount(accountId: string, count: number): Promise<AuditEvent[]>;
    /** Events of these names, newest first: all, or those before the event with an id. */
    pageOf(
      accountId: string,
      names: readonly AuditEventName[],
      count: number,
      before?: number,
    ): Promise<StoredAuditEvent[]>;
    /** Events of these names after the event with this id, newest first, a thousand at most. */
    after(accountId: string, names: readonly AuditEventName[], id: number): Promise<StoredAuditEvent[]>;
  };
  readonly auditChain: {
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
  };
}

export interface Store {
  readonly engine: 'sqlite' | 'postgres';
  /**
   * Runs `work` in one transaction; it commits when the promise resolves and rolls back when it rejects. `ahead`: where one at
   * a time has its turn, which is SQLite, this one lets a few others pass and no more; for work that serves many.
   */
  transaction<T>(work: (tx: StoreTransaction) => Promise<T>, options?: { ahead?: boolean }): Promise<T>;
  /** Brings the tables to this version. Safe to run from several processes at once. Returns the names applied. */
  migrate(): Promise<string[]>;
  /** Migrations that are not applied yet. */
  pendingMigrations(): Promise<string[]>;
  /** Cheap sign of life. */
  ping(): Promise<void>;
  /**
   * Calls `wake` when messages may have been queued: after a commit of this process that wrote to the outbox, and, where the
   * engine can tell, of others (LISTEN on PostgreSQL; a watch of the write-ahead log on SQLite when `otherProcesses`:
   * at once, or `seldom`, within a second).
   */
  onQueued(wake: () => void, options?: { otherProcesses?: boolean | 'seldom' }): Promise<() => Promise<void>>;
  close(): Promise<void>;
}
