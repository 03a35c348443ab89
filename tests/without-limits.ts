/**
 * Switches the limiter off, or the budgets of money, for tests of what must hold without it. This stands between the actions and the store of one
 * composed program in the test's own process, so there is no setting that an operator could find.
 */
import type { Composed } from '../src/compose.ts';
import type { Store, StoreTransaction } from '../src/store/store.ts';

/** From now on every charge fits and no breaker is open; all other statements reach the database as before. */
export function withoutLimits({ context }: Pick<Composed, 'context'>): void {
  const { store } = context;
  const transaction: Store['transaction'] = (work) =>
    store.transaction((tx) =>
      work({ ...tx, limits: { ...tx.limits, charge: async () => undefined, fullAt: async () => new Map() } }),
    );
  context.store = Object.assign(Object.create(store) as Store, { transaction });
}

/** From now on no budget of money is spent, but that of a day. In the store itself, because the worker of SQLite has its own way to it. */
export function withoutSpendLimits({ context: { store } }: Pick<Composed, 'context'>): void {
  const { transaction } = store;
  Object.assign(store, {
    transaction: <T>(work: (tx: StoreTransaction) => Promise<T>, options?: object): Promise<T> =>
      transaction.call(
        store,
        (tx) => {
          const charge: StoreTransaction['limits']['charge'] = async (key, limit, now) =>
            key.startsWith('spend-') ? undefined : tx.limits.charge(key, limit, now);
          return work({ ...tx, limits: { ...tx.limits, charge } });
        },
        options,
      ) as Promise<T>,
  } satisfies Pick<Store, 'transaction'>);
}
