import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { SchemaDialect } from '../engine.ts';

/** What became of every message, line by line, and what `regain messages` finds them by. */
export async function up(db: Kysely<unknown>, dialect: SchemaDialect): Promise<void> {
  for (const statement of statements(dialect)) await statement.execute(db);
}

function statements({ text, moment, strictByKey }: SchemaDialect): RawBuilder<unknown>[] {
  return [
    // Found and removed by its message alone, so one tree holds it; numbered within the message, for moments can be equal.
    sql`create table message_events (
      message_id ${text} not null,
      number integer not null,
      at ${moment} not null,
      status ${text} not null,
      channel ${text} not null,
      reason ${text},
      attempt integer not null,
      primary key (message_id, number)
    ) ${strictByKey}`,
    // Of messages from before, what has a known moment.
    sql`insert into message_events (message_id, number, at, status, channel, reason, attempt)
      select id, 1, created_at, 'queued', channel, null, 0 from outbox`,
    sql`insert into message_events (message_id, number, at, status, channel, reason, attempt)
      select id, 2, sent_at, status, channel, reason, attempts from outbox where sent_at is not null`,
    sql`create index outbox_status on outbox (status, created_at)`,
    // Without it, a channel that nothing was sent by cost a look at every message: 1.1 to 2.2 s with a million of them.
    sql`create index outbox_channel on outbox (channel, created_at)`,
    // Never written by what a stranger asks for: a message with a code is queued before anybody knows whose it is.
    sql`create index outbox_account on outbox (account_id, created_at) where account_id is not null`,
  ];
}
