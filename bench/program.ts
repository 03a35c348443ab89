/** The program that is measured: `regain serve` in production mode, with accounts of its own and the sink. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseConfig } from '../src/config.ts';
import { createHasher } from '../src/passwords/hasher.ts';
import { openStore } from '../src/store/open.ts';
import { openTestPostgres } from '../tests/postgres.ts';
import { serve, testFolder } from '../tests/regain.ts';
import type { SinkMail, SinkReady } from './sink.ts';

/** Whoever can be recovered from. */
export interface Recovering {
  pid: number;
  /** Sends JSON to the API. @throws where the answer is another status */
  post(path: string, body: Record<string, string>, status: number): Promise<Record<string, string>>;
  /** The next mail to this address. */
  nextMail(address: string): Promise<SinkMail>;
  stop(): Promise<void>;
}

export interface Program extends Recovering {
  origin: string;
  /** The recovery of the bare parts (`bare-recovery.ts`), sending to the same sink. */
  startBare(): Promise<Recovering>;
}

/** What every account's password is. */
export const PASSWORD = 'the old harbour bridge 7';

/** The address of the n-th account: each is recovered once, so that no limit is met. */
export function addressOf(account: number): string {
  return `shopper${account}@mail.example`;
}

export interface ProgramOptions {
  accounts: number;
  /** Accounts beside those. */
  others?: readonly string[];
  /** Settings beyond those of every benchmark. */
  env?: Record<string, string>;
  engine?: 'sqlite' | 'postgres';
  /** How long the mail server takes for a message. */
  mailDelayMs?: number;
}

export async function startProgram(options: ProgramOptions): Promise<Program> {
  const { folder, remove } = await testFolder();
  const database =
    options.engine === 'postgres'
      ? await openTestPostgres()
      : { url: `sqlite:${join(folder, 'regain.db')}`, stop: async () => {} };
  const addresses = Array.from({ length: options.accounts }, (_, account) => addressOf(account));
  await createAccounts(database.url, [...addresses, ...(options.others ?? [])]);
  const sink = await startSink(options.mailDelayMs ?? 0);
  const running = await serve({
    NODE_ENV: 'production',
    REGAIN_DATABASE_URL: database.url,
    REGAIN_SMTP_URL: sink.url,
    REGAIN_MAIL_FROM: 'Shop <no-reply@shop.example>',
    // The benchmarks are one long busy hour; what a recovery costs is measured outside of an alarm.
    REGAIN_BUSY_HOUR_SENDS: '1000000',
    ...options.env,
  });
  return {
    pid: running.process.pid as number,
    origin: running.origin,
    post: (path, body, status) => post(running.origin, path, body, status, running.output),
    nextMail: sink.nextMail,
    startBare: () => startBare(folder, sink),
    async stop() {
      await running.stop();
      sink.stop();
      await database.stop();
      await remove();
    },
  };
}

async function startBare(folder: string, sink: Sink): Promise<Recovering> {
  const child = fork(join(import.meta.dirname, 'bare-recovery.ts'), [folder, sink.url]);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return {
    pid: child.pid as number,
    post: (path, body, status) => post(`http://127.0.0.1:${port}`, path, body, status),
    nextMail: sink.nextMail,
    async stop() {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

/** One hash serves all of them. */
async function createAccounts(databaseUrl: string, addresses: readonly string[]): Promise<void> {
  const passwordHash = await createHasher({ concurrency: 1, queueMax: 1 }).hash(PASSWORD);
  const store = await openStore(parseConfig({ REGAIN_DATABASE_URL: databaseUrl }).database);
  await store.migrate();
  await store.transaction(async (tx) => {
    for (const [account, value] of addresses.entries()) {
      const address = { kind: 'email', value, canonical: value, confirmedAt: 0 } as const;
      const person = { name: 'Shopper', birthday: '1990-12-31', locale: 'en' };
      await tx.accounts.insert(`account-${account}`, { ...person, passwordHash, addresses: [address] }, 0);
    }
  });
  await store.close();
}

interface Sink {
  url: string;
  nextMail(address: string): Promise<SinkMail>;
  stop(): void;
}

async function startSink(delayMs: number): Promise<Sink> {
  const child: ChildProcess = fork(join(import.meta.dirname, 'sink.ts'), [String(delayMs)]);
  const [{ port }] = (await once(child, 'message')) as [SinkReady];
  const waiting = new Map<string, (mail: SinkMail) => void>();
  child.on('message', (mail: SinkMail) => {
    const resolve = waiting.get(mail.to);
    waiting.delete(mail.to);
    resolve?.(mail);
  });
  return {
    url: `smtp://127.0.0.1:${port}`,
    nextMail: (address) => new Promise((resolve) => waiting.set(address, resolve)),
    stop: () => child.disconnect(),
  };
}

async function post(
  origin: string,
  path: string,
  body: Record<string, string>,
  status: number,
  output = () => '',
): Promise<Record<string, string>> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${origin}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await answer.text();
  if (answer.status !== status)
    throw new Error(`POST ${path} answered ${answer.status}: ${text}\n${output().slice(-1000)}`);
  return JSON.parse(text) as Record<string, string>;
}
