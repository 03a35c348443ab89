/** Transactions that share a commit: each as good as one of its own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grouped } from '../../src/store/grouped.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store, StoreTransaction } from '../../src/store/store.ts';

const charge = (key: string) => (tx: StoreTransaction) => tx.limits.charge(key, { burst: 1, refillMs: 1_000 }, 1);
const chargedOf = (store: Store, keys: string[]) => store.transaction((tx) => tx.limits.fullAt(keys));

test('what comes while the turn is waited for shares one transaction, and each gets its own result', () =>
  withStore(async (store, transactions) => {
    const group = grouped(store);
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, at) => group.transaction(async (tx) => [at, await charge(`k${at}`)(tx)])),
    );
    assert.deepEqual(
      results,
      Array.from({ length: 20 }, (_, at) => [at, undefined]),
    );
    assert.equal(transactions(), 1);
    assert.equal((await chargedOf(store, ['k0', 'k19'])).size, 2);
  }));

test('a crowd is divided: others have their turn in between', () =>
  withStore(async (store, transactions) => {
    const group = grouped(store);
    const many = Array.from({ length: 100 }, (_, at) => group.transaction(charge(`k${at}`)));
    await Promise.all(many);
    assert.equal(transactions(), 4);
  }));

test('one that fails leaves nothing behind, and takes no other with it', () =>
  withStore(async (store) => {
    const group = grouped(store);
    const results = await Promise.allSettled([
      group.transaction(charge('before')),
      group.transaction(async (tx) => {
        await charge('failed')(tx);
        throw new Error('refused');
      }),
      group.transaction(charge('after')),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.deepEqual([...(await chargedOf(store, ['before', 'failed', 'after'])).keys()].sort(), ['after', 'before']);
    assert.equal(await group.transaction(async () => 'goes on'), 'goes on');
  }));

test('one alone that fails is not run again', () =>
  withStore(async (store) => {
    let runs = 0;
    const failing = grouped(store).transaction(async () => {
      runs += 1;
      throw new Error('refused');
    });
    await assert.rejects(failing, /refused/);
    assert.equal(runs, 1);
  }));

test('where no transaction can begin, everybody hears it', async () => {
  const store = await openStore({ engine: 'sqlite', file: ':memory:' });
  await store.migrate();
  const group = grouped(store);
  await store.close();
  const results = await Promise.allSettled([group.transaction(charge('a')), group.transaction(charge('b'))]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
});

async function withStore(body: (store: Store, transactions: () => number) => Promise<void>): Promise<void> {
  const store = await openStore({ engine: 'sqlite', file: ':memory:' });
  await store.migrate();
  let transactions = 0;
  const counting: Store = {
    ...store,
    transaction: (work) => {
      transactions += 1;
      return store.transaction(work);
    },
  };
  try {
    await body(counting, () => transactions);
  } finally {
    await store.close();
  }
}
