import { type Kysely, sql } from 'kysely';
import type { SchemaDialect } from '../engine.ts';

/**
 * Seals stand beside the events and not in them: an event stays the one insert that it was, a row that is never updated,
 * and where it is removed its seal still tells which one is missing.
 */
export async function up(db: Kysely<unknown>, { text, moment, strict }: SchemaDialect): Promise<void> {
  await sql`create table audit_batches (
    number ${moment} primary key,
    first_position ${moment} not null,
    last_position ${moment} not null,
    highest_id ${moment} not null,
    newest_at ${moment} not null,
    sealed_at ${moment} not null,
    key_id ${text} not null,
    previous ${text} not null,
    head ${text} not null,
    signature ${text} not null,
    purged_at ${moment},
    purge_signature ${text}
  ) ${strict}`.execute(db);
  await sql`create table audit_seals (
    position ${moment} primary key,
    event_id ${moment} not null unique,
    digest ${text} not null
  ) ${strict}`.execute(db);
}
