/**
 * WhatsApp by Meta's Cloud API (https://developers.facebook.com/documentation/business-messaging/whatsapp).
 *
 * A code goes out in an authentication template, which reaches people at any time; its words are WhatsApp's own, and it has a
 * button that copies the code. A text without a code goes out as free text, which is taken only within 24 hours of the
 * person's last message.
 */
import { isAscii } from 'node:buffer';
import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { type Answer, exchange } from '../exchange.ts';
import { Pause } from '../pause.ts';
import type {
  ChannelEvent,
  Clock,
  Fetch,
  LinkedChannel,
  Log,
  OutgoingText,
  Received,
  RefusedCall,
  Standing,
  TakenAnswer,
  UnreadCall,
  WebhookCall,
} from '../ports.ts';
import { chatName } from '../rules/chat-names.ts';
import type { SendOutcome } from '../rules/delivery.ts';
import { outcomeOfFailure, retryAfterMsOf } from '../rules/http-outcomes.ts';
import { findLinkToken, isStopWord } from '../rules/link-tokens.ts';
import type { WhatsAppSettings } from '../rules/messenger-urls.ts';
import { readJson } from '../rules/read-json.ts';
import { isSameMac, isSameSecret } from '../rules/signatures.ts';
import { whatsAppVerdict } from '../rules/whatsapp-errors.ts';

const TIMEOUT_MS = 10_000;
const TEXT_MAX = 4096;
/** Meta's batches have up to 3 MB. */
const CALL_MAX_BYTES = 3 * 1024 * 1024;
/** What a code parameter of an authentication template may hold. */
const CODE_MAX = 15;

export interface WhatsAppOptions {
  fetch: Fetch;
  clock: Clock;
  log: Log;
  /** What stands before the token in the draft that a deep link opens. */
  draft?: (token: string) => string;
  /** Shorter in tests. */
  timeoutMs?: number;
}

export function createWhatsAppChannel(settings: WhatsAppSettings, options: WhatsAppOptions): LinkedChannel {
  const { clock, log } = options;
  const draft = options.draft ?? ((token: string) => `LINK ${token}`);
  const pause = new Pause();

  async function send(text: OutgoingText): Promise<SendOutcome> {
    // A person who shows no number is known by an id of this business only, and authentication templates are not sent to those.
    if (isBusinessScopedId(text.to) && text.code !== undefined)
      return { kind: 'unreachable', reason: 'no_phone_number' };
    if (!isBusinessScopedId(text.to) && !/^\+[1-9]\d{6,14}$/.test(text.to))
      return { kind: 'permanent', reason: 'malformed_number' };
    if (text.code !== undefined && (text.code.length === 0 || text.code.length > CODE_MAX))
      return { kind: 'permanent', reason: 'code_length' };
    if (text.text.length === 0 || text.text.length > TEXT_MAX) return { kind: 'permanent', reason: 'text_length' };
    const pauseMs = pause.leftMs(clock.now());
    if (pauseMs > 0) return { kind: 'temporary', reason: 'paused', retryAfterMs: pauseMs };
    return outcomeOf(await call('/messages', messageOf(text, settings)));
  }

  function outcomeOf(answer: Answer): SendOutcome {
    if (answer.kind === 'failed') return outcomeOfFailure(answer);
    const json = readJson(answer.text);
    const sent = Sent.safeParse(json);
    if (answer.status === 200 && sent.success)
      return { kind: 'accepted', providerId: (sent.data.messages[0] as { id: string }).id };
    const error = Failed.safeParse(json);
    if (answer.status >= 200 && answer.status < 300 && !error.success)
      return { kind: 'temporary', reason: 'unreadable_answer', maybeSent: true };
    const verdict = whatsAppVerdict(error.data?.error.code, answer.status);
    const retryAfterMs = retryAfterMsOf(answer.headers, clock.now());
    if (verdict.alert) log.error('whatsapp', { reason: verdict.outcome.reason });
    if (verdict.pauseMs > 0) pause.begin(Math.max(verdict.pauseMs, retryAfterMs ?? 0), clock.now());
    if (verdict.outcome.kind !== 'temporary' || retryAfterMs === undefined) return verdict.outcome;
    return { ...verdict.outcome, retryAfterMs: Math.max(verdict.outcome.retryAfterMs ?? 0, retryAfterMs) };
  }

  function refuseUnread({ method, headers }: UnreadCall): RefusedCall | undefined {
    return method === 'GET' || macIn(headers) !== undefined ? undefined : { kind: 'refused', status: 401 };
  }

  async function receive(request: WebhookCall): Promise<Received> {
    if (request.method === 'GET') return challenged(request.url, settings.verifyToken);
    if (!isSigned(request.body, macIn(request.headers) ?? '', settings.appSecret))
      return { kind: 'refused', status: 401 };
    const payload = Payload.safeParse(readJson(request.body));
    if (!payload.success) return { kind: 'refused', status: 400 };
    const changes = payload.data.entry.flatMap(({ changes }) => changes);
    return { kind: 'received', events: changes.flatMap((change) => eventsOf(change, settings.phoneNumberId)) };
  }

  async function standing(): Promise<Standing> {
    const answer = await call('?fields=display_phone_number');
    if (answer.kind === 'failed') return { letIn: false, why: 'unreachable', reason: answer.reason };
    const json = readJson(answer.text);
    const number = PhoneNumber.safeParse(json);
    if (answer.status !== 200 || !number.success) {
      const why = answer.status === 401 || answer.status === 403 ? 'login' : 'other';
      return { letIn: false, why, reason: String(Failed.safeParse(json).data?.error.code ?? answer.status) };
    }
    const name = `+${number.data.display_phone_number.replace(/\D/g, '')}`;
    return { letIn: true, name, ...(settings.number === undefined ? {} : { setting: `+${settings.number}` }) };
  }

  function call(path: string, json?: unknown): Promise<Answer> {
    return exchange({
      fetch: options.fetch,
      url: `${settings.api}/${settings.phoneNumberId}${path}`,
      headers: { authorization: `Bearer ${settings.token}` },
      ...(json === undefined ? {} : { json }),
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    });
  }

  return {
    provider: 'whatsapp',
    reports: true,
    send,
    rehearse: (text, standIn) => createWhatsAppChannel(settings, { ...options, fetch: standIn(TAKEN) }).send(text),
    receive,
    refuseUnread,
    callMaxBytes: CALL_MAX_BYTES,
    standing,
    // `?text=` is a draft: nothing is sent until the person sends it, and only what arrives links.
    deepLink: (token) =>
      settings.number === undefined
        ? undefined
        : `https://wa.me/${settings.number}?text=${encodeURIComponent(draft(token))}`,
    close: async () => {},
  };
}

