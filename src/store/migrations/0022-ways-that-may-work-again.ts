import { type Kysely, sql } from 'kysely';
import type { SchemaDialect } from '../engine.ts';

/** Of a way that was left although it only failed for a moment: from when it may be tried again. */
export async function up(db: Kysely<unknown>, { moment }: SchemaDialect): Promise<void> {
  await sql`alter table outbox add column retry_at ${moment}`.execute(db);
}
