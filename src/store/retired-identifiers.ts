import type { Kysely } from 'kysely';
import type { OpenTransaction } from './open-transaction.ts';
import { statement } from './statement.ts';
import type { StoreTransaction } from './store.ts';
import type { Tables } from './tables.ts';

export function retiredIdentifierQueries(
  kysely: Kysely<Tables>,
): (open: OpenTransaction) => StoreTransaction['retiredIdentifiers'] {
  const mark = statement(({ identifierMac, now }: { identifierMac: string; now: number }) =>
    kysely
      .insertInto('retired_identifiers')
      .values({ identifier_mac: identifierMac, retired_at: now })
      .onConflict((conflict) => conflict.column('identifier_mac').doUpdateSet({ retired_at: now })),
  );
  const retiredAt = statement(({ identifierMac }: { identifierMac: string }) =>
    kysely
      .selectFrom('retired_identifiers')
      .select('retired_at as retiredAt')
      .where('identifier_mac', '=', identifierMac),
  );
  const purge = statement(({ before }: { before: number }) =>
    kysely.deleteFrom('retired_identifiers').where('retired_at', '<', before),
  );

  return (open) => ({
    mark: (identifierMac, now) => open.run(mark, { identifierMac, now }),
    retiredAt: async (identifierMac) => (await open.first(retiredAt, { identifierMac }))?.retiredAt,
    purge: (before) => open.changed(purge, { before }),
  });
}
