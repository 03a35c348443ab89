import { type Kysely, sql } from 'kysely';

/** How often an operator had a message sent again: its provider is handed each asking under an id of its own. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table outbox add column retries integer not null default 0`.execute(db);
}
