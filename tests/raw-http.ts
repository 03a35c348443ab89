/** HTTP as bytes on a socket, for what no client library would send. */
import { connect } from 'node:net';

export interface RawAnswer {
  /** 0 where the server closed the connection without an answer. */
  status: number;
  /** Lower-case names; of a repeated header the last. */
  headers: Map<string, string>;
  /** Every header line as it came. */
  head: string;
  body: string;
}

/** The bytes of one request; `headers` are sent as they are, in this order, and nothing is added. */
export function requestBytes(
  method: string,
  target: string,
  headers: readonly (readonly [string, string])[],
  body: Uint8Array | string = '',
): Buffer {
  const head = [`${method} ${target} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`), '', ''];
  return Buffer.concat([Buffer.from(head.join('\r\n'), 'latin1'), Buffer.from(body)]);
}

/**
 * Sends the parts, each in a packet of its own, and reads until the server closes; a stream of events until its head.
 * With `halfClose` the client says after the last part that nothing more will come.
 */
export function sendRaw(
  origin: string,
  parts: readonly (Uint8Array | string)[],
  options: { halfClose?: boolean } = {},
): Promise<RawAnswer> {
  const { port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: Number(port), noDelay: true });
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (/^.*?content-type: text\/event-stream.*?\r\n\r\n/is.test(text)) socket.destroy();
    });
    socket.on('close', () => resolve(parsed(text)));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // The server may answer and close while we still send; what it said before counts.
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.on('connect', async () => {
      for (const part of parts) await new Promise((sent) => socket.write(part, sent));
      if (options.halfClose) socket.end();
    });
  });
}

function parsed(text: string): RawAnswer {
  // An interim answer ("100 Continue") is not the one that was asked for.
  const answer = text.replace(/^(HTTP\/1\.1 1\d\d .*?\r\n\r\n)+/s, '');
  const end = answer.indexOf('\r\n\r\n');
  const head = end < 0 ? answer : answer.slice(0, end);
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1] ?? 0),
    headers,
    head,
    body: end < 0 ? '' : answer.slice(end + 4),
  };
}
