/** The doctor on the database, the disk below it, the outbox in it, and the clocks. */
import { constants, existsSync } from 'node:fs';
import { access, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import type { Config } from '../config.ts';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/store.ts';
import { systemClock } from '../system.ts';
import type { Finding } from './doctor-finding.ts';
import { errorText } from './outside-error.ts';
import { count, shown } from './shown.ts';

const OLDEST_POSTGRES = 14;
const CONNECT_TIMEOUT_MS = 5_000;
const DRIFT_WARNED_MS = 2_000;
const DISK_WARNED_BYTES = 1_000_000_000;
const DISK_FAILS_BYTES = 100_000_000;
/** Codes live ten minutes; who waits for one so long has given up. */
const QUEUED_WARNED_MS = 120_000;
const OLDEST_QUEUED = `select min(created_at) as oldest from outbox where status = 'queued'`;

export function checkDatabase(config: Config): Promise<Finding[]> {
  const { database } = config;
  return database.engine === 'sqlite' ? checkSqlite(config, database.file) : checkPostgres(config, database.url);
}

// SQLite

async function checkSqlite(config: Config, file: string): Promise<Finding[]> {
  const folder = dirname(resolve(file));
  const writable = await mayWrite(folder);
  if (writable !== undefined)
    return [
      database('FAIL', writable, `make the folder and let this user write to it, or correct REGAIN_DATABASE_URL`),
    ];
  const around = [...(await checkDisk(folder)), ...(await checkFileClock(folder))];
  if (!existsSync(file)) {
    const text = `${file} is not there yet; it is created at the first start`;
    const expected = config.mode === 'development';
    return [
      expected ? database('ok', text) : database('warn', text, 'if there should be one, correct REGAIN_DATABASE_URL'),
      ...around,
    ];
  }
  let looked: SqliteFacts;
  try {
    looked = lookAtSqlite(file);
  } catch (error) {
    const text = `${file} can't be read as SQLite: ${errorText(error)}`;
    return [database('FAIL', text, 'correct REGAIN_DATABASE_URL, or restore the file from a backup'), ...around];
  }
  if (!looked.ours)
    return [
      database('warn', `${file} has no tables of Regain yet; they are made at the first start`, "run 'regain migrate'"),
      ...around,
    ];
  const { version, journalMode, oldestQueuedAt } = looked;
  const engine = `SQLite ${version}, ${file}, ${journalMode === 'wal' ? 'WAL' : `journal mode ${journalMode} until the next start`}`;
  return [...(await checkStore(config, engine, oldestQueuedAt)), ...(await checkPermissions(file)), ...around];
}

/** Why no file can be made in the folder, or undefined. */
async function mayWrite(folder: string): Promise<string | undefined> {
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT'
      ? `the folder ${folder} is not there`
      : `the folder ${folder} can't be written to (${code})`;
  }
}

interface SqliteFacts {
  version: string;
  journalMode: string;
  /** Whether the tables are of Regain; a file of another program is not to be touched. */
  ours: boolean;
  oldestQueuedAt: number | undefined;
}

/** Read-only: opening the store would switch the file to write-ahead logging. */
function lookAtSqlite(file: string): SqliteFacts {
  const connection = new DatabaseSync(file, { readOnly: true });
  try {
    const one = (sql: string): Record<string, unknown> => connection.prepare(sql).get() ?? {};
    const tables = one(`select count(*) as ours from sqlite_schema where name in ('migrations', 'outbox')`);
    const ours = tables.ours === 2;
    const oldest = ours ? one(OLDEST_QUEUED).oldest : null;
    return {
      version: String(one('select sqlite_version() as version').version),
      journalMode: String(one('pragma journal_mode').journal_mode),
      ours,
      oldestQueuedAt: oldest === null ? undefined : Number(oldest),
    };
  } finally {
    connection.close();
  }
}

