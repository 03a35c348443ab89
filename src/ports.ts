/** What the actions need from the world, with the outcomes of every method. Adapters implement these; `compose.ts` picks them. */
import type { AddressTrouble } from './rules/bounces.ts';
import type { Channel, Messenger, ReportedStatus, SendOutcome } from './rules/delivery.ts';
import type { Identifier, IdentifierKind } from './rules/identifiers.ts';
import type { Texting } from './rules/ladder.ts';
import type { Lane } from './rules/lanes.ts';
import type { SpendSettings } from './rules/spend-settings.ts';

/** Milliseconds since 1970, UTC. */
export interface Clock {
  now(): number;
}

/** A cryptographically secure source. */
export interface Random {
  bytes(length: number): Buffer;
  /** Evenly distributed, 0 <= n < below; for waiting times, not for secrets. */
  below(below: number): number;
}

export interface Log {
  debug(event: string, fields?: Record<string, unknown>): void;
  info(event: string, fields?: Record<string, unknown>): void;
  warn(event: string, fields?: Record<string, unknown>): void;
  error(event: string, fields?: Record<string, unknown>): void;
}

/** A running database transaction: all that is done with it happens, or none of it. */
export interface Transaction {
  readonly transaction: true;
}

export interface Address {
  kind: IdentifierKind;
  /** As it was given when it was confirmed; messages go here. */
  value: string;
  canonical: string;
  /** Null until its owner typed a code that was sent to it. Only confirmed addresses receive codes. */
  confirmedAt: number | null;
  /** When its owner last proved that it is his; left out, when it was confirmed. */
  provenAt?: number | null;
}

/** An address of an account, with what became of recovery by it. */
export interface HeldAddress extends Address {
  provenAt: number | null;
  /** Set by "this wasn't me": recovery by it is stopped until the account was recovered by another one. */
  frozenAt: number | null;
  /** When that last ended. */
  thawedAt: number | null;
}

export interface RemovedAddress extends HeldAddress {
  removedAt: number;
}

export interface Account {
  id: string;
  name: string | null;
  /** YYYY-MM-DD */
  birthday: string | null;
  /** BCP 47 */
  locale: string | null;
  addresses: HeldAddress[];
  /** PHC string, or null where no password was ever set. */
  passwordHash: string | null;
  /** Set by "this wasn't me": the password opens nothing until a recovery sets a new one. */
  passwordBlockedAt: number | null;
  /** Grows with every change that voids outstanding proofs. */
  generation: number;
}

export interface NewAccount {
  name: string | null;
  birthday: string | null;
  locale: string | null;
  passwordHash: string | null;
  addresses: Address[];
}

/** Where accounts live: our own tables, or the shop's. */
export interface Accounts {
  /** Every account that holds this identifier confirmed: of an email address one at most, of a phone number several. */
  findAllByIdentifier(transaction: Transaction, identifier: Pick<Identifier, 'kind' | 'canonical'>): Promise<Account[]>;
  /** The one account that holds this identifier confirmed; undefined for none and for more than one. */
  findByIdentifier(
    transaction: Transaction,
    identifier: Pick<Identifier, 'kind' | 'canonical'>,
  ): Promise<Account | undefined>;
  /**
   * `lock` keeps everybody else from changing the account until the transaction ends, so that a password which was read is
   * still the password when the transaction commits.
   */
  get(transaction: Transaction, id: string, options?: { lock?: boolean }): Promise<Account | undefined>;
  create(transaction: Transaction, account: NewAccount, now: number): Promise<{ created: string } | { taken: Address }>;
  /** Stores the hash, lifts a block, and voids outstanding proofs by a new generation. */
  setPassword(transaction: Transaction, id: string, passwordHash: string, now: number): Promise<void>;
  /** The password opens nothing any more; outstanding proofs are void. */
  blockPassword(transaction: Transaction, id: string, now: number): Promise<void>;
  /**
   * Adds a confirmed address and voids outstanding proofs, where the account is still of this generation. After anything
   * but `added` the transaction is to be rolled back.
   */
  addAddress(
    transaction: Transaction,
    account: Pick<Account, 'id' | 'generation'>,
    address: Address,
    now: number,
  ): Promise<'added' | 'taken' | 'changed'>;
  /** Takes an address away and voids outstanding proofs, where the account is still of this generation and holds it. */
  removeAddress(
    transaction: Transaction,
    account: Pick<Account, 'id' | 'generation'>,
    address: Pick<Address, 'kind' | 'canonical'>,
    now: number,
  ): Promise<'removed' | 'changed'>;
  /** Confirmed addresses that were removed at `since` or later and are not the account's again, newest first. */
  removedSince(transaction: Transaction, id: string, since: number): Promise<RemovedAddress[]>;
  /**
   * When a confirmed address was last added to the account (not with it, when it was made) or removed; undefined for never.
   */
  addressesChangedAt(transaction: Transaction, id: string): Promise<number | undefined>;
  /** Its owner has proved once more that this confirmed address is his. Voids nothing. */
  proveAddress(
    transaction: Transaction,
    id: string,
    address: Pick<Address, 'kind' | 'canonical'>,
    now: number,
  ): Promise<void>;
  /** Stops recovery by these addresses of the account, and voids outstanding proofs. Moments that stand already stay. */
  freezeAddresses(
    transaction: Transaction,
    id: string,
    addresses: readonly Pick<Address, 'kind' | 'canonical'>[],
    now: number,
  ): Promise<void>;
  /** Allows recovery by these addresses of the account again. */
  thawAddresses(
    transaction: Transaction,
    id: string,
    addresses: readonly Pick<Address, 'kind' | 'canonical'>[],
    now: number,
  ): Promise<void>;
  /** Replaces the hash of an unchanged password by one of today's parameters. */
  rehashPassword(transaction: Transaction, id: string, passwordHash: string): Promise<void>;
}

