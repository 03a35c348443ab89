/** One statement on a program's database, past the program: for tests that read what was stored, or spoil it. */
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import type { DatabaseUrl } from '../src/config.ts';

type Value = string | number | null;

/** `?` stands for the values in turn, on both engines. */
export function sqlOn(database: DatabaseUrl, text: string, ...values: Value[]): Promise<Record<string, unknown>[]> {
  return database.engine === 'sqlite' ? onSqlite(database.file, text, values) : onPostgres(database.url, text, values);
}

async function onSqlite(file: string, text: string, values: Value[]): Promise<Record<string, unknown>[]> {
  const database = new DatabaseSync(file, { timeout: 5_000 });
  try {
    return database
      .prepare(text)
      .all(...values)
      .map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}

async function onPostgres(url: string, text: string, values: Value[]): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  let at = 0;
  try {
    await client.query('set search_path to regain, public');
    return (
      await client.query<Record<string, unknown>>(
        text.replace(/\?/g, () => `$${++at}`),
        values,
      )
    ).rows;
  } finally {
    await client.end();
  }
}
