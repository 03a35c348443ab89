/**
 * Telegram Gateway: codes to the Telegram app behind a phone number (https://core.telegram.org/gateway/api).
 *
 * Asking whether a number can be reached costs the fee of a code; the code that follows is then free. What it answers tells
 * whether a number has Telegram, so it must reach nobody but the delivery ladder.
 */
import { createHash, createHmac } from 'node:crypto';
import { z } from 'zod';
import { type Answer, exchange } from '../exchange.ts';
import { Pause } from '../pause.ts';
import type {
  ChannelEvent,
  Clock,
  Fetch,
  Log,
  OutgoingText,
  Received,
  RefusedCall,
  TakenAnswer,
  TextChannel,
  UnreadCall,
  WebhookCall,
} from '../ports.ts';
import type { SendOutcome } from '../rules/delivery.ts';
import { believedWaitMs, doubtOf, outcomeOfFailure, retryAfterMsOf } from '../rules/http-outcomes.ts';
import type { TelegramGatewaySettings } from '../rules/messenger-urls.ts';
import { readJson } from '../rules/read-json.ts';
import { isSameMac, mayBeMac } from '../rules/signatures.ts';

const TIMEOUT_MS = 10_000;
/** What Telegram allows as `ttl`; past it an undelivered code is given up and its fee returned. */
const TTL_S = { least: 30, most: 3600 };
const PAUSE_MS = 5_000;
/**
 * A report is refused after this long, even with a right signature. Telegram repeats a report up to ten times with growing
 * delays; what is older than a code lives helps nobody.
 */
const REPORT_MAX_AGE_MS = 15 * 60_000;
const REPORT_MAX_AHEAD_MS = 5 * 60_000;
/** Of `callback_url`, which must be https. */
const CALLBACK_MAX_BYTES = 256;
/** Abilities that were paid for and not used yet. */
const KEPT_ABILITIES = 1_000;

export interface TelegramGatewayOptions {
  fetch: Fetch;
  clock: Clock;
  log: Log;
  /** Where Telegram shall report to; it reports to https only, and to 256 bytes at most. */
  webhookUrl: string;
  /** Shorter in tests. */
  timeoutMs?: number;
}

export function createTelegramGatewayChannel(
  settings: TelegramGatewaySettings,
  options: TelegramGatewayOptions,
): TextChannel {
  const { clock, log } = options;
  /** Request ids by message: a code that is tried again does not pay for the question twice. */
  const abilities = new Map<string, string>();
  const mayReport =
    options.webhookUrl.startsWith('https://') && Buffer.byteLength(options.webhookUrl) <= CALLBACK_MAX_BYTES;
  const pause = new Pause();

  async function send(text: OutgoingText): Promise<SendOutcome> {
    const now = clock.now();
    if (!/^\+[1-9]\d{6,14}$/.test(text.to)) return { kind: 'permanent', reason: 'malformed_number' };
    // The Gateway carries 4 to 8 digits and nothing else; what it can't carry, the next channel can.
    if (text.code === undefined || !/^\d{4,8}$/.test(text.code))
      return { kind: 'unreachable', reason: 'not_4_to_8_digits' };
    if (text.usefulUntil <= now) return { kind: 'permanent', reason: 'expired' };
    const pauseMs = pause.leftMs(now);
    if (pauseMs > 0) return { kind: 'temporary', reason: '429', retryAfterMs: pauseMs };
    const outcome = await checkAndSend(text, text.code);
    if (outcome.kind === 'temporary' && outcome.retryAfterMs !== undefined)
      pause.begin(outcome.retryAfterMs, clock.now());
    return outcome;
  }

  async function checkAndSend(text: OutgoingText, code: string): Promise<SendOutcome> {
    let requestId = abilities.get(text.id);
    const asks = requestId === undefined;
    if (requestId === undefined) {
      const answer = await call('checkSendAbility', { phone_number: text.to });
      const able = judge(answer, 'check');
      if (able.kind !== 'accepted')
        return answer.kind === 'failed' && answer.maybeObeyed ? { ...able, paid: true } : able;
      requestId = able.providerId;
      keepAbility(text.id, requestId);
    }
    const leftS = Math.floor((text.usefulUntil - clock.now()) / 1000);
    const sent = judge(
      await call('sendVerificationMessage', {
        phone_number: text.to,
        request_id: requestId,
        code,
        ttl: Math.min(TTL_S.most, Math.max(TTL_S.least, leftS)),
        ...(mayReport ? { callback_url: options.webhookUrl } : {}),
        // Comes back with each report: so a code is known whose answer was lost.
        payload: text.id,
        ...(settings.sender === undefined ? {} : { sender_username: settings.sender }),
      }),
      'send',
    );
    if (sent.kind !== 'temporary') abilities.delete(text.id);
    // The question has cost the fee, once.
    if (!asks) return { ...sent, paid: false };
    return sent.kind === 'accepted' ? sent : { ...sent, paid: true };
  }

  function keepAbility(messageId: string, requestId: string): void {
    const oldest = abilities.keys().next();
    if (abilities.size >= KEPT_ABILITIES && !oldest.done) abilities.delete(oldest.value);
    abilities.set(messageId, requestId);
  }

  function judge(answer: Answer, asked: 'check' | 'send'): SendOutcome {
    const outcome = outcomeOf(answer, asked, clock.now());
    if (outcome.kind !== 'accepted' && OPERATORS_FAULT.test(outcome.reason))
      log.error('telegram-gateway', { reason: outcome.reason });
    return outcome;
  }

  function refuseUnread({ method, headers }: UnreadCall): RefusedCall | undefined {
    if (method !== 'POST') return { kind: 'refused', status: 400 };
    const { timestamp, mac } = signatureIn(headers);
    const ageMs = /^\d{1,12}$/.test(timestamp) ? clock.now() - Number(timestamp) * 1000 : Number.NaN;
    const isRecent = ageMs <= REPORT_MAX_AGE_MS && ageMs >= -REPORT_MAX_AHEAD_MS;
    return isRecent && mayBeMac(mac) ? undefined : { kind: 'refused', status: 401 };
  }

  async function receive(request: WebhookCall): Promise<Received> {
    const refused = refuseUnread(request);
    if (refused) return refused;
    if (!isSigned(request.body, signatureIn(request.headers), settings.token)) return { kind: 'refused', status: 401 };
    const report = Report.safeParse(readJson(request.body));
    if (!report.success) return { kind: 'refused', status: 400 };
    return { kind: 'received', events: receiptsOf(report.data) };
  }

  function call(method: string, json: unknown): Promise<Answer> {
    return exchange({
      fetch: options.fetch,
      url: `${settings.api}/${method}`,
      headers: { authorization: `Bearer ${settings.token}` },
      json,
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    });
  }

  return {
    provider: 'telegram-gateway',
    reports: true,
    send,
    rehearse: (text, standIn) =>
      createTelegramGatewayChannel(settings, { ...options, fetch: standIn(TAKEN, 2) }).send(text),
    receive,
    refuseUnread,
    close: async () => {},
  };
}

