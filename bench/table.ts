/** What was measured, as a table whose last column says whether the target is met. */

/** One measurement: `measured` over `reference` is the ratio, and the target bounds it. Both in milliseconds. */
export interface Ratio {
  what: string;
  measuredMs: number;
  referenceMs: number;
  /** What the reference is: "two Argon2id hashes", "target". */
  reference: string;
  ratio: number;
  atMost: number;
}
/** A measurement that this machine can't make, and why. */
export interface Skipped {
  what: string;
  skipped: string;
}
export type Row = Ratio | Skipped;

const HEADER = ['', 'measured', 'compared with', 'ratio', 'at most', ''];

export function table(rows: readonly Row[]): string {
  const cells = [HEADER, ...rows.map(cellsOf)];
  const widths = HEADER.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  const line = (row: string[]): string => widths.map((width, column) => (row[column] ?? '').padEnd(width)).join('  ');
  return cells.map((row) => `${line(row).trimEnd()}\n`).join('');
}

/** The value below which this part of the samples lies, by nearest rank: `percentile(values, 0.99)`. */
export function percentile(values: readonly number[], part: number): number {
  if (values.length === 0) throw new Error('there is no percentile of nothing');
  return values.toSorted((a, b) => a - b)[Math.ceil(part * values.length) - 1] as number;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

function cellsOf(row: Row): string[] {
  if ('skipped' in row) return [row.what, 'skipped', row.skipped];
  const { what, measuredMs, referenceMs, reference, ratio, atMost } = row;
  const verdict = ratio <= atMost ? 'ok' : 'over';
  return [what, inMs(measuredMs), `${inMs(referenceMs)} ${reference}`, ratio.toFixed(3), atMost.toFixed(2), verdict];
}

function inMs(ms: number): string {
  return `${ms >= 100 ? ms.toFixed(0) : ms.toFixed(1)} ms`;
}
