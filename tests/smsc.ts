/**
 * A short message service centre for tests, written from the specification (SMPP 3.4) on bare sockets: it shares no code with
 * the channel nor with the package that the channel uses. It checks every field of what it is sent, and fails as it is told.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { SMTPServer } from 'smtp-server';

export interface Submitted {
  sourceTon: number;
  sourceNpi: number;
  source: string;
  destinationTon: number;
  destinationNpi: number;
  destination: string;
  esmClass: number;
  validity: string;
  registered: number;
  coding: number;
  /** Short message or message_payload, without a header. */
  bytes: Buffer;
  header: Buffer | undefined;
  parameters: Map<number, Buffer>;
}

export type SubmitAnswer =
  | { status: number }
  | { id: string }
  /** Takes it; `answerHeld` answers later. */
  | 'hold'
  /** Takes it and closes the connection. */
  | 'close'
  | 'nack'
  /** Takes it, and answers another request under its number. */
  | 'mistaken';

export interface Smsc {
  readonly port: number;
  readonly submitted: readonly Submitted[];
  readonly binds: readonly { systemId: string; password: string; systemType: string; version: number }[];
  /** Names of the PDUs that came in. */
  readonly heard: readonly string[];
  /** What was wrong with them: empty in a test that is well. */
  readonly complaints: readonly string[];
  /** Submits without an answer at once, at most so far. */
  readonly mostOutstanding: number;
  /** How the next submits are answered, one each; then with counted ids. */
  answerWith(...answers: SubmitAnswer[]): void;
  answerHeld(): void;
  /** Sends a deliver_sm to the last client that was bound; resolves to the status of its answer. */
  deliver(fields: DeliverOptions): Promise<number>;
  /** Any PDU; resolves to command and status of the answer. */
  request(command: number, body?: Buffer): Promise<{ command: number; status: number }>;
  write(bytes: Buffer): void;
  /** No answers any more, to anything. */
  fallSilent(): void;
  dropConnections(): Promise<void>;
  waitFor(what: string, fits: () => boolean): Promise<void>;
  stop(): Promise<void>;
}

export interface DeliverOptions {
  source: string;
  sourceTon?: number;
  /** Ours, as it would be for what a person writes. */
  destination?: string;
  esmClass?: number;
  coding?: number;
  message?: string | Buffer;
  parameters?: readonly (readonly [number, Buffer])[];
  /** data_sm in place of deliver_sm. */
  dataSm?: boolean;
}

export interface SmscOptions {
  port?: number;
  password?: string;
  bindStatus?: number;
  /** Sent in the same segment as the answer to a bind. */
  greeting?: DeliverOptions;
  /** Sent right before, or in one segment with, the answer to a submit. */
  receiptWith?: { when: 'before' | 'together'; of(id: string, destination: string): DeliverOptions };
  /** TLS from the start, with the self-signed certificate that smtp-server brings along. */
  tls?: boolean;
}

const NAMES: Record<number, string> = {
  2147483648: 'generic_nack',
  4: 'submit_sm',
  2147483653: 'deliver_sm_resp',
  2147483907: 'data_sm_resp',
  6: 'unbind',
  2147483654: 'unbind_resp',
  2: 'bind_transmitter',
  9: 'bind_transceiver',
  21: 'enquire_link',
  2147483669: 'enquire_link_resp',
};
const PATIENCE_MS = 10_000;

