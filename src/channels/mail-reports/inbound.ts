/**
 * Bounces as mail: whoever takes the mail of the bounce address posts each one to us, raw (`message/rfc822`), signed like
 * every call of our own scheme. Read are delivery status notifications (RFC 3464) and reports of abuse (RFC 5965).
 */
import PostalMime, { type Attachment, type Email } from 'postal-mime';
import type { ChannelEvent, Clock, Received, RefusedCall, UnreadCall, WebhookCall } from '../../ports.ts';
import { readMessageId } from '../../rules/bounce-addresses.ts';
import { enhancedStatusIn, replyCodeIn, troubleOf } from '../../rules/bounces.ts';
import { IDENTIFIER_MAX_CHARACTERS } from '../../rules/limits.ts';
import { isSignedCall, mayBeSignedCall } from '../../rules/signatures.ts';

export interface InboundOptions {
  clock: Clock;
  /** The message that this return path was made for. */
  messageOf(bounceAddress: string): string | undefined;
}

type Receipt = Extract<ChannelEvent, { type: 'receipt' }>;
type Fields = Map<string, string>;

/** What a report is about: our own id of the message, and the Message-ID it left with. */
type Known = Pick<Receipt, 'providerId' | 'messageId'>;

/**
 * A report stands before the mail that came back, of which only the header is wanted. Anybody may write to the bounce address,
 * and the parser goes over long texts several times: 1 MB of empty lines took it 17 seconds, what is read here at most a tenth
 * of one.
 */
const READ_MAX_BYTES = 128 * 1024;
const READ_MAX_LINES = 4_000;
/** Of all parts together. Servers on the way add some ten kilobytes. */
const HEADERS_MAX_BYTES = 64 * 1024;
/** A bounce is for one return path; a few servers on its way write it down again. */
const RETURN_PATHS_MAX = 50;

/** A person's mail, an absence note, a virus: taken and forgotten, so that the sender of the call does not try again. */
const NOTHING: Received = { kind: 'received', events: [] };

export function createInboundReports(settings: { secret: string }, options: InboundOptions) {
  const { clock } = options;

  function refuseUnread({ method, headers }: UnreadCall): RefusedCall | undefined {
    if (method !== 'POST') return { kind: 'refused', status: 400 };
    return mayBeSignedCall(signatureOf(headers), clock.now()) ? undefined : { kind: 'refused', status: 401 };
  }

  async function receive(call: WebhookCall): Promise<Received> {
    const refused = refuseUnread(call);
    if (refused) return refused;
    if (!isSignedCall(settings.secret, signatureOf(call.headers), call.body, clock.now()))
      return { kind: 'refused', status: 401 };
    const text = beginningOf(call.body);
    if (!mayHoldReport(text)) return NOTHING;
    const mail = await parsed(text);
    if (mail === undefined) return NOTHING;
    const report = partOf(mail, 'message/delivery-status') ?? partOf(mail, 'message/global-delivery-status');
    const abuse = partOf(mail, 'message/feedback-report');
    if (report === undefined && abuse === undefined) return NOTHING;
    const known = knownMessage(mail, report, options);
    if (known === undefined) return NOTHING;
    const at = momentOf(mail.date) ?? clock.now();
    const events = report === undefined ? complaintOf(abuse ?? '', known, at) : receiptsOf(report, known, at);
    return { kind: 'received', events };
  }

  return { receive, refuseUnread };
}

function signatureOf(headers: Headers): string {
  return headers.get('regain-signature') ?? '';
}

function beginningOf(mail: Uint8Array): Uint8Array {
  const most = mail.subarray(0, READ_MAX_BYTES);
  let end = 0;
  for (let line = 0; line < READ_MAX_LINES; line += 1) {
    const lineEnd = most.indexOf(LINE_FEED, end);
    if (lineEnd === -1) return most;
    end = lineEnd + 1;
  }
  return most.subarray(0, end);
}

const LINE_FEED = 0x0a;

/** A part's type is written as it is, whatever the part is encoded in. */
function mayHoldReport(mail: Uint8Array): boolean {
  return /message\/(?:delivery-status|global-delivery-status|feedback-report)/i.test(
    Buffer.from(mail).toString('latin1'),
  );
}

/** Undefined for what is too deep or too long in its headers to be a mail. */
async function parsed(body: Uint8Array): Promise<Email | undefined> {
  try {
    return await PostalMime.parse(body, {
      rfc822Attachments: true,
      forceRfc822Attachments: true,
      attachmentEncoding: 'utf8',
      maxNestingDepth: 20,
      maxHeadersSize: HEADERS_MAX_BYTES,
    });
  } catch {
    return undefined;
  }
}

function partOf({ attachments }: Email, ...types: string[]): string | undefined {
  const part = attachments.find(({ mimeType }) => types.includes(mimeType));
  return part && textOf(part);
}

function textOf({ content }: Attachment): string {
  return typeof content === 'string' ? content : new TextDecoder().decode(content);
}

/** Groups of fields between empty lines (RFC 3464 2.1), folded lines joined; of a repeated field the first. */
function groupsOf(report: string): Fields[] {
  return report
    .replace(/\r\n?/g, '\n')
    .split(/\n[ \t]*\n/)
    .map((group) => fieldsOf(group))
    .filter((fields) => fields.size > 0);
}

