/**
 * Messengers for development: chats with the shop on two phones of our own, in the inbox. What a person does there becomes
 * the event that the provider's adapter makes of it (a test compares them), so linking, leaving and every failure can be
 * tried with no account anywhere.
 */
import type { ChannelEvent, Clock, LinkedChannel, OutgoingText } from '../ports.ts';
import type { Channel, Messenger, SendOutcome } from '../rules/delivery.ts';
import { findLinkToken, isLinkToken, isStopWord } from '../rules/link-tokens.ts';
import type { Inbox, InboxMessage } from './inbox.ts';

export interface Phone {
  slug: 'first' | 'second';
  /** Of the person, as messengers tell it. */
  name: string;
  /** What each messenger calls this person's chat with the shop. */
  chats: Record<Messenger, string>;
}

export type ChatAct =
  /** `token`: of the link that opened the chat, where the messenger carries it along unseen. */
  { kind: 'say'; text: string; token?: string | undefined } | { kind: 'block' } | { kind: 'unblock' };

export interface InboxChats {
  phones: readonly Phone[];
  /** What opens, and what a link with this token puts into the person's hands. */
  opened(messenger: Messenger, token: string | undefined): Opened;
  /** @param carrier where messages also go to for real; its links and events are then those that count */
  channel(messenger: Messenger, carrier?: LinkedChannel): LinkedChannel;
  /** The person did this; whoever records events is told. */
  act(messenger: Messenger, phone: Phone, act: ChatAct): Promise<void>;
}

export interface Opened {
  /** What one press sends, and what is written on the button. */
  press?: { text: string; label: string };
  /** What stands in the field already. */
  draft?: string;
  /** What the shop asks before anybody has written. */
  question?: string;
}

export interface InboxChatsOptions {
  clock: Clock;
  /** Where the links lead. */
  origin: string;
  brand: string;
  /** What the person did, to whoever records it. */
  tell(channel: Channel, event: ChannelEvent): Promise<void>;
}

/** The number of the first is that of the demo account; both are kept free for stories. */
const PHONES: readonly Phone[] = [
  {
    slug: 'first',
    name: 'Demo Shopper',
    chats: { whatsapp: '+12125550100', telegram: '7000000001', viber: 'first-development-phone==' },
  },
  {
    slug: 'second',
    name: 'Second Shopper',
    chats: { whatsapp: '+12125550101', telegram: '7000000002', viber: 'second-development-phone==' },
  },
];

export function createInboxChats(inbox: Inbox, options: InboxChatsOptions): InboxChats {
  const { clock, origin, brand, tell } = options;
  const yes = 'Yes, send them here';
  const ask = `Shall ${brand} send your sign-in codes to this chat?`;

  function opened(messenger: Messenger, token: string | undefined): Opened {
    if (messenger === 'telegram') return { press: { text: token ? `/start ${token}` : '/start', label: 'Start' } };
    if (token === undefined || !isLinkToken(token)) return {};
    return messenger === 'whatsapp' ? { draft: `LINK ${token}` } : { question: ask, press: { text: yes, label: yes } };
  }

  async function act(messenger: Messenger, phone: Phone, done: ChatAct): Promise<void> {
    const chat = phone.chats[messenger];
    const at = clock.now();
    if (done.kind !== 'say') {
      const isBlocked = done.kind === 'block';
      if (inbox.isBlocked(messenger, chat) === isBlocked) return;
      inbox.setBlocked(messenger, chat, isBlocked);
      // WhatsApp tells nobody that he was blocked, and nobody tells of an end of it: that is no new consent.
      if (isBlocked && messenger !== 'whatsapp') await tell(messenger, { type: 'stopped', chat, at });
      return;
    }
    const { text, token } = done;
    // Who writes to somebody whom he has blocked is asked to end that first, and does.
    inbox.setBlocked(messenger, chat, false);
    if (messenger === 'viber' && token !== undefined) inbox.keep(line(messenger, chat, ask, at));
    inbox.keep({ ...line(messenger, chat, text, at), said: true });
    const isYes = token !== undefined && isLinkToken(token) && text.trim() === yes;
    const linking = messenger === 'viber' ? (isYes ? token : undefined) : tokenIn(messenger, text);
    const about = { chat, at };
    if (linking !== undefined) await tell(messenger, { type: 'linked', token: linking, name: phone.name, ...about });
    else await tell(messenger, isStopWord(text) ? { type: 'stopped', ...about } : { type: 'said', text, ...about });
  }

  /** Ids of lines that are no messages of the outbox: none is said twice at one moment. */
  let lines = 0;
  function line(channel: Messenger, to: string, text: string, at: number): InboxMessage {
    lines += 1;
    return { id: `${channel}-${at}-${lines}`, at, channel, to, subject: '', text, html: '' };
  }

  async function sendToPhone(messenger: Messenger, text: OutgoingText): Promise<SendOutcome> {
    const { id, to, code } = text;
    const message = { ...line(messenger, to, text.text, clock.now()), id, ...(code === undefined ? {} : { code }) };
    if (!PHONES.some(({ chats }) => chats[messenger] === to)) return { kind: 'unreachable', reason: 'chat_not_found' };
    if (!inbox.isBlocked(messenger, to)) return inbox.handOver(message);
    // To somebody who has blocked the shop, messages by WhatsApp stay "sent" for ever.
    if (messenger === 'whatsapp') return inbox.handOver({ ...message, fate: 'withheld' });
    return { kind: 'unreachable', reason: messenger === 'telegram' ? '403' : '6', stopped: true };
  }

  return {
    phones: PHONES,
    opened,
    act,
    channel(messenger, carrier) {
      if (!carrier)
        return {
          provider: 'inbox',
          // As the messenger itself: a bot of Telegram is told nothing.
          reports: messenger !== 'telegram',
          send: (text) => sendToPhone(messenger, text),
          deepLink: (token) => `${origin}/dev/inbox/chats/${messenger}?token=${encodeURIComponent(token)}`,
          close: async () => {},
        };
      inbox.carry(messenger, carrier.provider);
      return {
        ...carrier,
        provider: `${carrier.provider} and inbox`,
        send: (text) =>
          inbox.handOver({ ...line(messenger, text.to, text.text, clock.now()), id: text.id, code: text.code }, () =>
            carrier.send(text),
          ),
      };
    },
  };
}

function tokenIn(messenger: 'telegram' | 'whatsapp', text: string): string | undefined {
  if (messenger === 'whatsapp') return findLinkToken(text);
  const token = /^\/start\s+(\S+)\s*$/.exec(text)?.[1];
  return token !== undefined && isLinkToken(token) ? token : undefined;
}
