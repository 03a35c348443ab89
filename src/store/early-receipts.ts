import type { Kysely } from 'kysely';
import type { OpenTransaction } from './open-transaction.ts';
import { statement } from './statement.ts';
import type { EarlyReceipt, StoreTransaction } from './store.ts';
import { selected, type Tables, toColumns } from './tables.ts';

const FIELDS = ['channel', 'providerId', 'status', 'reason', 'at', 'keptAt'] as const satisfies (keyof EarlyReceipt)[];

export function earlyReceiptQueries(
  kysely: Kysely<Tables>,
): (open: OpenTransaction) => StoreTransaction['earlyReceipts'] {
  const keep = statement((receipt: EarlyReceipt) =>
    kysely
      .insertInto('early_receipts')
      .values(toColumns(receipt, FIELDS))
      .onConflict((conflict) => conflict.doNothing()),
  );
  const take = statement(({ channel, providerId }: Pick<EarlyReceipt, 'channel' | 'providerId'>) =>
    kysely
      .deleteFrom('early_receipts')
      .where('channel', '=', channel)
      .where('provider_id', '=', providerId)
      .returning(selected(FIELDS)),
  );
  const purge = statement(({ before }: { before: number }) =>
    kysely.deleteFrom('early_receipts').where('kept_at', '<', before),
  );

  return (open) => ({
    keep: (receipt) => open.run(keep, receipt),
    take: (channel, providerId) => open.rows(take, { channel, providerId }),
    purge: (before) => open.changed(purge, { before }),
  });
}
