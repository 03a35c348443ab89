import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { SchemaDialect } from '../engine.ts';

/** When an account last gave an identifier up: browsers that knew it before know it no more. */
export async function up(db: Kysely<unknown>, { text, moment, strictByKey }: SchemaDialect): Promise<void> {
  const table: RawBuilder<unknown> = sql`create table retired_identifiers (
    identifier_mac ${text} primary key,
    retired_at ${moment} not null
  ) ${strictByKey}`;
  await table.execute(db);
}
