/**
 * Node's HTTP server around the program. What is no request never reaches the program; it is answered here, with the same
 * security headers as everything else (STANDARDS R81).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener, RequestError } from '@hono/node-server';
import type { Composed } from '../compose.ts';

/** A person on a bad train connection sends a form of some hundred bytes in this time; who is slower holds a connection. */
const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 30_000;

type Program = Pick<Composed, 'fetch' | 'answerHeaders' | 'context'>;

export function createHttpServer(program: Program): Server {
  const answering = new WeakMap<Duplex, ServerResponse>();
  const listener = getRequestListener(
    (request, env) => program.fetch(request, { peer: env.incoming.socket.remoteAddress ?? '' }),
    { errorHandler: (error) => answerToError(program, error) },
  );
  const options = {
    // Node would answer by itself, without headers.
    requireHostHeader: false,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
  };
  const server = createServer(options, (incoming, outgoing) => {
    answering.set(incoming.socket, outgoing);
    // RFC 9112, 3.2: none or more than one is a bad request.
    if (hostsOf(incoming) !== 1) refuse(program, outgoing, 400);
    else void listener(incoming, outgoing);
  });
  server.on('checkExpectation', (_, outgoing: ServerResponse) => refuse(program, outgoing, 417));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const started = answering.get(socket);
    const isHalfSaid = started?.headersSent === true && !started.writableFinished;
    if (!socket.writable || isHalfSaid || error.code === 'ECONNRESET') socket.destroy();
    else socket.end(bareAnswer(program, STATUS_OF[error.code ?? ''] ?? 400));
  });
  return server;
}

/** Of Node's parser (llhttp) and of its clock. */
const STATUS_OF: Record<string, number> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

function hostsOf({ rawHeaders }: IncomingMessage): number {
  return rawHeaders.filter((text, at) => at % 2 === 0 && text.toLowerCase() === 'host').length;
}

/** A target or Host that makes no URL is the client's fault; anything else is ours, and is logged. */
function answerToError(program: Program, error: unknown): Response {
  const isTheirs = error instanceof RequestError;
  if (!isTheirs) program.context.log.error('request-fault', { error: String(error) });
  return new Response(null, { status: isTheirs ? 400 : 503, headers: program.answerHeaders });
}

function refuse({ answerHeaders }: Program, outgoing: ServerResponse, status: number): void {
  outgoing.writeHead(status, { ...answerHeaders, Connection: 'close', 'Content-Length': 0 }).end();
}

function bareAnswer({ answerHeaders }: Program, status: number): string {
  const headers = { ...answerHeaders, Connection: 'close', 'Content-Length': '0' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n`;
}
