/** Asks one endpoint after the other for known and unknown identifiers in random order, and notes times and answers. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

export interface Subject {
  identifier: string;
  /** Whether an account has it. */
  known: boolean;
}

export interface Side {
  /** Milliseconds from the first byte of the request to the last of the answer. */
  times: number[];
  /** Every kind of answer that came: status, header names, field names. */
  shapes: Set<string>;
}

export interface Measured {
  endpoint: string;
  known: Side;
  unknown: Side;
  /** A limit answered, and the rest of this endpoint was left out. */
  limited: boolean;
}

export interface MeasureOptions {
  origin: string;
  subjects: readonly Subject[];
  warmUp: readonly Subject[];
  /** Decides the order of asking. */
  seed: number;
  signal: AbortSignal;
  progress(done: number, of: number): void;
}

interface Endpoint {
  name: string;
  path: string;
  type: 'application/json' | 'application/x-www-form-urlencoded';
  /** Undefined where the subject can't be asked about, since an earlier request failed. */
  body(subject: Subject, recoveries: Map<string, Recovery>): string | undefined;
}

/** What the wrong code goes to. */
interface Recovery {
  token: string;
  codeLength: number;
}

const json = (value: object): string => JSON.stringify(value);
const ENDPOINTS: readonly Endpoint[] = [
  {
    name: 'POST /api/v1/recovery',
    path: '/api/v1/recovery',
    type: 'application/json',
    body: ({ identifier }) => json({ identifier }),
  },
  {
    name: 'POST /api/v1/recovery/verify, a wrong code',
    path: '/api/v1/recovery/verify',
    type: 'application/json',
    body({ identifier }, recoveries) {
      const recovery = recoveries.get(identifier);
      return recovery && json({ token: recovery.token, code: '0'.repeat(recovery.codeLength) });
    },
  },
  {
    name: 'POST /api/v1/sessions, a wrong password',
    path: '/api/v1/sessions',
    type: 'application/json',
    body: ({ identifier }) => json({ identifier, password: 'not the password of anybody here' }),
  },
  {
    name: 'POST /api/v1/registration',
    path: '/api/v1/registration',
    type: 'application/json',
    body: ({ identifier }) => json({ identifier }),
  },
  {
    name: 'POST /recover, the form',
    path: '/recover',
    type: 'application/x-www-form-urlencoded',
    body: ({ identifier }) => new URLSearchParams({ identifier }).toString(),
  },
];

/** Subjects that go through all endpoints before the next ones do: codes must not expire on the way. */
const ROUND = 1_000;

export async function measure(options: MeasureOptions): Promise<Measured[]> {
  const { subjects, seed, signal, progress } = options;
  const client = new Client(options.origin, signal);
  const shuffle = shuffler(seed);
  const measured = ENDPOINTS.map(({ name }) => emptyMeasurement(name));
  try {
    await askAll(
      client,
      shuffle(options.warmUp),
      ENDPOINTS.map(({ name }) => emptyMeasurement(name)),
    );
    const mixed = shuffle(subjects);
    for (let from = 0; from < mixed.length; from += ROUND) {
      const round = mixed.slice(from, from + ROUND);
      await askAll(client, round, measured, shuffle);
      progress((from + round.length) * ENDPOINTS.length, mixed.length * ENDPOINTS.length);
    }
  } finally {
    client.close();
  }
  return measured;
}

function emptyMeasurement(endpoint: string): Measured {
  const side = (): Side => ({ times: [], shapes: new Set() });
  return { endpoint, known: side(), unknown: side(), limited: false };
}

/** One endpoint for all subjects, then the next, each in an order of its own. Nothing waits between two requests. */
async function askAll(
  client: Client,
  subjects: readonly Subject[],
  measured: Measured[],
  shuffle: <T>(items: readonly T[]) => T[] = (items) => [...items],
): Promise<void> {
  const recoveries = new Map<string, Recovery>();
  for (const [at, endpoint] of ENDPOINTS.entries()) {
    const into = measured[at] as Measured;
    for (const subject of shuffle(subjects)) {
      const body = into.limited ? undefined : endpoint.body(subject, recoveries);
      if (body === undefined) continue;
      const answer = await client.post(endpoint.path, endpoint.type, body);
      if (answer.status === 429) {
        into.limited = true;
        continue;
      }
      const side = subject.known ? into.known : into.unknown;
      side.times.push(answer.ms);
      side.shapes.add(shapeOf(answer));
      if (endpoint.path === '/api/v1/recovery' && answer.status === 202)
        recoveries.set(subject.identifier, JSON.parse(answer.body) as Recovery);
    }
  }
}

interface Answer {
  ms: number;
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
}

/** One kept connection: a new one for each request would cost more, and more unevenly, than the answers. */
class Client {
  readonly #origin: URL;
  readonly #signal: AbortSignal;
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #request: typeof httpRequest;

  constructor(origin: string, signal: AbortSignal) {
    this.#origin = new URL(origin);
    this.#signal = signal;
    const secure = this.#origin.protocol === 'https:';
    this.#agent = new (secure ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: 1 });
    this.#request = secure ? httpsRequest : httpRequest;
  }

  post(path: string, type: string, body: string): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const headers = { 'content-type': type, accept: '*/*', 'accept-language': 'en' };
    const options = { method: 'POST', headers, agent: this.#agent, signal: this.#signal };
    const startedAt = performance.now();
    const request = this.#request(new URL(path, this.#origin), options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const ms = performance.now() - startedAt;
        const text = Buffer.concat(chunks).toString();
        resolve({ ms, status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    request.on('error', reject);
    request.end(body);
    return promise;
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** Everything of an answer that must not depend on the identifier, as one comparable line. */
function shapeOf({ status, headers, body }: Answer): string {
  const names = Object.keys(headers).sort().join(' ');
  const cookies = (headers['set-cookie'] ?? []).map((cookie) => cookie.replace(/=[^;]*/, ''));
  const to = headers.location === undefined ? '' : ` to ${headers.location}`;
  return `${status}${to}; headers ${names}; ${cookies.join(' ')}; body ${bodyShape(headers['content-type'], body)}`;
}

function bodyShape(type: string | undefined, body: string): string {
  if (!type?.includes('json')) return `${type ?? 'without a type'}, ${body === '' ? 'empty' : 'not empty'}`;
  const fields = Object.entries(JSON.parse(body) as Record<string, unknown>);
  return fields.map(([name, value]) => (name === 'code' ? `${name}=${value}` : `${name}:${kindOf(value)}`)).join(' ');
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(kindOf).join()}]` : typeof value;
}

/** Fisher and Yates on Marsaglia's xorshift32: the same seed, the same order. */
function shuffler(seed: number): <T>(items: readonly T[]) => T[] {
  let state = seed >>> 0 || 1;
  const below = (bound: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
  return (items) => {
    const shuffled = [...items];
    for (let at = shuffled.length - 1; at > 0; at -= 1) {
      const other = below(at + 1);
      [shuffled[at], shuffled[other]] = [shuffled[other] as never, shuffled[at] as never];
    }
    return shuffled;
  };
}
