import type { Kysely } from 'kysely';
import type { OpenTransaction } from './open-transaction.ts';
import { statement } from './statement.ts';
import type { StoreTransaction } from './store.ts';
import type { Tables } from './tables.ts';

export function noAccountMailQueries(
  kysely: Kysely<Tables>,
): (open: OpenTransaction) => StoreTransaction['noAccountMails'] {
  const claim = statement((claimed: { identifierMac: string; messageId: string; now: number; lastBefore: number }) =>
    kysely
      .insertInto('no_account_mails')
      .values({ identifier_mac: claimed.identifierMac, message_id: claimed.messageId, sent_at: claimed.now })
      .onConflict((conflict) =>
        conflict
          .column('identifier_mac')
          .doUpdateSet({ message_id: claimed.messageId, sent_at: claimed.now })
          .where('no_account_mails.sent_at', '<=', claimed.lastBefore),
      ),
  );
  const lastMessageId = statement(({ identifierMac }: { identifierMac: string }) =>
    kysely.selectFrom('no_account_mails').select('message_id as messageId').where('identifier_mac', '=', identifierMac),
  );
  const purge = statement(({ before }: { before: number }) =>
    kysely.deleteFrom('no_account_mails').where('sent_at', '<', before),
  );

  return (open) => ({
    async claim(identifierMac, messageId, now, everyMs) {
      return (await open.changed(claim, { identifierMac, messageId, now, lastBefore: now - everyMs })) === 1;
    },
    lastMessageId: async (identifierMac) => (await open.first(lastMessageId, { identifierMac }))?.messageId,
    purge: (before) => open.changed(purge, { before }),
  });
}
