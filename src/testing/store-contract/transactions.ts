/** Migrations, and what a transaction is. */
import assert from 'node:assert/strict';
import type { StoreTransaction } from '../../store/store.ts';
import { type InStore, type OpenStore, times } from './contract.ts';
import { message, NOW, proof } from './rows.ts';

export async function migrations(open: OpenStore): Promise<void> {
  const { store, close } = await open();
  try {
    const pending = await store.pendingMigrations();
    assert.equal(pending[0], '0001-initial');
    assert.deepEqual(await store.migrate(), pending);
    assert.deepEqual(await store.pendingMigrations(), []);
    assert.deepEqual(await store.migrate(), []);
    await store.ping();
    assert.equal(await store.transaction((tx) => tx.accounts.count()), 0);
  } finally {
    await close();
  }
}

export function transactions(inStore: InStore): void {
  inStore('a transaction commits what it did and returns what it found', async (store) => {
    const value = await store.transaction(async (tx) => {
      await tx.proofs.insert(proof('p'));
      return 'done';
    });
    assert.equal(value, 'done');
    assert.deepEqual(await store.transaction((tx) => tx.proofs.byId('p')), proof('p'));
  });

  inStore('a transaction that throws leaves nothing behind and rethrows', async (store) => {
    const refusal = new Error('refused');
    const work = store.transaction(async (tx) => {
      await tx.proofs.insert(proof('p'));
      await tx.outbox.insert(message('m'));
      await tx.limits.charge('k', { burst: 1, refillMs: 1_000 }, NOW);
      await tx.audit.append({ at: NOW, name: 'sign-in', accountId: 'a', proofId: null, detail: {} });
      throw refusal;
    });
    await assert.rejects(work, (error) => error === refusal);
    await store.transaction(async (tx) => {
      assert.equal(await tx.proofs.byId('p'), undefined);
      assert.equal(await tx.outbox.byId('m'), undefined);
      assert.equal(await tx.limits.wait('k', { burst: 1, refillMs: 1_000 }, NOW), 0);
      assert.deepEqual(await tx.audit.ofAccount('a', 10), []);
    });
  });

  inStore(
    'a transaction in which a statement failed does not commit, even where the failure was caught',
    async (store) => {
      const work = store.transaction(async (tx) => {
        await tx.proofs.insert(proof('p'));
        await tx.proofs.insert(proof('p')).catch(() => {});
        return 'committed';
      });
      await assert.rejects(work);
      assert.equal(await store.transaction((tx) => tx.proofs.byId('p')), undefined);
    },
  );

  inStore('a transaction that has ended refuses queries', async (store) => {
    let escaped: StoreTransaction | undefined;
    await store.transaction(async (tx) => {
      escaped = tx;
    });
    await assert.rejects(() => escaped!.proofs.insert(proof('p')), /ended/);
    await assert.rejects(
      store.transaction(async (tx) => {
        escaped = tx;
        throw new Error('refused');
      }),
    );
    await assert.rejects(() => escaped!.accounts.count(), /ended/);
    assert.equal(await store.transaction((tx) => tx.proofs.byId('p')), undefined);
  });

  inStore(
    'statements that nobody waits for fall under the commit or the rollback of their transaction',
    async (store) => {
      const ids = ['a', 'b', 'c', 'd', 'e'];
      const insertAll = async (tx: StoreTransaction) => {
        for (const id of ids) void tx.outbox.insert(message(id));
      };
      const work = store.transaction(async (tx) => {
        await insertAll(tx);
        throw new Error('refused');
      });
      await assert.rejects(work, /refused/);
      assert.equal(await store.transaction((tx) => tx.outbox.count('queued')), 0);
      await store.transaction(insertAll);
      assert.equal(await store.transaction((tx) => tx.outbox.count('queued')), ids.length);
    },
  );

  inStore('transactions that run side by side all take effect', async (store) => {
    await times(60, (at) => store.transaction((tx) => tx.outbox.insert(message(`m${at}`))));
    assert.equal(await store.transaction((tx) => tx.outbox.count('queued')), 60);
  });
}
