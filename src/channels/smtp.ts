/** Mail by SMTP: a pool of kept connections (nodemailer), its answers told as outcomes of a send. */

import { setTimeout as pause } from 'node:timers/promises';
import { domainToASCII } from 'node:url';
import nodemailer, { type SendMailOptions } from 'nodemailer';
import type { SMTPPoolOptions } from 'nodemailer/lib/smtp-pool';
import { CircuitBreaker } from '../circuit-breaker.ts';
import type { MailSettings } from '../config.ts';
import type { MailChannel, OutgoingMail, RenderedMail, StandIn } from '../ports.ts';
import { Recent } from '../recent.ts';
import { ANSWER_LOST, type SendOutcome } from '../rules/delivery.ts';
import { SPARED } from '../rules/ladder.ts';
import { isLoopbackHost } from '../rules/loopback.ts';

/** From the DNS question to the end of STARTTLS. */
const CONNECT_TIMEOUT_MS = 8_000;
/**
 * One message, all in all, with waiting for a free connection. A server that trickles its answers never trips a time-out
 * of silence, only this one.
 */
const SEND_TIMEOUT_MS = 20_000;
/** An unused connection is closed by us, before the five minutes are over that servers wait (RFC 5321 4.5.3.2.7). */
const IDLE_TIMEOUT_MS = 240_000;
/** Silence on a connection. Longer than idling, because nodemailer counts an idle connection as silent. */
const SILENCE_TIMEOUT_MS = IDLE_TIMEOUT_MS + 10_000;

/** Decoys of a flood ask together: a knock each would keep the connections from the people who wait for a code. */
const KNOCK_SHARED_MS = 1_000;

export interface SmtpChannelOptions {
  /** Name of the sender where `settings.from` gives none. */
  brand: string;
  /** Where a message comes back to if it can't be delivered; the sender's own address where there is none. */
  returnPath?(id: string): string | undefined;
  /** Headers by which a provider names the message in its reports. */
  reportHeaders?(id: string): Record<string, string>;
  /** Takes the bytes of mails to nobody. */
  standIn?: StandIn;
  /** Shorter in tests. */
  sendTimeoutMs?: number;
}

/**
 * A channel for one mail server.
 *
 * `settings.url` is `smtp://user:password@host:port` or `smtps://...`, user and password percent-encoded. `smtps` is TLS
 * from the start; `smtp` asks for STARTTLS and goes on without it only on loopback or with `insecure=1`, where
 * certificates are not checked either.
 *
 * Outcomes: only what the server says of the recipient or of the message can be permanent. What it says of us (greeting,
 * TLS, login, sender) is for the operator to mend, and the message waits for that. Reasons are codes ("550 5.1.1",
 * "ECONNREFUSED"), never an address or a text of the server. Where no answer comes after the last byte (RFC 1047), the outcome is
 * `maybeSent`.
 */
