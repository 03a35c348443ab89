/**
 * The mail server of the benchmarks, as a process of its own, so that taking mail costs the program nothing. Takes every
 * message, and tells its parent who it was for, the code in it, and the moment at which it had the last byte.
 */
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { SMTPServer } from 'smtp-server';
import { monotonicMs } from './monotonic.ts';

export interface SinkReady {
  port: number;
}
export interface SinkMail {
  to: string;
  /** The code that stands alone on its line; undefined in a notice. */
  code: string | undefined;
  /** By the clock of `monotonicMs`, before its sender is told that it was accepted. */
  arrivedAt: number;
}

/** How long a message takes. */
const delayMs = Number(process.argv[2] ?? 0);

const server = new SMTPServer({
  logger: false,
  disableReverseLookup: true,
  authOptional: true,
  disabledCommands: ['STARTTLS', 'AUTH'],
  onData(stream, session, done) {
    text(stream).then(async (raw) => {
      if (delayMs > 0) await pause(delayMs);
      const arrivedAt = monotonicMs();
      // In an alarm codes have 8 digits, and then ten letters and digits.
      const code = /^ *([0-9]{6}|[0-9]{8}|[0-9A-HJKMNP-TV-Z]{10})\r?$/m.exec(raw)?.[1];
      tell({ to: session.envelope.rcptTo[0]?.address ?? '', code, arrivedAt });
      done();
    }, done);
  },
});
// A client that goes away is no failure of the server.
server.on('error', () => {});
server.listen(0, '127.0.0.1', () => tell({ port: (server.server.address() as AddressInfo).port }));
process.once('disconnect', () => process.exit());

function tell(message: SinkReady | SinkMail): void {
  process.send?.(message);
}