/**
 * Who waits for a hash. `proven`: a verified proof, or a browser that has signed in to what is typed; `stranger`: whoever
 * asks. Neither depends on whether an account exists. Sources take turns within a lane.
 */
export interface HashTurn {
  lane: 'proven' | 'stranger';
  /** Id of the proof, client network, or MAC of the identifier: whoever asks often waits behind himself. */
  source: string;
}

/** Password hashing, bounded in concurrency and queue. Without a turn, a hash is the operator's, a verification a stranger's. */
export interface PasswordHasher {
  /** @throws Refusal `unavailable` when too many hashes wait */
  hash(password: string, turn?: HashTurn): Promise<string>;
  /** Undefined where others want a hash: for what can as well be done another day. */
  hashIfIdle(password: string): Promise<string | undefined>;
  /**
   * Verifies against `hash`, or against a hash of nothing when it is undefined: an unknown account costs the same.
   * @throws Refusal `unavailable` when too many hashes wait
   */
  verify(hash: string | undefined, password: string, turn?: HashTurn): Promise<{ right: boolean; outdated: boolean }>;
}

/** What is known of bad passwords. Both answers come without a network. */
export interface PasswordKnowledge {
  /** Whether the exact password is on the list of leaked ones. */
  isLeaked(password: string): boolean;
  /** Estimated guesses, as a base-10 logarithm. `words` are extra words that a guesser would try first. */
  guessesLog10(password: string, words: readonly string[]): Promise<number>;
}

export interface OutgoingMail {
  /** Stable for retries of the same message: becomes the Message-ID, so that a repeated send can be recognised. */
  id: string;
  to: string;
  subject: string;
  text: string;
  html: string;
}

export interface RenderedMail {
  subject: string;
  text: string;
  html: string;
}

/** One way to reach a person. */
export interface MailChannel {
  readonly provider: string;
  /** Hands the mail over. Never throws for what a provider may answer. */
  send(mail: OutgoingMail): Promise<SendOutcome>;
  /**
   * Knocks at the provider as `send` does, without a message, and takes as long as recent messages took: what a decoy does,
   * so that it shares outages and slowness. `shared` takes the answer of a knock of the last second, where there is one.
   * `like` is a mail whose writing is part of the work, and which goes nowhere; `likeInBytes`: but to the stand-in.
   */
  probe(options?: {
    shared?: boolean;
    like?: RenderedMail | undefined;
    likeInBytes?: boolean | undefined;
  }): Promise<SendOutcome>;
  close(): Promise<void>;
}

/** A text on its way to one person, by a phone channel or a messenger. */
export interface OutgoingText {
  /** Stable for retries of the same message. */
  id: string;
  /** E.164 for text messages and WhatsApp; the provider's id of the chat for a linked messenger. */
  to: string;
  /** The whole message, as providers of plain text show it. */
  text: string;
  /** For providers that set it into a template of their own, and for a button that copies it. */
  code: string | undefined;
  /** What the message is, for a provider that wants to know. */
  kind: string;
  /** BCP 47 */
  locale: string;
  /** Milliseconds since 1970; a provider that holds messages back is told. */
  usefulUntil: number;
}

