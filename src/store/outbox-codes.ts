/** Messages that carry one code of a proof: which there are, by which ways they went, and what becomes of them when it is asked for again. */
import { type ExpressionBuilder, type Kysely, sql } from 'kysely';
import { ANSWER_LOST, type Channel, IN_HANDS, LEFT_OUT, RETRIED } from '../rules/delivery.ts';
import type { Unneeded } from '../rules/ladder.ts';
import type { OpenTransaction } from './open-transaction.ts';
import { type AddEvent, LEFT, MESSAGE_FIELDS, ONE, QUEUED } from './outbox-rows.ts';
import { statement } from './statement.ts';
import type { StoreTransaction } from './store.ts';
import { selected, type Tables } from './tables.ts';

const ASKED_AGAIN = 'asked_again' satisfies Unneeded;
const CAME_TO_NOTHING = [sql.lit('failed' as const), sql.lit('expired' as const), sql.lit('unneeded' as const)];

type OfCodes = Pick<
  StoreTransaction['outbox'],
  | 'supersede'
  | 'laterAsking'
  | 'isBrought'
  | 'requeueLeft'
  | 'channelsOfCodes'
  | 'channelsPerhapsLeft'
  | 'channelsTried'
  | 'latestCodeOf'
  | 'codesOf'
>;

