/** A real SMTP server for tests: takes mail, reads it, and refuses what a test tells it to refuse. */
import { EventEmitter } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

export interface SmtpSinkOptions {
  /** Default: a free one. */
  port?: number;
  /** What RCPT TO is answered with; undefined accepts. */
  onRcpt?: (address: string) => { code: number; message: string } | undefined;
  /** Waits before a message is accepted: a slow mail server. */
  delayMs?: number;
  /** Takes every message and closes the connection in place of an answer. */
  losesAnswers?: boolean;
  /** Does not announce SMTPUTF8. */
  hideSmtpUtf8?: boolean;
  /** TLS from the start, with a self-signed certificate. */
  secure?: boolean;
  /** Announces STARTTLS, with a self-signed certificate. */
  startTls?: boolean;
  /** Demands this login. */
  login?: { user: string; password: string };
}

export interface SinkMessage {
  /** The only recipient of the envelope. */
  to: string;
  /** Every recipient of the envelope. */
  recipients: string[];
  /** Sender of the envelope. */
  from: string;
  subject: string;
  text: string;
  html: string;
  /** Header values as they were sent, by name in lower case; the last one of a name. */
  headers: Map<string, string>;
  raw: string;
  /** Whether it came over TLS. */
  secure: boolean;
}

export interface SmtpSink {
  /** smtp://127.0.0.1:port or smtps://... */
  readonly url: string;
  readonly port: number;
  /** In the order of their arrival; a message is here before its sender is told that it was accepted. */
  readonly messages: readonly SinkMessage[];
  /** Connections that were opened so far. */
  readonly connections: number;
  /** The first message, past or to come, that fits; fails after 20 seconds, naming what was waited for. */
  waitFor(fits: (message: SinkMessage) => boolean, description: string): Promise<SinkMessage>;
  /** Closes every open connection, as servers do with idle ones; resolves when they are closed. */
  dropConnections(): Promise<void>;
  stop(): Promise<void>;
}

const PATIENCE_MS = 20_000;

export async function startSmtpSink(options: SmtpSinkOptions = {}): Promise<SmtpSink> {
  const messages: SinkMessage[] = [];
  const arrivals = new EventEmitter().setMaxListeners(0);
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = new SMTPServer({
    // False, not left out: else it warns of the certificate that it brings along.
    logger: false,
    secure: options.secure ?? false,
    disableReverseLookup: true,
    authOptional: options.login === undefined,
    allowInsecureAuth: true,
    disabledCommands: [...(options.startTls ? [] : ['STARTTLS']), ...(options.login ? [] : ['AUTH'])],
    hideSMTPUTF8: options.hideSmtpUtf8 ?? false,
    closeTimeout: 1_000,
    onAuth({ username, password }, _session, done) {
      const right = username === options.login?.user && password === options.login?.password;
      if (right) done(null, { user: username });
      else done(refusal(535, '5.7.8 Authentication credentials invalid'));
    },
    onRcptTo({ address }, _session, done) {
      const refused = options.onRcpt?.(address);
      done(refused ? refusal(refused.code, refused.message) : null);
    },
    onData(stream, session, done) {
      const { mailFrom, rcptTo } = session.envelope;
      textOf(stream)
        .then(async (raw) => {
          const recipients = rcptTo.map(({ address }) => address);
          const message = asSinkMessage(raw, await simpleParser(raw), mailFrom ? mailFrom.address : '', recipients);
          if (options.delayMs) await new Promise((resolve) => setTimeout(resolve, options.delayMs));
          messages.push({ ...message, secure: session.secure });
          arrivals.emit('message', messages.at(-1));
          if (options.losesAnswers) await dropConnections();
          else done();
        })
        .catch(done);
    },
  });
  // A client that goes away is no failure of the server.
  server.on('error', () => {});
  server.server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.server.address() as AddressInfo;

  async function dropConnections(): Promise<void> {
    const closed = [...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
  }

  return {
    url: `${options.secure ? 'smtps' : 'smtp'}://127.0.0.1:${port}`,
    port,
    messages,
    get connections() {
      return connections;
    },
    waitFor: (fits, description) => waitFor(messages, arrivals, fits, description),
    dropConnections,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(resolve));
      await dropConnections();
      await closed;
    },
  };
}

function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}

function asSinkMessage(
  raw: string,
  parsed: ParsedMail,
  from: string,
  recipients: string[],
): Omit<SinkMessage, 'secure'> {
  return {
    to: recipients[0] ?? '',
    recipients,
    from,
    subject: parsed.subject ?? '',
    text: parsed.text ?? '',
    html: parsed.html || '',
    headers: new Map(parsed.headerLines.map(({ key, line }) => [key, line.slice(line.indexOf(':') + 1).trim()])),
    raw,
  };
}

function waitFor(
  messages: readonly SinkMessage[],
  arrivals: EventEmitter,
  fits: (message: SinkMessage) => boolean,
  description: string,
): Promise<SinkMessage> {
  const found = messages.find(fits);
  if (found) return Promise.resolve(found);
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => {
      arrivals.off('message', look);
      const subjects = messages.map(({ to, subject }) => `${to}: ${subject}`).join('; ');
      reject(new Error(`no mail within ${PATIENCE_MS / 1000} seconds: ${description}. Arrived: ${subjects || 'none'}`));
    }, PATIENCE_MS);
    function look(message: SinkMessage): void {
      if (!fits(message)) return;
      clearTimeout(deadline);
      arrivals.off('message', look);
      resolve(message);
    }
    arrivals.on('message', look);
  });
}
