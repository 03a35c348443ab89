import { type Kysely, sql } from 'kysely';
import type { SchemaDialect } from '../engine.ts';

/** When a code was asked for and could leave: the same for every rung of the ladder that it goes down. */
export async function up(db: Kysely<unknown>, { moment }: SchemaDialect): Promise<void> {
  await sql`alter table outbox add column asked_at ${moment}`.execute(db);
  await sql`alter table outbox add column leaves_at ${moment}`.execute(db);
}