export function createSmtpChannel(settings: MailSettings, options: SmtpChannelOptions): MailChannel {
  const from = senderOf(settings.from, options.brand);
  const connection = connectionOptions(new URL(settings.url));
  const transport = nodemailer.createTransport({
    ...connection,
    pool: true,
    maxConnections: settings.connections,
    // A new connection waits for the greeting, which many servers hold back for 100 ms. Exim hangs up after 1000 mails.
    maxMessages: 900,
    // A connection that the server closed while it idled costs one more try, within the same send.
    maxRequeues: 1,
    idleTimeout: IDLE_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  /** Message-IDs of those whose last byte was read to be sent. Without an answer to that, they may have been taken. */
  const whole = new Set<string>();
  transport.use('stream', ({ data: { messageId }, message }, done) => {
    if (messageId !== undefined) message.processFunc((input) => input.once('end', () => whole.add(messageId)));
    done();
  });
  /** Composes a message as the other does, and drops it. */
  const nowhere = nodemailer.createTransport({ streamTransport: true, buffer: true });
  const timeoutMs = options.sendTimeoutMs ?? SEND_TIMEOUT_MS;
  /** Behind a server that hangs no more mails wait than there are connections to it. */
  const breaker = new CircuitBreaker(settings.connections);
  const took = new Recent<number>();
  let lastKnock: { at: number; knocked: Promise<SendOutcome> } | undefined;

  async function send(mail: OutgoingMail): Promise<SendOutcome> {
    if (!isOneAddress(mail.to)) return { kind: 'permanent', reason: 'malformed_address' };
    // Never left for another way: what a mail's own fate looks like must not depend on an account that has one.
    return breaker.call(() => handOver(mail), false);
  }

  async function handOver(mail: OutgoingMail): Promise<SendOutcome> {
    const message = messageOf(mail, from, options);
    try {
      if (needsSmtpUtf8(mail.to) && !(await offersSmtpUtf8(connection)))
        return { kind: 'permanent', reason: 'smtputf8_unsupported' };
      return await withDeadline(timeoutMs, async (signal) => {
        const startedAt = performance.now();
        const sent = await transport.sendMail({ ...message, signal });
        took.remember(performance.now() - startedAt);
        return { kind: 'accepted', providerId: sent.messageId };
      });
    } catch (error) {
      return outcomeOf(error as SmtpError, whole.has(message.messageId));
    } finally {
      whole.delete(message.messageId);
    }
  }

  /**
   * Goes the way of a message on the same pool, up to a connection that is logged in. Having no recipient, it is ended
   * there with RSET: nodemailer's own `verify()` would open a new connection each time, at three times the work of a send.
   */
  async function probe({
    shared = false,
    like,
    likeInBytes = false,
  }: Parameters<MailChannel['probe']>[0] = {}): Promise<SendOutcome> {
    if (!breaker.lets(false)) return SPARED;
    const startedAt = performance.now();
    if (like) await writeToNobody(like, likeInBytes);
    if (!shared || !lastKnock || startedAt - lastKnock.at > KNOCK_SHARED_MS)
      lastKnock = { at: startedAt, knocked: knockAtServer() };
    const knocked = await lastKnock.knocked;
    if (knocked.kind === 'accepted') await pause(Math.max(0, (took.recall() ?? 0) - (performance.now() - startedAt)));
    return knocked;
  }

  /** A mail is some milliseconds of work; its dialogue and its bytes on the wire a fifth of one, which whoever asks next would miss, too. */
  async function writeToNobody(like: RenderedMail, inBytes: boolean): Promise<void> {
    const { message } = await nowhere.sendMail(messageOf({ id: 'nobody', to: from.address, ...like }, from, options));
    if (inBytes) await options.standIn?.take(message as Buffer);
  }

  async function knockAtServer(): Promise<SendOutcome> {
    try {
      await withDeadline(timeoutMs, (signal) => transport.sendMail({ ...knock(from), signal }));
      return { kind: 'accepted', providerId: '' };
    } catch (error) {
      return hasNoRecipient(error as SmtpError) ? { kind: 'accepted', providerId: '' } : outcomeOf(error as SmtpError);
    }
  }

  return {
    provider: 'smtp',
    send,
    probe,
    close: async () => transport.close(),
  };
}

interface Sender {
  name: string;
  address: string;
}

/** `Shop <no-reply@shop.example>` or a bare address. */
function senderOf(mailbox: string, brand: string): Sender {
  const [, name = '', address = mailbox] = /^([^<>]*)<([^<>]+)>\s*$/.exec(mailbox) ?? [];
  const unquoted = name.trim().replace(/^"(.*)"$/, '$1');
  return { name: unquoted || brand, address: address.trim() };
}

function connectionOptions(url: URL): SMTPPoolOptions {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const secure = url.protocol === 'smtps:';
  const lenient = isLoopbackHost(host) || url.searchParams.get('insecure') === '1';
  const user = decodeURIComponent(url.username);
  return {
    host,
    port: url.port ? Number(url.port) : secure ? 465 : 587,
    secure,
    requireTLS: !secure && !lenient,
    opportunisticTLS: lenient,
    tls: { rejectUnauthorized: !lenient },
    ...(user ? { auth: { user, pass: decodeURIComponent(url.password) } } : {}),
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    dnsTimeout: CONNECT_TIMEOUT_MS,
    // A server that does not hang up in its turn must not keep a stopping program alive.
    socketCloseTimeout: 1_000,
    socketTimeout: SILENCE_TIMEOUT_MS,
  };
}

/**
 * Whether this is one address and can be read as nothing else: no control characters, and no separator outside of a
 * quoted local part (RFC 5321 4.1.2). Whether it exists is the server's business.
 */
function isOneAddress(address: string): boolean {
  const at = address.lastIndexOf('@');
  const local = address.slice(0, at);
  const domain = address.slice(at + 1);
  if (at < 1 || /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}<>]/u.test(address) || !/^[^\s@,;:()"\\]+$/.test(domain)) return false;
  return /^"(?:[^"\\]|\\.)*"$/.test(local) || /^[^\s@,;:()[\]"\\]+$/.test(local);
}

/** A non-ASCII domain has an ASCII form; a local part has none (RFC 6531). */
function needsSmtpUtf8(address: string): boolean {
  return /[^\x00-\x7f]/.test(address.slice(0, address.lastIndexOf('@')));
}