function messageOf(text: OutgoingText, settings: WhatsAppSettings): Record<string, unknown> {
  const to = text.to.replace(/^\+/, '');
  // Meta's name of the field for people without a number. `to` and `recipient` exclude each other.
  const addressee = isBusinessScopedId(text.to) ? { recipient: to } : { to };
  const envelope = {
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    // Comes back with each status: so a message is known whose answer was lost, and with it the id that Meta gave it.
    biz_opaque_callback_data: text.id,
    ...addressee,
  };
  if (text.code === undefined) return { ...envelope, type: 'text', text: { body: text.text, preview_url: false } };
  const parameters = [{ type: 'text', text: text.code }];
  return {
    ...envelope,
    type: 'template',
    template: {
      name: settings.template,
      language: { policy: 'deterministic', code: languageFor(text.locale, settings.languages) },
      components: [
        { type: 'body', parameters },
        // "Copy code" became a button of type URL when the template was made; its parameter is what it copies.
        { type: 'button', sub_type: 'url', index: '0', parameters },
      ],
    },
  };
}

/** The template's language for a BCP 47 locale: the same, the same without its region, any region of it, or the first. */
function languageFor(locale: string, languages: readonly string[]): string {
  const { language, region } = new Intl.Locale(canonicalLocale(locale));
  return (
    languages.find((code) => code === `${language}_${region}`) ??
    languages.find((code) => code === language) ??
    languages.find((code) => code.startsWith(`${language}_`)) ??
    (languages[0] as string)
  );
}

function canonicalLocale(locale: string): string {
  try {
    return Intl.getCanonicalLocales(locale)[0] ?? 'und';
  } catch {
    return 'und';
  }
}

const TAKEN: TakenAnswer = {
  status: 200,
  body: JSON.stringify({ messaging_product: 'whatsapp', messages: [{ id: `wamid.${'0'.repeat(50)}` }] }),
};

