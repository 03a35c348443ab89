/** Boots the real program for a test: `regain serve` as a process of its own, in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export interface Running {
  /** http://localhost:port */
  origin: string;
  /** Where the program runs: its database, its development inbox. */
  folder: string;
  /** What it printed so far. */
  output(): string;
  process: ChildProcess;
  /** SIGTERM, and the exit code. */
  stop(): Promise<number | null>;
  /** kill -9, then the same program again on the same data and port. */
  killAndRestart(): Promise<void>;
  kill(): Promise<void>;
  start(): Promise<void>;
}

export const MAIN = resolve(import.meta.dirname, '../src/cli/main.ts');
export const TEST_SECRET = 'a secret that only the tests know: 32 bytes and more';

/** Runs a command to its end. */
export async function regain(
  args: string[],
  options: { env?: Record<string, string>; cwd: string; input?: string },
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: options.cwd,
    env: environment(options.env),
    stdio: 'pipe',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk));
  child.stdin.end(options.input ?? '');
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}

export async function testFolder(): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'regain-test-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Starts `regain serve` on a free port and waits until it is ready. */
export async function serve(env: Record<string, string> = {}, args: string[] = []): Promise<Running> {
  const { folder, remove } = await testFolder();
  const port = await freePort();
  const origin = env.REGAIN_ORIGIN ?? `http://localhost:${port}`;
  const base = `http://localhost:${port}`;
  let child: ChildProcess;
  let output = '';

  const running: Running = {
    origin: base,
    folder,
    output: () => output,
    get process() {
      return child;
    },
    start,
    async kill() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
    },
    async killAndRestart() {
      await running.kill();
      await start();
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await once(child, 'close');
      }
      await remove();
      return child.exitCode;
    },
  };
  await start();
  return running;

  async function start(): Promise<void> {
    child = spawn(process.execPath, [MAIN, 'serve', ...args], {
      cwd: folder,
      env: environment({ PORT: String(port), REGAIN_ORIGIN: origin, REGAIN_SECRET: TEST_SECRET, ...env }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const take = (chunk: Buffer): void => {
      output += chunk;
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    await ready(base, child, () => output);
  }
}

/** Asks until the answer is there; the program's own end is the only other way out. */
async function ready(base: string, child: ChildProcess, output: () => string): Promise<void> {
  const giveUpAt = performance.now() + 30_000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`regain serve ended with ${child.exitCode}:\n${output()}`);
    const answer = await fetch(`${base}/readyz`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.ok) return;
    if (performance.now() > giveUpAt) throw new Error(`regain serve is not ready after 30 s:\n${output()}`);
    await new Promise((resume) => setTimeout(resume, 15));
  }
}

/**
 * A port that nobody listens on. Below the range that the system takes for outgoing connections, and another one for
 * every test process, so that it is still free when the program comes to listen.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    portsTried += 1;
    const port = 10_240 + ((process.pid * 101 + portsTried) % 20_000);
    const server = createServer();
    server.listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch {
      continue;
    }
    server.close();
    await once(server, 'close');
    return port;
  }
}

let portsTried = 0;

/** Nothing of the machine's own settings reaches the program. */
function environment(env: Record<string, string> = {}): Record<string, string> {
  const { PATH = '', HOME = '', TMPDIR } = process.env;
  return { PATH, HOME, ...(TMPDIR ? { TMPDIR } : {}), ...env };
}
