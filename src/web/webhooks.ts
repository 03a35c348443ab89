/** What providers report: verified by whoever knows the provider, recorded, and answered at once. */
import type { Context as HttpContext } from 'hono';
import type { Context } from '../actions/context.ts';
import { hearAnswer } from '../actions/hear-answer.ts';
import { recordChatEvent } from '../actions/record-chat-event.ts';
import { recordReceipt } from '../actions/record-receipt.ts';
import type { CallReader, ChannelEvent, Received, UnreadCall } from '../ports.ts';
import { type Channel, isMessenger } from '../rules/delivery.ts';
import { Refusal } from '../rules/errors.ts';
import type { HeldBody } from './held-bodies.ts';
import { readHeldBytes, refuseAnnounced } from './read-body.ts';
import { sourceOf, type Web } from './request.ts';
import type { Handler } from './routes.ts';

export interface Receiver extends CallReader {
  channel: Channel;
}

/** By the last part of the address: `/webhooks/sendgrid`. */
export type Receivers = Record<string, Receiver>;

/** A bounced mail with its headers, or a batch of SendGrid (768 kB at most). */
const WEBHOOK_MAX_BYTES = 1024 * 1024;

export const receiveWebhook: Handler = async (web, c) => {
  const provider = c.req.param('provider') ?? '';
  const receiver = Object.hasOwn(web.receivers, provider) ? web.receivers[provider] : undefined;
  if (receiver === undefined) throw new Refusal('not_found');
  const held = web.heldBodies.enter(sourceOf(web.config, c));
  try {
    const received = await receivedBy(receiver, web, c, held);
    if (received.kind === 'refused') {
      web.context.log.warn('webhook-refused', { provider, status: received.status });
      return new Response(null, { status: received.status });
    }
    for (const event of received.events) await record(web.context, receiver.channel, event);
    const { answer } = received;
    return new Response(answer?.body ?? null, { headers: answer ? { 'Content-Type': answer.contentType } : {} });
  } finally {
    held.leave();
  }
};

async function receivedBy(receiver: Receiver, web: Web, c: HttpContext, held: HeldBody): Promise<Received> {
  const method = c.req.method === 'POST' ? 'POST' : 'GET';
  const call: UnreadCall = { method, url: addressOf(web, c.req.url), headers: c.req.raw.headers };
  if (method === 'GET') return receiver.receive({ ...call, body: new Uint8Array() });
  const maxBytes = receiver.callMaxBytes ?? WEBHOOK_MAX_BYTES;
  refuseAnnounced(c, maxBytes);
  return (
    receiver.refuseUnread?.(call) ?? receiver.receive({ ...call, body: await readHeldBytes(c, maxBytes, held.take) })
  );
}

async function record(context: Context, channel: Channel, event: ChannelEvent): Promise<void> {
  if (event.type === 'receipt') await recordReceipt(context, channel, event);
  else if (isMessenger(channel)) await recordChatEvent(context, channel, event);
  else hearAnswer(context, channel, event);
}

/** On our own origin, whatever the caller named, and with the query as it came: some providers sign it. */
function addressOf({ config }: Web, url: string): string {
  const path = /^[a-z]+:\/\/[^/?#]*(.*)$/is.exec(url)?.[1] ?? '/';
  return `${config.origin}${path}`;
}
