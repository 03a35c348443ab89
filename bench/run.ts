/** `npm run bench` measures everything; `npm run bench -- cold-start` what it is told to. */
import { codeLatency } from './code-latency.ts';
import { coldStart } from './cold-start.ts';
import { flood } from './flood.ts';
import { pagesWhileHashing } from './pages-while-hashing.ts';
import { recoveryCost } from './recovery-cost.ts';
import { type Row, table } from './table.ts';

const BENCHMARKS: Record<string, () => Promise<Row[]>> = {
  'recovery-cost': recoveryCost,
  'code-latency': codeLatency,
  'cold-start': coldStart,
  'pages-while-hashing': pagesWhileHashing,
  flood: () => flood(),
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(BENCHMARKS);
const unknown = names.find((name) => !Object.hasOwn(BENCHMARKS, name));
if (unknown) {
  process.stderr.write(`There is no benchmark '${unknown}'; there are ${Object.keys(BENCHMARKS).join(', ')}.\n`);
  process.exit(2);
}
const rows: Row[] = [];
for (const name of names) {
  process.stdout.write(`measuring ${name} ...\n`);
  rows.push(...(await (BENCHMARKS[name] as () => Promise<Row[]>)()));
}
process.stdout.write(`\n${table(rows)}`);
