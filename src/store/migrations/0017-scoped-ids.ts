import { type Kysely, sql } from 'kysely';
import type { SchemaDialect } from '../engine.ts';

/** WhatsApp knows people by a number and by an id for this business, and names either: both are kept, and found by. */
export async function up(db: Kysely<unknown>, { text }: SchemaDialect): Promise<void> {
  await sql`alter table chats add column scoped_id ${text}`.execute(db);
  await sql`create index chats_by_scoped_id on chats (channel, scoped_id) where scoped_id is not null`.execute(db);
  await sql`alter table link_tokens add column scoped_id ${text}`.execute(db);
  await sql`create index link_tokens_by_scoped_id on link_tokens (channel, scoped_id) where scoped_id is not null`.execute(
    db,
  );
}