/**
 * Asks the server, because nodemailer would send the bytes whether the server takes them or not. Such addresses are rare:
 * a connection of its own for each is cheaper than remembering what may change.
 * @throws as nodemailer where the server can't be reached
 */
async function offersSmtpUtf8(connection: SMTPPoolOptions): Promise<boolean> {
  let offered = false;
  const ignore = (): void => {};
  const transcript = (entry: { tnx?: string }, line: string): void => {
    if (entry.tnx === 'server' && /^250[ -]SMTPUTF8\b/im.test(line)) offered = true;
  };
  const logger = {
    level: ignore,
    trace: ignore,
    debug: transcript,
    info: ignore,
    warn: ignore,
    error: ignore,
    fatal: ignore,
  };
  const transport = nodemailer.createTransport({
    ...connection,
    socketTimeout: CONNECT_TIMEOUT_MS,
    transactionLog: true,
    logger,
  });
  try {
    await transport.verify();
  } finally {
    transport.close();
  }
  return offered;
}

/** Runs `work` with a signal that fires after `timeoutMs`; the timer goes with the work. */
async function withDeadline<T>(timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), timeoutMs);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Addresses go in as objects and the envelope is our own: nodemailer has no string to read recipients from.
 *
 * With a return path, bounces are asked for where the server announces them (RFC 3461): on failure alone, because a success
 * says no more than most servers' silence and a delay comes hours after the code has died; with the headers only, so that
 * the code does not travel back; and with our id as the envelope's.
 */
function messageOf(
  mail: OutgoingMail,
  from: Sender,
  options: SmtpChannelOptions,
): SendMailOptions & { messageId: string } {
  const to = { name: '', address: mail.to };
  const returnPath = options.returnPath?.(mail.id);
  const dsn = { id: mail.id, return: 'headers', notify: ['failure'] } as const;
  return {
    from,
    to,
    envelope: {
      from: { name: '', address: returnPath ?? from.address },
      to: [to],
      ...(returnPath === undefined ? {} : { dsn }),
    },
    messageId: `<${mail.id.replace(/[^\w.-]/g, '')}@${domainToASCII(from.address.slice(from.address.lastIndexOf('@') + 1))}>`,
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    textEncoding: 'quoted-printable',
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      ...options.reportHeaders?.(mail.id),
    },
  };
}

function knock(from: Sender): SendMailOptions {
  return { from, envelope: { from: { name: '', address: from.address }, to: [] }, text: 'knock' };
}

/** What nodemailer rejects with (its lib/errors). */
interface SmtpError extends Error {
  code?: string;
  /** The system's code below a code of nodemailer. */
  originalCode?: string;
  responseCode?: number;
  response?: string;
  /** The command that was answered; `API` and `CONN` where there was none. */
  command?: string;
}

function hasNoRecipient(error: SmtpError): boolean {
  return error.code === 'EENVELOPE' && error.command === 'API';
}

/** @param isWhole the last byte of a message had left */
function outcomeOf(error: SmtpError, isWhole = false): SendOutcome {
  if (isWhole && error.responseCode === undefined) return { kind: 'temporary', reason: ANSWER_LOST, maybeSent: true };
  const reason = reasonOf(error);
  const aboutTheMessage = error.command === 'RCPT TO' || error.command === 'DATA';
  return aboutTheMessage && isFinal(error) ? { kind: 'permanent', reason } : { kind: 'temporary', reason };
}

/**
 * 5yz is final, except where it means that we are not let in: 503 (a session out of step), 530, 534, 535, 538 and their
 * enhanced forms (RFC 4954 section 6), with which some servers answer a recipient.
 */
function isFinal({ responseCode = 0, response = '' }: SmtpError): boolean {
  const notLetIn = [503, 530, 534, 535, 538].includes(responseCode) || /^5\d\d[ -]5\.7\.(?:8|9|11)\b/.test(response);
  return responseCode >= 500 && responseCode < 600 && !notLetIn;
}

/** "550 5.1.1", "451", or the code of the network or of nodemailer. */
function reasonOf(error: SmtpError): string {
  const answered = /^(\d{3})(?:[ -](\d\.\d{1,3}\.\d{1,3})\b)?/.exec(error.response ?? '');
  if (answered) return answered[2] ? `${answered[1]} ${answered[2]}` : (answered[1] as string);
  if (error.code === 'EABORT') return 'ETIMEDOUT';
  return error.originalCode ?? error.code ?? 'unknown';
}