const Sent = z.object({ messages: z.array(z.object({ id: z.string().min(1).max(512) })).min(1) });
const PhoneNumber = z.object({ display_phone_number: z.string() });
const Failed = z.object({ error: z.object({ code: z.number().int() }) });

/** Meta's question whether this address is ours, asked when the operator types it in. */
function challenged(url: string, verifyToken: string): Received {
  const query = new URL(url, 'https://webhook.invalid').searchParams;
  const challenge = query.get('hub.challenge') ?? '';
  if (query.get('hub.mode') !== 'subscribe' || !isSameSecret(query.get('hub.verify_token') ?? '', verifyToken))
    return { kind: 'refused', status: 403 };
  // Only what can be no markup is ever echoed.
  if (!/^[\w.-]{1,256}$/.test(challenge)) return { kind: 'refused', status: 400 };
  return { kind: 'received', events: [], answer: { contentType: 'text/plain; charset=utf-8', body: challenge } };
}

/**
 * By the bytes as they came, or by the body as Meta describes what it signs: every letter outside of ASCII written as `\u00e4`
 * (https://developers.facebook.com/docs/messenger-platform/webhooks#validate-payloads). Both say the same.
 */
function isSigned(body: Uint8Array, given: string, appSecret: string): boolean {
  const isOf = (text: Uint8Array): boolean => isSameMac(given, createHmac('sha256', appSecret).update(text).digest());
  const isPlain = isAscii(body) && !body.includes(DELETE);
  return given !== '' && (isOf(body) || (!isPlain && isOf(escaped(body))));
}

function macIn(headers: Headers): string | undefined {
  return /^sha256=([0-9a-f]{64})$/i.exec(headers.get('x-hub-signature-256') ?? '')?.[1];
}

const LAST_PLAIN = 0x7e;
const DELETE = 0x7f;
const ESCAPE = Buffer.from(String.raw`\u0000`);
const HEX_DIGITS = Buffer.from('0123456789abcdef');

/** Unit by unit, for whoever forges a call chooses its letters: of 3 MB a pattern took 650 ms, this takes 80. */
function escaped(body: Uint8Array): Uint8Array {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(body);
  const bytes = Buffer.allocUnsafe(text.length * ESCAPE.length);
  let length = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit <= LAST_PLAIN) {
      bytes[length] = unit;
      length += 1;
    } else {
      bytes[length] = ESCAPE[0] as number;
      bytes[length + 1] = ESCAPE[1] as number;
      for (let digit = 0; digit < 4; digit += 1)
        bytes[length + 2 + digit] = HEX_DIGITS[(unit >> (12 - 4 * digit)) & 15] as number;
      length += ESCAPE.length;
    }
  }
  return bytes.subarray(0, length);
}

/** Items are read one by one further down: what is strange in one must not lose the others of a batch. */
const Change = z.object({ field: z.string(), value: z.looseObject({}) });
const Payload = z.object({
  object: z.literal('whatsapp_business_account'),
  entry: z.array(z.object({ changes: z.array(Change) })),
});
const Metadata = z.object({ phone_number_id: z.string() });
const Seconds = z
  .union([z.string().regex(/^\d{1,12}$/), z.number().int().nonnegative()])
  .transform((s) => Number(s) * 1000);
const Contact = z.object({
  wa_id: z.string().optional(),
  user_id: z.string().optional(),
  profile: z.object({ name: z.string().optional() }).optional(),
});
const Status = z.object({
  id: z.string().min(1).max(512),
  status: z.string(),
  timestamp: Seconds,
  errors: z.array(z.object({ code: z.number().int() })).optional(),
  biz_opaque_callback_data: z.string().max(512).optional(),
});
const Message = z.object({
  id: z.string().min(1).max(512),
  from: z.string().optional(),
  from_user_id: z.string().optional(),
  group_id: z.string().optional(),
  timestamp: Seconds,
  type: z.string(),
  text: z.object({ body: z.string() }).optional(),
  button: z.object({ text: z.string().optional(), payload: z.string().optional() }).optional(),
  interactive: z
    .object({
      button_reply: z.object({ id: z.string(), title: z.string() }).optional(),
      list_reply: z.object({ id: z.string(), title: z.string() }).optional(),
    })
    .optional(),
  system: z.object({ type: z.string(), previous_user_id: z.string().optional() }).optional(),
});
const Preference = z.object({
  wa_id: z.string().optional(),
  user_id: z.string().optional(),
  category: z.string(),
  value: z.string(),
  timestamp: Seconds,
});

