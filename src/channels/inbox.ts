/** The development inbox: every message that left, kept beside the database so that a restart loses none. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ChannelEvent, Clock, MailChannel, OutgoingMail, OutgoingText, TextChannel } from '../ports.ts';
import type { Channel, ReportedStatus, SendOutcome } from '../rules/delivery.ts';

export interface InboxMessage extends OutgoingMail {
  /** Milliseconds since 1970. */
  at: number;
  channel: Channel;
  /** What a button of the messenger copies. */
  code?: string | undefined;
  /** Typed by the person at the development phone; absent: by the shop. */
  said?: true;
  /** `refused`: not taken, as the switch of its channel said. `withheld`: taken, and not shown to who has blocked us. */
  fate?: 'refused' | 'withheld';
  /** What the phone reported last. */
  reported?: ReportedStatus;
}

/** What becomes of messages that nobody else carries: taken and reported, refused, or taken and never heard of again. */
export type Behaviour = 'works' | 'refuses' | 'silent';

export interface Inbox extends MailChannel {
  /** A phone for every number. @param carrier where texts also go to for real */
  texts(carrier?: TextChannel): TextChannel;
  /** Newest first. */
  messages(): InboxMessage[];
  /** Grows with every change. */
  revision(): number;
  /** Puts a message there, or changes it. */
  keep(message: InboxMessage): void;
  /** Lets a channel's provider take the message, as its switch says; `carrier` is asked where there is a real one. */
  handOver(message: InboxMessage, carrier?: () => Promise<SendOutcome>): Promise<SendOutcome>;
  /** Says that this provider carries the channel for real. */
  carry(channel: Channel, provider: string): void;
  /** The real provider of the channel; undefined where messages end here. */
  carrierOf(channel: Channel): string | undefined;
  behaviourOf(channel: Channel): Behaviour;
  /** Until the next start. */
  behave(channel: Channel, behaviour: Behaviour): void;
  /** Whether its messages end here, and receipts of them exist. */
  hasReceipts(channel: Channel): boolean;
  /** Sends a receipt for a message. @returns false where there is no such message, or its channel has no receipts */
  report(id: string, status: ReportedStatus): Promise<boolean>;
  isBlocked(channel: Channel, chat: string): boolean;
  setBlocked(channel: Channel, chat: string, isBlocked: boolean): void;
  /** Tells of every change. Returns how to leave. */
  subscribe(changed: () => void): () => void;
}

export interface InboxOptions {
  /** Where the mail also goes to for real, when a mail server is configured. */
  carrier?: MailChannel | undefined;
  /** What phones report, to whoever records it. */
  tell(channel: Channel, event: ChannelEvent): Promise<void>;
}

const KEPT = 200;
/** Mail reports by bounces, and a bot of Telegram is told nothing. */
const WITH_RECEIPTS: readonly Channel[] = ['sms', 'whatsapp', 'viber'];
/** In the words of a provider: no such mailbox; a number out of service; a chat that is gone; no WhatsApp; no such device. */
const REFUSALS: Record<Channel, SendOutcome> = {
  email: { kind: 'permanent', reason: '550 5.1.1' },
  sms: { kind: 'unreachable', reason: 'out_of_service' },
  telegram: { kind: 'unreachable', reason: 'chat_not_found' },
  whatsapp: { kind: 'unreachable', reason: '131026' },
  viber: { kind: 'unreachable', reason: '11' },
};

