/** The doctor on a file of SQLite, and the disk below it. */
import { constants, existsSync } from 'node:fs';
import { access, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Config } from '../../config.ts';
import { systemClock } from '../../system.ts';
import { errorText } from '../outside-error.ts';
import type { Finding } from './finding.ts';
import { checkStore, clock, database, OLDEST_QUEUED } from './store.ts';

const DISK_WARNED_BYTES = 1_000_000_000;
const DISK_FAILS_BYTES = 100_000_000;

export async function checkSqlite(config: Config, file: string): Promise<Finding[]> {
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
