/** The program that is measured: `regain serve` in production mode, on SQLite, with accounts of its own and the sink. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createHasher } from '../src/passwords/hasher.ts';
import { openStore } from '../src/store/open.ts';
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

/** The address of the n-th account: each is recovered once, so that no limit is met. */
export function addressOf(account: number): string {
  return `shopper${account}@mail.example`;
}

/** @param options.env settings beyond those of every benchmark */
export async function startProgram(options: { accounts: number; env?: Record<string, string> }): Promise<Program> {
  const { folder, remove } = await testFolder();
  const database = join(folder, 'regain.db');
  await createAccounts(database, options.accounts);
  const sink = await startSink();
  const running = await serve({
    NODE_ENV: 'production',
    REGAIN_DATABASE_URL: `sqlite:${database}`,
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
async function createAccounts(file: string, count: number): Promise<void> {
  const passwordHash = await createHasher({ concurrency: 1, queueMax: 1 }).hash('the old harbour bridge 7');
  const store = await openStore({ engine: 'sqlite', file });
  await store.migrate();
  await store.transaction(async (tx) => {
    for (let account = 0; account < count; account += 1) {
      const value = addressOf(account);
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

async function startSink(): Promise<Sink> {
  const child: ChildProcess = fork(join(import.meta.dirname, 'sink.ts'));
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
