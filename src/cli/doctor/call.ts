/** How `regain doctor timing` and `regain doctor enumerate` are called, and how they end: in time, or when interrupted. */

import { errorText } from '../outside-error.ts';
import { type RunningInstallation, type RunningValues, readRunning } from './operator.ts';

/** Of `parseArgs`: for a scratch installation, and for a running one. */
export const CALL_OPTIONS = {
  url: { type: 'string' },
  identifier: { type: 'string', multiple: true },
  identifiers: { type: 'string' },
  'pace-ms': { type: 'string' },
  'yes-send-messages': { type: 'boolean' },
  only: { type: 'string', multiple: true },
  'mail-delay-ms': { type: 'string' },
  postgres: { type: 'string' },
} as const;

type Values = RunningValues & Partial<Record<'mail-delay-ms' | 'postgres', string | undefined>>;

export interface Installation {
  /** Undefined: a scratch one is made. */
  running: RunningInstallation | undefined;
  mailDelayMs: number;
  postgresUrl: string | undefined;
}

const MAIL_DELAY_MOST_MS = 10_000;

/**
 * @param ofScratch options that only a scratch installation has, beside those that both commands have
 * @throws Error that says what to give
 */
export function readInstallation<V extends Values>(values: V, ofScratch: readonly (keyof V & string)[]): Installation {
  const running = readRunning(values);
  const misplaced = [...ofScratch, 'mail-delay-ms', 'postgres'].find((name) => values[name as keyof V] !== undefined);
  if (running && misplaced !== undefined) throw new Error(`--${misplaced} belongs to a scratch installation`);
  return {
    running,
    mailDelayMs: wholeNumber(values['mail-delay-ms'], 'mail-delay-ms', 0, MAIL_DELAY_MOST_MS) ?? 0,
    postgresUrl: values.postgres,
  };
}

export function wholeNumber(text: string | undefined, name: string, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw new Error(`--${name} must be a whole number from ${least} to ${most}`);
  return value;
}

/** Those with one of the words of `--only` in their name; all where there are none. */
export function namedBy<T extends { name: string }>(
  words: readonly string[] = [''],
  all: readonly T[],
  what: 'request' | 'scenario',
): T[] {
  const named = all.filter(({ name }) => words.some((word) => name.includes(word)));
  if (named.length === 0)
    throw new Error(
      `--only: no ${what} has '${words.join("' or '")}' in it; there are: ${all.map(({ name }) => name).join('; ')}`,
    );
  return named;
}

/** @returns the exit code: that of `work`, 1 where it failed, was interrupted or took too long, or 2 for a wrong call */
export async function runCall<C>(
  command: 'timing' | 'enumerate',
  usage: string,
  parse: () => C,
  longestMs: (call: C) => number,
  work: (call: C, signal: AbortSignal) => Promise<0 | 1>,
): Promise<number> {
  let call: C;
  try {
    call = parse();
  } catch (error) {
    process.stderr.write(`regain doctor ${command}: ${errorText(error)}\n\n${usage}`);
    return 2;
  }
  const stop = new AbortController();
  const interrupt = (): void => stop.abort(new Error('interrupted'));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const limitMs = longestMs(call);
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(limitMs)]);
  try {
    return await work(call, signal);
  } catch (error) {
    const why =
      signal.aborted && !stop.signal.aborted
        ? `not done after ${Math.ceil(limitMs / 60_000)} minutes`
        : errorText(signal.aborted ? signal.reason : error);
    process.stderr.write(`regain doctor ${command}: ${why}\n`);
    return 1;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}