async function checkPermissions(file: string): Promise<Finding[]> {
  // Windows has no such bits; its access lists are the operator's.
  if (process.platform === 'win32') return [];
  const open: string[] = [];
  for (const path of [file, `${file}-wal`]) {
    const mode = existsSync(path) ? (await stat(path)).mode & 0o777 : 0;
    if ((mode & 0o077) !== 0) open.push(`${path} (mode ${mode.toString(8)})`);
  }
  if (open.length === 0) return [{ level: 'ok', name: 'Permissions', text: 'only this user may read the database' }];
  const text = `other users of this machine may read addresses and password hashes: ${open.join(', ')}`;
  return [{ level: 'warn', name: 'Permissions', text, mend: `chmod 600 ${file}*` }];
}

async function checkDisk(folder: string): Promise<Finding[]> {
  const name = 'Disk';
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const text = `${(free / 1e9).toFixed(1)} GB free in ${folder}`;
  if (free >= DISK_WARNED_BYTES) return [{ level: 'ok', name, text }];
  const mend = 'make room: a full disk stops every recovery';
  return [{ level: free < DISK_FAILS_BYTES ? 'FAIL' : 'warn', name, text, mend }];
}

/** A network file system has a clock of its own. */
async function checkFileClock(folder: string): Promise<Finding[]> {
  const file = join(folder, `.regain-doctor-${process.pid}`);
  try {
    const before = systemClock.now();
    await writeFile(file, '', { flag: 'wx', mode: 0o600 });
    const { mtimeMs } = await stat(file);
    return [clock(mtimeMs - (before + systemClock.now()) / 2, 'the file system')];
  } finally {
    await rm(file, { force: true });
  }
}

// PostgreSQL

