/**
 * CPU of a whole recovery (ask, verify, set, sign in, two mails) over the CPU of the two Argon2id hashes in it, and over
 * that of a bare recovery (`bare-recovery.ts`). The three take turns, one by one, so that whatever else the machine does
 * falls on all, and all find the processor's caches equally cold.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { processorMs } from './processor-time.ts';
import { addressOf, type Recovering, startProgram } from './program.ts';
import { median, type Row } from './table.ts';

const WHAT = 'CPU of a whole recovery';
const TARGET = 1.15;
/** Decision 0011: where it comes from. */
const TARGET_OVER_BARE = 1.25;
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
  const bare = await program.startBare();
  const spent = (): number[] => [program.pid, hashing.pid as number, bare.pid].map((pid) => processorMs(pid) as number);
  const takeTurns = async (from: number, count: number): Promise<void> => {
    for (let account = from; account < from + count; account += 1) {
      await recover(program, account);
      hashing.send('one pair');
      await once(hashing, 'message');
      await recover(bare, account);
    }
    await pause(REST_MS);
  };
  const blocks: Block[] = [];
  try {
    await takeTurns(0, WARM_UP);
    for (let block = 0; block < BLOCKS; block += 1) {
      const before = spent();
      await takeTurns(WARM_UP + block * TURNS_PER_BLOCK, TURNS_PER_BLOCK);
      const [recoveryMs = 0, hashesMs = 0, bareMs = 0] = spent().map(
        (ms, index) => (ms - (before[index] as number)) / TURNS_PER_BLOCK,
      );
      blocks.push({ recoveryMs, hashesMs, bareMs });
    }
  } finally {
    hashing.disconnect();
    await bare.stop();
    await program.stop();
  }
  return [
    row(blocks, { what: WHAT, against: 'hashesMs', reference: 'two Argon2id hashes', atMost: TARGET }),
    row(blocks, {
      what: `${WHAT}, over its bare parts`,
      against: 'bareMs',
      reference: 'the same by bare libraries',
      atMost: TARGET_OVER_BARE,
    }),
  ];
}

/** CPU of one recovery, of one pair of hashes, and of one bare recovery. */
interface Block {
  recoveryMs: number;
  hashesMs: number;
  bareMs: number;
}

function row(
  blocks: readonly Block[],
  { against, ...rest }: { what: string; against: 'hashesMs' | 'bareMs'; reference: string; atMost: number },
): Row {
  return {
    ...rest,
    measuredMs: median(blocks.map(({ recoveryMs }) => recoveryMs)),
    referenceMs: median(blocks.map((block) => block[against])),
    ratio: median(blocks.map((block) => block.recoveryMs / block[against])),
  };
}

async function recover(program: Recovering, account: number): Promise<void> {
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
