/** Asks one thing after the other for identifiers of all kinds in random order, and notes times and answers. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Answered, DoctorClient } from './client.ts';
import type { Kind, Subject } from './kinds.ts';
import { BEHIND, type Held, type TimedRequest } from './timing-requests.ts';

export interface Side {
  /** Milliseconds. */
  times: number[];
  /** Every shape of answer that came, and how often: status, header names, field names. */
  shapes: Map<string, number>;
  /** Not asked, because an earlier answer gave nothing to ask with. */
  skipped: number;
}

export interface Measured {
  name: string;
  sides: Map<Kind, Side>;
  /** A limit answered, and the rest of this row was left out. */
  limited: boolean;
}

export interface MeasureOptions {
  client: DoctorClient;
  requests: readonly TimedRequest[];
  subjects: readonly Subject[];
  warmUp: readonly Subject[];
  /** Decides the order of asking. */
  seed: number;
  signal: AbortSignal;
  progress(done: number, of: number): void;
}

/** Subjects that go through all requests before the next ones do: codes must not expire on the way. */
const ROUND = 1_000;

export async function measure(options: MeasureOptions): Promise<Measured[]> {
  const { requests, subjects, seed, progress } = options;
  const shuffle = shuffler(seed);
  const atOnce = requests.filter(({ waitsForResend }) => !waitsForResend);
  await askAll({ ...options, requests: atOnce }, options.warmUp, atOnce.map(emptyMeasurement), shuffle);
  const measured = requests.map(emptyMeasurement);
  const mixed = shuffle(subjects);
  for (let from = 0; from < mixed.length; from += ROUND) {
    const round = mixed.slice(from, from + ROUND);
    await askAll(options, round, measured, shuffle);
    progress((from + round.length) * requests.length, mixed.length * requests.length);
  }
  return measured;
}

function emptyMeasurement({ name }: TimedRequest): Measured {
  return { name, sides: new Map(), limited: false };
}

/** One request for all subjects, then the next, each in an order of its own. Nothing waits between two requests. */
async function askAll(
  options: MeasureOptions,
  subjects: readonly Subject[],
  measured: Measured[],
  shuffle: <T>(items: readonly T[]) => T[],
): Promise<void> {
  const { client, requests, signal } = options;
  const held = new Map<string, Held>(subjects.map(({ identifier }) => [identifier, {}]));
  for (const [at, request] of requests.entries()) {
    if (request.waitsForResend) await untilResend([...held.values()], signal);
    for (const subject of shuffle(subjects))
      await askOne(client, request, subject, held.get(subject.identifier) as Held, measured[at] as Measured);
  }
}

async function untilResend(held: readonly Held[], signal: AbortSignal): Promise<void> {
  const last = Math.max(0, ...held.map(({ resendAt = 0 }) => resendAt));
  await pause(Math.max(0, last - performance.now()), undefined, { signal });
}

async function askOne(
  client: DoctorClient,
  request: TimedRequest,
  { identifier, kind }: Subject,
  held: Held,
  into: Measured,
): Promise<void> {
  const side = sideOf(into, kind);
  const ask = into.limited ? undefined : request.ask(identifier, held);
  if (ask === undefined) {
    side.skipped += 1;
    return;
  }
  const answer = await client.ask(ask);
  if (answer.status === 429 && !request.expects.includes(429)) {
    into.limited = true;
    side.skipped += 1;
    return;
  }
  request.keep?.(answer, held);
  const ms = request.behindMs === undefined ? answer.ms : await timeBehind(client, request.behindMs);
  side.times.push(ms);
  const shape = shapeOf(answer);
  side.shapes.set(shape, (side.shapes.get(shape) ?? 0) + 1);
}

/** @returns what one of them takes, on average */
async function timeBehind(client: DoctorClient, forMs: number): Promise<number> {
  const endsAt = performance.now() + forMs;
  const times: number[] = [];
  do times.push((await client.ask(BEHIND)).ms);
  while (performance.now() < endsAt);
  return times.reduce((sum, ms) => sum + ms, 0) / times.length;
}

function sideOf({ sides }: Measured, kind: Kind): Side {
  const known = sides.get(kind) ?? { times: [], shapes: new Map(), skipped: 0 };
  sides.set(kind, known);
  return known;
}

/** Everything of an answer that must not depend on the identifier, as one comparable line. */
function shapeOf({ status, headers, body }: Answered): string {
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
