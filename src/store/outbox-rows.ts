/** What the statements over the outbox have in common. */
import { type Kysely, sql } from 'kysely';
import { statement } from './statement.ts';
import type { Message, NewMessage } from './store.ts';
import type { Tables } from './tables.ts';

export const NEW_FIELDS = [
  'id',
  'kind',
  'channel',
  'proofId',
  'epoch',
  'accountId',
  'address',
  'locale',
  'createdAt',
  'dueAt',
  'usefulUntil',
  'askedAt',
  'leavesAt',
  'ask',
  'follows',
  'urgency',
] as const satisfies (keyof NewMessage)[];
export const MESSAGE_FIELDS = [
  ...NEW_FIELDS,
  'status',
  'attempts',
  'retries',
  'leasedUntil',
  'sentAt',
  'providerId',
  'reason',
  'retryAt',
] as const satisfies (keyof Message)[];

export const LEFT = [sql.lit('sent' as const), sql.lit('delivered' as const)];
/** Literal, because SQLite uses a partial index only where the query repeats its condition. */
export const QUEUED = sql.lit('queued' as const);
/** Literal, because SQLite compiles a statement anew for every value of a limit that is a parameter (15 µs each time). */
export const ONE = sql.lit(1);

/** What a line of history says of its message as it is now; `at` is when that came to be. */
const EVENT_FIELDS = ['message_id', 'number', 'at', 'status', 'channel', 'reason', 'attempt'] as const;

/** Writes a line of history: what a message is like now. */
export type AddEvent = ReturnType<typeof eventOfMessage>;

/**
 * The same for a message to somebody and one to nobody, so that writing it tells nothing. Numbers don't collide: whoever
 * changed the status holds the message's row until the transaction ends.
 */
export function eventOfMessage(kysely: Kysely<Tables>) {
  return statement(({ id, at }: { id: string; at: number }) =>
    kysely
      .insertInto('message_events')
      .columns(EVENT_FIELDS)
      .expression((db) =>
        db
          .selectFrom('outbox')
          .select([
            'id',
            sql<number>`(select coalesce(max(number), 0) + 1 from message_events where message_id = outbox.id)`.as(
              'next',
            ),
            sql<number>`cast(${at} as bigint)`.as('at'),
            'status',
            'channel',
            'reason',
            'attempts',
          ])
          .where('id', '=', id),
      ),
  );
}