/** One app may serve several numbers; what is about another one is not ours. */
function eventsOf({ field, value }: z.infer<typeof Change>, phoneNumberId: string): ChannelEvent[] {
  if (Metadata.safeParse(value.metadata).data?.phone_number_id !== phoneNumberId) return [];
  if (field === 'user_preferences') return readable(Preference, value.user_preferences).flatMap(preferenceEvents);
  if (field !== 'messages') return [];
  const contacts = readable(Contact, value.contacts);
  return [
    ...readable(Status, value.statuses).flatMap(receipts),
    ...readable(Message, value.messages).flatMap((message) => messageEvents(message, contacts)),
  ];
}

function readable<T>(schema: z.ZodType<T>, items: unknown): T[] {
  return Array.isArray(items) ? items.flatMap((item) => schema.safeParse(item).data ?? []) : [];
}

function receipts({ id, status, timestamp, errors, ...rest }: z.infer<typeof Status>): ChannelEvent[] {
  const { biz_opaque_callback_data: messageId } = rest;
  const receipt = { type: 'receipt' as const, providerId: id, ...(messageId && { messageId }), at: timestamp };
  if (status === 'sent' || status === 'delivered' || status === 'read') return [{ ...receipt, status, reason: null }];
  // "played" is for voice, "deleted" and "warning" are for the other direction.
  if (status !== 'failed') return [];
  return [{ ...receipt, status, reason: errors?.[0] === undefined ? 'failed' : String(errors[0].code) }];
}

function messageEvents(message: z.infer<typeof Message>, contacts: readonly z.infer<typeof Contact>[]): ChannelEvent[] {
  const ids = idsOf(message.from, message.system?.previous_user_id ?? message.from_user_id);
  if (ids === undefined || message.group_id !== undefined) return [];
  const about = { ...ids, at: message.timestamp, eventId: message.id };
  // The number belongs to somebody else from now on, or to nobody; with it the id changes.
  if (message.type === 'system')
    return message.system?.type.startsWith('user_changed_') ? [{ type: 'stopped', ...about }] : [];
  const text = textOf(message);
  if (text === undefined) return [];
  const token = findLinkToken(text);
  if (token !== undefined) return [{ type: 'linked', token, name: nameOf(message, contacts), ...about }];
  return [isStopWord(text) ? { type: 'stopped', ...about } : { type: 'said', text, ...about }];
}

function textOf({ text, button, interactive }: z.infer<typeof Message>): string | undefined {
  const reply = interactive?.button_reply ?? interactive?.list_reply;
  return text?.body ?? button?.text ?? button?.payload ?? reply?.title;
}

/** Contacts are matched by id: their order says nothing. Who shows no number has an empty one, or none. */
function nameOf(
  { from, from_user_id }: z.infer<typeof Message>,
  contacts: readonly z.infer<typeof Contact>[],
): string | null {
  const contact = contacts.find(
    ({ wa_id, user_id }) => (user_id && user_id === from_user_id) || (wa_id && wa_id === from),
  );
  return chatName(contact?.profile?.name);
}

/** What WhatsApp itself lets people stop is promotions; their codes go on. */
function preferenceEvents({ wa_id, user_id, category, value, timestamp }: z.infer<typeof Preference>): ChannelEvent[] {
  const ids = idsOf(wa_id, user_id);
  if (ids === undefined || value !== 'stop' || category !== 'marketing_messages') return [];
  return [{ type: 'stopped', ...ids, at: timestamp, scope: 'promotions' }];
}

/** E.164 where the person shows a number, so that it is the same as what `send` is given; else the id of this business alone. */
function idsOf(phone: string | undefined, userId: string | undefined): { chat: string; scopedId?: string } | undefined {
  const scopedId = [userId, phone].find((id) => id !== undefined && isBusinessScopedId(id));
  if (phone !== undefined && /^[1-9]\d{6,14}$/.test(phone)) return { chat: `+${phone}`, ...(scopedId && { scopedId }) };
  return scopedId === undefined ? undefined : { chat: scopedId };
}

/** Country, a dot (in some accounts with a word of Meta's between), and up to 128 letters and digits. */
function isBusinessScopedId(id: string): boolean {
  return /^[A-Z]{2}\.(?:[A-Z]{1,8}\.)?[A-Za-z0-9]{1,128}$/.test(id);
}