export function outboxCodeQueries(kysely: Kysely<Tables>, addEvent: AddEvent): (open: OpenTransaction) => OfCodes {
  const supersede = statement((by: { proofId: string; epoch: number; channel: Channel; ask: number; now: number }) =>
    kysely
      .updateTable('outbox')
      .set({ status: sql.lit('unneeded' as const), reason: ASKED_AGAIN })
      .where('proof_id', '=', by.proofId)
      .where('epoch', '=', by.epoch)
      .where('channel', '=', by.channel)
      .where('ask', '<', by.ask)
      .where('status', '=', QUEUED)
      .where((eb) => eb.or([eb('leased_until', 'is', null), eb('leased_until', '<=', by.now)]))
      .where((eb) => eb.or([eb('reason', 'is', null), eb('reason', 'not in', [...IN_HANDS, RETRIED])]))
      .returning(['id', 'due_at as dueAt', 'urgency']),
  );
  const laterAsking = statement((than: { proofId: string; epoch: number; channel: Channel; ask: number }) =>
    kysely
      .selectFrom('outbox')
      .select(selected(MESSAGE_FIELDS))
      .where('proof_id', '=', than.proofId)
      .where('epoch', '=', than.epoch)
      .where('channel', '=', than.channel)
      .where('ask', '>', than.ask)
      .where('follows', 'is', null)
      .where('status', 'not in', CAME_TO_NOTHING)
      .orderBy('ask', 'desc')
      .limit(ONE),
  );
  const requeueLeft = statement((of: { proofId: string; epoch: number; now: number }) =>
    kysely
      .updateTable('outbox as left')
      .set({
        status: QUEUED,
        due_at: sql<number>`case when retry_at > ${of.now} then retry_at else ${of.now} end`,
        retry_at: null,
      })
      .where('left.proof_id', '=', of.proofId)
      .where('left.epoch', '=', of.epoch)
      .where('left.status', '=', sql.lit('failed' as const))
      .where('left.retry_at', 'is not', null)
      .whereRef('left.retry_at', '<', 'left.useful_until')
      .where('left.useful_until', '>', of.now)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('outbox as other')
              .select(ONE.as('one'))
              .where('other.proof_id', '=', of.proofId)
              .where('other.epoch', '=', of.epoch)
              .where((eb) =>
                eb.or([
                  eb('other.status', '=', sql.lit('delivered' as const)),
                  eb.and([eb('other.status', '=', QUEUED), eb('other.attempts', '=', sql.lit(0))]),
                  eb.and([
                    eb('other.channel', '=', eb.ref('left.channel')),
                    eb('other.id', '!=', eb.ref('left.id')),
                    eb.or([
                      eb('other.status', 'in', [QUEUED, ...LEFT, sql.lit('bounced' as const)]),
                      isPerhapsSent('other.reason'),
                      eb.and([eb('other.retry_at', 'is not', null), eb('other.ask', '>', eb.ref('left.ask'))]),
                    ]),
                  ]),
                ]),
              ),
          ),
        ),
      )
      .returning('id'),
  );
  const codesNewestFirst = ({ proofId }: { proofId: string }) =>
    kysely
      .selectFrom('outbox')
      .select(selected(MESSAGE_FIELDS))
      .where('proof_id', '=', proofId)
      .where('epoch', 'is not', null)
      // A rung of an earlier request may be younger than the first of a later one.
      .orderBy((eb) => eb.fn.coalesce('asked_at', 'created_at'), 'desc')
      .orderBy((eb) => eb.fn.coalesce('ask', sql.lit(0)), 'desc')
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc');
  const latestCodeOf = statement((of: { proofId: string }) => codesNewestFirst(of).limit(ONE));
  const latestCodeBy = statement((of: { proofId: string; channel: Channel }) =>
    codesNewestFirst(of).where('channel', '=', of.channel).limit(ONE),
  );
  const codesOf = statement((of: { proofId: string }) => codesNewestFirst(of).limit(sql.lit(100)));
  const channelsBy = (proofId: string) =>
    kysely.selectFrom('outbox').select('channel').distinct().where('proof_id', '=', proofId);
  const channelsOfCodes = statement(({ proofId }: { proofId: string }) =>
    channelsBy(proofId).where('epoch', 'is not', null).where('status', 'in', LEFT),
  );
  // What was in doubt stays so in the history, whatever its provider said since, and also where a later asking took its place.
  const channelsPerhapsLeft = statement(({ proofId }: { proofId: string }) =>
    channelsBy(proofId)
      .where('epoch', 'is not', null)
      .where(({ eb, or, exists, selectFrom }) =>
        or([
          eb('status', 'in', LEFT),
          eb('reason', 'in', IN_HANDS),
          exists(
            selectFrom('message_events')
              .select(ONE.as('one'))
              .whereRef('message_id', '=', 'outbox.id')
              .where(isPerhapsSent('message_events.reason')),
          ),
        ]),
      ),
  );
  const channelsTried = statement(({ proofId, epoch, now }: { proofId: string; epoch: number; now: number }) =>
    channelsBy(proofId)
      .where('epoch', '=', epoch)
      .where((eb) =>
        eb.or([
          eb.and([
            eb('attempts', '>', sql.lit(0)),
            eb.or([
              eb('status', '!=', sql.lit('failed' as const)),
              eb.and([eb('retry_at', 'is', null), eb.or([eb('reason', 'is', null), eb('reason', 'not in', LEFT_OUT)])]),
            ]),
          ]),
          eb.and([eb('status', '=', QUEUED), eb.or([eb('reason', 'in', IN_HANDS), isBeingSent(eb, now)])]),
        ]),
      ),
  );
  const isBrought = statement(
    (by: { id: string; proofId: string; epoch: number; channel: Channel; ask: number; now: number }) =>
      kysely
        .selectFrom('outbox')
        .select('id')
        .where('proof_id', '=', by.proofId)
        .where('epoch', '=', by.epoch)
        .where('channel', '=', by.channel)
        .where('id', '!=', by.id)
        .where((eb) =>
          eb.or([
            eb('status', 'in', [...LEFT, sql.lit('bounced' as const)]),
            isPerhapsSent('reason'),
            eb.and([
              eb('status', '=', QUEUED),
              eb.or([
                eb('reason', 'in', IN_HANDS),
                eb.and([
                  eb('ask', '<', by.ask),
                  eb.or([
                    isBeingSent(eb, by.now),
                    eb.and([eb('attempts', '>', sql.lit(0)), eb('leased_until', '>', by.now)]),
                  ]),
                ]),
              ]),
            ]),
          ]),
        )
        .limit(ONE),
  );

  return (open) => ({
    async supersede(by, now) {
      const ended = await open.rows(supersede, { ...by, now });
      for (const { id } of ended) await open.run(addEvent, { id, at: now });
      return ended;
    },
    laterAsking: async ({ proofId, epoch, channel, ask }) =>
      proofId === null || epoch === null || ask === null
        ? undefined
        : open.first(laterAsking, { proofId, epoch, channel, ask }),
    isBrought: async ({ id, proofId, epoch, channel, ask }, now) =>
      proofId !== null &&
      epoch !== null &&
      (await open.first(isBrought, { id, proofId, epoch, channel, ask: ask ?? 0, now })) !== undefined,
    async requeueLeft(proofId, epoch, now) {
      const again = await open.rows(requeueLeft, { proofId, epoch, now });
      if (again.length > 0) open.queued = true;
      for (const { id } of again) await open.run(addEvent, { id, at: now });
    },
    channelsOfCodes: async (proofId) => inOrder(await open.rows(channelsOfCodes, { proofId })),
    channelsPerhapsLeft: async (proofId) => inOrder(await open.rows(channelsPerhapsLeft, { proofId })),
    channelsTried: async (proofId, epoch, now) => inOrder(await open.rows(channelsTried, { proofId, epoch, now })),
    latestCodeOf: (proofId, channel) =>
      channel === undefined ? open.first(latestCodeOf, { proofId }) : open.first(latestCodeBy, { proofId, channel }),
    codesOf: (proofId) => open.rows(codesOf, { proofId }),
  });
}

/** By a worker that has it. A rung that stood ready may also be let go by that one, and is then nobody's. */
function isBeingSent(eb: ExpressionBuilder<Tables, 'outbox'>, now: number) {
  return eb.and([eb('follows', 'is', null), eb('leased_until', '>', now)]);
}

/** What `wasPerhapsSent` says of a reason, as a condition. */
function isPerhapsSent(column: 'reason' | 'other.reason' | 'message_events.reason') {
  const reason = sql.ref(column);
  return sql<boolean>`(${reason} = ${sql.lit(ANSWER_LOST)} or ${reason} like ${sql.lit(`${ANSWER_LOST} %`)})`;
}

function inOrder(rows: readonly { channel: Channel }[]): Channel[] {
  return rows.map(({ channel }) => channel).sort();
}
