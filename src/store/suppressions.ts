import type { Kysely } from 'kysely';
import type { OpenTransaction } from './open-transaction.ts';
import { statement } from './statement.ts';
import type { StoreTransaction, Suppression } from './store.ts';
import { selected, type Tables, toColumns } from './tables.ts';

const FIELDS = ['identifierMac', 'kind', 'masked', 'trouble', 'reason', 'at'] as const satisfies (keyof Suppression)[];

const REACHED = ['identifierMac', 'kind', 'masked', 'at'] as const satisfies (keyof Suppression)[];
type Reached = Pick<Suppression, (typeof REACHED)[number]>;

export function suppressionQueries(
  kysely: Kysely<Tables>,
): (open: OpenTransaction) => StoreTransaction['suppressions'] {
  const record = statement((suppression: Suppression) =>
    kysely
      .insertInto('suppressions')
      .values(toColumns(suppression, FIELDS))
      .onConflict((conflict) =>
        conflict
          .column('identifier_mac')
          .doUpdateSet({
            trouble: suppression.trouble,
            reason: suppression.reason,
            at: suppression.at,
            lifted_at: null,
          })
          .where('suppressions.at', '<', suppression.at)
          // Mail has arrived since: an older bounce that is told late is no news.
          .where((eb) =>
            eb.or([eb('suppressions.lifted_at', 'is', null), eb('suppressions.lifted_at', '<', suppression.at)]),
          ),
      ),
  );
  const of = statement(({ identifierMac }: Pick<Suppression, 'identifierMac'>) =>
    kysely
      .selectFrom('suppressions')
      .select(selected(FIELDS))
      .where('identifier_mac', '=', identifierMac)
      .where('lifted_at', 'is', null),
  );
  const lift = statement((reached: Reached) =>
    kysely
      .insertInto('suppressions')
      // Of a mailbox that nothing was wrong with; nobody reads the trouble of what was lifted.
      .values({ ...toColumns(reached, REACHED), trouble: 'no-mailbox', reason: '', lifted_at: reached.at })
      .onConflict((conflict) =>
        conflict
          .column('identifier_mac')
          .doUpdateSet({ lifted_at: reached.at })
          .where('suppressions.at', '<', reached.at)
          .where((eb) =>
            eb.or([eb('suppressions.lifted_at', 'is', null), eb('suppressions.lifted_at', '<', reached.at)]),
          ),
      ),
  );
  const claimTelling = statement((claimed: { identifierMac: string; messageId: string; now: number; before: number }) =>
    kysely
      .updateTable('suppressions')
      .set({ told_at: claimed.now, told_by: claimed.messageId })
      .where('identifier_mac', '=', claimed.identifierMac)
      .where((eb) => eb.or([eb('told_at', 'is', null), eb('told_at', '<=', claimed.before)])),
  );
  const toldBy = statement(({ messageId }: { messageId: string }) =>
    kysely.selectFrom('suppressions').select(selected(FIELDS)).where('told_by', '=', messageId),
  );
  const purge = statement((before: { reported: number; lifted: number }) =>
    kysely
      .deleteFrom('suppressions')
      .where((eb) => eb.or([eb('at', '<', before.reported), eb('lifted_at', '<', before.lifted)])),
  );

  return (open) => ({
    record: async (suppression) => (await open.changed(record, suppression)) === 1,
    of: (identifierMac) => open.first(of, { identifierMac }),
    lift: async (mailbox, at) => (await open.changed(lift, { ...mailbox, at })) === 1,
    async claimTelling(identifierMac, messageId, now, everyMs) {
      return (await open.changed(claimTelling, { identifierMac, messageId, now, before: now - everyMs })) === 1;
    },
    toldBy: (messageId) => open.first(toldBy, { messageId }),
    purge: (before) => open.changed(purge, before),
  });
}
