import { type Kysely, sql } from 'kysely';
import type { SchemaDialect } from '../engine.ts';

/** Which asking a code answers, and which message its rung stands in for: the next one is written while that is on its way. */
export async function up(db: Kysely<unknown>, { text }: SchemaDialect): Promise<void> {
  await sql`alter table outbox add column ask integer`.execute(db);
  await sql`alter table outbox add column follows ${text}`.execute(db);
  // One rung for each message, whoever else adds it at the same moment: so no way is gone twice.
  await sql`create unique index outbox_follows on outbox (follows) where follows is not null`.execute(db);
}
