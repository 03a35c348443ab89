import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { SchemaDialect } from '../engine.ts';

/** What one country took of a day's money stands beside what all took of it, whose country is empty. */
export async function up(db: Kysely<unknown>, dialect: SchemaDialect): Promise<void> {
  for (const statement of statements(dialect)) await statement.execute(db);
}

function statements({ text, moment, strictByKey }: SchemaDialect): RawBuilder<unknown>[] {
  return [
    // The country is part of the key, and a key can't be changed in place on both engines.
    sql`alter table spend_money rename to spend_money_of_all`,
    sql`create table spend_money (
      channel ${text} not null,
      country ${text} not null,
      day integer not null,
      stripe integer not null,
      micros ${moment} not null,
      primary key (channel, country, day, stripe)
    ) ${strictByKey}`,
    sql`insert into spend_money (channel, country, day, stripe, micros)
      select channel, '', day, stripe, micros from spend_money_of_all`,
    sql`drop table spend_money_of_all`,
  ];
}
