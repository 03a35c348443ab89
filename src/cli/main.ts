#!/usr/bin/env node
/** The `regain` command. The only place that reads the process's environment. */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../config.ts';
import { errorText, isFromOutside, NoDatabase } from './outside-error.ts';

const COMMANDS: Record<string, { summary: string; load: () => Promise<{ run: Command }> }> = {
  serve: {
    summary: 'run the web server and the worker (--no-worker for the web alone)',
    load: () => import('./serve.ts'),
  },
  work: { summary: 'run a worker alone', load: () => import('./work.ts') },
  migrate: { summary: 'bring the database to this version', load: () => import('./migrate.ts') },
  doctor: { summary: 'check configuration, database, mail server and clock', load: () => import('./doctor.ts') },
  messages: { summary: 'list and show messages, or send one again', load: () => import('./messages.ts') },
  audit: { summary: 'check or export the audit events', load: () => import('./audit.ts') },
  accounts: { summary: 'add an account, or import a CSV file', load: () => import('./accounts.ts') },
  sessions: { summary: 'sign a person out everywhere, or everybody', load: () => import('./sessions.ts') },
};

/**
 * What Node has compiled once it need not compile at every start (580 ms to the first answer become 400). Beside the
 * program rather than in Node's default, a folder for temporary files, where another user could put code of his own.
 * A folder that can't be written is no error.
 */
const COMPILED = fileURLToPath(new URL('../../node_modules/.cache/regain/compiled', import.meta.url));

/** @returns exit code */
export type Command = (args: string[], environment: Record<string, string | undefined>) => Promise<number>;

export async function main(args: string[], environment: Record<string, string | undefined>): Promise<number> {
  const [name = '', ...rest] = args;
  if (name === '' || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(usage());
    return name === '' ? 2 : 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    process.stderr.write(`regain: there is no command '${name}'\n\n${usage()}`);
    return 2;
  }
  try {
    enableCompileCache(COMPILED);
    const { run } = await command.load();
    return await run(rest, environment);
  } catch (error) {
    if (error instanceof NoDatabase) {
      process.stderr.write(`regain ${name}: ${error.message}\n`);
      return 1;
    }
    if (isFromOutside(error)) {
      process.stderr.write(`regain ${name}: ${errorText(error)}\n'regain doctor' says how to mend it.\n`);
      return 1;
    }
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(
      `Regain can't start with these settings:\n${error.lines.map((line) => `  ${line}\n`).join('')}`,
    );
    return 78;
  }
}

function usage(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  regain ${name.padEnd(10)} ${summary}`);
  return `Usage:\n${lines.join('\n')}\n\nSettings come from environment variables or regain.config.ts; see docs/reference/settings.md.\n`;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2), process.env);
