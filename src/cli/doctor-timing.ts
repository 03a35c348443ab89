/**
 * `regain doctor timing`: proves, on this machine, that nobody can tell known from unknown identifiers by the answers. It
 * runs the whole program as a scratch installation, or asks a running one, and compares times by their ranks.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { aucSpread, mannWhitney } from '../rules/mann-whitney.ts';
import { systemRandom } from '../system.ts';
import { type Measured, measure, type Subject } from './doctor-timing-measure.ts';
import { startScratch } from './doctor-timing-scratch.ts';
import { errorText } from './outside-error.ts';
import { count } from './shown.ts';

const USAGE = `Usage:
  regain doctor timing [--count 2000] [--seed N]
      measures a scratch installation on this machine; no message leaves it
  regain doctor timing --origin URL --known FILE --unknown FILE --yes-send-messages [--count N] [--seed N]
      measures a running installation with the identifiers of two files, one a line; real messages go to the known ones

See docs/how-to/check-an-installation.md.
`;
const DEFAULT_COUNT = 2_000;
const COUNT_BOUNDS = { least: 10, most: 20_000 };
/** The bound on the AUC, either side of 0.5; from so many a side on, chance alone stays three deviations inside of it. */
const AUC_BOUND = 0.03;
/** Below that number of measurements the bound widens to so many deviations. */
const DEVIATIONS = 3;
/** A start, and per request some ten times what the slowest one takes: then something hangs. */
const START_TIMEOUT_MS = 120_000;
const REQUEST_TIMEOUT_MS = 150;
const REQUESTS_EACH = 5;

interface Call {
  count: number;
  seed: number;
  remote: { origin: string; known: string[]; unknown: string[] } | undefined;
}

