import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { SchemaDialect } from '../engine.ts';

/** Which accounts a proof may recover, where several have the number that was typed. */
export async function up(db: Kysely<unknown>, dialect: SchemaDialect): Promise<void> {
  for (const statement of statements(dialect)) await statement.execute(db);
}

function statements({ text, moment, strictByKey }: SchemaDialect): RawBuilder<unknown>[] {
  return [
    sql`create table proof_candidates (
      proof_id ${text} not null,
      id ${text} not null,
      account_id ${text} not null,
      account_generation integer not null,
      told_at ${moment},
      chosen_at ${moment},
      primary key (proof_id, id)
    ) ${strictByKey}`,
    sql`create index proof_candidates_account on proof_candidates (account_id)`,
  ];
}