async function checkPostgres(config: Config, url: string): Promise<Finding[]> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: CONNECT_TIMEOUT_MS,
  });
  // A connection that breaks while nobody asks would end the process; the next query tells of it.
  client.on('error', () => {});
  try {
    await client.connect();
    // Where the store keeps its tables.
    await client.query('set search_path to regain');
    return await lookAtPostgres(config, client);
  } catch (error) {
    const { text, mend } = postgresTrouble(error, new URL(url));
    return [database('FAIL', text, mend)];
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function lookAtPostgres(config: Config, client: Client): Promise<Finding[]> {
  const { rows } = await client.query(`select current_setting('server_version') as version,
    current_setting('server_version_num')::int / 10000 as major,
    current_setting('server_encoding') as encoding,
    current_setting('transaction_read_only') = 'on' as read_only,
    to_regclass('migrations') is not null and to_regclass('outbox') is not null as ours`);
  const { version, major, encoding, read_only: readOnly, ours } = rows[0];
  const engine = `PostgreSQL ${version.split(' ')[0]}`;
  const drift = await postgresClock(client);
  if (major < OLDEST_POSTGRES)
    return [database('FAIL', `${engine} is too old`, `upgrade to PostgreSQL ${OLDEST_POSTGRES} or newer`), drift];
  if (encoding !== 'UTF8')
    return [database('FAIL', `${engine}, encoding ${encoding}`, "make the database with encoding 'UTF8'"), drift];
  if (readOnly)
    return [
      database('FAIL', `${engine} is read-only, as a standby is`, 'name the primary in REGAIN_DATABASE_URL'),
      drift,
    ];
  if (!ours)
    return [
      database(
        'warn',
        `${engine} has no tables of Regain yet; they are made at the first start`,
        "run 'regain migrate'",
      ),
      drift,
    ];
  const { oldest } = (await client.query(OLDEST_QUEUED)).rows[0];
  return [...(await checkStore(config, engine, oldest === null ? undefined : Number(oldest))), drift];
}

async function postgresClock(client: Client): Promise<Finding> {
  const before = systemClock.now();
  const { rows } = await client.query('select extract(epoch from clock_timestamp()) * 1000 as now');
  return clock(Number(rows[0].now) - (before + systemClock.now()) / 2, 'the database');
}

function postgresTrouble(error: unknown, url: URL): { text: string; mend: string } {
  const inner = error instanceof AggregateError ? error.errors[0] : error;
  const { code } = inner as { code?: string };
  const at = `${url.hostname || 'localhost'}:${url.port || 5432}`;
  const correct = 'correct REGAIN_DATABASE_URL';
  const user = decodeURIComponent(url.username);
  if (code === 'ECONNREFUSED') return { text: `nothing listens at ${at}`, mend: `start PostgreSQL, or ${correct}` };
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return { text: `the host ${shown(url.hostname)} has no address (${code})`, mend: correct };
  if (code === '28P01' || code === '28000')
    return { text: `${at} refuses the user ${shown(user)} or the password`, mend: correct };
  if (code === '3D000')
    return { text: `there is no database ${shown(url.pathname.slice(1))} at ${at}`, mend: `create it, or ${correct}` };
  if (code === '42501') return { text: `the user ${shown(user)} lacks a right: ${errorText(inner)}`, mend: 'grant it' };
  return { text: `${at}: ${errorText(inner)}`, mend: `mend PostgreSQL, or ${correct}` };
}

// Both

/** What only the store knows, and whether it can be written to. */
async function checkStore(config: Config, engine: string, oldestQueuedAt: number | undefined): Promise<Finding[]> {
  let store: Store | undefined;
  try {
    store = await openStore(config.database);
    const pending = await store.pendingMigrations();
    if (pending.length > 0)
      return [
        database(
          'warn',
          `${engine}, not at this version yet: ${pending.join(', ')}`,
          "run 'regain migrate', or start 'regain serve'",
        ),
      ];
    await tryWriting(store);
    const { accounts, queued, failed } = await store.transaction(async (tx) => ({
      accounts: await tx.accounts.count(),
      queued: await tx.outbox.count('queued'),
      failed: await tx.outbox.count('failed'),
    }));
    const people = accounts === 1 ? '1 account' : `${count(accounts)} accounts`;
    return [
      database('ok', `${engine}, ${people}, tables up to date, writable`),
      outbox(queued, failed, oldestQueuedAt === undefined ? 0 : systemClock.now() - oldestQueuedAt),
    ];
  } catch (error) {
    return [
      database(
        'FAIL',
        `${engine}: ${errorText(error)}`,
        'let this user write to it, or see docs/how-to/check-an-installation.md',
      ),
    ];
  } finally {
    await store?.close();
  }
}

class Undo extends Error {}

/** Takes the writer's lock and writes, and takes it back: nothing stays. */
async function tryWriting(store: Store): Promise<void> {
  const writing = store.transaction(async (tx) => {
    await tx.limits.charge('doctor', { burst: 1, refillMs: 1 }, systemClock.now());
    throw new Undo();
  });
  await writing.catch((error: unknown) => {
    if (!(error instanceof Undo)) throw error;
  });
}

function outbox(queued: number, failed: number, oldestMs: number): Finding {
  const waiting = queued === 0 ? 'nothing waits' : `${count(queued)} queued, the oldest for ${age(oldestMs)}`;
  const text = `${waiting}; ${count(failed)} failed in the last 30 days`;
  if (queued === 0 || oldestMs < QUEUED_WARNED_MS) return { level: 'ok', name: 'Outbox', text };
  return {
    level: 'warn',
    name: 'Outbox',
    text,
    mend: "see that 'regain serve' or 'regain work' runs and the mail server answers",
  };
}

function clock(driftMs: number, other: string): Finding {
  const name = 'Clock';
  const seconds = (Math.abs(driftMs) / 1000).toFixed(1);
  if (Math.abs(driftMs) <= DRIFT_WARNED_MS)
    return { level: 'ok', name, text: `agrees with that of ${other} (${seconds} s)` };
  const text = `is ${seconds} s ${driftMs > 0 ? 'behind' : 'ahead of'} that of ${other}: codes expire at the wrong time`;
  return { level: 'warn', name, text, mend: 'set both by NTP' };
}

/** "40 seconds", "12 minutes", "3 hours", "2 days" */
function age(ms: number): string {
  const units = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
    ['second', 1_000],
  ] as const;
  const [name, size] = units.find(([, unit]) => ms >= unit) ?? units[3];
  const whole = Math.floor(Math.max(0, ms) / size);
  return `${whole} ${name}${whole === 1 ? '' : 's'}`;
}

function database(level: Finding['level'], text: string, mend?: string): Finding {
  return { level, name: 'Database', text, ...(mend === undefined ? {} : { mend }) };
}
