/** A scratch installation inside this process, with a clock that stands still until it is moved. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compose } from '../../compose.ts';
import { parseConfig } from '../../config.ts';
import type { Log } from '../../ports.ts';
import { systemClock, systemRandom } from '../../system.ts';
import type { Ask } from './client.ts';
import type { Reply } from './enumerate-transcript.ts';
import type { World } from './enumerate-walk.ts';
import { type Subject, seedSubjects } from './kinds.ts';
import { type DoctorMailServer, startDoctorMailServer } from './mail-server.ts';
import { createScratchDatabase } from './scratch-database.ts';
import { type DoctorTextProvider, startDoctorTextProvider, TEXT_SETTINGS } from './text-provider.ts';

const ORIGIN = 'https://accounts.shop.example';
/** One address is everybody here, so it has no budget of its own. */
const PEER = '127.0.0.1';

export interface ScratchWorld extends World {
  stop(): Promise<void>;
}

export async function startScratchWorld(options: {
  subjects: readonly Subject[];
  mailDelayMs: number;
  mailUnknownAddresses: boolean;
  postgresUrl: string | undefined;
}): Promise<ScratchWorld> {
  const ending: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ending.toReversed()) await end();
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), 'regain-doctor-'));
    ending.push(() => rm(folder, { recursive: true, force: true }));
    const database = await createScratchDatabase(options.postgresUrl, folder);
    ending.push(database.remove);
    const mail = await mailServer(options.mailDelayMs);
    ending.push(mail.stop);
    const texts = await textProvider(options.mailDelayMs);
    ending.push(texts.stop);
    let now = systemClock.now();
    const config = parseConfig({
      NODE_ENV: 'production',
      REGAIN_ORIGIN: ORIGIN,
      REGAIN_SECRET: systemRandom.bytes(32).toString('base64url'),
      REGAIN_DATABASE_URL: database.setting,
      REGAIN_SMTP_URL: `smtp://127.0.0.1:${mail.port}`,
      REGAIN_MAIL_FROM: 'Doctor <doctor@shop.example>',
      REGAIN_SMS_URL: texts.url,
      ...TEXT_SETTINGS,
      // A breaker of the whole service may open in the middle of a step, and tell the kinds apart by their turn.
      REGAIN_BUSY_HOUR_SENDS: '10000',
      REGAIN_MAIL_UNKNOWN_ADDRESSES: options.mailUnknownAddresses ? 'on' : 'off',
    });
    // A message leaves at once: while the clock stands still, nothing would end a random wait.
    const random = { ...systemRandom, below: () => 0 };
    const regain = await compose(config, { clock: { now: () => now }, random, log: faultsOnly });
    ending.push(() => regain.close());
    await seedSubjects(regain.context.store, regain.context.keys, options.subjects, now);
    const worker = await regain.startWorker({ otherProcesses: false });
    ending.push(() => worker.stop());
    return {
      exactTimes: true,
      ask: async (ask) => replyOf(await regain.fetch(requestOf(ask), { peer: PEER })),
      async pass(ms) {
        now += ms;
        await worker.idle();
        return true;
      },
      async setProviders(mood) {
        await mail.set(mood);
        await texts.set(mood);
      },
      settled: () => worker.idle(),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What differs is told by the doctor; only what broke is told by the program. */
const faultsOnly: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: (event, fields) => void process.stderr.write(`${event} ${JSON.stringify(fields ?? {})}\n`),
};

/** Down means that nothing listens; it comes back on the same port. */
async function mailServer(
  delayMs: number,
): Promise<{ port: number; set: NonNullable<World['setProviders']>; stop(): Promise<void> }> {
  let server: DoctorMailServer | undefined = await startDoctorMailServer({ delayMs });
  const { port } = server;
  const stop = async (): Promise<void> => {
    await server?.stop();
    server = undefined;
  };
  return {
    port,
    stop,
    async set(mail) {
      if (mail === 'down') return stop();
      server ??= await startDoctorMailServer({ delayMs, port });
      server.mood = mail;
    },
  };
}

async function textProvider(
  delayMs: number,
): Promise<{ url: string; set: NonNullable<World['setProviders']>; stop(): Promise<void> }> {
  let provider: DoctorTextProvider | undefined = await startDoctorTextProvider({ delayMs });
  const { url, port } = provider;
  const stop = async (): Promise<void> => {
    await provider?.stop();
    provider = undefined;
  };
  return {
    url,
    stop,
    async set(mood) {
      if (mood === 'down') return stop();
      provider ??= await startDoctorTextProvider({ delayMs, port });
      provider.mood = mood;
    },
  };
}

function requestOf({ method, path, body, headers }: Ask): Request {
  const all = new Headers({ 'accept-language': 'en', accept: '*/*', ...headers });
  if (body === undefined) return new Request(new URL(path, ORIGIN), { method, headers: all });
  const form = body instanceof URLSearchParams;
  all.set('content-type', form ? 'application/x-www-form-urlencoded' : 'application/json');
  return new Request(new URL(path, ORIGIN), {
    method,
    headers: all,
    body: form ? body.toString() : JSON.stringify(body),
  });
}

async function replyOf(response: Response): Promise<Reply> {
  return { status: response.status, headers: [...response.headers], body: await response.text() };
}
