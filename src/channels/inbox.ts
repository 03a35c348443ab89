/** The development inbox: every message that left, kept beside the database so that a restart loses none. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock, MailChannel, OutgoingMail, OutgoingText, TextChannel } from '../ports.ts';
import type { SendOutcome } from '../rules/delivery.ts';

export interface InboxMessage extends OutgoingMail {
  /** Milliseconds since 1970. */
  at: number;
  channel: 'email' | 'sms';
}

export interface InboxSubscriber {
  /** A message arrived. */
  arrived(): void;
  /** The server stops. */
  ended(): void;
}

export interface Inbox extends MailChannel {
  /** A phone for every number. @param carrier where texts also go to for real */
  texts(carrier?: TextChannel): TextChannel;
  /** Newest first. */
  messages(): InboxMessage[];
  /** Returns how to leave. */
  subscribe(subscriber: InboxSubscriber): () => void;
  /** Tells subscribers to go, so that a server with open event streams can stop. */
  endStreams(): void;
}

const KEPT = 200;

/**
 * @param file JSON lines
 * @param carrier where the mail also goes to for real, when a mail server is configured
 */
export function createInbox(file: string, clock: Clock, carrier?: MailChannel): Inbox {
  const messages = load(file);
  const subscribers = new Set<InboxSubscriber>();
  /** Once, however often it was sent. */
  const keep = (message: InboxMessage): void => {
    if (messages.some(({ id }) => id === message.id)) return;
    messages.push(message);
    appendFileSync(file, `${JSON.stringify(message)}\n`);
    for (const subscriber of subscribers) subscriber.arrived();
  };
  return {
    provider: carrier ? `${carrier.provider} and inbox` : 'inbox',
    async send(mail) {
      const outcome: SendOutcome = carrier ? await carrier.send(mail) : { kind: 'accepted', providerId: mail.id };
      if (outcome.kind === 'accepted') keep({ ...mail, at: clock.now(), channel: 'email' });
      return outcome;
    },
    texts: (provider) => ({
      provider: provider ? `${provider.provider} and inbox` : 'inbox',
      reports: provider?.reports ?? false,
      async send(text) {
        const outcome: SendOutcome = provider ? await provider.send(text) : { kind: 'accepted', providerId: text.id };
        if (outcome.kind === 'accepted') keep(shownText(text, clock.now()));
        return outcome;
      },
      ...(provider?.receive ? { receive: provider.receive } : {}),
      close: async () => provider?.close(),
    }),
    probe: async (options) => (carrier ? carrier.probe(options) : { kind: 'accepted', providerId: 'inbox' }),
    close: async () => carrier?.close(),
    messages: () => messages.toReversed(),
    subscribe(subscriber) {
      subscribers.add(subscriber);
      return () => void subscribers.delete(subscriber);
    },
    endStreams() {
      for (const subscriber of subscribers) subscriber.ended();
    },
  };
}

function shownText({ id, to, text }: OutgoingText, at: number): InboxMessage {
  return { id, at, channel: 'sms', to, subject: '', text, html: '' };
}

/** The last messages of earlier runs; older ones leave the file here. A line cut off by a crash is dropped. */
function load(file: string): InboxMessage[] {
  mkdirSync(dirname(file), { recursive: true });
  const kept = readLines(file).slice(-KEPT);
  writeFileSync(file, kept.map((message) => `${JSON.stringify(message)}\n`).join(''));
  return kept;
}

function readLines(file: string): InboxMessage[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as InboxMessage];
    } catch {
      return [];
    }
  });
}
