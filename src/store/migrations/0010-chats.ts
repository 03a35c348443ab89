import { type Kysely, sql } from 'kysely';
import type { SchemaDialect } from '../engine.ts';

/**
 * Which chats of messengers lead to an account, and the tokens that make such links. A chat's id is stored as it is: it is
 * what the messenger is asked to write to.
 */
export async function up(db: Kysely<unknown>, { text, moment, strict, strictByKey }: SchemaDialect): Promise<void> {
  await sql`create table chats (
    id ${text} primary key,
    account_id ${text} not null,
    channel ${text} not null,
    chat ${text} not null,
    name ${text},
    consented_at ${moment} not null,
    linked_at ${moment} not null,
    stopped_at ${moment},
    unique (account_id, channel)
  ) ${strictByKey}`.execute(db);
  await sql`create index chats_by_chat on chats (channel, chat)`.execute(db);
  await sql`create table link_tokens (
    id ${text} primary key,
    token_digest ${text} not null unique,
    account_id ${text} not null,
    session_id ${text} not null,
    channel ${text} not null,
    chat ${text},
    name ${text},
    offered_at ${moment},
    created_at ${moment} not null,
    expires_at ${moment} not null
  ) ${strict}`.execute(db);
  await sql`create index link_tokens_by_session on link_tokens (session_id)`.execute(db);
  await sql`create index link_tokens_by_chat on link_tokens (channel, chat) where chat is not null`.execute(db);
  await sql`create index link_tokens_expired on link_tokens (expires_at)`.execute(db);
}