function fieldsOf(group: string): Fields {
  const fields: Fields = new Map();
  for (const line of group
    .replace(/\r\n?/g, '\n')
    .replace(/\n[ \t]+/g, ' ')
    .split('\n')) {
    const [before, name] = /^([A-Za-z][A-Za-z0-9-]*)[ \t]*:/.exec(line) ?? [];
    if (before === undefined || name === undefined || fields.has(name.toLowerCase())) continue;
    fields.set(name.toLowerCase(), line.slice(before.length).trim());
  }
  return fields;
}

/**
 * By our return path, which carries a MAC; else by the Message-ID of what came back, whose 128 random bits are known to
 * nobody who did not have the mail.
 */
function knownMessage(mail: Email, report: string | undefined, { messageOf }: InboundOptions): Known | undefined {
  const returned = fieldsOf(
    partOf(
      mail,
      'message/rfc822',
      'text/rfc822-headers',
      'message/rfc822-headers',
      'message/global-headers',
      'message/global',
    )
      ?.replace(/\r\n?/g, '\n')
      .split('\n\n')[0] ?? '',
  );
  for (const address of returnPathsOf(mail, returned)) {
    const messageId = messageOf(address);
    if (messageId !== undefined) return { providerId: '', messageId };
  }
  const envelope = groupsOf(report ?? '')[0]?.get('original-envelope-id');
  const byId = readMessageId(returned.get('message-id') ?? '');
  if (byId !== undefined) return byId;
  return envelope !== undefined && /^[\w.-]{1,64}$/.test(envelope)
    ? { providerId: '', messageId: envelope }
    : undefined;
}

/** Everywhere that servers write whom a mail was for; "To" of a bounce is the return path of what bounced. */
function returnPathsOf(mail: Email, returned: Fields): string[] {
  const named = ['delivered-to', 'x-original-to', 'envelope-to', 'x-envelope-to', 'to'].flatMap((name) =>
    mail.headers.filter(({ key }) => key === name).map(({ value }) => value),
  );
  return [...named, returned.get('return-path') ?? '']
    .flatMap((value) => value.split(/[\s<>,;:"]+/).filter(isAddress))
    .slice(0, RETURN_PATHS_MAX);
}

function isAddress(text: string): boolean {
  const at = text.indexOf('@', 1);
  return at !== -1 && at < text.length - 1 && text.length <= IDENTIFIER_MAX_CHARACTERS;
}

/** One recipient a message, so one group after the first; a list that was written to may report on more. */
function receiptsOf(report: string, known: Known, sentAt: number): Receipt[] {
  return groupsOf(report)
    .filter((fields) => fields.has('action'))
    .slice(0, 20)
    .map((fields) => receiptOf(fields, known, sentAt));
}

/**
 * failed is final. delayed is still on its way. relayed and expanded left the world in which delivery is reported (RFC 3464
 * 2.3.3), so more than "sent" is not known.
 */
function receiptOf(fields: Fields, known: Known, sentAt: number): Receipt {
  const action = (fields.get('action') ?? '').split(/[\s(;]/)[0]?.toLowerCase();
  const diagnostic = fields.get('diagnostic-code') ?? '';
  // What the other server said is more exact than "5.0.0", which some servers make of every refusal.
  const code = [enhancedStatusIn(fields.get('status') ?? ''), enhancedStatusIn(diagnostic)].filter(
    (found) => found !== undefined,
  );
  const status = code.find((found) => !/\.0\.0$/.test(found)) ?? code[0];
  const recipient = addressIn(fields.get('original-recipient')) ?? addressIn(fields.get('final-recipient'));
  const about = {
    ...known,
    at: momentOf(fields.get('last-attempt-date')) ?? sentAt,
    ...(recipient ? { recipient } : {}),
  };
  if (action === 'delivered') return { type: 'receipt', ...about, status: 'delivered', reason: null };
  if (action !== 'failed') return { type: 'receipt', ...about, status: 'sent', reason: status ?? null };
  const reason = status ?? replyCodeIn(diagnostic) ?? 'failed';
  return { type: 'receipt', ...about, status: 'failed', reason, ...troubleOf(status) };
}

/** `rfc822; jane@example.com`, with or without brackets. */
function addressIn(value: string | undefined): string | undefined {
  return /^\s*(?:rfc822|utf-8)\s*;\s*<?([^\s<>]+@[^\s<>]+)>?/i.exec(value ?? '')?.[1];
}

/** Whoever calls it spam has read it. */
function complaintOf(report: string, known: Known, at: number): Receipt[] {
  const fields = fieldsOf(report.replace(/\n[ \t]*\n/g, '\n'));
  if (fields.get('feedback-type')?.toLowerCase() !== 'abuse') return [];
  return [{ type: 'receipt', ...known, status: 'delivered', at, reason: 'abuse', trouble: 'complaint' }];
}

function momentOf(date: string | undefined): number | undefined {
  const at = Date.parse((date ?? '').replace(/\([^()]*\)/g, ''));
  return Number.isNaN(at) ? undefined : at;
}
