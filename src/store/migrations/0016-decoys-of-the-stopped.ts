import { type Kysely, sql } from 'kysely';
import type { SchemaDialect } from '../engine.ts';

/** Of a decoy that stays behind where a recovery went on in another browser: whose messages it shows. */
export async function up(db: Kysely<unknown>, { text }: SchemaDialect): Promise<void> {
  await sql`alter table proofs add column messages_of ${text}`.execute(db);
}
