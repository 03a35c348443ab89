/** What was reported of a message before it had its provider's id. */
import assert from 'node:assert/strict';
import type { EarlyReceipt } from '../../store/store.ts';
import { type InStore, type InTransaction, times } from './contract.ts';
import { NOW } from './rows.ts';

export function earlyReceipts(inStore: InStore, inTransaction: InTransaction): void {
  const receipt = (change: Partial<EarlyReceipt> = {}): EarlyReceipt => ({
    channel: 'viber',
    providerId: '4912661846655238145',
    status: 'delivered',
    reason: null,
    at: NOW,
    keptAt: NOW + 1,
    ...change,
  });

  inTransaction(
    'early receipts: given out by channel and id, once; the same status again changes nothing',
    async (tx) => {
      const failed = receipt({ status: 'failed', reason: 'x' });
      for (const kept of [receipt(), receipt({ at: NOW + 5 }), failed, receipt({ providerId: 'another' })])
        await tx.earlyReceipts.keep(kept);
      assert.deepEqual(await tx.earlyReceipts.take('sms', '4912661846655238145'), []);
      const taken = await tx.earlyReceipts.take('viber', '4912661846655238145');
      assert.deepEqual(
        taken.sort((one, other) => one.status.localeCompare(other.status)),
        [receipt(), failed],
      );
      assert.deepEqual(await tx.earlyReceipts.take('viber', '4912661846655238145'), []);
      assert.deepEqual(await tx.earlyReceipts.take('viber', 'another'), [receipt({ providerId: 'another' })]);
    },
  );

  inTransaction('early receipts: what nobody asked for in time goes', async (tx) => {
    await tx.earlyReceipts.keep(receipt({ keptAt: NOW - 1, providerId: 'old' }));
    await tx.earlyReceipts.keep(receipt({ keptAt: NOW }));
    assert.equal(await tx.earlyReceipts.purge(NOW), 1);
    assert.equal((await tx.earlyReceipts.take('viber', receipt().providerId)).length, 1);
  });

  inStore('early receipts: of many that take one, one gets it', async (store) => {
    await store.transaction((tx) => tx.earlyReceipts.keep(receipt()));
    const taken = await times(20, () =>
      store.transaction((tx) => tx.earlyReceipts.take('viber', receipt().providerId)),
    );
    assert.equal(taken.flat().length, 1);
  });
}
