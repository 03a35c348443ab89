/** The measurement in a table, and in words. */
import { aucInterval, aucSpread, mannWhitney } from '../../rules/mann-whitney.ts';
import { count } from '../shown.ts';
import { type Kind, REFERENCE_OF } from './kinds.ts';
import type { Measured, Side } from './timing-measure.ts';

/** The bound on the AUC, either side of 0.5; from 4,000 a side on, chance alone stays three deviations inside of it. */
const AUC_BOUND = 0.02;
/** Below that number of measurements the bound widens to so many deviations. */
const DEVIATIONS = 3;
/** Fewer say nothing. */
const LEAST_EACH = 10;
const HEADERS = ['request', 'kind', 'times of it', 'of unknown', 'median', 'unknown', 'AUC', '95 % interval'];

/** @returns the report, and whether every row could be measured and nothing differs */
export function timingReport(
  measured: readonly Measured[],
  about: { title: string; seed: number },
): { text: string; alike: boolean } {
  const rows = measured.flatMap(judgeRow);
  const smallest = Math.min(...rows.map(({ each }) => each));
  const table = [[...HEADERS, 'times', 'answers'], ...rows.map(({ cells }) => cells)];
  const wordsOf = rows.map(({ words }) => words).join('');
  const alike = rows.length > 0 && rows.every((row) => row.alike);
  const verdict = alike
    ? 'No kind could be told from an unknown identifier.'
    : 'Something differs or could not be measured. Run it again on a quiet machine: what stays can be used by a stranger.';
  const text = `\n${about.title}, seed ${about.seed}\n\n${columns(table)}\n${explanation(smallest)}${wordsOf}\n${verdict}\n`;
  return { text, alike };
}

interface Row {
  cells: string[];
  /** Lines that say what differs. */
  words: string;
  alike: boolean;
  /** Measurements of the smaller side. */
  each: number;
}

/** One row for each kind but those that others are compared with. */
function judgeRow(measured: Measured): Row[] {
  const kinds = [...measured.sides.keys()].filter((kind) => REFERENCE_OF[kind] !== kind).sort();
  return kinds.map((kind) => {
    const side = measured.sides.get(kind) as Side;
    const reference = measured.sides.get(REFERENCE_OF[kind]);
    return reference === undefined || Math.min(side.times.length, reference.times.length) < LEAST_EACH
      ? unmeasured(measured, kind, side, reference)
      : compared(measured, kind, side, reference);
  });
}

function unmeasured({ name, limited }: Measured, kind: Kind, side: Side, reference: Side | undefined): Row {
  const sizes = [side.times.length, reference?.times.length ?? 0];
  const why = limited ? 'too few: a limit was reached' : 'too few';
  const cells = [name, kind, ...sizes.map(count), '', '', '', '', why, ''];
  const words = `\n${name}, ${kind}: only ${Math.min(...sizes)} could be measured, ${LEAST_EACH} are needed.\n`;
  return { cells, words: words + differences(name, kind, side, reference), alike: false, each: Math.min(...sizes) };
}

function compared({ name, limited }: Measured, kind: Kind, side: Side, reference: Side): Row {
  const [times, others] = [side.times, reference.times];
  const each = Math.min(times.length, others.length);
  const { auc, p } = mannWhitney(times, others);
  const { low, high } = aucInterval(times, others);
  const timesAlike = Math.abs(auc - 0.5) <= boundFor(times.length, others.length);
  const answers = differences(name, kind, side, reference);
  const cells = [
    name,
    kind,
    count(times.length),
    count(others.length),
    `${median(times).toFixed(2)} ms`,
    `${median(others).toFixed(2)} ms`,
    auc.toFixed(3),
    `${low.toFixed(3)} to ${high.toFixed(3)}`,
    `${timesAlike ? 'alike' : 'DIFFER'}${limited ? ' (cut short by a limit)' : ''}`,
    answers === '' ? 'identical' : 'DIFFER',
  ];
  const words = timesAlike ? '' : timeWords({ name, kind, auc, p, low, high });
  return { cells, words: words + answers, alike: timesAlike && answers === '' && !limited, each };
}

function timeWords(row: { name: string; kind: Kind; auc: number; p: number; low: number; high: number }): string {
  const { name, kind, auc, p, low, high } = row;
  const other = REFERENCE_OF[kind];
  const certain = p < 0.001 ? 'in less than one run of a thousand' : `in ${(p * 1000).toFixed(0)} runs of a thousand`;
  const longer =
    auc > 0.5
      ? `${kind} one takes longer than that for an ${other}`
      : `${other} one takes longer than that for a ${kind}`;
  const share = Math.round(100 * Math.max(auc, 1 - auc));
  const touches = low <= 0.5 && high >= 0.5 ? '; the interval holds 0.5, so this may be chance' : '';
  return `
${name}, ${kind}: of 100 pairs, the answer for the ${longer} one in ${share}.
  Chance alone would move it so far ${certain}${touches}. A stranger who asks often enough can use this.
`;
}

function differences(name: string, kind: Kind, side: Side, reference: Side | undefined): string {
  if (reference === undefined) return '';
  const [extra, lacking] = [minus(side.shapes, reference.shapes), minus(reference.shapes, side.shapes)];
  return [
    ...extra.map((shape) => `  ${name}, only for ${kind}: ${shape}\n`),
    ...lacking.map((shape) => `  ${name}, only for ${REFERENCE_OF[kind]}, not for ${kind}: ${shape}\n`),
  ].join('');
}

function boundFor(a: number, b: number): number {
  return Math.max(AUC_BOUND, DEVIATIONS * aucSpread(a, b));
}

function minus(left: ReadonlyMap<string, number>, right: ReadonlyMap<string, number>): string[] {
  return [...left].filter(([shape]) => !right.has(shape)).map(([shape, times]) => `${shape} (${count(times)} times)`);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] as number) + (sorted[Math.floor(middle)] as number)) / 2;
}

function explanation(n: number): string {
  if (n < LEAST_EACH) return '';
  const bound = boundFor(n, n);
  const wider = bound > AUC_BOUND ? `, wider than the usual ${AUC_BOUND} because ${count(n)} are few` : '';
  return `AUC: the chance that the answer for a random identifier of this kind took longer than that for a random unknown one.
0.5 is silence; 0.52 means that whoever bets on the slower of two answers is right 52 times of 100. With ${count(n)} a side,
chance alone keeps it within 0.5 ± ${(2 * aucSpread(n, n)).toFixed(3)} in 95 of 100 runs: 2 * sqrt((2n + 1) / (12 n n)).
The bound is ${(0.5 - bound).toFixed(3)} to ${(0.5 + bound).toFixed(3)}${wider}.
Answers: status, names of headers and fields, and where a redirect leads, compared as sets; 'regain doctor enumerate' compares the rest.
`;
}

/** Cells in columns; all but the first two and the last two are numbers and stand to the right. */
function columns(table: string[][]): string {
  const widths = (table[0] as string[]).map((_, at) => Math.max(...table.map((row) => (row[at] as string).length)));
  const line = (row: string[]): string =>
    row
      .map((cell, at) => {
        const width = widths[at] as number;
        return at < 2 || at >= row.length - 2 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  return table.map((row) => `${line(row)}\n`).join('');
}
