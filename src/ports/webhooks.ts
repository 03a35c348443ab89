/** What providers call us with, and what it tells. */
import type { AddressTrouble } from '../rules/bounces.ts';
import type { ReportedStatus } from '../rules/delivery.ts';

/** A provider's call, unread. */
export interface WebhookCall {
  method: 'GET' | 'POST';
  /** The address that it was given, on our own origin, with the query as it came. */
  url: string;
  headers: Headers;
  body: Uint8Array;
}

/** A call of which nothing is read but its head. */
export type UnreadCall = Omit<WebhookCall, 'body'>;

/** A forgery, or nothing that this provider sends. */
export interface RefusedCall {
  kind: 'refused';
  status: 400 | 401 | 403;
}

/** Whoever knows a provider's calls. */
export interface CallReader {
  receive(call: WebhookCall): Promise<Received>;
  /**
   * What is wrong with a call by its head alone: no signature, one that can be none, the wrong password. Anybody may call, and
   * a body that is not read holds no memory. Absent where the proof stands in the body.
   */
  refuseUnread?: ((call: UnreadCall) => RefusedCall | undefined) | undefined;
  /** How long its calls may be; left out, what is enough for most. */
  callMaxBytes?: number | undefined;
}

export type Received =
  | RefusedCall
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
      /** Our own id of the message, or the one that `send` was handed, where the provider says it: finds one whose `send` came to no answer. */
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
