/** What providers report: verified by whoever knows the provider, recorded, and answered at once. */
import type { Context } from '../actions/context.ts';
import { hearAnswer } from '../actions/hear-answer.ts';
import { recordChatEvent } from '../actions/record-chat-event.ts';
import { recordReceipt } from '../actions/record-receipt.ts';
import type { ChannelEvent, Received, WebhookCall } from '../ports.ts';
import { type Channel, isMessenger } from '../rules/delivery.ts';
import { Refusal } from '../rules/errors.ts';
import { readBytes } from './read-body.ts';
import type { Web } from './request.ts';
import type { Handler } from './routes.ts';

export interface Receiver {
  channel: Channel;
  receive(call: WebhookCall): Promise<Received>;
  /** Left out, what is enough for most. */
  maxBytes?: number | undefined;
}

/** By the last part of the address: `/webhooks/sendgrid`. */
export type Receivers = Record<string, Receiver>;

/** A bounced mail with its headers, or a batch of SendGrid (768 kB at most). */
const WEBHOOK_MAX_BYTES = 1024 * 1024;

export const receiveWebhook: Handler = async (web, c) => {
  const provider = c.req.param('provider') ?? '';
  const receiver = Object.hasOwn(web.receivers, provider) ? web.receivers[provider] : undefined;
  if (receiver === undefined) throw new Refusal('not_found');
  const received = await receiver.receive({
    method: c.req.method === 'POST' ? 'POST' : 'GET',
    url: addressOf(web, c.req.url),
    headers: c.req.raw.headers,
    body:
      c.req.method === 'POST'
        ? new Uint8Array(await readBytes(c, receiver.maxBytes ?? WEBHOOK_MAX_BYTES))
        : new Uint8Array(),
  });
  if (received.kind === 'refused') {
    web.context.log.warn('webhook-refused', { provider, status: received.status });
    return new Response(null, { status: received.status });
  }
  for (const event of received.events) await record(web.context, receiver.channel, event);
  const { answer } = received;
  return new Response(answer?.body ?? null, { headers: answer ? { 'Content-Type': answer.contentType } : {} });
};

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
