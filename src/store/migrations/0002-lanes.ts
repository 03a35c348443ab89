import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { SchemaDialect } from '../engine.ts';

/** Budgets by lane, links instead of codes, and addresses that recover nothing for a while. */
export async function up(db: Kysely<unknown>, dialect: SchemaDialect): Promise<void> {
  for (const statement of statements(dialect)) await statement.execute(db);
}

function statements({ text, moment, strictByKey }: SchemaDialect): RawBuilder<unknown>[] {
  return [
    sql`alter table proofs add column lane ${text} not null default 'stranger'`,
    sql`alter table proofs add column carries ${text} not null default 'code'`,
    sql`alter table addresses add column frozen_at ${moment}`,
    // The lane is part of the key, and a key can't be changed in place on both engines.
    sql`alter table guesses rename to guesses_without_lanes`,
    sql`create table guesses (
      identifier_mac ${text} not null,
      channel ${text} not null,
      lane ${text} not null,
      day integer not null,
      wrong integer not null,
      primary key (identifier_mac, channel, lane, day)
    ) ${strictByKey}`,
    sql`insert into guesses (identifier_mac, channel, lane, day, wrong)
      select identifier_mac, channel, 'stranger', day, wrong from guesses_without_lanes`,
    sql`drop table guesses_without_lanes`,
  ];
}
