/** From the start of the process to the first answered page, in development mode on an existing database. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort, MAIN, testFolder } from '../tests/regain.ts';
import { median, type Row } from './table.ts';

const SAMPLES = 9;
const TARGET_MS = 700;
const PATIENCE_MS = 30_000;
const COMPILED_MAIN = resolve(import.meta.dirname, '../dist/cli/main.js');

export async function coldStart(): Promise<Row[]> {
  const compiled = 'cold start to first answer, compiled';
  return [
    await measured('cold start to first answer', MAIN),
    existsSync(COMPILED_MAIN)
      ? await measured(compiled, COMPILED_MAIN)
      : { what: compiled, skipped: 'npm run build makes it' },
  ];
}

async function measured(what: string, main: string): Promise<Row> {
  const { folder, remove } = await testFolder();
  try {
    // Makes the database, its demo account and whatever else is made once.
    await startMs(main, folder);
    const samples = [];
    for (let sample = 0; sample < SAMPLES; sample += 1) samples.push(await startMs(main, folder));
    const measuredMs = median(samples);
    const reference = 'target';
    return { what, measuredMs, referenceMs: TARGET_MS, reference, ratio: measuredMs / TARGET_MS, atMost: 1 };
  } finally {
    await remove();
  }
}

async function startMs(main: string, folder: string): Promise<number> {
  const port = await freePort();
  const { PATH = '', HOME = '' } = process.env;
  const startedAt = performance.now();
  const child = spawn(process.execPath, [main, 'serve'], {
    cwd: folder,
    env: { PATH, HOME, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'close');
  try {
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${port}/sign-in`).catch(() => undefined);
      await answer?.arrayBuffer();
      if (answer?.ok) return performance.now() - startedAt;
      if (child.exitCode !== null || performance.now() - startedAt > PATIENCE_MS)
        throw new Error(`${main} serve does not answer on port ${port}`);
      await pause(5);
    }
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}
