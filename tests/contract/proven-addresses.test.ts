/** An installation of a former version: its numbers are as old as their confirmation (migration 0015). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { account, email, NOW, phone, proof } from '../../src/testing/store-contract/rows.ts';
import { formerDatabase } from '../former-database.ts';
import { sqlOn } from '../sql-on.ts';

for (const engine of ['sqlite', 'postgres'] as const)
  test(`${engine}: addresses, and passwords that wait, of before are brought along`, async (t) => {
    const { database, inStore } = await formerDatabase(t, engine);
    await inStore(async (store) => {
      await store.migrate();
      await store.transaction(async (tx) => {
        const never = { ...email('never@example.com'), confirmedAt: null, provenAt: null };
        const addresses = [phone('+12125550101'), never];
        await tx.accounts.insert('a', account({ addresses }), NOW);
        await tx.proofs.insert(proof('waits', { state: 'held' }));
        await tx.proofs.insert(proof('goes on', { state: 'verified' }));
      });
    });
    await sqlOn(database, 'alter table addresses drop column proven_at');
    for (const column of ['texted_at', 'verified_by', 'held_for'])
      await sqlOn(database, `alter table proofs drop column ${column}`);
    await sqlOn(database, "delete from migrations where name = '0015-proven-addresses'");

    await inStore(async (store) => {
      assert.deepEqual(await store.migrate(), ['0015-proven-addresses']);
      await store.transaction(async (tx) => {
        assert.deepEqual(
          (await tx.accounts.byId('a'))?.addresses.map(({ provenAt }) => provenAt),
          [NOW, null],
        );
        const kept = await Promise.all(['waits', 'goes on'].map((id) => tx.proofs.byId(id)));
        assert.deepEqual(
          kept.map((row) => [row?.heldFor, row?.verifiedBy, row?.textedAt]),
          [
            ['changed', null, null],
            [null, null, null],
          ],
        );
      });
    });
  });
