/** `regain messages list`, `show` and `retry`: what became of each message, and another try. */

import { ownAccounts } from '../accounts/own.ts';
import type { Context } from '../actions/context.ts';
import type { Config } from '../config.ts';
import { MESSAGE_STATUSES } from '../rules/delivery.ts';
import { settingsOf } from '../settings.ts';
import { systemClock, systemRandom } from '../system.ts';
import { asksForHelp, tellUsage } from './help.ts';
import { loadConfig } from './load-config.ts';
import { withDatabase } from './open-database.ts';
import { shown } from './shown.ts';

const USAGE = `Usage:
  regain messages list [--status S] [--channel C] [--kind K] [--account ID] [--since TIME] [--limit N] [--json]
  regain messages show ID [--json]
  regain messages retry ID [--even-if-delivered]

  --status    ${MESSAGE_STATUSES.slice(0, -1).join(', ')} or ${MESSAGE_STATUSES.at(-1)}
  --channel   email, sms, whatsapp, telegram or viber
  --kind      recovery-code, no-account, decoy, password-changed ...
  --account   messages to this account and of its recoveries
  --since     2h, 30m, 7d, or ISO 8601 with a time zone like 2026-03-01T12:00:00Z; 24h where it is left out
  --limit     50 where it is left out, at most 10000
  --json      list: one object a line; show: one object
  ID          as list shows it, or the whole one

Exit codes: 0 fine, 1 nothing found or not queued again, 2 a wrong call. See docs/how-to/messages.md.
`;

export interface MessagesContext extends Pick<Context, 'store' | 'accounts' | 'clock' | 'settings'> {
  config: Config;
}

export async function run(args: string[], environment: Record<string, string | undefined>): Promise<number> {
  const [name, ...rest] = args;
  if (asksForHelp(args) || asksForHelp(rest)) return tellUsage(USAGE);
  if (name === 'list') return (await import('./messages-list.ts')).runList(rest, environment);
  if (name === 'show') return (await import('./messages-show.ts')).runShow(rest, environment);
  if (name === 'retry') return (await import('./messages-retry.ts')).runRetry(rest, environment);
  return refuseUsage(name === undefined ? 'say list, show or retry' : `there is no ${shown(name)} here`);
}

/** @returns the exit code of a command that was called wrongly */
export function refuseUsage(problem: string): 2 {
  process.stderr.write(`regain messages: ${problem}\n\n${USAGE}`);
  return 2;
}

/** @returns the exit code of a command that found nothing by its id */
export function refuseId(id: string, why: 'none' | 'several'): 1 {
  const problem =
    why === 'several'
      ? `more than one message begins with ${shown(id)}; type more of it`
      : `there is no message ${shown(id)}; it was purged, or 'regain messages list --since 30d' shows it`;
  process.stderr.write(`regain messages: ${problem}\n`);
  return 1;
}

/**
 * One id and some flags. An id may begin with a dash, so this is not a matter for parseArgs.
 * @returns what is wrong, as text
 */
export function readId(args: string[], flags: readonly string[]): { id: string; given: Set<string> } | string {
  const given = new Set(args.filter((arg) => flags.includes(arg)));
  const ids = args.filter((arg) => !flags.includes(arg));
  const [id = ''] = ids;
  if (ids.length !== 1) return ids.length === 0 ? 'say which message: its id' : 'one message at a time';
  if (/^--[a-z][a-z-]*$/.test(id)) return `there is no option ${shown(id)}`;
  return /^[\w-]{4,64}$/.test(id) ? { id, given } : `${shown(id)} is not an id; 'regain messages list' shows them`;
}

/**
 * Runs `work` on the database of this installation; a server may run beside it.
 * @returns the exit code of `work`
 * @throws NoDatabase where there is none of this version
 */
export async function withMessages(
  environment: Record<string, string | undefined>,
  work: (context: MessagesContext) => Promise<number>,
): Promise<number> {
  const config = await loadConfig(environment);
  const accounts = ownAccounts(systemRandom);
  return withDatabase(config, (store) =>
    work({ store, accounts, clock: systemClock, settings: settingsOf(config), config }),
  );
}

/** Whoever reads no more (`| head`) has what he wanted. */
export function print(text: string): void {
  process.stdout.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  process.stdout.write(text);
}