/** @param file JSON lines */
export function createInbox(file: string, clock: Clock, { carrier, tell }: InboxOptions): Inbox {
  const kept = load(file);
  const subscribers = new Set<() => void>();
  const behaviours = new Map<Channel, Behaviour>();
  const carriers = new Map<Channel, string>(carrier ? [['email', carrier.provider]] : []);
  let revision = kept.messages.size;

  function changed(line?: Line): void {
    if (line) appendFileSync(file, `${JSON.stringify(line)}\n`);
    revision += 1;
    for (const tell of subscribers) tell();
  }

  /** Once, however often it was sent; one that was refused before comes now. */
  function keep(message: InboxMessage): void {
    const before = kept.messages.get(message.id);
    const isNews = message.reported !== undefined && message.reported !== before?.reported;
    if (before && before.fate === message.fate && !isNews) return;
    if (before?.fate !== message.fate) kept.messages.delete(message.id);
    kept.messages.set(message.id, message);
    changed(message);
  }

  async function handOver(message: InboxMessage, carried?: () => Promise<SendOutcome>): Promise<SendOutcome> {
    const behaviour = behaviours.get(message.channel) ?? 'works';
    if (behaviour === 'refuses') {
      keep({ ...message, fate: 'refused' });
      return REFUSALS[message.channel];
    }
    const outcome: SendOutcome = carried ? await carried() : { kind: 'accepted', providerId: message.id };
    if (outcome.kind !== 'accepted') return outcome;
    keep(message);
    if (behaviour === 'works') await report(message.id, 'delivered');
    return outcome;
  }

  function hasReceipts(channel: Channel): boolean {
    return WITH_RECEIPTS.includes(channel) && !carriers.has(channel);
  }

  async function report(id: string, status: ReportedStatus): Promise<boolean> {
    const message = kept.messages.get(id);
    if (!message || message.said || message.fate || !hasReceipts(message.channel)) return false;
    keep({ ...message, reported: status });
    const reason = status === 'failed' ? 'reported_by_phone' : null;
    const receipt = { type: 'receipt', providerId: id, messageId: id, status, at: clock.now(), reason } as const;
    await tell(message.channel, receipt);
    return true;
  }

  return {
    provider: nameOf(carrier),
    send: (mail) =>
      handOver({ ...mail, at: clock.now(), channel: 'email' }, carrier ? () => carrier.send(mail) : undefined),
    texts(provider) {
      if (provider) carriers.set('sms', provider.provider);
      return {
        provider: nameOf(provider),
        reports: provider ? provider.reports : WITH_RECEIPTS.includes('sms'),
        send: (text) => handOver(shownText(text, clock.now()), provider ? () => provider.send(text) : undefined),
        ...(provider?.rehearse ? { rehearse: provider.rehearse } : {}),
        ...(provider?.receive ? { receive: provider.receive } : {}),
        refuseUnread: provider?.refuseUnread,
        callMaxBytes: provider?.callMaxBytes,
        close: async () => provider?.close(),
      };
    },
    probe: async (options) => (carrier ? carrier.probe(options) : { kind: 'accepted', providerId: 'inbox' }),
    close: async () => carrier?.close(),
    messages: () => [...kept.messages.values()].reverse(),
    revision: () => revision,
    keep,
    handOver,
    carry: (channel, provider) => void carriers.set(channel, provider),
    carrierOf: (channel) => carriers.get(channel),
    behaviourOf: (channel) => behaviours.get(channel) ?? 'works',
    behave(channel, behaviour) {
      behaviours.set(channel, behaviour);
      changed();
    },
    hasReceipts,
    report,
    isBlocked: (channel, chat) => kept.blocked.has(`${channel} ${chat}`),
    setBlocked(channel, chat, isBlocked) {
      const blocked = `${channel} ${chat}`;
      if (kept.blocked.has(blocked) === isBlocked) return;
      if (isBlocked) kept.blocked.add(blocked);
      else kept.blocked.delete(blocked);
      changed({ blocked, isBlocked });
    },
    subscribe(subscriber) {
      subscribers.add(subscriber);
      return () => void subscribers.delete(subscriber);
    },
  };
}

function nameOf(carrier: { provider: string } | undefined): string {
  return carrier ? `${carrier.provider} and inbox` : 'inbox';
}

function shownText({ id, to, text }: OutgoingText, at: number): InboxMessage {
  return { id, at, channel: 'sms', to, subject: '', text, html: '' };
}

/** A message as it is from now on, or who has blocked us. */
type Line = InboxMessage | { blocked: string; isBlocked: boolean };

interface Kept {
  messages: Map<string, InboxMessage>;
  blocked: Set<string>;
}

/** The last messages of earlier runs; older ones leave the file here. A line cut off by a crash is dropped. */
function load(file: string): Kept {
  mkdirSync(dirname(file), { recursive: true });
  const messages = new Map<string, InboxMessage>();
  const blocked = new Set<string>();
  for (const line of readLines(file)) {
    if (!('blocked' in line)) messages.set(line.id, line);
    else if (line.isBlocked) blocked.add(line.blocked);
    else blocked.delete(line.blocked);
  }
  const newest = new Map([...messages].slice(-KEPT));
  const lines: Line[] = [...newest.values(), ...[...blocked].map((name) => ({ blocked: name, isBlocked: true }))];
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return { messages: newest, blocked };
}

function readLines(file: string): Line[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as Line];
    } catch {
      return [];
    }
  });
}
