import { type Kysely, sql } from 'kysely';
import type { SchemaDialect } from '../engine.ts';

/** What a provider reported by its own id before we knew that id. */
export async function up(db: Kysely<unknown>, { text, moment, strictByKey }: SchemaDialect): Promise<void> {
  await sql`create table early_receipts (
    channel ${text} not null,
    provider_id ${text} not null,
    status ${text} not null,
    reason ${text},
    at ${moment} not null,
    kept_at ${moment} not null,
    primary key (channel, provider_id, status)
  ) ${strictByKey}`.execute(db);
  await sql`create index early_receipts_kept on early_receipts (kept_at)`.execute(db);
}
