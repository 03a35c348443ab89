/**
 * SendGrid, which we use as an SMTP relay, posts batches of events, signed by ECDSA on P-256 over the timestamp and the raw
 * body. `smtp-id` repeats our Message-ID.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { ChannelEvent, Clock, Received, RefusedCall, UnreadCall, WebhookCall } from '../../ports.ts';
import { readMessageId } from '../../rules/bounce-addresses.ts';
import { enhancedStatusIn, troubleOf } from '../../rules/bounces.ts';
import { readJson } from '../../rules/read-json.ts';

type Receipt = Extract<ChannelEvent, { type: 'receipt' }>;
type Json = Record<string, unknown>;

/** @throws where a key is none: the operator hears it at start */
export function createSendGridReports(settings: { keys: readonly string[] }, { clock }: { clock: Clock }) {
  const keys = settings.keys.map((key) =>
    createPublicKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'spki' }),
  );

  function refuseUnread({ method, headers }: UnreadCall): RefusedCall | undefined {
    if (method !== 'POST') return { kind: 'refused', status: 400 };
    const { signature, timestamp } = signatureIn(headers);
    return SIGNATURE.test(signature) && timestamp !== '' ? undefined : { kind: 'refused', status: 403 };
  }

  /** No bound on the age: SendGrid repeats a batch for a day, and the same batch again changes nothing. */
  async function receive(call: WebhookCall): Promise<Received> {
    const refused = refuseUnread(call);
    if (refused) return refused;
    if (!isSigned(keys, call)) return { kind: 'refused', status: 403 };
    const batch = readJson(call.body);
    if (!Array.isArray(batch)) return { kind: 'refused', status: 400 };
    return { kind: 'received', events: batch.flatMap((event) => receiptOf(event, clock.now()) ?? []) };
  }

  return { receive, refuseUnread };
}

/** Two numbers of 32 bytes at most, in DER and base64. */
const SIGNATURE = /^[A-Za-z0-9+/]{8,96}={0,2}$/;

function signatureIn(headers: Headers): { signature: string; timestamp: string } {
  return {
    signature: headers.get('x-twilio-email-event-webhook-signature') ?? '',
    timestamp: headers.get('x-twilio-email-event-webhook-timestamp') ?? '',
  };
}

function isSigned(keys: readonly KeyObject[], { headers, body }: WebhookCall): boolean {
  const { signature, timestamp } = signatureIn(headers);
  const signed = Buffer.concat([Buffer.from(timestamp), body]);
  return keys.some((key) => verify('sha256', signed, key, Buffer.from(signature, 'base64')));
}

function receiptOf(item: unknown, now: number): Receipt | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const event = item as Json;
  const known = readMessageId(textOf(event['smtp-id']));
  if (known === undefined) return undefined;
  const seconds = event.timestamp;
  const about = {
    ...known,
    at: typeof seconds === 'number' && Number.isFinite(seconds) ? seconds * 1000 : now,
    ...(typeof event.email === 'string' ? { recipient: event.email } : {}),
  };
  const code = enhancedStatusIn(`${textOf(event.status)} ${textOf(event.reason)} ${textOf(event.response)}`);
  switch (event.event) {
    case 'processed':
      return { type: 'receipt', ...about, status: 'sent', reason: null };
    case 'deferred':
      return { type: 'receipt', ...about, status: 'sent', reason: code ?? 'deferred' };
    case 'delivered':
      return { type: 'receipt', ...about, status: 'delivered', reason: null };
    case 'bounce': {
      // "blocked" is what the other side thinks of us or of the message, "bounce" what it knows of the address.
      const trouble = event.type === 'blocked' ? {} : troubleOf(code);
      return { type: 'receipt', ...about, status: 'failed', reason: code ?? textCode(event.type), ...trouble };
    }
    case 'dropped':
      return { type: 'receipt', ...about, status: 'failed', reason: 'dropped', ...troubleOfDrop(textOf(event.reason)) };
    case 'spamreport':
      return { type: 'receipt', ...about, status: 'delivered', reason: 'spamreport', trouble: 'complaint' };
    default:
      return undefined;
  }
}

/** SendGrid itself sends nothing there: an earlier bounce or complaint, an unsubscribed or a malformed address. */
function troubleOfDrop(reason: string): Pick<Receipt, 'trouble'> {
  if (/^Invalid$/i.test(reason.trim())) return { trouble: 'no-mailbox' };
  return /^(?:Bounced|Unsubscribed|Spam Reporting) Address/i.test(reason) ? { trouble: 'held-back' } : {};
}

function textCode(value: unknown): string {
  return typeof value === 'string' && /^[a-z]{1,20}$/.test(value) ? value : 'bounce';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
