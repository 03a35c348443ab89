/** The whole program inside the test's process, with a clock that the test moves and mails that it reads. */
import { type Composed, compose, type World } from '../src/compose.ts';
import { type Config, parseConfig, type Settings } from '../src/config.ts';
import type { Log } from '../src/ports.ts';
import { systemRandom } from '../src/system.ts';
import type { Worker } from '../src/workers/loop.ts';
import { ENGINES } from './engines.ts';
import { TEST_SECRET } from './regain.ts';
import { type SmtpSink, startSmtpSink } from './smtp-sink.ts';
import { type ApiAnswer, callApi } from './visitor.ts';

export interface InProcess {
  regain: Composed;
  worker: Worker;
  sink: SmtpSink;
  /** Calls the HTTP API from this machine; `path` is below /api/v1. */
  api(method: 'GET' | 'POST' | 'DELETE', path: string, options?: Parameters<typeof callApi>[4]): Promise<ApiAnswer>;
  /** Milliseconds since 1970, as the program sees it. */
  now(): number;
  /** Moves the clock and lets the worker do what has become due. */
  advance(ms: number): Promise<void>;
  /** Moves the clock alone, while no worker runs. */
  jump(ms: number): void;
  /** Resolves when nothing is due and nothing is in flight. */
  settled(): Promise<void>;
  logged: { level: string; event: string; fields: Record<string, unknown> | undefined }[];
  close(): Promise<void>;
}

/** Nothing in these tests waits for a random time. */
const steadyRandom = { ...systemRandom, below: () => 0 };

export async function startInProcess(
  engine: keyof typeof ENGINES,
  env: Record<string, string> = {},
  file: Settings = {},
  world: Pick<World, 'fetch'> = {},
): Promise<InProcess> {
  const database = await ENGINES[engine]();
  const sink = await startSmtpSink();
  let now = Date.parse('2026-03-14T09:12:00Z');
  const logged: InProcess['logged'] = [];
  const record =
    (level: string) =>
    (event: string, fields?: Record<string, unknown>): void =>
      void logged.push({ level, event, fields });
  const log: Log = { debug: record('debug'), info: record('info'), warn: record('warn'), error: record('error') };
  // Production refuses a database that dies with the program; here it dies with the test.
  const inMemory = env.REGAIN_DATABASE_URL === 'sqlite::memory:';
  const parsed = parseConfig(
    {
      NODE_ENV: 'production',
      REGAIN_ORIGIN: 'https://accounts.shop.example',
      REGAIN_SECRET: TEST_SECRET,
      REGAIN_DATABASE_URL: database.url,
      REGAIN_SMTP_URL: sink.url,
      REGAIN_MAIL_FROM: 'Shop <no-reply@shop.example>',
      REGAIN_BRAND_NAME: 'Shop',
      ...env,
      ...(inMemory ? { REGAIN_DATABASE_URL: database.url } : {}),
    },
    file,
  );
  const config: Config = inMemory ? { ...parsed, database: { engine: 'sqlite', file: ':memory:' } } : parsed;
  const regain = await compose(config, { ...world, clock: { now: () => now }, random: steadyRandom, log });
  const worker = await regain.startWorker({ otherProcesses: false });
  return {
    regain,
    worker,
    sink,
    logged,
    api: (method, path, options) =>
      callApi(
        (request) => regain.fetch(request, { peer: '127.0.0.1' }),
        config.origin,
        method,
        `/api/v1${path}`,
        options,
      ),
    now: () => now,
    async advance(ms) {
      now += ms;
      await worker.idle();
    },
    jump(ms) {
      now += ms;
    },
    settled: () => worker.idle(),
    async close() {
      await worker.stop();
      await regain.close();
      await sink.stop();
      await database.remove();
    },
  };
}
