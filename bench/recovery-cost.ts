/**
 * CPU of a whole recovery (ask, verify, set, sign in, two mails) over the CPU of the two Argon2id hashes in it. Recoveries
 * and pairs of hashes take turns, one by one, so that whatever else the machine does falls on both, and both find the
 * processor's caches equally cold.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { processorMs } from './processor-time.ts';
import { addressOf, type Program, startProgram } from './program.ts';
import { median, type Row } from './table.ts';

const WHAT = 'CPU of a whole recovery';
const TARGET = 1.15;
const WARM_UP = 100;
const BLOCKS = 20;
const TURNS_PER_BLOCK = 10;
/** For what the last recovery of a block left to be recorded. */
const REST_MS = 50;
const PASSWORD = 'quiet meadow lantern 58';

export async function recoveryCost(): Promise<Row[]> {
  if (processorMs(process.pid) === undefined)
    return [{ what: WHAT, skipped: "this system does not tell a process's CPU time" }];
  const program = await startProgram({ accounts: WARM_UP + BLOCKS * TURNS_PER_BLOCK });
  const hashing = fork(join(import.meta.dirname, 'hashing.ts'));
  const spent = (): number[] => [program.pid, hashing.pid as number].map((pid) => processorMs(pid) as number);
  const takeTurns = async (from: number, count: number): Promise<void> => {
    for (let account = from; account < from + count; account += 1) {
      await recover(program, account);
      hashing.send('one pair');
      await once(hashing, 'message');
    }
    await pause(REST_MS);
  };
  const blocks = [];
  try {
    await takeTurns(0, WARM_UP);
    for (let block = 0; block < BLOCKS; block += 1) {
      const before = spent();
      await takeTurns(WARM_UP + block * TURNS_PER_BLOCK, TURNS_PER_BLOCK);
      const [recoveries = 0, hashes = 0] = spent().map((ms, index) => ms - (before[index] as number));
      blocks.push({ recoveryMs: recoveries / TURNS_PER_BLOCK, hashesMs: hashes / TURNS_PER_BLOCK });
    }
  } finally {
    hashing.disconnect();
    await program.stop();
  }
  return [
    {
      what: WHAT,
      measuredMs: median(blocks.map(({ recoveryMs }) => recoveryMs)),
      referenceMs: median(blocks.map(({ hashesMs }) => hashesMs)),
      reference: 'two Argon2id hashes',
      ratio: median(blocks.map(({ recoveryMs, hashesMs }) => recoveryMs / hashesMs)),
      atMost: TARGET,
    },
  ];
}

async function recover(program: Program, account: number): Promise<void> {
  const identifier = addressOf(account);
  const codeMail = program.nextMail(identifier);
  const { token = '' } = await program.post('/api/v1/recovery', { identifier }, 202);
  const { code = '' } = await codeMail;
  await program.post('/api/v1/recovery/verify', { token, code }, 200);
  const notice = program.nextMail(identifier);
  await program.post('/api/v1/recovery/password', { token, password: PASSWORD }, 200);
  await program.post('/api/v1/sessions', { identifier, password: PASSWORD }, 201);
  await notice;
}
