/**
 * Switches the limiter off, for tests of what must hold without it. It stands between the actions and the store of one
 * composed program in the test's own process, so there is no setting that an operator could find.
 */
import type { Composed } from '../src/compose.ts';
import type { Store } from '../src/store/store.ts';

/** From now on every charge fits and no breaker is open; all other statements reach the database as before. */
export function withoutLimits({ context }: Pick<Composed, 'context'>): void {
  const { store } = context;
  const transaction: Store['transaction'] = (work) =>
    store.transaction((tx) =>
      work({ ...tx, limits: { ...tx.limits, charge: async () => undefined, fullAt: async () => new Map() } }),
    );
  context.store = Object.assign(Object.create(store) as Store, { transaction });
}
