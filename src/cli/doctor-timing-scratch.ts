/** A whole installation for one measurement: this very program, in a folder of its own, gone afterwards. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type ImportedPerson, importAccounts } from '../actions/add-account.ts';
import { createKeys } from '../keys.ts';
import { createHasher } from '../passwords/hasher.ts';
import { openStore } from '../store/open.ts';
import { systemClock, systemRandom } from '../system.ts';
import type { Subject } from './doctor-timing-measure.ts';

export interface Scratch {
  /** http://127.0.0.1:port */
  origin: string;
  /** As many known as unknown identifiers. */
  subjects: Subject[];
  /** Others of both kinds, to warm the program up with. */
  warmUp: Subject[];
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
const ACCOUNTS_PER_COMMIT = 500;
/** Requests with which the program's own code gets compiled before anything counts. */
const WARM_UP_EACH = 100;

/** @param count accounts, and as many identifiers without one */
export async function startScratch(
  count: number,
  environment: Record<string, string | undefined>,
  signal: AbortSignal,
): Promise<Scratch> {
  const folder = await mkdtemp(join(tmpdir(), 'regain-timing-'));
  let child: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    if (child) await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const secret = systemRandom.bytes(32).toString('base64url');
    const subjects = someSubjects(count);
    const warmUp = someSubjects(Math.min(count, WARM_UP_EACH));
    await seed(folder, secret, [...subjects, ...warmUp]);
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    child = serve(folder, { secret, port, origin }, environment);
    await ready(child, origin, signal);
    return { origin, subjects, warmUp, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Of one form, so that nothing but their being known tells them apart. */
function someSubjects(count: number): Subject[] {
  return Array.from({ length: 2 * count }, (_, at) => ({
    identifier: `p${systemRandom.bytes(6).toString('hex')}@shop.example`,
    known: at < count,
  }));
}

async function seed(folder: string, secret: string, subjects: Subject[]): Promise<void> {
  const store = await openStore({ engine: 'sqlite', file: join(folder, 'regain.db') });
  try {
    await store.migrate();
    const hasher = createHasher({ concurrency: availableParallelism(), queueMax: 1 });
    const passwordHash = await hasher.hash(systemRandom.bytes(16).toString('hex'));
    const people = subjects.filter(({ known }) => known).map(({ identifier }) => personOf(identifier, passwordHash));
    const context = { store, keys: createKeys([secret]), random: systemRandom, clock: systemClock };
    for (let from = 0; from < people.length; from += ACCOUNTS_PER_COMMIT)
      await importAccounts(context, people.slice(from, from + ACCOUNTS_PER_COMMIT), { confirmed: true });
  } finally {
    await store.close();
  }
}

function personOf(email: string, passwordHash: string): ImportedPerson {
  const identifiers = [{ kind: 'email', typed: email, canonical: email } as const];
  return { identifiers, name: 'A Shopper', birthday: null, locale: 'en', passwordHash };
}

/** Development mode: messages end in an inbox in the folder, none leaves. None of the operator's settings reaches it. */
function serve(
  folder: string,
  { secret, port, origin }: { secret: string; port: number; origin: string },
  environment: Record<string, string | undefined>,
): ChildProcess {
  const main = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url));
  const inherited = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'SYSTEMROOT', 'UV_THREADPOOL_SIZE'];
  return spawn(process.execPath, [main, 'serve'], {
    cwd: folder,
    env: {
      ...Object.fromEntries(inherited.map((name) => [name, environment[name]])),
      NODE_ENV: 'development',
      PORT: String(port),
      HOST: '127.0.0.1',
      REGAIN_ORIGIN: origin,
      REGAIN_SECRET: secret,
      REGAIN_DATABASE_URL: 'sqlite:./regain.db',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

async function ready(child: ChildProcess, origin: string, signal: AbortSignal): Promise<void> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(READY_TIMEOUT_MS)]);
  for (;;) {
    if (hasEnded(child)) throw new Error('the scratch installation ended before it was ready');
    if (await answers(origin, until)) return;
    if (until.aborted) throw new Error('the scratch installation did not get ready in 30 seconds');
    await pause(20);
  }
}

/** A refused connection is the expected answer of a program that still starts. */
async function answers(origin: string, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const request = get(`${origin}/readyz`, { signal }, (response) => {
    response.resume();
    resolve(response.statusCode === 200);
  });
  request.on('error', () => resolve(false));
  return promise;
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await closed;
  clearTimeout(timer);
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