/** @returns 0, or 1 where something differs or could not be measured, or 2 for a wrong call */
export async function runTiming(args: string[], environment: Record<string, string | undefined>): Promise<number> {
  let call: Call;
  try {
    call = parseCall(args);
  } catch (error) {
    process.stderr.write(`regain doctor timing: ${errorText(error)}\n\n${USAGE}`);
    return 2;
  }
  const stop = new AbortController();
  const interrupt = (): void => stop.abort(new Error('interrupted'));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const limitMs = START_TIMEOUT_MS + 2 * REQUESTS_EACH * call.count * REQUEST_TIMEOUT_MS;
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(limitMs)]);
  try {
    const measured = call.remote ? await measureRunning(call, signal) : await measureScratch(call, environment, signal);
    return report(measured, call);
  } catch (error) {
    const why =
      signal.aborted && !stop.signal.aborted
        ? `not done after ${limitMs / 60_000} minutes`
        : errorText(signal.aborted ? signal.reason : error);
    process.stderr.write(`regain doctor timing: ${why}\n`);
    return 1;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

function parseCall(args: string[]): Call {
  const options = {
    count: { type: 'string' },
    seed: { type: 'string' },
    origin: { type: 'string' },
    known: { type: 'string' },
    unknown: { type: 'string' },
    'yes-send-messages': { type: 'boolean' },
  } as const;
  const { values } = parseArgs({ args, options, strict: true, allowPositionals: false });
  const { least, most } = COUNT_BOUNDS;
  const wanted = wholeNumber(values.count, 'count', least, most);
  const seed = wholeNumber(values.seed, 'seed', 1, 2 ** 31) ?? 1 + systemRandom.below(2 ** 31);
  const { origin, known, unknown } = values;
  if (origin === undefined && known === undefined && unknown === undefined)
    return { count: wanted ?? DEFAULT_COUNT, seed, remote: undefined };
  if (origin === undefined || known === undefined || unknown === undefined)
    throw new Error('--origin, --known and --unknown belong together');
  if (!URL.canParse(origin) || !/^https?:$/.test(new URL(origin).protocol)) throw new Error('--origin must be a URL');
  if (!values['yes-send-messages'])
    throw new Error(
      'this sends real messages to the known identifiers, several each; say --yes-send-messages if you mean it',
    );
  const remote = { origin: new URL(origin).origin, known: readLines(known), unknown: readLines(unknown) };
  const possible = Math.min(remote.known.length, remote.unknown.length, wanted ?? most);
  if (possible < least) throw new Error(`both files need ${least} identifiers or more`);
  return { count: possible, seed, remote };
}

function wholeNumber(text: string | undefined, name: string, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw new Error(`--${name} must be a whole number from ${least} to ${most}`);
  return value;
}

function readLines(file: string): string[] {
  const lines = readFileSync(file, 'utf8').split(/\r?\n/);
  return [...new Set(lines.map((line) => line.trim()).filter((line) => line !== ''))];
}

async function measureScratch(
  call: Call,
  environment: Record<string, string | undefined>,
  signal: AbortSignal,
): Promise<Measured[]> {
  process.stderr.write(`starting a scratch installation with ${count(call.count)} accounts ...\n`);
  const scratch = await startScratch(call.count, environment, signal);
  try {
    return await measure({ ...call, ...scratch, signal, progress });
  } finally {
    await scratch.stop();
  }
}

function measureRunning({ remote, count: n, seed }: Call, signal: AbortSignal): Promise<Measured[]> {
  const { origin, known, unknown } = remote as NonNullable<Call['remote']>;
  const subjects = (identifiers: string[], isKnown: boolean): Subject[] =>
    identifiers.slice(0, n).map((identifier) => ({ identifier, known: isKnown }));
  const all = [...subjects(known, true), ...subjects(unknown, false)];
  return measure({ origin, subjects: all, warmUp: [], seed, signal, progress });
}

function progress(done: number, of: number): void {
  const line = `measured ${count(done)} of ${count(of)} requests`;
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}${done === of ? '\n' : ''}` : `${line}\n`);
}

/** Prints the table and what it means. */
function report(measured: Measured[], { count: n, seed, remote }: Call): number {
  const rows = measured.map(judge);
  const table = [
    ['endpoint', 'known', 'unknown', 'median known', 'median unknown', 'AUC', 'p', 'times', 'answers'],
    ...rows.map(({ cells }) => cells),
  ];
  process.stdout.write(`\n${remote ? remote.origin : 'A scratch installation on this machine'}, seed ${seed}\n\n`);
  process.stdout.write(columns(table));
  process.stdout.write(`\n${explanation(n)}`);
  for (const { differences } of rows) process.stdout.write(differences);
  const different = rows.some(({ alike }) => !alike);
  process.stdout.write(
    different
      ? '\nSomething differs. Run it again on a quiet machine; if it stays, known and unknown can be told apart.\n'
      : '\nKnown and unknown identifiers could not be told apart.\n',
  );
  return different ? 1 : 0;
}

interface Row {
  cells: string[];
  /** Lines that say how the answers differ. */
  differences: string;
  alike: boolean;
}

function judge({ endpoint, known, unknown, limited }: Measured): Row {
  const sizes = [count(known.times.length), count(unknown.times.length)];
  if (Math.min(known.times.length, unknown.times.length) < COUNT_BOUNDS.least) {
    const cells = [endpoint, ...sizes, '', '', '', '', limited ? 'too few: a limit was reached' : 'too few', ''];
    return { cells, differences: '', alike: false };
  }
  const { auc, p } = mannWhitney(known.times, unknown.times);
  const timesAlike = Math.abs(auc - 0.5) <= boundFor(known.times.length, unknown.times.length);
  const [lacking, extra] = [minus(known.shapes, unknown.shapes), minus(unknown.shapes, known.shapes)];
  const answersAlike = lacking.length + extra.length === 0;
  const differences = [
    ...lacking.map((shape) => `  ${endpoint}, only for known identifiers: ${shape}\n`),
    ...extra.map((shape) => `  ${endpoint}, only for unknown identifiers: ${shape}\n`),
  ].join('');
  const cells = [
    endpoint,
    ...sizes,
    `${median(known.times).toFixed(2)} ms`,
    `${median(unknown.times).toFixed(2)} ms`,
    auc.toFixed(3),
    p.toFixed(3),
    `${timesAlike ? 'alike' : 'DIFFER'}${limited ? ' (cut short by a limit)' : ''}`,
    answersAlike ? 'identical' : 'DIFFER',
  ];
  return { cells, differences, alike: timesAlike && answersAlike };
}

function boundFor(known: number, unknown: number): number {
  return Math.max(AUC_BOUND, DEVIATIONS * aucSpread(known, unknown));
}

function minus(left: ReadonlySet<string>, right: ReadonlySet<string>): string[] {
  return [...left].filter((shape) => !right.has(shape));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] as number) + (sorted[Math.floor(middle)] as number)) / 2;
}

function explanation(n: number): string {
  const bound = boundFor(n, n);
  const expected = 2 * aucSpread(n, n);
  const wider = bound > AUC_BOUND ? `, wider than the usual ${AUC_BOUND} because ${count(n)} are few` : '';
  return `AUC: the chance that the answer for a random known identifier took longer than that for a random unknown one.
0.5 is silence. With ${count(n)} a side, chance alone keeps it within 0.5 ± ${expected.toFixed(3)} in 95 of 100 runs: 2 * sqrt((2n + 1) / (12 n n)).
The bound is ${(0.5 - bound).toFixed(3)} to ${(0.5 + bound).toFixed(3)}${wider}.
Answers: status, names of headers and fields, and where a redirect leads, compared as sets.
`;
}

/** Cells in columns; all but the first and the last two are numbers and stand to the right. */
function columns(table: string[][]): string {
  const widths = (table[0] as string[]).map((_, at) => Math.max(...table.map((row) => (row[at] as string).length)));
  const line = (row: string[]): string =>
    row
      .map((cell, at) => {
        const width = widths[at] as number;
        return at === 0 || at >= row.length - 2 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  return table.map((row) => `${line(row)}\n`).join('');
}
