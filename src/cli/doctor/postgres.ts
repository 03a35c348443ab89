/** The doctor on a server of PostgreSQL. */
import { Client } from 'pg';
import type { Config } from '../../config.ts';
import { systemClock } from '../../system.ts';
import { errorText } from '../outside-error.ts';
import { shown } from '../shown.ts';
import type { Finding } from './finding.ts';
import { checkStore, clock, database, OLDEST_QUEUED } from './store.ts';

const OLDEST_POSTGRES = 14;
const CONNECT_TIMEOUT_MS = 5_000;

export async function checkPostgres(config: Config, url: string): Promise<Finding[]> {
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
