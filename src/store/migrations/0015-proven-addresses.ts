import { type Kysely, sql } from 'kysely';
import type { SchemaDialect } from '../engine.ts';

/**
 * When the owner of an address last proved that it is his; of a recovery, whether a code of it went to a phone number, whether a
 * code or a mail's link opened it, and why its new password waits.
 */
export async function up(db: Kysely<unknown>, { text, moment }: SchemaDialect): Promise<void> {
  await sql`alter table addresses add column proven_at ${moment}`.execute(db);
  await sql`update addresses set proven_at = confirmed_at`.execute(db);
  await sql`alter table proofs add column texted_at ${moment}`.execute(db);
  await sql`alter table proofs add column verified_by ${text}`.execute(db);
  await sql`alter table proofs add column held_for ${text}`.execute(db);
  // What waits already waits for this.
  await sql`update proofs set held_for = 'changed' where state = 'held'`.execute(db);
}
