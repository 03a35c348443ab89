/** How many rows each table has: what "nothing was written" means. */
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import type { DatabaseUrl } from '../src/config.ts';

const TABLES = [
  'accounts', 'addresses', 'proofs', 'proof_candidates', 'outbox', 'guesses', 'limits', 'sessions', 'audit_events', 'no_account_mails',
  'retired_identifiers', 'held_passwords', 'message_events',
  'retired_identifiers', 'suppressions',
]; // biome-ignore format: one list
const COUNTS = `select ${TABLES.map((table) => `(select count(*) from ${table}) as ${table}`).join(', ')}`;

export async function rowCounts(database: DatabaseUrl): Promise<Record<string, number>> {
  if (database.engine === 'sqlite') {
    const file = new DatabaseSync(database.file, { readOnly: true });
    const row = file.prepare(COUNTS).get() as Record<string, number>;
    file.close();
    return { ...row };
  }
  const client = new Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query<Record<string, string>>(COUNTS);
  await client.end();
  return Object.fromEntries(Object.entries(rows[0] ?? {}).map(([table, count]) => [table, Number(count)]));
}
