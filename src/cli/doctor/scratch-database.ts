/** A database for one measurement: a file in the scratch folder, or a new one on a PostgreSQL server, dropped afterwards. */
import { join } from 'node:path';
import { Client } from 'pg';
import { systemRandom } from '../../system.ts';

export interface ScratchDatabase {
  /** For REGAIN_DATABASE_URL. */
  setting: string;
  remove(): Promise<void>;
}

/** @param postgresUrl a server on which the user may make databases; none of those that are there is touched */
export async function createScratchDatabase(postgresUrl: string | undefined, folder: string): Promise<ScratchDatabase> {
  if (postgresUrl === undefined)
    return { setting: `sqlite:${join(folder, 'regain.db')}`, remove: () => Promise.resolve() };
  const name = `regain_doctor_${systemRandom.bytes(8).toString('hex')}`;
  await administer(postgresUrl, `create database ${name}`);
  const own = new URL(postgresUrl);
  own.pathname = `/${name}`;
  return { setting: own.href, remove: () => administer(postgresUrl, `drop database ${name} with (force)`) };
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