export async function startSmsc(options: SmscOptions = {}): Promise<Smsc> {
  const submitted: Submitted[] = [];
  const binds: { systemId: string; password: string; systemType: string; version: number }[] = [];
  const heard: string[] = [];
  const complaints: string[] = [];
  const answers: SubmitAnswer[] = [];
  const held: (() => void)[] = [];
  const waiting = new Map<number, (answer: { command: number; status: number }) => void>();
  const watchers = new Set<() => void>();
  const sockets = new Set<Socket>();
  let client: Socket | undefined;
  let silent = false;
  let ids = 0;
  let sequence = 0x1000;
  let mostOutstanding = 0;

  function nextSequence(): number {
    sequence += 1;
    return sequence;
  }

  function nextId(): string {
    ids += 1;
    return String(ids);
  }

  function hear(socket: Socket, command: number, status: number, number: number, body: Buffer): void {
    heard.push(NAMES[command] ?? `0x${command.toString(16)}`);
    if (command >= 0x80000000) {
      waiting.get(number)?.({ command, status });
      waiting.delete(number);
    } else if (!silent) answer(socket, command, number, body);
    for (const look of watchers) look();
  }

  function answer(socket: Socket, command: number, number: number, body: Buffer): void {
    if (command === 0x09 || command === 0x02) answerBind(socket, command, number, body);
    else if (command === 0x04) answerSubmit(socket, number, body);
    else if (command === 0x15) socket.write(pduOf(0x80000015, 0, number));
    else if (command === 0x06) socket.end(pduOf(0x80000006, 0, number));
    else complaints.push(`unexpected command 0x${command.toString(16)}`);
  }

  function answerBind(socket: Socket, command: number, number: number, body: Buffer): void {
    const fields = new Fields(body);
    const bind = {
      systemId: fields.text(16),
      password: fields.text(9),
      systemType: fields.text(13),
      version: fields.byte(),
    };
    fields.byte();
    fields.byte();
    fields.text(41);
    complaints.push(...fields.complaints('bind'));
    binds.push(bind);
    const status =
      options.bindStatus ?? (options.password !== undefined && bind.password !== options.password ? 0x0e : 0);
    const receives = command === 0x09;
    const greeting = options.greeting && receives ? [deliverOf(options.greeting, nextSequence())] : [];
    if (status === 0 && receives) client = socket;
    socket.write(
      Buffer.concat([
        pduOf(0x80000000 + command, status, number, status === 0 ? Buffer.from('smsc\0') : Buffer.alloc(0)),
        ...greeting,
      ]),
    );
  }

  function answerSubmit(socket: Socket, number: number, body: Buffer): void {
    const message = submitOf(body, complaints);
    submitted.push(message);
    const how = answers.shift();
    mostOutstanding = Math.max(mostOutstanding, held.length + 1);
    if (how === 'close') return void socket.destroy();
    if (how === 'nack') return void socket.write(pduOf(0x80000000, 0x03, number));
    if (how === 'mistaken') return void socket.write(pduOf(0x80000015, 0, number));
    if (typeof how === 'object' && 'status' in how) return void socket.write(pduOf(0x80000004, how.status, number));
    const id = typeof how === 'object' ? how.id : nextId();
    const accept = (): void => {
      const accepted = pduOf(0x80000004, 0, number, Buffer.from(`${id}\0`));
      const { receiptWith } = options;
      if (!receiptWith) return void socket.write(accepted);
      const receipt = deliverOf(receiptWith.of(id, message.destination), nextSequence());
      if (receiptWith.when === 'together') socket.write(Buffer.concat([accepted, receipt]));
      else socket.write(receipt, () => setImmediate(() => socket.write(accepted)));
    };
    if (how === 'hold') held.push(accept);
    else accept();
  }

  function request(bytes: Buffer): Promise<{ command: number; status: number }> {
    if (!client) throw new Error('nobody is bound');
    client.write(bytes);
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error('no answer to a PDU of ours')), PATIENCE_MS);
      waiting.set(bytes.readUInt32BE(12), (given) => {
        clearTimeout(deadline);
        resolve(given);
      });
    });
  }

  const onConnection = (socket: Socket): void => {
    sockets.add(socket);
    let buffered = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      buffered = Buffer.concat([buffered, chunk]);
      while (buffered.length >= 16 && buffered.length >= buffered.readUInt32BE(0)) {
        const pdu = buffered.subarray(0, buffered.readUInt32BE(0));
        buffered = buffered.subarray(pdu.length);
        hear(socket, pdu.readUInt32BE(4), pdu.readUInt32BE(8), pdu.readUInt32BE(12), pdu.subarray(16));
      }
    });
  };
  const server: Server = createServer((socket) => onConnection(options.tls ? overTls(socket) : socket));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });

  async function dropConnections(): Promise<void> {
    const closed = [...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
  }

  return {
    port: (server.address() as AddressInfo).port,
    submitted,
    binds,
    heard,
    complaints,
    get mostOutstanding() {
      return mostOutstanding;
    },
    answerWith: (...given) => void answers.push(...given),
    answerHeld() {
      for (const accept of held.splice(0)) accept();
    },
    deliver: async (fields) => (await request(deliverOf(fields, nextSequence()))).status,
    request: (command, body = Buffer.alloc(0)) => request(pduOf(command, 0, nextSequence(), body)),
    write: (bytes) => void client?.write(bytes),
    fallSilent() {
      silent = true;
    },
    dropConnections,
    waitFor: (what, fits) =>
      new Promise((resolve, reject) => {
        const deadline = setTimeout(
          () => reject(new Error(`${what} did not happen; heard ${heard.join(', ')}`)),
          PATIENCE_MS,
        );
        const look = (): void => {
          if (!fits()) return;
          clearTimeout(deadline);
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
      }),
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await dropConnections();
      await closed;
    },
  };
}

function overTls(socket: Socket): Socket {
  const smtp = new SMTPServer({ secure: true, logger: false }) as unknown as {
    secureContext: Map<string, SecureContext>;
  };
  return new TLSSocket(socket, { isServer: true, secureContext: smtp.secureContext.get('*') });
}

