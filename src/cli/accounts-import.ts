/** `regain accounts import FILE.csv`: many accounts, in bounded memory, as often as it takes. */
import { open } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Entered, type ImportedPerson, importAccounts } from '../actions/add-account.ts';
import type { Config } from '../config.ts';
import { type AccountsThere, refuseUsage, withAccounts } from './accounts.ts';
import { loadConfig } from './load-config.ts';
import { errorText, isFromOutside } from './outside-error.ts';
import { type CsvRow, DamagedCsv, readCsv } from './read-csv.ts';
import { readConfirmedAt, readPerson } from './read-person.ts';
import { count, shown } from './shown.ts';

const COLUMNS = ['email', 'phone', 'phone_confirmed_at', 'name', 'birthday', 'locale', 'password_hash'] as const;
type Column = (typeof COLUMNS)[number];

/** One commit for so many rows: a commit of its own for each made the import eleven times slower. */
const BATCH_ROWS = 500;
/**
 * SQLite has one writer, and who waits for it asks again every few milliseconds, then every hundred. A gap between two
 * batches lets a server beside us in: its slowest requests in a hundred took 70 to 90 ms with it, 120 to 170 without.
 */
const GAP_MS = 25;
const PROGRESS_EVERY_ROWS = 10_000;
const PROGRESS_EVERY_MS = 1_000;

/** @returns 0 where every row is in, 1 where some were refused or the import broke off, 2 for a wrong call */
export async function runImport(args: string[], environment: Record<string, string | undefined>): Promise<number> {
  let call: { file: string; confirmed: boolean };
  try {
    call = parseCall(args);
  } catch (error) {
    return refuseUsage(errorText(error));
  }
  const config = await loadConfig(environment);
  const rows = readCsv(call.file);
  const columns = await readColumns(call.file, rows);
  if (typeof columns === 'string') {
    process.stderr.write(`regain accounts import: ${columns}\n`);
    return 2;
  }
  if (!call.confirmed && columns.includes('phone_confirmed_at')) return refuseTogether(call.file);
  return withAccounts(config, (context) => new Import(context, config, columns, call.confirmed).run(rows));
}

function parseCall(args: string[]): { file: string; confirmed: boolean } {
  const options = { unconfirmed: { type: 'boolean' } } as const;
  const { values, positionals } = parseArgs({ args, options, strict: true, allowPositionals: true });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new Error('name one CSV file');
  return { file, confirmed: !values.unconfirmed };
}

function refuseTogether(file: string): 2 {
  process.stderr.write(
    `regain accounts import: ${file} has phone_confirmed_at, and --unconfirmed says the contrary.\n`,
  );
  return 2;
}

/** What each column holds, or a sentence that says why this is no file to import. */
async function readColumns(file: string, rows: AsyncGenerator<CsvRow>): Promise<Column[] | string> {
  const problem = await whyUnreadable(file);
  if (problem !== undefined) return `${file} ${problem}`;
  let header: CsvRow | undefined;
  try {
    header = (await rows.next()).value;
  } catch (error) {
    if (!(error instanceof DamagedCsv)) throw error;
    return `${file}, line ${error.line}: ${error.message}`;
  }
  if (!header) return `${file} is empty. Its first line must name the columns: ${COLUMNS.join(',')}`;
  const names = header.values.map((name) => name.trim().toLowerCase());
  const unknown = names.find((name) => !isColumn(name));
  if (unknown !== undefined)
    return `${file}, line ${header.line}: ${unknown === '' ? 'a column has no name' : `there is no column ${shown(unknown)}`}. Known are ${COLUMNS.join(', ')}, separated by commas.`;
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) return `${file}, line ${header.line}: the column ${twice} is there twice.`;
  if (!names.includes('email') && !names.includes('phone'))
    return `${file}, line ${header.line}: a column email or phone is needed.`;
  return names.filter(isColumn);
}

