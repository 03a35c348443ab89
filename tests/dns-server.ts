/**
 * A name server on loopback for tests, over UDP, as far as TXT questions go (RFC 1035): it answers with what its zone has, with an
 * empty answer where only something below the name is there, and that there is no such name otherwise.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** TXT records by name, in lower case. */
export type Zone = Record<string, readonly string[]>;

export interface DnsServer {
  /** "127.0.0.1:5353" */
  address: string;
  /** Names that were asked for, in order. */
  readonly asked: readonly string[];
  stop(): Promise<void>;
}

const NO_SUCH_NAME = 3;
const SERVER_FAILURE = 2;
const TXT = 16;

/** @param zone undefined: every question fails, as when the server itself reaches nobody */
export async function startDnsServer(zone: Zone | undefined): Promise<DnsServer> {
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    const { name, end } = readName(query);
    asked.push(name);
    const question = query.subarray(12, end + 4);
    const texts = query.readUInt16BE(end) === TXT ? (zone?.[name] ?? []) : [];
    const isThere = zone !== undefined && Object.keys(zone).some((held) => held === name || held.endsWith(`.${name}`));
    const status = zone === undefined ? SERVER_FAILURE : isThere ? 0 : NO_SUCH_NAME;
    socket.send(Buffer.concat([header(query, status, texts.length), question, ...texts.map(record)]), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    stop: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function header(query: Buffer, status: number, answers: number): Buffer {
  const bytes = Buffer.alloc(12);
  query.copy(bytes, 0, 0, 2);
  // An answer, recursion asked for and to be had.
  bytes.writeUInt16BE(0x8180 | status, 2);
  bytes.writeUInt16BE(1, 4);
  bytes.writeUInt16BE(answers, 6);
  return bytes;
}

/** The name that is asked for, and where it ends. */
function readName(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('ascii', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}

/** Of the name in the question, for a minute. A text is made of strings of up to 255 bytes. */
function record(text: string): Buffer {
  const strings = text.match(/.{1,255}/gs) ?? [''];
  const data = Buffer.concat(strings.map((one) => Buffer.concat([Buffer.from([one.length]), Buffer.from(one)])));
  const head = Buffer.from([0xc0, 12, 0, TXT, 0, 1, 0, 0, 0, 60, data.length >> 8, data.length & 0xff]);
  return Buffer.concat([head, data]);
}
