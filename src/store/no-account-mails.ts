import type { Kysely } from 'kysely';
import type { OpenTransaction } from './open-transaction.ts';
import { statement } from './statement.ts';
import type { StoreTransaction } from './store.ts';
import type { Tables } from './tables.ts';

export function noAccountMailQueries(
  kysely: Kysely<Tables>,
): (open: OpenTransaction) => StoreTransaction['noAccountMails'] {
  const claim = statement((claimed: { identifierMac: string; now: number; lastBefore: number }) =>
    kysely
      .insertInto('no_account_mails')
      .values({ identifier_mac: claimed.identifierMac, sent_at: claimed.now })
      .onConflict((conflict) =>
        conflict
          .column('identifier_mac')
          .doUpdateSet({ sent_at: claimed.now })
          .where('no_account_mails.sent_at', '<=', claimed.lastBefore),
      ),
  );
  const purge = statement(({ before }: { before: number }) =>
    kysely.deleteFrom('no_account_mails').where('sent_at', '<', before),
  );

  return (open) => ({
    async claim(identifierMac, now, everyMs) {
      return (await open.changed(claim, { identifierMac, now, lastBefore: now - everyMs })) === 1;
    },
    purge: (before) => open.changed(purge, { before }),
  });
}
