/**
 * Runs every test that runs on this machine: one process per file, PostgreSQL and Chromium from npm, and at the end one
 * summary line. `npm test -- web attacks` runs the files whose path contains one of the words.
 */
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { startTestServer } from './postgres.ts';

/** Several times what the longest file needs. */
const SILENCE_MAX_MS = 10 * 60_000;

const words = process.argv.slice(2);
const files = globSync('tests/**/*.test.ts')
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  .sort();
const started = performance.now();
process.stdout.write(`${files.length} test files, ${availableParallelism()} at a time; starting PostgreSQL ...\n`);
const postgres = await startTestServer();
process.env.REGAIN_TEST_POSTGRES_URL = postgres.url;

const counts = { passed: 0, failed: 0, skipped: 0 };
const hanging = new AbortController();
const stream = run({
  files: files.map((file) => `${process.cwd()}/${file}`),
  concurrency: availableParallelism(),
  signal: hanging.signal,
});
let silence: NodeJS.Timeout | undefined;
const ended = new Set<string>();
heard();
stream.on('test:fail', ({ name, file, line, details }) => {
  if (details.type === 'suite') return;
  const { error } = details;
  const cause = error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : error.message;
  process.stdout.write(`\nFAILED  ${name}\n        ${file ?? ''}:${line ?? ''}\n${indent(String(cause))}\n\n`);
});
stream.on('test:stderr', ({ message }) => process.stdout.write(message));
stream.on('test:summary', ({ file, counts: of, duration_ms }) => {
  const failed = of.tests - of.passed - of.skipped - of.todo;
  if (file === undefined) {
    Object.assign(counts, { passed: of.passed, failed, skipped: of.skipped });
    return;
  }
  const name = file.slice(process.cwd().length + 1);
  ended.add(name);
  heard();
  process.stdout.write(
    `${failed === 0 ? 'ok    ' : 'FAILED'}  ${name}  ${of.passed}  ${(duration_ms / 1000).toFixed(1)} s\n`,
  );
});
await new Promise((resolve) => stream.on('close', resolve).resume());
clearTimeout(silence);
await postgres.stop();

const seconds = ((performance.now() - started) / 1000).toFixed(0);
process.stdout.write(
  `\n${seconds} seconds\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`,
);
process.exitCode = hanging.signal.aborted || counts.failed > 0 || counts.passed === 0 ? 1 : 0;

/** A file that never ends, because something of it still runs, is named, and ends the run. */
function heard(): void {
  clearTimeout(silence);
  silence = setTimeout(() => {
    const running = files.filter((file) => !ended.has(file)).slice(0, availableParallelism());
    process.stdout.write(
      `\nFAILED  no test file ended for ${SILENCE_MAX_MS / 60_000} minutes; running: ${running.join(', ')}\n`,
    );
    hanging.abort();
  }, SILENCE_MAX_MS);
}

function indent(text: string): string {
  return text.replace(/^/gm, '        ');
}
