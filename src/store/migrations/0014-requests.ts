import { type Kysely, sql } from 'kysely';
import type { SchemaDialect } from '../engine.ts';

/** What a recovery keeps of its being asked for: when the account's mailboxes were told. */
export async function up(db: Kysely<unknown>, { moment }: SchemaDialect): Promise<void> {
  await sql`alter table proofs add column told_at ${moment}`.execute(db);
}
