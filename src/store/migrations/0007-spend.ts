import { type Kysely, sql } from 'kysely';
import type { SchemaDialect } from '../engine.ts';

/** Money spent by day, and what became of messages that cost money by hour. No number stands in them, only prefixes. */
export async function up(db: Kysely<unknown>, { text, moment, strictByKey }: SchemaDialect): Promise<void> {
  // `stripe`: what every send writes is spread over several rows.
  await sql`create table spend_money (
    channel ${text} not null,
    day integer not null,
    stripe integer not null,
    micros ${moment} not null,
    primary key (channel, day, stripe)
  ) ${strictByKey}`.execute(db);
  // The conversion of a prefix is asked before every send, so its columns come first.
  await sql`create table spend_tallies (
    channel ${text} not null,
    prefix ${text} not null,
    hour integer not null,
    outcome ${text} not null,
    country ${text} not null,
    messages integer not null,
    micros ${moment} not null,
    primary key (channel, prefix, hour, outcome, country)
  ) ${strictByKey}`.execute(db);
}
