/** Rows of a CSV file (RFC 4180), one after the other, each with the line of the file that it begins on. */
import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';

export interface CsvRow {
  /** From 1; line breaks inside of quotes count. */
  line: number;
  values: string[];
}

/** The file stops being a table here; every row before this line was handed out. */
export class DamagedCsv extends Error {
  readonly line: number;
  constructor(line: number, problem: string) {
    super(problem);
    this.name = 'DamagedCsv';
    this.line = line;
  }
}

/** A forgotten quote would make one row of the rest of the file, and that row would fill the memory. */
const ROW_MAX_BYTES = 64 * 1024;

/**
 * UTF-8 with or without a byte order mark; LF, CRLF or CR; values in quotes may hold commas, line breaks and doubled
 * quotes. Empty lines are left out.
 * @throws DamagedCsv for a quote that is never closed; what the file system throws
 */
export async function* readCsv(file: string): AsyncGenerator<CsvRow> {
  let damaged: string | undefined;
  const parser = parse({
    bom: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: ROW_MAX_BYTES,
    raw: true,
    // An error would overtake the rows that were parsed and not yet read. This way they come first.
    skip_records_with_error: true,
    on_skip: (_, raw) => {
      damaged ??= raw ?? '';
    },
  });
  const input = createReadStream(file);
  input.on('error', (error) => parser.destroy(error));
  input.pipe(parser);
  let line = 1;
  try {
    for await (const { record, raw } of parser as AsyncIterable<{ record: string[]; raw: string }>) {
      const first = line + emptyLinesBefore(raw);
      line += lineBreaks(raw);
      yield { line: first, values: record };
    }
  } finally {
    input.destroy();
  }
  if (damaged !== undefined) throw new DamagedCsv(line + emptyLinesBefore(damaged), 'a quote is opened and not closed');
}

function emptyLinesBefore(raw: string): number {
  return lineBreaks(/^[\r\n]*/.exec(raw)?.[0] ?? '');
}

/** The parser's own count takes CRLF inside of quotes for two lines. In its raw text a row that ends in CRLF ends in CR. */
function lineBreaks(raw: string): number {
  return raw.match(/\r\n|\r|\n/g)?.length ?? 0;
}
