import { type Kysely, sql } from 'kysely';

/** Removed addresses are purged every hour, which must not read all those that are held. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index addresses_removed on addresses (removed_at) where removed_at is not null`.execute(db);
}
