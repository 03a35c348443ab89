/** Text messages by a service of the operator: one signed JSON POST for each, and reports signed in the same way. */
import { createHmac } from 'node:crypto';
import type {
  ChannelEvent,
  Clock,
  Fetch,
  OutgoingText,
  Received,
  RefusedCall,
  Standing,
  TakenAnswer,
  TextChannel,
  UnreadCall,
  WebhookCall,
} from '../ports.ts';
import type { SendOutcome } from '../rules/delivery.ts';
import { failureOf, outcomeOfFailure, outcomeOfTrouble } from '../rules/http-outcomes.ts';
import { isSignedCall, mayBeSignedCall } from '../rules/signatures.ts';
import type { WebhookUrl } from '../rules/sms-urls.ts';

const SEND_TIMEOUT_MS = 10_000;

export interface SmsWebhookOptions {
  fetch: Fetch;
  clock: Clock;
  /** Shorter in tests. */
  sendTimeoutMs?: number;
}

/**
 * Posts `{"id","to","text","kind"}` with `Regain-Signature: t=<unix>,v1=<hex HMAC-SHA-256 of "t.body">`. 2xx accepts, 429
 * and 5xx are tried again, other 4xx are final. `id` is the same for every try of one message: the other side sends it once
 * by remembering ids. What is taken is known by that id, and reported on by `POST` to our webhook with
 * `{"id","status","reason"?}`, signed with the same key.
 */
export function createSmsWebhookChannel(settings: WebhookUrl, options: SmsWebhookOptions): TextChannel {
  const { clock } = options;

  async function send({ id, to, text, kind, usefulUntil }: OutgoingText): Promise<SendOutcome> {
    if (clock.now() >= usefulUntil) return { kind: 'temporary', reason: 'useless_by_now' };
    const body = JSON.stringify({ id, to, text, kind });
    const at = Math.floor(clock.now() / 1000);
    try {
      const response = await options.fetch(settings.url, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          'Regain-Signature': `t=${at},v1=${macOf(settings.secret, at, Buffer.from(body)).toString('hex')}`,
        },
        body,
        redirect: 'manual',
        signal: AbortSignal.timeout(options.sendTimeoutMs ?? SEND_TIMEOUT_MS),
      });
      // What stands in it is not ours to read; left unread, it would hold the connection.
      await response.body?.cancel();
      return outcomeOf(response, id, clock.now());
    } catch (error) {
      return outcomeOfFailure(failureOf(error));
    }
  }

  function refuseUnread({ method, headers }: UnreadCall): RefusedCall | undefined {
    if (method !== 'POST') return { kind: 'refused', status: 400 };
    return mayBeSignedCall(signatureOf(headers), clock.now()) ? undefined : { kind: 'refused', status: 401 };
  }

  async function receive(call: WebhookCall): Promise<Received> {
    const refused = refuseUnread(call);
    if (refused) return refused;
    // Within the time that a signature lives a report may come again, which changes nothing.
    if (!isSignedCall(settings.secret, signatureOf(call.headers), call.body, clock.now()))
      return { kind: 'refused', status: 401 };
    const event = receiptOf(call.body, clock.now());
    return event ? { kind: 'received', events: [event] } : { kind: 'refused', status: 400 };
  }

  /** Whatever a HEAD is answered with, somebody is there; a POST would be a text. */
  async function standing(): Promise<Standing> {
    try {
      const timeoutMs = options.sendTimeoutMs ?? SEND_TIMEOUT_MS;
      const signal = AbortSignal.timeout(timeoutMs);
      await options.fetch(settings.url, { method: 'HEAD', redirect: 'manual', signal });
      return { letIn: true };
    } catch (error) {
      return { letIn: false, why: 'unreachable', reason: failureOf(error).reason };
    }
  }

  // It may report, and what it says counts; but few services of this kind do, so its silence says nothing.
  return {
    provider: 'webhook',
    reports: false,
    send,
    rehearse: (text, standIn) => createSmsWebhookChannel(settings, { ...options, fetch: standIn(TAKEN) }).send(text),
    receive,
    refuseUnread,
    standing,
    close: async () => {},
  };
}

function signatureOf(headers: Headers): string {
  return headers.get('regain-signature') ?? '';
}

const TAKEN: TakenAnswer = { status: 202, body: '' };

function outcomeOf(response: Response, id: string, now: number): SendOutcome {
  const { status } = response;
  if (response.ok) return { kind: 'accepted', providerId: id };
  const reason = `http_${status}`;
  const trouble = outcomeOfTrouble(response, reason, now);
  if (trouble) return trouble;
  // 3xx: the address has moved, and the operator corrects it.
  return status >= 400 ? { kind: 'permanent', reason } : { kind: 'temporary', reason };
}

function macOf(secret: string, at: number, body: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(`${at}.`).update(body).digest();
}

const STATUSES = ['sent', 'delivered', 'read', 'failed'] as const;

function receiptOf(body: Uint8Array, now: number): ChannelEvent | undefined {
  let report: unknown;
  try {
    report = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
  if (typeof report !== 'object' || report === null) return undefined;
  const { id, status: told, reason } = report as Record<string, unknown>;
  const status = STATUSES.find((known) => known === told);
  if (typeof id !== 'string' || id === '' || id.length > 200 || status === undefined) return undefined;
  return {
    type: 'receipt',
    providerId: id,
    messageId: id,
    status,
    at: now,
    reason: status === 'failed' ? codeOf(reason) : null,
  };
}

/** A code, not a sentence: sentences hold addresses. */
function codeOf(reason: unknown): string {
  return typeof reason === 'string' && /^[A-Za-z0-9_.:-]{1,40}$/.test(reason) && !/\d{7}/.test(reason)
    ? reason
    : 'failed';
}
