/**
 * Postmark, which we use as an SMTP relay, posts a JSON document for each event. It signs nothing: its address carries a name
 * and a password. Our id of the message comes back as metadata, which a header of our mail sets (`X-PM-Metadata-...`),
 * because Postmark replaces our Message-ID by one of its own.
 */
import type { ChannelEvent, Clock, Received, RefusedCall, UnreadCall, WebhookCall } from '../../ports.ts';
import { enhancedStatusIn, troubleOf } from '../../rules/bounces.ts';
import { readJson } from '../../rules/read-json.ts';
import { isSameSecret } from '../../rules/signatures.ts';

type Receipt = Extract<ChannelEvent, { type: 'receipt' }>;
type Json = Record<string, unknown>;

export function createPostmarkReports(settings: { user: string; password: string }, { clock }: { clock: Clock }) {
  const expected = `Basic ${Buffer.from(`${settings.user}:${settings.password}`).toString('base64')}`;

  function refuseUnread({ method, headers }: UnreadCall): RefusedCall | undefined {
    if (method !== 'POST') return { kind: 'refused', status: 400 };
    return isSameSecret(headers.get('authorization') ?? '', expected) ? undefined : { kind: 'refused', status: 401 };
  }

  async function receive(call: WebhookCall): Promise<Received> {
    const refused = refuseUnread(call);
    if (refused) return refused;
    const event = readJson(call.body);
    if (typeof event !== 'object' || event === null || Array.isArray(event)) return { kind: 'refused', status: 400 };
    const receipt = receiptOf(event as Json, clock.now());
    return { kind: 'received', events: receipt ? [receipt] : [] };
  }

  return { receive, refuseUnread };
}

function receiptOf(event: Json, now: number): Receipt | undefined {
  const messageId = ownId(event.Metadata);
  if (messageId === undefined) return undefined;
  const at = momentOf(event.DeliveredAt ?? event.BouncedAt) ?? now;
  const recipient = typeof event.Recipient === 'string' ? event.Recipient : event.Email;
  const about = { providerId: '', messageId, at, ...(typeof recipient === 'string' ? { recipient } : {}) };
  switch (event.RecordType) {
    case 'Delivery':
      return { type: 'receipt', ...about, status: 'delivered', reason: null };
    case 'SpamComplaint':
      return { type: 'receipt', ...about, status: 'delivered', reason: 'SpamComplaint', trouble: 'complaint' };
    case 'Bounce':
      return bounceOf(event, about);
    default:
      return undefined;
  }
}

/** Types that are no fate of the message: answers of people and of their machines. */
const ANSWERS = new Set(['AutoResponder', 'Unsubscribe', 'Subscribe', 'AddressChange', 'OpenRelayTest']);

function bounceOf(event: Json, about: Omit<Receipt, 'type' | 'status' | 'reason'>): Receipt | undefined {
  const type = typeof event.Type === 'string' && /^[A-Za-z]{1,40}$/.test(event.Type) ? event.Type : 'Bounce';
  if (ANSWERS.has(type)) return undefined;
  const code = enhancedStatusIn(typeof event.Details === 'string' ? event.Details : '');
  // "The server could not temporarily deliver your message": it tries on.
  if (type === 'Transient') return { type: 'receipt', ...about, status: 'sent', reason: code ?? type };
  if (type === 'SpamComplaint')
    return { type: 'receipt', ...about, status: 'delivered', reason: type, trouble: 'complaint' };
  return { type: 'receipt', ...about, status: 'failed', reason: code ?? type, ...troubleOfBounce(type, code, event) };
}

/** `Inactive`: Postmark sends nothing more to it. */
function troubleOfBounce(type: string, code: string | undefined, event: Json): Pick<Receipt, 'trouble'> {
  const found = type === 'BadEmailAddress' ? ({ trouble: 'no-mailbox' } as const) : troubleOf(code);
  if (found.trouble !== undefined) return found;
  if (type === 'HardBounce' && code === undefined) return { trouble: 'no-mailbox' };
  return type === 'ManuallyDeactivated' || event.Inactive === true ? { trouble: 'held-back' } : {};
}

/** The name as `X-PM-Metadata-regain-message` sets it, in whatever case it comes back. */
function ownId(metadata: unknown): string | undefined {
  if (typeof metadata !== 'object' || metadata === null) return undefined;
  const found = Object.entries(metadata).find(([name]) => name.toLowerCase() === 'regain-message')?.[1];
  return typeof found === 'string' && /^[\w-]{1,64}$/.test(found) ? found : undefined;
}

function momentOf(value: unknown): number | undefined {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}
