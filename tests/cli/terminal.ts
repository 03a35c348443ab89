/** A terminal for tests: what is typed in it, and what is printed, read as one transcript. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import { ENGINES } from '../engines.ts';
import { regain, TEST_SECRET, testFolder } from '../regain.ts';

export interface Terminal {
  folder: string;
  /** Settings of every command. */
  env: Record<string, string>;
  /** Writes a file into the folder. */
  file(name: string, content: string | Buffer): Promise<void>;
  /**
   * Types every line that begins with `$ ` and compares what comes with the lines below it: the standard output, then
   * `! ` and a line of the standard error, then `[1]` where the exit code is not 0. `…` stands for anything within a line.
   */
  transcript(expected: string, options?: { input?: string; env?: Record<string, string> }): Promise<void>;
  /** Everything of the last command. */
  readonly last: string;
  /** Its first line: the id that `accounts add` prints. */
  readonly firstLine: string;
  /** Looks into the database of the commands. */
  look<T>(work: (store: Store) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export async function openTerminal(
  engine: keyof typeof ENGINES,
  settings: Record<string, string> = {},
): Promise<Terminal> {
  const { folder, remove } = await testFolder();
  const database = await ENGINES[engine]();
  const env = { REGAIN_DATABASE_URL: database.url, REGAIN_SECRET: TEST_SECRET, ...settings };
  let last = '';
  return {
    folder,
    env,
    get last() {
      return last;
    },
    get firstLine() {
      return last.split('\n')[0] ?? '';
    },
    file: (name, content) => writeFile(join(folder, name), content),
    async transcript(expected, options = {}) {
      const typed = expected.split(/^(?=\s*\$ )/m).filter((part) => part.trim() !== '');
      for (const part of typed) {
        const [command = '', ...lines] = part.trim().split('\n');
        const args = argumentsOf(command);
        last = await run(args, { cwd: folder, ...options, env: { ...env, ...options.env } });
        assertAlike(last, lines.map((line) => line.trim()).join('\n'), command);
      }
    },
    async look(work) {
      const url = env.REGAIN_DATABASE_URL;
      const store = await openStore(
        engine === 'sqlite' ? { engine, file: url.slice('sqlite:'.length) } : { engine, url },
      );
      try {
        return await work(store);
      } finally {
        await store.close();
      }
    },
    async close() {
      await database.remove();
      await remove();
    },
  };
}

async function run(
  args: string[],
  options: { cwd: string; env: Record<string, string>; input?: string },
): Promise<string> {
  const { code, stdout, stderr } = await regain(args, options);
  const errors = stderr.trimEnd() === '' ? [] : stderr.trimEnd().split('\n');
  const lines = [...stdout.split('\n'), ...errors.map((line) => `! ${line}`), ...(code === 0 ? [] : [`[${code}]`])];
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
}

/** `$ regain accounts add --name "Ann Lee"` without the first two words. */
function argumentsOf(command: string): string[] {
  const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
  assert.deepEqual(words.slice(0, 2), ['$', 'regain']);
  return words.slice(2);
}

function assertAlike(actual: string, expected: string, command: string): void {
  const wanted = expected
    .split('\n')
    .filter((line) => line !== '')
    .join('\n');
  const pattern = wanted
    .split('…')
    .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  if (new RegExp(`^${pattern}$`).test(actual)) return;
  assert.equal(actual, wanted, command);
}
