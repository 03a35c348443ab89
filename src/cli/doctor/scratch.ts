/** A whole installation for one measurement: this very program in production, in a folder of its own, gone afterwards. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type DatabaseUrl, parseConfig } from '../../config.ts';
import { createKeys } from '../../keys.ts';
import { openStore } from '../../store/open.ts';
import { systemRandom } from '../../system.ts';
import { type Subject, seedSubjects } from './kinds.ts';
import { createScratchDatabase } from './scratch-database.ts';
import { TEXT_SETTINGS, textProviderUrl } from './text-provider.ts';

export interface Scratch {
  /** http://127.0.0.1:port */
  origin: string;
  stop(): Promise<void>;
}

export interface ScratchOptions {
  subjects: readonly Subject[];
  mailDelayMs: number;
  /** A PostgreSQL server to make a database on; SQLite in the folder without. */
  postgresUrl: string | undefined;
  environment: Record<string, string | undefined>;
  signal: AbortSignal;
}

/** More messages than the largest measurement asks for: the breaker on sends stays closed. */
const QUIET = 1_000_000;
const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;

/** Nothing of the operator's settings reaches it, and its messages end in the doctor's own servers. */
export async function startScratch(options: ScratchOptions): Promise<Scratch> {
  const ending: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ending.toReversed()) await end();
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), 'regain-doctor-'));
    ending.push(() => rm(folder, { recursive: true, force: true }));
    const database = await createScratchDatabase(options.postgresUrl, folder);
    ending.push(database.remove);
    const secret = systemRandom.bytes(32).toString('base64url');
    await seed(database.setting, secret, options.subjects);

    const delay = ['--delay-ms', String(options.mailDelayMs)];
    const mailServer = startProgram('mail-server', delay, folder, options);
    ending.push(() => end(mailServer));
    const textProvider = startProgram('text-provider', delay, folder, options);
    ending.push(() => end(textProvider));
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    const settings = {
      NODE_ENV: 'production',
      PORT: String(port),
      HOST: '127.0.0.1',
      REGAIN_ORIGIN: origin,
      REGAIN_SECRET: secret,
      REGAIN_DATABASE_URL: database.setting,
      REGAIN_SMTP_URL: `smtp://127.0.0.1:${await firstLine(mailServer)}`,
      REGAIN_MAIL_FROM: 'Doctor <doctor@shop.example>',
      // Each identifier is sent five messages. In an alarm it would be refused the last two, and what a message costs the
      // requests behind it would fall on others, fifteen seconds later.
      REGAIN_BUSY_HOUR_SENDS: String(QUIET),
      REGAIN_SMS_URL: textProviderUrl(await firstLine(textProvider)),
      ...TEXT_SETTINGS,
    };
    const server = startProgram('../main', ['serve'], folder, options, settings);
    server.stdout?.resume();
    ending.push(() => end(server));
    await ready(server, origin, options.signal);
    return { origin, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function seed(setting: string, secret: string, subjects: readonly Subject[]): Promise<void> {
  const database: DatabaseUrl = parseConfig({ REGAIN_DATABASE_URL: setting }).database;
  const store = await openStore(database);
  try {
    await store.migrate();
    await seedSubjects(store, createKeys([secret]), subjects);
  } finally {
    await store.close();
  }
}

/** A program, named by its way from this file. */
function startProgram(
  name: string,
  args: string[],
  folder: string,
  { environment }: Pick<ScratchOptions, 'environment'>,
  settings: Record<string, string> = {},
): ChildProcess {
  const program = fileURLToPath(new URL(`./${name}${extname(import.meta.url)}`, import.meta.url));
  const inherited = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'SYSTEMROOT', 'UV_THREADPOOL_SIZE'];
  return spawn(process.execPath, [program, ...args], {
    cwd: folder,
    env: { ...Object.fromEntries(inherited.map((variable) => [variable, environment[variable]])), ...settings },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('a server of the doctor has no output');
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error('a server of the doctor ended before it was ready');
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
