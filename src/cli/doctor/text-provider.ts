/**
 * The doctor's own provider of texts: takes every one by the generic webhook, sends none, and is as slow or as unkind as it is
 * told. As a program it runs beside the measurement, as the mail server does.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Mood } from './mail-server.ts';

export interface DoctorTextProvider {
  /** What `REGAIN_SMS_URL` is set to. */
  url: string;
  port: number;
  mood: Mood;
  stop(): Promise<void>;
}

const STATUS: Record<Mood, number> = { take: 202, later: 503, refuse: 400 };

/** @param options.delayMs between a text and the word that it was taken */
export async function startDoctorTextProvider(options: {
  delayMs: number;
  port?: number;
  mood?: Mood;
}): Promise<DoctorTextProvider> {
  const server = createServer((request, response) => {
    request.resume().once('end', async () => {
      await pause(options.delayMs);
      response.writeHead(STATUS[running.mood]).end();
    });
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const running: DoctorTextProvider = {
    url: textProviderUrl(port),
    port,
    mood: options.mood ?? 'take',
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return running;
}

export function textProviderUrl(port: number | string): string {
  return `http://127.0.0.1:${port}/texts?secret=of-the-doctor`;
}

/** Where the doctor's numbers are, and budgets that no measurement meets: what is held back would go by mail instead. */
export const TEXT_SETTINGS = {
  REGAIN_SMS_COUNTRIES: 'FR',
  REGAIN_SPEND_PER_DAY: 'sms=1000000',
};

/** Prints its port, and serves until its standard input closes: with its parent, however that ended. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { 'delay-ms': { type: 'string', default: '0' } } });
  const provider = await startDoctorTextProvider({ delayMs: Number(values['delay-ms']) });
  process.stdout.write(`${provider.port}\n`);
  process.stdin.resume();
  await once(process.stdin, 'end');
  await provider.stop();
}

if (import.meta.main) await main();