async function whyUnreadable(file: string): Promise<string | undefined> {
  try {
    const handle = await open(file);
    const stats = await handle.stat();
    await handle.close();
    return stats.isDirectory() ? 'is a folder' : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'is not there';
    if (code === 'EACCES') return 'may not be read by this user';
    return `can't be read: ${errorText(error)}`;
  }
}

function isColumn(name: string): name is Column {
  return (COLUMNS as readonly string[]).includes(name);
}

interface ReadRow {
  line: number;
  /** Or what is wrong with the row. */
  read: ImportedPerson | string;
}

/** One run over a file, and what became of its rows. */
class Import {
  readonly #context: AccountsThere;
  readonly #config: Config;
  readonly #columns: Column[];
  readonly #confirmed: boolean;
  readonly #progress = new Progress();
  #imported = 0;
  #alreadyThere = 0;
  #refused = 0;
  #shared = 0;

  constructor(context: AccountsThere, config: Config, columns: Column[], confirmed: boolean) {
    this.#context = context;
    this.#config = config;
    this.#columns = columns;
    this.#confirmed = confirmed;
  }

  async run(rows: AsyncGenerator<CsvRow>): Promise<number> {
    let batch: ReadRow[] = [];
    let line = 1;
    try {
      for await (const row of rows) {
        line = row.line;
        batch.push({ line, read: this.#read(row) });
        if (batch.length === BATCH_ROWS) {
          await this.#enter(batch);
          batch = [];
          if (this.#context.store.engine === 'sqlite') await pause(GAP_MS);
        }
        this.#progress.row(() => this.#counts());
      }
      await this.#enter(batch);
    } catch (error) {
      if (!(error instanceof DamagedCsv)) return this.#breakOff(line, error);
      await this.#enter(batch);
      return this.#breakOff(error.line, error);
    }
    this.#summarize();
    return this.#refused > 0 ? 1 : 0;
  }

  /** The person of a row, or what is wrong with it. */
  #read({ values }: CsvRow): ImportedPerson | string {
    if (values.length !== this.#columns.length) return this.#miscounted(values);
    const of = (column: Column): string => values[this.#columns.indexOf(column)] ?? '';
    const foreign = this.#columns.find((column) => of(column).includes('\uFFFD'));
    if (foreign) return `${foreign}: is not in UTF-8; save the file as UTF-8`;
    const read = readPerson(
      {
        emails: [of('email')],
        phones: [of('phone')],
        name: of('name'),
        birthday: of('birthday'),
        locale: of('locale'),
      },
      { defaultCountry: this.#config.defaultCountry, now: this.#context.clock.now() },
    );
    if (!read.ok) return read.problem;
    const passwordHash = of('password_hash').trim() || null;
    if (passwordHash !== null && !isArgon2id(passwordHash))
      return 'password_hash: this hash format is not supported yet; leave the column empty and people set a new password by recovering';
    const confirmed = readConfirmedAt(of('phone_confirmed_at'), this.#context.clock.now());
    if (!confirmed.ok) return confirmed.problem;
    return { ...read.person, passwordHash, numbersProvenAt: confirmed.at };
  }

  /** Argon2id hashes have commas in them, which is forgotten easily. */
  #miscounted(values: string[]): string {
    const hint = values.some((value) => value.startsWith('$argon2')) ? '; put password hashes in quotes' : '';
    return `has ${values.length} values, the first line names ${this.#columns.length} columns${hint}`;
  }

  /** Everything of a batch is told in the order of its lines. */
  async #enter(batch: ReadRow[]): Promise<void> {
    const people = batch.map(({ read }) => read).filter((read) => typeof read !== 'string');
    const entered = people.length === 0 ? [] : await this.#enterTogether(people);
    for (const { line, read } of batch) {
      const outcome = typeof read === 'string' ? read : (entered.shift() as Entered | string);
      if (typeof outcome === 'string') this.#refuse(line, outcome);
      else this.#count(line, outcome);
    }
  }

  /** What became of each, or why the database refused it. One that is refused does not take the others with it. */
  async #enterTogether(people: ImportedPerson[]): Promise<(Entered | string)[]> {
    try {
      return await importAccounts(this.#context, people, { confirmed: this.#confirmed });
    } catch (error) {
      if (!isAboutARow(error)) throw error;
      if (people.length === 1) return [`the database refused it: ${errorText(error)}`];
      const outcomes = [];
      for (const person of people) outcomes.push(...(await this.#enterTogether([person])));
      return outcomes;
    }
  }

  #count(line: number, outcome: Entered): void {
    if (outcome.kind === 'already_there') this.#alreadyThere += 1;
    else if (outcome.kind === 'added') {
      this.#imported += 1;
      this.#shared += outcome.shared.length;
    } else {
      const { kind, typed } = outcome.identifier;
      this.#refuse(line, `${kind}: ${shown(typed)} belongs to another account`);
    }
  }

  #refuse(line: number, problem: string): void {
    this.#refused += 1;
    this.#progress.clear();
    process.stderr.write(`line ${line}: ${problem}\n`);
  }

  /** @throws the error, where it is none of the file or the database */
  #breakOff(line: number, error: unknown): 1 {
    this.#progress.clear();
    this.#tellResult();
    if (!(error instanceof DamagedCsv) && !isFromOutside(error)) throw error;
    process.stderr.write(
      `The import broke off at line ${line}: ${errorText(error)}\nWhat was imported stays. Mend it and run the import again.\n`,
    );
    return 1;
  }

  #summarize(): void {
    this.#progress.clear();
    if (this.#shared > 0)
      process.stderr.write(
        `phone numbers that are on another account too: ${count(this.#shared)}. Whoever recovers by one chooses an account after the code.\n`,
      );
    this.#tellResult();
  }

  #tellResult(): void {
    process.stdout.write(`${this.#counts()}, in ${this.#context.where}\n`);
  }

  #counts(): string {
    return `imported ${count(this.#imported)}, already there ${count(this.#alreadyThere)}, refused ${count(this.#refused)}`;
  }
}

/**
 * Argon2id of version 1.3 as a PHC string, the only kind that signing in verifies. The bounds are those of RFC 9106
 * section 3.1, with memory and passes capped (2 GiB, 100): a damaged number must not take the server down at sign-in.
 */
function isArgon2id(hash: string): boolean {
  const fields =
    /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,171})$/;
  const [memoryKib = 0, passes = 0, lanes = 0] = (fields.exec(hash) ?? []).slice(1, 4).map(Number);
  return lanes >= 1 && passes >= 1 && passes <= 100 && memoryKib >= 8 * lanes && memoryKib <= 2 ** 21;
}

/** A constraint or a value that does not fit, not a full disk or a lost connection: the next row may go in. */
function isAboutARow(error: unknown): boolean {
  const { errcode, code } = error as { errcode?: number; code?: string };
  // SQLite: TOOBIG, CONSTRAINT and MISMATCH below their extended codes. PostgreSQL: classes 22 and 23.
  if (errcode !== undefined) return [18, 19, 20].includes(errcode & 0xff);
  return code !== undefined && /^2[23][0-9A-Z]{3}$/.test(code);
}

/** On a terminal one line that is written over every second; in a file a line every ten thousand rows. */
class Progress {
  #rows = 0;
  #shownAt = performance.now();

  row(counts: () => string): void {
    this.#rows += 1;
    if (!process.stderr.isTTY) {
      if (this.#rows % PROGRESS_EVERY_ROWS === 0) process.stderr.write(`${count(this.#rows)} rows: ${counts()}\n`);
      return;
    }
    if (performance.now() - this.#shownAt < PROGRESS_EVERY_MS) return;
    this.#shownAt = performance.now();
    process.stderr.write(`\r\x1b[K${count(this.#rows)} rows: ${counts()}`);
  }

  /** Makes room for a whole line. */
  clear(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  }
}