/** What a provider says of us when it is asked and nothing is sent. `reason` is a code of the provider or of the network. */
export type Standing =
  | { letIn: false; why: 'unreachable' | 'login' | 'other'; reason: string }
  | {
      letIn: true;
      /** What we are called there, and what the settings say, in the same form: "@shop_bot". */
      name?: string;
      setting?: string;
      /** Where it would report to; `reason` is why its last call failed. */
      webhook?: { url: string; reason?: string };
    };

/** One provider of texts. */
export interface TextChannel {
  readonly provider: string;
  /** Whether it reports what arrived. Then silence means something: the code goes on by another way. */
  readonly reports: boolean;
  /** Hands the text over. Never throws for what a provider may answer. */
  send(text: OutgoingText): Promise<SendOutcome>;
  /**
   * All that `send` does, but its calls end at the stand-in, which says what the provider says when it takes a text. Absent where
   * handing over takes no call: a line that is open costs next to nothing. `calls`: among which the time is shared out; 1 without.
   */
  rehearse?(text: OutgoingText, standIn: (taken: TakenAnswer, calls?: number) => Fetch): Promise<SendOutcome>;
  /** Reads what the provider reports to our webhook; undefined where it never calls. */
  receive?(call: WebhookCall): Promise<Received>;
  /** How long its calls may be, where they are longer than those of others. */
  callMaxBytes?: number;
  /** Asks whether it lets us in. Absent where every question costs money. */
  standing?(): Promise<Standing>;
  close(): Promise<void>;
}

/** What `fetch` is handed in as; the one that reaches the network is picked in `compose.ts`. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What a provider answers when it takes a text. */
export interface TakenAnswer {
  status: number;
  body: string;
}

