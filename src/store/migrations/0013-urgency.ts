import { type Kysely, sql } from 'kysely';
import type { SchemaDialect } from '../engine.ts';

/** Who is served first: each urgency is a part of the queue of its own, found by its own part of the index. */
export async function up(db: Kysely<unknown>, { text }: SchemaDialect): Promise<void> {
  await sql`alter table outbox add column urgency ${text} not null default 'asked'`.execute(db);
  await sql`drop index outbox_queued`.execute(db);
  await sql`create index outbox_queued on outbox
    (urgency, (case when leased_until > due_at then leased_until else due_at end)) where status = 'queued'`.execute(db);
}
