/** From the request for a code to the mail server having the whole message, with nothing else going on. */
import { setTimeout as pause } from 'node:timers/promises';
import { monotonicMs } from './monotonic.ts';
import { addressOf, startProgram } from './program.ts';
import { percentile, type Row } from './table.ts';

const WARM_UP = 50;
const SAMPLES = 200;
const TARGET_MS = 50;
/** Longer than the program needs to record a delivery. */
const REST_MS = 60;

export async function codeLatency(): Promise<Row[]> {
  const program = await startProgram({ accounts: WARM_UP + SAMPLES });
  const latencies: number[] = [];
  try {
    for (let account = 0; account < WARM_UP + SAMPLES; account += 1) {
      const identifier = addressOf(account);
      const mail = program.nextMail(identifier);
      const askedAt = monotonicMs();
      await program.post('/api/v1/recovery', { identifier }, 202);
      const { arrivedAt } = await mail;
      if (account >= WARM_UP) latencies.push(arrivedAt - askedAt);
      await pause(REST_MS);
    }
  } finally {
    await program.stop();
  }
  return [0.5, 0.99].map((part) => {
    const measuredMs = percentile(latencies, part);
    return {
      what: `code at the mail server, p${100 * part}`,
      measuredMs,
      referenceMs: TARGET_MS,
      reference: 'target',
      ratio: measuredMs / TARGET_MS,
      atMost: 1,
    };
  });
}
