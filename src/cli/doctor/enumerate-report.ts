/** What was walked and what differed, in lines. */
import type { Difference, Walked } from './enumerate-walk.ts';

/** After the first few steps a difference mostly drags others behind it. */
const STEPS_SHOWN = 5;
const LINES_SHOWN = 12;
const LINE_WIDTH = 160;

/** @returns the report, and whether nothing differed and something was walked */
export function enumerateReport(walks: readonly { title: string; walked: Walked[] }[]): {
  text: string;
  alike: boolean;
} {
  const all = walks.flatMap(({ walked }) => walked);
  const alike = all.some(({ walked }) => walked > 0) && all.every(({ differences }) => differences.length === 0);
  const verdict = alike
    ? 'Every kind was told the same as an identifier that nobody has.'
    : 'Answers differ: a stranger who sees a line with - or + above knows what stands behind the identifier.';
  return { text: `${walks.map(walkText).join('')}\n${verdict}\n`, alike };
}

function walkText({ title, walked }: { title: string; walked: Walked[] }): string {
  const width = Math.max(...walked.map(({ scenario }) => scenario.length));
  const lines = walked.map((one) => {
    const verdict = one.differences.length > 0 ? 'DIFFER' : one.walked === 0 ? 'skip' : 'same';
    const rest = one.leftOut === undefined ? '' : `; the rest was left out (${one.leftOut})`;
    return `${verdict.padEnd(6)}  ${one.scenario.padEnd(width)}  ${one.walked} of ${one.of} steps, ${one.kinds.length} kinds${rest}\n`;
  });
  return `\n${title}\n\n${lines.join('')}${walked.flatMap(({ differences }) => byKind(differences)).join('')}`;
}

function byKind(differences: readonly Difference[]): string[] {
  const kinds = [...new Set(differences.map(({ kind }) => kind))];
  return kinds.map((kind) => {
    const ofKind = differences.filter((difference) => difference.kind === kind);
    const more = ofKind.length - STEPS_SHOWN;
    const dropped = more > 0 ? `  and ${more} more steps of this scenario\n` : '';
    return ofKind.slice(0, STEPS_SHOWN).map(differenceText).join('') + dropped;
  });
}

function differenceText({ scenario, step, kind, reference, lines }: Difference): string {
  const shown = lines.slice(0, LINES_SHOWN).map((line) => `  ${short(line)}\n`);
  const more = lines.length - shown.length;
  const dropped = more > 0 ? `  and ${more} more lines\n` : '';
  return `\n${scenario}, ${step}\n  - ${reference}, + ${kind}\n${shown.join('')}${dropped}`;
}

/** An answer is another program's text: nothing of it may move the cursor. */
function short(line: string): string {
  const safe = line.replace(/\p{C}/gu, '\uFFFD');
  return safe.length > LINE_WIDTH ? `${safe.slice(0, LINE_WIDTH - 1)}…` : safe;
}
