/** How many rows each table has: what "nothing was written" means. */
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import type { DatabaseUrl } from '../src/config.ts';

const TABLES = [
  'accounts', 'addresses', 'proofs', 'proof_candidates', 'outbox', 'guesses', 'limits', 'sessions', 'audit_events', 'no_account_mails',
  'retired_identifiers', 'held_passwords', 'message_events',
  'retired_identifiers', 'suppressions', 'early_receipts',
]; // biome-ignore format: one list
const COUNTS = `select ${TABLES.map((table) => `(select count(*) from ${table}) as ${table}`).join(', ')}`;

export interface RowCounter {
  counts(): Promise<Record<string, number>>;
  close(): Promise<void>;
}

/** For tests that count often. */
export async function openRowCounter(database: DatabaseUrl): Promise<RowCounter> {
  if (database.engine === 'sqlite') {
    const file = new DatabaseSync(database.file, { readOnly: true });
    const counting = file.prepare(COUNTS);
    return { counts: async () => ({ ...(counting.get() as Record<string, number>) }), close: async () => file.close() };
  }
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await client.query('set search_path to regain, public');
  return {
    async counts() {
      const { rows } = await client.query<Record<string, string>>(COUNTS);
      return Object.fromEntries(Object.entries(rows[0] ?? {}).map(([table, count]) => [table, Number(count)]));
    },
    close: () => client.end(),
  };
}

export async function rowCounts(database: DatabaseUrl): Promise<Record<string, number>> {
  const counter = await openRowCounter(database);
  try {
    return await counter.counts();
  } finally {
    await counter.close();
  }
}
