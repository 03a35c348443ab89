/** What the worker needs to send a message, and what it finds is to be done with one. */
import type { MessageParams, TemplateKind, TextKind, TextParams } from '../messages/catalog.ts';
import type { Account, CodeTexts, MailChannel, RenderedMail } from '../ports.ts';
import {
  type Channel,
  isMessenger,
  type LeftOut,
  type MessageFate,
  type Messenger,
  type Over,
} from '../rules/delivery.ts';
import { maskIdentifier } from '../rules/identifiers.ts';
import type { Unneeded } from '../rules/ladder.ts';
import type { PaidChannel } from '../rules/spend.ts';
import type { Message, Proof } from '../store/store.ts';
import type { Recipient } from './find-recipient.ts';
import type { SentOutcome, SpendAnswer } from './guard-spend.ts';

export interface RenderedText {
  text: string;
  code: string | undefined;
  /** BCP 47 */
  locale: string;
  /** What is paid for. */
  segments: number;
}

export interface Delivery {
  mail: MailChannel;
  /** Providers of codes to phone numbers: text messages, and Telegram's Gateway. */
  texts: Partial<Record<Channel, CodeTexts>>;
  /** Providers of codes to linked chats. */
  chats: Partial<Record<Messenger, CodeTexts>>;
  render<K extends TemplateKind>(kind: K, params: MessageParams[K], locale: string): RenderedMail;
  renderText<K extends TextKind>(kind: K, params: TextParams[K], locale: string, over?: Over): RenderedText;
  /** Public origin of links. */
  origin: string;
}

/** What a text will cost, charged before it leaves. */
export type Bought = Omit<Extract<SpendAnswer, { allowed: true }>, 'allowed'> & {
  channel: PaidChannel;
  outcome: SentOutcome;
};

/** A text, and where it goes. */
export interface Texted {
  to: string;
  over: Over;
  text: RenderedText;
  paid: Bought | undefined;
}

/** A message with all that was looked up for it. */
export interface Carried {
  message: Message;
  proof: Proof;
  recipient: Recipient;
  /** Undefined where its key was dropped. */
  code: string | undefined;
  /** The rungs that are left. */
  below: Channel[];
}

/** What is to be done with a message: hand it over, knock without one, or give it up. */
export type Prepared =
  /** `below`: the rungs to go on with where this one fails, or stays silent. */
  | { do: 'send'; to: string; mail: RenderedMail; below?: Channel[] }
  /** `asked`: the way that the code was asked for. */
  | ({ do: 'text'; asked?: Channel; below: Channel[] } & Texted)
  /** A worker ended while it handed this over. */
  | { do: 'doubt'; over: Over; below: Channel[] }
  /**
   * The account has no address for this channel, the host says that it is risky, the number was not proven for long, or its cost
   * was held back; `againInMs`: it is asked for again, until what is spent allows it.
   */
  | { do: 'skip'; reason: LeftOut; below: Channel[]; againInMs?: number | undefined; forNobody?: boolean }
  /**
   * For a decoy; `earlier` is the fate of the last mail to this address. In a flood decoys share one knock. Also for an account
   * without a mailbox that was asked for by mail, which is then told from none by no outage.
   */
  | {
      do: 'probe';
      earlier: MessageFate | undefined;
      shared: boolean;
      /** What an account would be sent. */
      like?: RenderedMail | undefined;
      /** Whether its bytes are handed over, to the stand-in. */
      likeInBytes?: boolean | undefined;
      texted?: Texted | undefined;
      forNobody: boolean;
      below?: Channel[];
    }
  /** It would help nobody any more; `late`: only because its time ran out. */
  | { do: 'expire'; late?: boolean }
  /** It stood ready, and is not needed. */
  | { do: 'let-go'; reason: Unneeded }
  | { do: 'fail'; reason: string };

/** Who carries a text by this channel. */
export function carrierOf(
  { texts, chats }: Pick<Delivery, 'texts' | 'chats'>,
  channel: Channel,
  over: Over,
): CodeTexts | undefined {
  return over === 'chat' && isMessenger(channel) ? chats[channel] : texts[channel];
}

/** For a decoy: the Gateway where there is one, which is asked for those who have linked no chat. */
export function overForNobody({ texts }: Pick<Delivery, 'texts'>, channel: Channel): Over {
  return texts[channel] ? 'number' : 'chat';
}

/** How a message names an account to somebody who may be a stranger: by its first address, masked. */
export function nameOf(account: Account): string {
  const first = account.addresses.find(({ confirmedAt }) => confirmedAt !== null);
  return first ? maskIdentifier(first) : '***';
}
