/**
 * Amazon SES, which we use as an SMTP relay, reports through Amazon SNS: each event is a signed JSON document
 * (docs.aws.amazon.com: SES notification-contents and event-publishing; SNS sns-verify-signature-of-message).
 *
 * SES replaces our Message-ID by its own, but repeats the headers that we passed to it, and names our envelope's sender.
 */
import { createVerify, X509Certificate } from 'node:crypto';
import { readBounded } from '../../exchange.ts';
import type { ChannelEvent, Clock, Received, WebhookCall } from '../../ports.ts';
import { readMessageId } from '../../rules/bounce-addresses.ts';
import { enhancedStatusIn, troubleOf } from '../../rules/bounces.ts';
import { Refusal } from '../../rules/errors.ts';
import { readJson } from '../../rules/read-json.ts';

const FETCH_TIMEOUT_MS = 5_000;
const CERTIFICATE_MAX_CHARACTERS = 20_000;
/** By `SignatureVersion`. A map: a stranger may send the name of something that every object has. */
const ALGORITHMS = new Map([
  ['1', 'RSA-SHA1'],
  ['2', 'RSA-SHA256'],
]);
/** Amazon has one for each region and changes it about once a year. */
const CERTIFICATES_KEPT = 10;
/** Whoever knows the topic's name can name us addresses to fetch from. What one of them said is remembered for a minute. */
const ADDRESSES_ASKED_MAX = 10;
const ASKED_KEPT_MS = 60_000;

export interface SesOptions {
  fetch: typeof fetch;
  clock: Clock;
  messageOf(bounceAddress: string): string | undefined;
}

type Receipt = Extract<ChannelEvent, { type: 'receipt' }>;
type Json = Record<string, unknown>;