/** Where messages to nobody end. */
export interface StandIn {
  /** In the place of `fetch`. @param tookMs from the call to its answer */
  answering(taken: TakenAnswer, tookMs: number): Fetch;
  /** Takes what a mail server would be sent, at once. Never throws. */
  take(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** A provider of codes, with what a decoy does in its place. */
export interface CodeTexts extends Pick<TextChannel, 'provider' | 'reports' | 'send' | 'close'> {
  /** Whether its messages cost money. */
  paid: boolean;
  /** Sends nothing, and takes as long as recent texts took. @param text what somebody would be sent, to rehearse with */
  probe(text?: OutgoingText): Promise<SendOutcome>;
}

/** A provider's call, unread. */
export interface WebhookCall {
  method: 'GET' | 'POST';
  /** The address that it was given, on our own origin, with the query as it came. */
  url: string;
  headers: Headers;
  body: Uint8Array;
}

export type Received =
  /** A forgery, or nothing that this provider sends. */
  | { kind: 'refused'; status: 400 | 401 | 403 }
  | { kind: 'received'; events: ChannelEvent[]; answer?: { contentType: string; body: string } };

/**
 * What a provider tells of a message or of a person. Moments are milliseconds since 1970, by the provider's clock: reports
 * come late, twice and out of order, so an event older than what is known already says nothing new.
 */
export type ChannelEvent = (
  | {
      type: 'receipt';
      /** The id that `send` returned; empty where only `messageId` is known. */
      providerId: string;
      /** Our own id of the message, where the provider says it: finds one whose `send` came to no answer. */
      messageId?: string;
      status: ReportedStatus;
      at: number;
      /** A code of the provider, without addresses. */
      reason: string | null;
      /** What it says of the address, beyond this message. */
      trouble?: AddressTrouble;
      /** Whom it is about, where it says so: a mail that was forwarded bounces for somebody else. */
      recipient?: string;
    }
  /** Somebody opened our deep link in the messenger and confirmed it there: `token` is what stood in it. */
  | { type: 'linked'; chat: string; token: string; name: string | null; at: number }
  /** Blocked, stopped, unsubscribed: the messenger reaches this person no more. */
  | {
      type: 'stopped';
      chat: string;
      at: number;
      /** Only promotions were stopped; codes still arrive. Absent: everything. */
      scope?: 'promotions';
    }
  | { type: 'said'; chat: string; text: string; at: number }
) & {
  /** The provider's own id of the event, the same when it reports twice. Receipts have none: merging them is idempotent. */
  eventId?: string;
  /** The person's id for this business alone, beside a `chat` that is a number: some calls name one, some the other. */
  scopedId?: string;
};

/** A messenger that a person links by opening our link in it. */
export interface LinkedChannel extends TextChannel {
  /** The link that opens the messenger with this token; undefined where the settings do not say whose chat it opens. */
  deepLink(token: string): string | undefined;
  /**
   * Tells the provider where our webhook is; repeating it changes nothing. Absent where that is set by hand at the
   * provider. `reason` is a code.
   */
  register?(): Promise<{ registered: true } | { registered: false; reason: string }>;
}

export type KeyPurpose =
  | 'code'
  | 'identifier'
  | 'cancel'
  | 'not-me'
  | 'device'
  | 'confirm'
  | 'work'
  | 'audit'
  | 'operator'
  | 'bounce';

/** Keys per purpose, derived from the root secrets; the first signs, all verify. */
export interface Keys {
  /** The key that new codes are derived from, and its id. */
  codeKey(): { id: string; key: Buffer };
  /** The key of an earlier code; undefined where its secret was dropped from the list. */
  codeKeyById(id: string): Buffer | undefined;
  /** HMAC of an identifier, hex: the same under every rotation that keeps the oldest secret in the list. */
  identifierMac(identifier: Pick<Identifier, 'kind' | 'canonical'>): string;
  /** HMAC of the mailbox that an address leads to, hex; under rotations as `identifierMac`. */
  mailboxMac(mailbox: string): string;
  /** What seals the audit chain, newest first: the first seals, all verify. */
  auditKeys(): { id: string; key: Buffer }[];
  /** MACs of 128 bits, newest secret first: where `sign` is too long. */
  macs(purpose: KeyPurpose, text: string): Buffer[];
  /** base64url(text) + '.' + base64url(mac of 128 bits) */
  sign(purpose: KeyPurpose, text: string): string;
  /** Secrets that proof-of-work challenges are signed with, newest first. */
  workSecrets(): readonly string[];
  /** The signed text, or undefined for a forgery. */
  open(purpose: KeyPurpose, signed: string): string | undefined;
}

/** What a browser or app is given to solve: a document of altcha's, to be handed to its widget or library unread. */
export type WorkChallenge = Record<string, unknown>;

/** Proof of work. */
export interface Work {
  /** @param wanted.subject whom the work is for; `rounds` times `iterations` of PBKDF2 are asked for on average */
  challenge(wanted: { subject: string; iterations: number; rounds: number; expiresAt: number }): Promise<WorkChallenge>;
  /** The id of the challenge that was solved for `subject` in time; undefined for anything else. */
  solved(solution: string, subject: string, now: number): Promise<string | undefined>;
}

/** What the host is asked about a recovery before its message leaves. Whether an account exists is not in it. */
export interface RiskQuestion {
  /** As it is compared: an email address in lower case, or E.164. */
  identifier: string;
  kind: IdentifierKind;
  /** How this message would travel. */
  channel: Channel;
  lane: Lane;
  /** "Firefox on Windows" */
  browser: string;
  /** BCP 47 */
  locale: string;
  /**
   * Network that the recovery was asked for from, as limits are counted: an IPv4 address, or the /64 of an IPv6 address
   * ("2001:db8:1:2::/64"); "unknown" where it could not be read; undefined for loopback, where one address stands for everybody.
   */
  network: string | undefined;
  /** Milliseconds since 1970. */
  askedAt: number;
}

export type Risk = 'low' | 'high';

/**
 * The host's own knowledge of risk: a number that changed its SIM, a country that was never seen. Of a mail, `high` turns
 * the code into a link to a page that asks first; a text is left out where the account has a mailbox, which gets that mail.
 * The account's other mailboxes are told, and can stop it.
 * It runs in the worker, for known and unknown identifiers alike, and nobody outside sees its answer. An error or no answer
 * within a second counts as `high`.
 */
export type AssessRisk = (question: RiskQuestion) => Promise<Risk>;

/** What actions need of the configuration. */
export interface Settings {
  brandName: string;
  /** Host of the public origin. */
  host: string;
  passwordProfile: 'guide' | 'nist';
  mailUnknownAddresses: boolean;
  /** Codes that strangers ask for in a busy hour; far beyond it the breaker on sends opens. */
  busyHourSends: number;
  /** Where messages that cost money may go, and how much they may cost. */
  spend: SpendSettings;
  /** Where support is told of what went wrong. */
  supportAddress: string;
  /** How long a new password waits after a risky recovery; 0 for never. */
  coolOffHours: number;
  /** Codes to phones; undefined where there are none. */
  texting: Texting | undefined;
  /** Messengers that people can link to their account, and that codes can then be sent by. */
  messengers: readonly Messenger[];
}
