import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { SchemaDialect } from '../engine.ts';

/** New passwords that wait before they open anything, and addresses whose recovery was stopped and allowed again. */
export async function up(db: Kysely<unknown>, dialect: SchemaDialect): Promise<void> {
  for (const statement of statements(dialect)) await statement.execute(db);
}

function statements({ text, moment, strictByKey }: SchemaDialect): RawBuilder<unknown>[] {
  return [
    sql`alter table addresses add column thawed_at ${moment}`,
    sql`create table held_passwords (
      proof_id ${text} primary key,
      password_hash ${text} not null,
      completes_at ${moment} not null
    ) ${strictByKey}`,
    sql`create index held_passwords_completes on held_passwords (completes_at)`,
  ];
}
