import { type Kysely, sql } from 'kysely';
import type { SchemaDialect } from '../engine.ts';

/** What a recovery keeps of its being asked for: from which network, and when the account's mailboxes were told. */
export async function up(db: Kysely<unknown>, { text, moment }: SchemaDialect): Promise<void> {
  await sql`alter table proofs add column network ${text}`.execute(db);
  await sql`alter table proofs add column told_at ${moment}`.execute(db);
}