/** Reads a body field by field, and complains of what does not fit. */
class Fields {
  readonly #body: Buffer;
  readonly #complaints: string[] = [];
  #at = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  byte(): number {
    if (this.#at >= this.#body.length) this.#complaints.push('ends early');
    this.#at += 1;
    return this.#body[this.#at - 1] ?? 0;
  }

  /** A C octet string of at most so many octets with its closing zero. */
  text(octets: number): string {
    const end = this.#body.indexOf(0, this.#at);
    const text = this.#body.toString('latin1', this.#at, end);
    if (end < 0 || end - this.#at >= octets || !/^[\x20-\x7e]*$/.test(text))
      this.#complaints.push(`bad text '${text}'`);
    this.#at = end + 1;
    return text;
  }

  bytes(length: number): Buffer {
    const bytes = this.#body.subarray(this.#at, this.#at + length);
    if (bytes.length !== length) this.#complaints.push('ends early');
    this.#at += length;
    return bytes;
  }

  parameters(): Map<number, Buffer> {
    const parameters = new Map<number, Buffer>();
    while (this.#at < this.#body.length) {
      const tag = this.bytes(2).readUInt16BE();
      parameters.set(tag, this.bytes(this.bytes(2).readUInt16BE()));
    }
    return parameters;
  }

  complaints(of: string): string[] {
    return this.#complaints.map((complaint) => `${of}: ${complaint}`);
  }
}

/** 4.4.1, in order. */
function submitOf(body: Buffer, complaints: string[]): Submitted {
  const fields = new Fields(body);
  if (fields.text(6) !== '') complaints.push('a service type');
  const [sourceTon, sourceNpi, source] = [fields.byte(), fields.byte(), fields.text(21)];
  const [destinationTon, destinationNpi, destination] = [fields.byte(), fields.byte(), fields.text(21)];
  const esmClass = fields.byte();
  if (fields.byte() !== 0) complaints.push('a protocol id');
  if (fields.byte() !== 0) complaints.push('a priority');
  if (fields.text(17) !== '') complaints.push('a schedule');
  const validity = fields.text(17);
  if (!/^\d{12}000R$/.test(validity)) complaints.push(`validity '${validity}'`);
  const registered = fields.byte();
  if (fields.byte() !== 0) complaints.push('replace_if_present');
  const coding = fields.byte();
  if (coding !== 0 && coding !== 8) complaints.push(`coding ${coding}`);
  if (fields.byte() !== 0) complaints.push('a default message');
  const short = fields.bytes(fields.byte());
  const parameters = fields.parameters();
  complaints.push(...fields.complaints('submit'));
  const payload = parameters.get(0x0424);
  if (payload && short.length > 0) complaints.push('both a short message and a payload');
  if (short.length > 254) complaints.push('a short message above 254 octets');
  if ((esmClass & ~0x40) !== 0) complaints.push(`esm_class ${esmClass}`);
  const header = (esmClass & 0x40) === 0 ? undefined : short.subarray(0, (short[0] ?? 0) + 1);
  return {
    sourceTon, sourceNpi, source, destinationTon, destinationNpi, destination, esmClass, validity, registered, coding,
    bytes: payload ?? short.subarray(header?.length ?? 0), header, parameters,
  }; // biome-ignore format: as they come
}

function pduOf(command: number, status: number, sequence: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32BE(16 + body.length, 0);
  head.writeUInt32BE(command, 4);
  head.writeUInt32BE(status, 8);
  head.writeUInt32BE(sequence, 12);
  return Buffer.concat([head, body]);
}

/** deliver_sm (4.6.1), or data_sm (4.7.1). */
function deliverOf(options: DeliverOptions, sequence: number): Buffer {
  const { source, sourceTon = 1, destination = 'Shop', esmClass = 0, coding = 0 } = options;
  const { message = '', parameters = [], dataSm = false } = options;
  const bytes = Buffer.isBuffer(message) ? message : Buffer.from(message, 'latin1');
  const addresses = [
    Buffer.from([0, sourceTon, 1]),
    Buffer.from(`${source}\0`),
    Buffer.from([5, 0]),
    Buffer.from(`${destination}\0`),
  ];
  const optional = parameters.flatMap(([tag, value]) => [
    Buffer.from([tag >> 8, tag & 255, value.length >> 8, value.length & 255]),
    value,
  ]);
  const middle = dataSm
    ? [Buffer.from([esmClass, 0, coding])]
    : [Buffer.from([esmClass, 0, 0, 0, 0, 0, 0, coding, 0, bytes.length]), bytes];
  return pduOf(dataSm ? 0x103 : 0x05, 0, sequence, Buffer.concat([...addresses, ...middle, ...optional]));
}

/** A receipt as Appendix B of SMPP 3.4 suggests it. */
export function receiptText(id: string, stat: string, err = '000'): string {
  return `id:${id} sub:001 dlvrd:001 submit date:2603140912 done date:2603140913 stat:${stat} err:${err} text:Acme: someone ask`;
}