/** What both questions are answered with. */
const TAKEN: TakenAnswer = {
  status: 200,
  body: JSON.stringify({
    ok: true,
    result: { request_id: '0'.repeat(18), phone_number: '0'.repeat(12), request_cost: 0.01 },
  }),
};

const ApiAnswer = z.union([
  z.object({ ok: z.literal(true), result: z.object({ request_id: z.string().min(1).max(256) }) }),
  z.object({ ok: z.literal(false), error: z.string() }),
]);

/** Codes of the account and of the request, none of which the person can help. */
const OPERATORS_FAULT = /^(ACCESS_TOKEN_|BALANCE_|SENDER_|CALLBACK_URL_|PAYLOAD_|TTL_|CODE_|IP_|40[13]$)/;
/** They last until the operator acts; waiting costs nothing, while other channels are tried in their turn. */
const WAITS_FOR_OPERATOR = /^(ACCESS_TOKEN_|BALANCE_|IP_|40[13]$)/;

/**
 * The list of error codes is not published. What the question is answered with, is about the number unless it is known to
 * be about us; there the next channel is due at once.
 */
function outcomeOf(answer: Answer, asked: 'check' | 'send', now: number): SendOutcome {
  const maybeSent = asked === 'send' ? ({ maybeSent: true } as const) : {};
  if (answer.kind === 'failed')
    return outcomeOfFailure({ ...answer, maybeObeyed: answer.maybeObeyed && asked === 'send' });
  if (answer.status === 429)
    return { kind: 'temporary', reason: '429', retryAfterMs: retryAfterMsOf(answer.headers, now) ?? PAUSE_MS };
  if (answer.status >= 500)
    return { kind: 'temporary', reason: String(answer.status), ...(asked === 'send' ? doubtOf(answer.status) : {}) };
  const parsed = ApiAnswer.safeParse(readJson(answer.text));
  if (!parsed.success)
    return answer.status >= 200 && answer.status < 300
      ? { kind: 'temporary', reason: 'unreadable_answer', ...maybeSent }
      : { kind: 'temporary', reason: String(answer.status) };
  if (parsed.data.ok) return { kind: 'accepted', providerId: parsed.data.result.request_id };
  return refusalOf(parsed.data.error);
}

function refusalOf(error: string): SendOutcome {
  const reason = /^[A-Z0-9_]{1,64}$/.test(error) ? error : 'unknown_error';
  const flood = /^FLOOD_WAIT_(\d{1,6})$/.exec(reason);
  if (flood) return { kind: 'temporary', reason: 'FLOOD_WAIT', retryAfterMs: believedWaitMs(Number(flood[1]) * 1000) };
  if (WAITS_FOR_OPERATOR.test(reason)) return { kind: 'temporary', reason };
  return { kind: 'unreachable', reason };
}

interface Signature {
  timestamp: string;
  mac: string;
}

function signatureIn(headers: Headers): Signature {
  return { timestamp: headers.get('x-request-timestamp') ?? '', mac: headers.get('x-request-signature') ?? '' };
}

/** hex(HMAC-SHA-256(SHA-256(token), timestamp + "\n" + body)), the body as it came. */
function isSigned(body: Uint8Array, { timestamp, mac }: Signature, token: string): boolean {
  const key = createHash('sha256').update(token).digest();
  const expected = createHmac('sha256', key).update(`${timestamp}\n`).update(body).digest();
  return isSameMac(mac, expected);
}

const Report = z.object({
  request_id: z.string().min(1).max(256),
  delivery_status: z.object({ status: z.string(), updated_at: z.number().int() }).optional(),
  payload: z.string().max(128).optional(),
});

function receiptsOf({ request_id, delivery_status, payload: messageId }: z.infer<typeof Report>): ChannelEvent[] {
  if (!delivery_status) return [];
  const { status } = delivery_status;
  const at = delivery_status.updated_at * 1000;
  const receipt = { type: 'receipt' as const, providerId: request_id, ...(messageId && { messageId }), at };
  if (status === 'sent' || status === 'delivered' || status === 'read') return [{ ...receipt, status, reason: null }];
  if (status === 'expired' || status === 'revoked') return [{ ...receipt, status: 'failed', reason: status }];
  return [];
}
