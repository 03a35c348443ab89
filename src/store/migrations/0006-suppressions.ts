import { type Kysely, sql } from 'kysely';
import type { SchemaDialect } from '../engine.ts';

/** A row stays when it is lifted: it remembers that support was told this week. */
export async function up(db: Kysely<unknown>, { text, moment, strictByKey }: SchemaDialect): Promise<void> {
  await sql`create table suppressions (
    identifier_mac ${text} primary key,
    kind ${text} not null,
    masked ${text} not null,
    trouble ${text} not null,
    reason ${text} not null,
    at ${moment} not null,
    lifted_at ${moment},
    told_at ${moment},
    told_by ${text}
  ) ${strictByKey}`.execute(db);
  await sql`create index suppressions_told on suppressions (told_by) where told_by is not null`.execute(db);
  // Not unique: a carrier's ids may come round again. Decoys have an empty id, so every send writes an entry.
  await sql`create index outbox_provider on outbox (provider_id) where provider_id is not null`.execute(db);
}
