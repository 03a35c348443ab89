/**
 * The whole program in the test's process like `startInProcess`, but in development mode, on a port that a browser can
 * reach, and with a mail server that answers as the address says.
 */
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { type Composed, compose } from '../../src/compose.ts';
import { parseConfig } from '../../src/config.ts';
import type { Log } from '../../src/ports.ts';
import { systemRandom } from '../../src/system.ts';
import { TEST_SECRET, testFolder } from '../regain.ts';
import { type SmtpSink, startSmtpSink } from '../smtp-sink.ts';

export interface OnAPort {
  regain: Composed;
  /** http://localhost:port */
  origin: string;
  sink: SmtpSink;
  now(): number;
  /** Moves the clock and lets the worker do what has become due. */
  advance(ms: number): Promise<void>;
  /** Resolves when nothing is due and nothing is in flight. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const noJitter = { ...systemRandom, below: () => 0 };

/** Mail to `busy...` waits for ever, mail to `refused...` is refused for good; all other mail is taken. */
function byAddress(address: string): { code: number; message: string } | undefined {
  if (address.startsWith('busy')) return { code: 451, message: 'try again later' };
  return address.startsWith('refused') ? { code: 550, message: 'no such mailbox' } : undefined;
}

/** @param settings of the environment, beside its own */
export async function startOnAPort(settings: Record<string, string> = {}): Promise<OnAPort> {
  const { folder, remove } = await testFolder();
  const cameFrom = process.cwd();
  // The development inbox keeps its file where the program runs.
  process.chdir(folder);
  const sink = await startSmtpSink({ onRcpt: byAddress });
  let regain: Composed;
  const server = createAdaptorServer({
    fetch: (request, env) => regain.fetch(request, { peer: env.incoming.socket.remoteAddress ?? '' }),
  }) as Server;
  // Listening comes first, because the origin names the port.
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const origin = `http://localhost:${port}`;
  let now = Date.parse('2026-03-14T09:12:00Z');
  const config = parseConfig({
    PORT: String(port),
    REGAIN_ORIGIN: origin,
    REGAIN_SECRET: TEST_SECRET,
    REGAIN_DATABASE_URL: 'sqlite:./test.db',
    REGAIN_SMTP_URL: sink.url,
    REGAIN_MAIL_FROM: 'Shop <no-reply@shop.example>',
    ...settings,
  });
  regain = await compose(config, { clock: { now: () => now }, random: noJitter, log: silent });
  const worker = await regain.startWorker({ otherProcesses: false });
  return {
    regain,
    origin,
    sink,
    now: () => now,
    async advance(ms) {
      now += ms;
      await worker.idle();
    },
    settled: () => worker.idle(),
    async close() {
      regain.endStreams();
      server.closeAllConnections();
      server.close();
      await worker.stop();
      await regain.close();
      await sink.stop();
      process.chdir(cameFrom);
      await remove();
    },
  };
}
