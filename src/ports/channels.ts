/** Ways to reach a person: mail, texts and messengers, and what stands in for them where there is nobody. */
import type { SendOutcome } from '../rules/delivery.ts';
import type { CallReader, Received, WebhookCall } from './webhooks.ts';

export interface OutgoingMail {
  /** Stable for tries of the same message: becomes the Message-ID, so that a repeated send can be recognised. */
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
  /** Stable for tries of the same message; one that an operator had sent again is another. */
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
      /** Its login is for trying out: messages are taken, and nobody gets them. */
      isTrial?: true;
      /** What we are called there, and what the settings say, in the same form: "@shop_bot". */
      name?: string;
      setting?: string;
      /** Where it would report to; `reason` is why its last call failed. */
      webhook?: { url: string; reason?: string };
    };

/** One provider of texts. */
export interface TextChannel extends Partial<CallReader> {
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
  /** Asks whether it lets us in. Absent where every question costs money. */
  standing?(): Promise<Standing>;
  close(): Promise<void>;
}

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

/** A provider of codes, with what a decoy does in its place. */
export interface CodeTexts extends Pick<TextChannel, 'provider' | 'reports' | 'close'> {
  /** As the provider's own, which is spared while it hangs. @param goesOn whether there is another way */
  send(text: OutgoingText, goesOn: boolean): Promise<SendOutcome>;
  /** Whether its messages cost money. */
  paid: boolean;
  /** Sends nothing, and takes as long as recent texts took. @param text what somebody would be sent, to rehearse with */
  probe(text?: OutgoingText): Promise<SendOutcome>;
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