export function createSesReports(settings: { topics: readonly string[] }, options: SesOptions) {
  const { clock } = options;
  const certificates = createCertificates(options);

  async function receive(call: WebhookCall): Promise<Received> {
    const envelope = call.method === 'POST' ? asObject(readJson(call.body)) : undefined;
    if (envelope === undefined) return { kind: 'refused', status: 400 };
    // Anybody can have a topic of his own, whose messages Amazon signs as rightly as those of ours.
    if (!settings.topics.includes(textOf(envelope.TopicArn))) return { kind: 'refused', status: 403 };
    if (!(await isSigned(envelope))) return { kind: 'refused', status: 403 };
    if (envelope.Type === 'SubscriptionConfirmation') return confirm(envelope);
    if (envelope.Type !== 'Notification') return { kind: 'received', events: [] };
    const event = asObject(readJson(textOf(envelope.Message)));
    // SNS sends a sentence when SES is first bound to the topic.
    return { kind: 'received', events: event === undefined ? [] : receiptsOf(event, options) };
  }

  async function isSigned(envelope: Json): Promise<boolean> {
    const algorithm = ALGORITHMS.get(textOf(envelope.SignatureVersion));
    const address = snsAddress(envelope.SigningCertURL, envelope.TopicArn);
    if (algorithm === undefined || address === undefined || !address.pathname.endsWith('.pem')) return false;
    // With another query it would be another address of the same certificate, and there is no end of them.
    if (/[?#]/.test(address.href)) return false;
    const certificate = await certificates.at(address.href);
    if (certificate === undefined || !isValidAt(certificate, clock.now())) return false;
    const signed = createVerify(algorithm).update(signedText(envelope), 'utf8');
    const isRight = signed.verify(certificate.publicKey, textOf(envelope.Signature), 'base64');
    if (isRight) certificates.keep(address.href, certificate);
    return isRight;
  }

  async function confirm(envelope: Json): Promise<Received> {
    const address = snsAddress(envelope.SubscribeURL, envelope.TopicArn);
    if (address === undefined) return { kind: 'refused', status: 403 };
    if ((await textAt(address.href, options)) === undefined)
      throw new Error('Amazon SNS refused the confirmation of the subscription');
    return { kind: 'received', events: [] };
  }

  return { receive };
}

/** Forged calls may name any address of Amazon; they neither push out what true calls were signed with, nor make us ask for ever. */
function createCertificates(options: SesOptions) {
  const { clock } = options;
  const kept = new Map<string, X509Certificate>();
  const asked = new Map<string, { at: number; found: Promise<X509Certificate | undefined> }>();

  function forgetAsked(): void {
    for (const [address, { at }] of asked) if (clock.now() - at >= ASKED_KEPT_MS) asked.delete(address);
  }

  return {
    /** @throws where Amazon can't be reached, or too many addresses were named: we answer 503, and SNS calls again */
    async at(address: string): Promise<X509Certificate | undefined> {
      const known = kept.get(address);
      if (known !== undefined) return known;
      forgetAsked();
      const recent = asked.get(address);
      if (recent !== undefined) return recent.found;
      if (asked.size >= ADDRESSES_ASKED_MAX)
        throw new Refusal('unavailable', { retryAfterSeconds: ASKED_KEPT_MS / 1000 });
      const found = certificateAt(address, options);
      asked.set(address, { at: clock.now(), found });
      return found;
    },
    /** For good: a call was rightly signed with it. */
    keep(address: string, certificate: X509Certificate): void {
      if (kept.has(address)) return;
      const [oldest] = kept.keys();
      if (oldest !== undefined && kept.size >= CERTIFICATES_KEPT) kept.delete(oldest);
      kept.set(address, certificate);
    },
  };
}

async function certificateAt(address: string, options: SesOptions): Promise<X509Certificate | undefined> {
  const pem = await textAt(address, options);
  if (pem === undefined) return undefined;
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

async function textAt(address: string, options: SesOptions): Promise<string | undefined> {
  const response = await options.fetch(address, {
    // Elsewhere is not Amazon.
    redirect: 'manual',
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
  });
  if (!response.ok) {
    await response.body?.cancel();
    // A refusal of ours is final for SNS, and this passes.
    if (response.status >= 500) throw new Error(`Amazon SNS answered ${response.status}`);
    return undefined;
  }
  const text = await readBounded(response);
  return text === undefined || text.length > CERTIFICATE_MAX_CHARACTERS ? undefined : text;
}

/**
 * SNS in the region of the topic, over TLS. In the place of a region anybody could have something of his own: sns.s3.amazonaws.com
 * is whoever's bucket is called "sns".
 */
function snsAddress(address: unknown, topic: unknown): URL | undefined {
  if (!URL.canParse(textOf(address))) return undefined;
  const url = new URL(textOf(address));
  const { hostname, protocol, port, username, password } = url;
  const isSns = hostsOf(textOf(topic)).includes(hostname);
  return isSns && protocol === 'https:' && port === '' && username === '' && password === '' ? url : undefined;
}

/** By `arn:PARTITION:sns:REGION:ACCOUNT:NAME`; the partition of China has a domain of its own. */
function hostsOf(topic: string): string[] {
  const [, partition, , region] = topic.split(':');
  const host = `sns.${region}.amazonaws.com`;
  return partition === 'aws-cn' ? [host, `${host}.cn`] : [host];
}

function isValidAt({ validFromDate, validToDate }: X509Certificate, now: number): boolean {
  return validFromDate.getTime() <= now && now <= validToDate.getTime();
}

const SIGNED_OF_NOTIFICATION = ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'];
const SIGNED_OF_SUBSCRIPTION = ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];

/** Name and value of each field, a line each; a notification without a subject is signed without it. */
function signedText(envelope: Json): string {
  const names = envelope.Type === 'Notification' ? SIGNED_OF_NOTIFICATION : SIGNED_OF_SUBSCRIPTION;
  return names
    .filter((name) => typeof envelope[name] === 'string')
    .map((name) => `${name}\n${textOf(envelope[name])}\n`)
    .join('');
}

/** Each mail has one recipient; of an event with several, each is reported on. */
function receiptsOf(event: Json, options: SesOptions): Receipt[] {
  const known = knownMessage(asObject(event.mail), options);
  if (known === undefined) return [];
  const at = (part: unknown): number => momentOf(asObject(part)?.timestamp) ?? options.clock.now();
  const plain = (status: Receipt['status'], part: unknown, reason: string | null = null): Receipt[] => [
    { type: 'receipt', ...known, status, at: at(part), reason },
  ];
  switch (event.eventType ?? event.notificationType) {
    case 'Send':
      return plain('sent', event.mail);
    case 'DeliveryDelay':
      return plain('sent', event.deliveryDelay, codeOf(asObject(event.deliveryDelay)?.delayType));
    case 'Delivery':
      return plain('delivered', event.delivery);
    case 'Reject':
      return plain('failed', event.mail, 'Reject');
    case 'Rendering Failure':
      return plain('failed', event.mail, 'RenderingFailure');
    case 'Bounce':
      return bouncesOf(asObject(event.bounce) ?? {}, known, at(event.bounce));
    case 'Complaint':
      return plain('delivered', event.complaint).map((receipt) => ({
        ...receipt,
        ...whatComplaintSays(asObject(event.complaint) ?? {}),
      }));
    default:
      return [];
  }
}

/** Feedback types (RFC 5965 7.3) that a person gives who does not want the mail; mailbox providers may leave them out. */
const UNWANTED = ['', 'abuse', 'fraud', 'other'];

function whatComplaintSays({
  complaintSubType,
  complaintFeedbackType,
}: Json): Pick<Receipt, 'status' | 'reason' | 'trouble'> {
  // An earlier one: SES took the mail and did not even try.
  if (/Suppress/.test(textOf(complaintSubType)))
    return { status: 'failed', reason: codeOf(complaintSubType), trouble: 'held-back' };
  const reason = codeOf(complaintFeedbackType) ?? 'complaint';
  if (UNWANTED.includes(textOf(complaintFeedbackType))) return { status: 'delivered', reason, trouble: 'complaint' };
  // Somebody took it out of the spam. The rest is said by machines: a signature that failed, a virus.
  return { status: reason === 'not-spam' ? 'delivered' : 'sent', reason };
}

/** Of a bounce that SES calls transient it does not try again either. */
function bouncesOf(bounce: Json, known: Pick<Receipt, 'providerId' | 'messageId'>, at: number): Receipt[] {
  const kind = [codeOf(bounce.bounceType), codeOf(bounce.bounceSubType)].filter((part) => part !== null).join('.');
  const recipients = Array.isArray(bounce.bouncedRecipients) ? bounce.bouncedRecipients.slice(0, 50) : [];
  return recipients.map((item) => {
    const { emailAddress, status, diagnosticCode } = asObject(item) ?? {};
    const code = enhancedStatusIn(`${textOf(status)} ${textOf(diagnosticCode)}`);
    return {
      type: 'receipt',
      ...known,
      status: 'failed',
      at,
      reason: code ?? (kind || 'Bounce'),
      ...troubleOfBounce(bounce, code),
      ...(typeof emailAddress === 'string' ? { recipient: emailAddress } : {}),
    };
  });
}

/**
 * Suppressed, OnAccountSuppressionList: SES did not even try. General: a hard bounce, which SES asks its customers to write to no more;
 * often it has no code to add, or 5.0.0, which says no more.
 */
function troubleOfBounce({ bounceType, bounceSubType }: Json, code: string | undefined): Pick<Receipt, 'trouble'> {
  if (bounceType !== 'Permanent') return {};
  if (/Suppress/.test(textOf(bounceSubType))) return { trouble: 'held-back' };
  const isUnexplained = code === undefined || code.endsWith('.0.0');
  if (bounceSubType === 'NoEmail' || (bounceSubType === 'General' && isUnexplained)) return { trouble: 'no-mailbox' };
  return troubleOf(code);
}

function knownMessage(
  mail: Json | undefined,
  { messageOf }: SesOptions,
): Pick<Receipt, 'providerId' | 'messageId'> | undefined {
  const messageId = messageOf(textOf(mail?.source));
  if (messageId !== undefined) return { providerId: '', messageId };
  const headers = Array.isArray(mail?.headers) ? mail.headers.map(asObject) : [];
  const own = headers.find((header) => textOf(header?.name).toLowerCase() === 'message-id');
  return readMessageId(textOf(own?.value));
}

/** A code of SES, never a sentence. */
function codeOf(value: unknown): string | null {
  return typeof value === 'string' && /^[A-Za-z-]{1,40}$/.test(value) ? value : null;
}

function momentOf(value: unknown): number | undefined {
  const at = Date.parse(textOf(value));
  return Number.isNaN(at) ? undefined : at;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}
