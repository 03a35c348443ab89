/** Addresses that mail does not reach. */
import assert from 'node:assert/strict';
import type { Suppression } from '../../store/store.ts';
import { type InStore, type InTransaction, times } from './contract.ts';
import { DAY, NOW } from './rows.ts';

export function suppressions(inStore: InStore, inTransaction: InTransaction): void {
  const suppression = (change: Partial<Suppression> = {}): Suppression => ({
    identifierMac: 'mac',
    kind: 'email',
    masked: 'j***@example.com',
    trouble: 'no-mailbox',
    reason: '5.1.1',
    at: NOW,
    ...change,
  });
  const mailbox = (identifierMac: string) => ({ identifierMac, kind: 'email', masked: 'j***@example.com' }) as const;

  inTransaction('suppressions: a newer report replaces, the same or an older one changes nothing', async (tx) => {
    assert.equal(await tx.suppressions.of('mac'), undefined);
    assert.equal(await tx.suppressions.record(suppression()), true);
    assert.equal(await tx.suppressions.record(suppression({ reason: 'same' })), false);
    assert.equal(await tx.suppressions.record(suppression({ reason: 'older', at: NOW - 1 })), false);
    assert.deepEqual(await tx.suppressions.of('mac'), suppression());
    const newer = suppression({ trouble: 'complaint', reason: 'abuse', at: NOW + 1 });
    assert.equal(await tx.suppressions.record(newer), true);
    assert.deepEqual(await tx.suppressions.of('mac'), newer);
  });

  inTransaction('suppressions: lifted by what is newer, and again in force by what is newer still', async (tx) => {
    await tx.suppressions.record(suppression());
    assert.equal(await tx.suppressions.lift(mailbox('mac'), NOW), false);
    assert.equal(await tx.suppressions.lift(mailbox('mac'), NOW + 1), true);
    assert.equal(await tx.suppressions.lift(mailbox('mac'), NOW + 1), false);
    assert.equal(await tx.suppressions.lift(mailbox('mac'), NOW + 2), true, 'mail has arrived later still');
    assert.equal(await tx.suppressions.lift(mailbox('mac'), NOW + 1), false);
    assert.equal(await tx.suppressions.of('mac'), undefined);
    assert.equal(await tx.suppressions.record(suppression()), false);
    assert.equal(await tx.suppressions.record(suppression({ at: NOW + 2 })), false);
    assert.equal(await tx.suppressions.of('mac'), undefined);
    assert.equal(await tx.suppressions.record(suppression({ at: NOW + 3 })), true);
    assert.equal((await tx.suppressions.of('mac'))?.at, NOW + 3);
  });

  inTransaction('suppressions: a bounce of before what lifted it, told late, is no news', async (tx) => {
    await tx.suppressions.record(suppression());
    await tx.suppressions.lift(mailbox('mac'), NOW + 3);
    for (const at of [NOW + 2, NOW + 3]) {
      assert.equal(await tx.suppressions.record(suppression({ reason: 'of another mail', at })), false);
      assert.equal(await tx.suppressions.of('mac'), undefined);
    }
    assert.equal(await tx.suppressions.record(suppression({ at: NOW + 4 })), true);
    assert.equal((await tx.suppressions.of('mac'))?.at, NOW + 4);
    assert.equal(await tx.suppressions.record(suppression({ at: NOW + 5 })), true, 'in force again');
  });

  inTransaction(
    'suppressions: the first bounce of a mailbox, told late, is no news where mail has arrived since',
    async (tx) => {
      assert.equal(await tx.suppressions.lift(mailbox('mac'), NOW + 1), true);
      assert.equal(await tx.suppressions.of('mac'), undefined);
      for (const at of [NOW, NOW + 1]) assert.equal(await tx.suppressions.record(suppression({ at })), false);
      assert.equal(await tx.suppressions.of('mac'), undefined);
      assert.equal(await tx.suppressions.claimTelling('mac', 'm', NOW, 7 * DAY), true);
      const newer = suppression({ trouble: 'complaint', reason: 'abuse', at: NOW + 2 });
      assert.equal(await tx.suppressions.record(newer), true);
      assert.deepEqual(await tx.suppressions.of('mac'), newer);
      assert.deepEqual(await tx.suppressions.toldBy('m'), newer);
      assert.equal(await tx.suppressions.claimTelling('mac', 'later', NOW + 2, 7 * DAY), false);
      await tx.suppressions.lift(mailbox('mac'), NOW + 3);
      assert.equal(await tx.suppressions.claimTelling('mac', 'later', NOW + 3, 7 * DAY), false, 'support was told');
    },
  );

  inTransaction('suppressions: what nobody reported for long goes, and what was lifted long ago', async (tx) => {
    const record = (identifierMac: string, at: number) => tx.suppressions.record(suppression({ identifierMac, at }));
    await record('old', NOW - 1);
    await record('standing', NOW);
    await record('lifted', NOW);
    await tx.suppressions.lift(mailbox('lifted'), NOW + 1);
    await record('lifted lately', NOW);
    await tx.suppressions.lift(mailbox('lifted lately'), NOW + 2);
    await tx.suppressions.lift(mailbox('reached'), NOW + 1);
    await tx.suppressions.lift(mailbox('reached again'), NOW + 1);
    await tx.suppressions.lift(mailbox('reached again'), NOW + 2);
    assert.equal(await tx.suppressions.purge({ reported: NOW, lifted: NOW + 2 }), 3);
    assert.equal(await tx.suppressions.of('old'), undefined);
    assert.equal((await tx.suppressions.of('standing'))?.at, NOW);
    // Its row is gone, so the same report is news; that of the one lifted lately is not.
    assert.equal(await record('lifted', NOW), true);
    assert.equal(await record('lifted lately', NOW), false);
    assert.equal(await record('reached', NOW), true);
    assert.equal(await record('reached again', NOW), false);
  });

  inStore('suppressions: of many that want to tell support, one does, once in the given time', async (store) => {
    await store.transaction((tx) => tx.suppressions.record(suppression()));
    const claims = await times(20, () =>
      store.transaction((tx) => tx.suppressions.claimTelling('mac', 'm', NOW, 7 * DAY)),
    );
    assert.equal(claims.filter(Boolean).length, 1);
    await store.transaction(async (tx) => {
      assert.deepEqual(await tx.suppressions.toldBy('m'), suppression());
      assert.equal(await tx.suppressions.toldBy('other'), undefined);
      assert.equal(await tx.suppressions.claimTelling('mac', 'later', NOW + 7 * DAY - 1, 7 * DAY), false);
      assert.equal(await tx.suppressions.claimTelling('mac', 'later', NOW + 7 * DAY, 7 * DAY), true);
      assert.equal(await tx.suppressions.toldBy('m'), undefined);
      assert.equal(await tx.suppressions.claimTelling('unknown', 'm', NOW, 7 * DAY), false);
    });
  });
}
