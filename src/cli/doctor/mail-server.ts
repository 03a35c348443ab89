/**
 * The doctor's own mail server: takes every mail, keeps none, and is as slow or as unkind as it is told. As a program it
 * runs beside the measurement, because its work in the measuring process would be measured, too.
 */
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { SMTPServer } from 'smtp-server';

/** What the server does with a recipient: `later` is greylisting (451), `refuse` an unknown mailbox (550). */
export type Mood = 'take' | 'later' | 'refuse';

export interface DoctorMailServer {
  port: number;
  mood: Mood;
  stop(): Promise<void>;
}

const REPLIES: Record<Exclude<Mood, 'take'>, [code: number, text: string]> = {
  later: [451, '4.7.1 Greylisted, come again'],
  refuse: [550, '5.1.1 There is no such mailbox'],
};

/** @param options.delayMs between the end of a mail and the word that it was taken */
export async function startDoctorMailServer(options: {
  delayMs: number;
  port?: number;
  mood?: Mood;
}): Promise<DoctorMailServer> {
  const sockets = new Set<Socket>();
  const running: DoctorMailServer = { port: 0, mood: options.mood ?? 'take', stop };
  const server = new SMTPServer({
    logger: false,
    disableReverseLookup: true,
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    closeTimeout: 1_000,
    onRcptTo(_address, _session, done) {
      if (running.mood === 'take') return done();
      const [responseCode, text] = REPLIES[running.mood];
      done(Object.assign(new Error(text), { responseCode }));
    },
    onData(stream, _session, done) {
      stream.on('end', () => void pause(options.delayMs).then(() => done()));
      stream.resume();
    },
  });
  // A client that goes away is no failure of the server.
  server.on('error', () => {});
  server.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server.server, 'listening');
  running.port = (server.server.address() as AddressInfo).port;
  return running;

  async function stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  }
}

/** Prints its port, and serves until its standard input closes: with its parent, however that ended. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { 'delay-ms': { type: 'string', default: '0' } } });
  const server = await startDoctorMailServer({ delayMs: Number(values['delay-ms']) });
  process.stdout.write(`${server.port}\n`);
  process.stdin.resume();
  await once(process.stdin, 'end');
  await server.stop();
}

if (import.meta.main) await main();
