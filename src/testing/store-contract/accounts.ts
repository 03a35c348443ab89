/** Accounts and their addresses. */
import assert from 'node:assert/strict';
import type { StoreTransaction } from '../../store/store.ts';
import { type InStore, type InTransaction, times } from './contract.ts';
import { account, email, NOW, phone, proof } from './rows.ts';

export function accounts(inStore: InStore, inTransaction: InTransaction): void {
  inTransaction('accounts: stored whole, addresses in their order, found by confirmed address only', async (tx) => {
    const given = account({
      name: 'Jane',
      birthday: '1990-02-28',
      locale: 'de-CH',
      passwordHash: '$argon2id$v=19$...',
      addresses: [email('z@example.com'), phone('+15551234567'), { ...email('a@example.com'), confirmedAt: null }],
    });
    assert.equal(await tx.accounts.insert('jane', given, NOW), undefined);
    assert.equal(await tx.accounts.insert('bare', account(), NOW), undefined);
    const stored = { id: 'jane', ...given, passwordBlockedAt: null, generation: 0 };
    const bare = { id: 'bare', ...account(), passwordBlockedAt: null, generation: 0 };
    assert.deepEqual(await tx.accounts.byId('jane'), stored);
    assert.deepEqual(await tx.accounts.byId('bare'), bare);
    assert.equal(await tx.accounts.byId('JANE'), undefined);
    assert.deepEqual(await tx.accounts.byConfirmedAddress('email', 'z@example.com'), [stored]);
    assert.deepEqual(await tx.accounts.byConfirmedAddress('phone', '+15551234567'), [stored]);
    for (const other of ['a@example.com', 'Z@example.com', 'z@example.com ', 'z@example.co'])
      assert.deepEqual(await tx.accounts.byConfirmedAddress('email', other), []);
    assert.deepEqual(await tx.accounts.byConfirmedAddress('phone', 'z@example.com'), []);
    assert.equal(await tx.accounts.count(), 2);
  });

  inTransaction('accounts: letters that look alike are different addresses', async (tx) => {
    for (const [at, canonical] of [
      'é@example.com',
      'e\u0301@example.com',
      'ı@example.com',
      'i@example.com',
    ].entries()) {
      assert.equal(await tx.accounts.insert(`a${at}`, account({ addresses: [email(canonical)] }), NOW), undefined);
      const found = await tx.accounts.byConfirmedAddress('email', canonical);
      assert.deepEqual(
        found.map(({ id }) => id),
        [`a${at}`],
      );
    }
  });

  inTransaction('accounts: a confirmed email address is taken, and nothing of the second account stays', async (tx) => {
    await tx.accounts.insert('first', account({ addresses: [email('jane@example.com')] }), NOW);
    const second = account({ addresses: [phone('+15551234567'), email('jane@example.com'), email('j@example.com')] });
    assert.deepEqual(await tx.accounts.insert('second', second, NOW), { taken: second.addresses[1] });
    assert.equal(await tx.accounts.byId('second'), undefined);
    assert.deepEqual(await tx.accounts.byConfirmedAddress('phone', '+15551234567'), []);
    assert.equal(await tx.accounts.count(), 1);
    assert.equal(await tx.accounts.insert('second', account({ addresses: [email('j@example.com')] }), NOW), undefined);
  });

  inTransaction('accounts: an unconfirmed email address takes nothing', async (tx) => {
    const unconfirmed = account({ addresses: [{ ...email('jane@example.com'), confirmedAt: null }] });
    assert.equal(await tx.accounts.insert('a', unconfirmed, NOW), undefined);
    assert.equal(await tx.accounts.insert('b', account({ addresses: [email('jane@example.com')] }), NOW), undefined);
    assert.equal(await tx.accounts.insert('c', unconfirmed, NOW), undefined);
    assert.deepEqual(
      (await tx.accounts.byConfirmedAddress('email', 'jane@example.com')).map(({ id }) => id),
      ['b'],
    );
  });

  inTransaction('accounts: a phone number may be shared', async (tx) => {
    for (const id of ['a', 'b'])
      assert.equal(await tx.accounts.insert(id, account({ addresses: [phone('+15551234567')] }), NOW), undefined);
    const found = await tx.accounts.byConfirmedAddress('phone', '+15551234567');
    assert.deepEqual(found.map(({ id }) => id).sort(), ['a', 'b']);
  });

  inStore('accounts: of many that take one address at once exactly one is made', async (store) => {
    const given = account({ addresses: [email('jane@example.com')] });
    const results = await times(20, (at) => store.transaction((tx) => tx.accounts.insert(`a${at}`, given, NOW)));
    assert.equal(results.filter((result) => result === undefined).length, 1);
    assert.equal(await store.transaction((tx) => tx.accounts.count()), 1);
  });

  inTransaction('accounts: a change touches what it gives', async (tx) => {
    await tx.accounts.insert('a', account({ passwordHash: 'old', addresses: [email('jane@example.com')] }), NOW);
    await tx.accounts.insert('b', account({ passwordHash: 'other' }), NOW);
    const state = async (id: string) => {
      const { passwordHash, passwordBlockedAt, generation } = (await tx.accounts.byId(id))!;
      return [passwordHash, passwordBlockedAt, generation];
    };
    await tx.accounts.update('a', { passwordBlockedAt: NOW, bumpGeneration: true });
    assert.deepEqual(await state('a'), ['old', NOW, 1]);
    await tx.accounts.update('a', { passwordHash: 'rehashed' });
    assert.deepEqual(await state('a'), ['rehashed', NOW, 1]);
    await tx.accounts.update('a', {
      passwordHash: 'new',
      passwordChangedAt: NOW + 1,
      passwordBlockedAt: null,
      bumpGeneration: true,
    });
    await tx.accounts.update('a', {});
    assert.deepEqual(await state('a'), ['new', null, 2]);
    await tx.accounts.update('a', { bumpGeneration: true });
    assert.deepEqual(await state('a'), ['new', null, 3]);
    assert.deepEqual(await state('b'), ['other', null, 0]);
  });
}

export function addresses(inStore: InStore, inTransaction: InTransaction): void {
  const jane = email('jane@example.com');
  const second = email('second@example.com');
  const held = async (tx: StoreTransaction, id: string) =>
    (await tx.accounts.byId(id))!.addresses.map(({ canonical }) => canonical);

  inTransaction('addresses: an added one is found, one that is taken is refused and changes nothing', async (tx) => {
    await tx.accounts.insert('a', account({ addresses: [jane] }), NOW);
    await tx.accounts.insert('b', account(), NOW);
    assert.equal(await tx.accounts.addAddress('a', second, NOW), true);
    assert.deepEqual((await tx.accounts.byConfirmedAddress('email', second.canonical))[0]?.addresses, [jane, second]);
    assert.equal(await tx.accounts.addAddress('b', second, NOW), false);
    assert.equal(await tx.accounts.addAddress('a', second, NOW), false);
    assert.deepEqual(await held(tx, 'b'), []);
    assert.deepEqual(await held(tx, 'a'), [jane.canonical, second.canonical]);
  });

  inTransaction('addresses: a confirmed one takes the place of the same one unconfirmed', async (tx) => {
    await tx.accounts.insert('a', account({ addresses: [{ ...jane, confirmedAt: null }, second] }), NOW);
    assert.equal(await tx.accounts.addAddress('a', jane, NOW), true);
    assert.deepEqual((await tx.accounts.byId('a'))?.addresses, [second, jane]);
  });

  inTransaction('addresses: a removed one is free for others, and remembered by when it went', async (tx) => {
    await tx.accounts.insert('a', account({ addresses: [jane, second, phone('+15551234567')] }), NOW);
    await tx.accounts.insert('b', account(), NOW);
    assert.equal(await tx.accounts.removeAddress('b', second, NOW), false);
    assert.equal(await tx.accounts.removeAddress('a', { ...second, kind: 'phone' }, NOW), false);
    assert.equal(await tx.accounts.removeAddress('a', second, NOW + 5), true);
    assert.equal(await tx.accounts.removeAddress('a', second, NOW + 6), false);
    assert.deepEqual(await held(tx, 'a'), [jane.canonical, '+15551234567']);
    assert.deepEqual(await tx.accounts.byConfirmedAddress('email', second.canonical), []);
    assert.deepEqual(await tx.accounts.removedSince('a', NOW + 5), [{ ...second, removedAt: NOW + 5 }]);
    assert.deepEqual(await tx.accounts.removedSince('a', NOW + 6), []);
    assert.deepEqual(await tx.accounts.removedSince('b', 0), []);
    assert.equal(await tx.accounts.addAddress('b', second, NOW + 7), true);
    assert.equal(await tx.accounts.removeAddress('a', phone('+15551234567'), NOW + 8), true);
    assert.deepEqual(
      (await tx.accounts.removedSince('a', 0)).map(({ canonical }) => canonical),
      ['+15551234567', second.canonical],
    );
  });

  inTransaction('addresses: what was added again, or never confirmed, is not among the removed', async (tx) => {
    await tx.accounts.insert('a', account({ addresses: [jane, { ...second, confirmedAt: null }] }), NOW);
    for (const at of [1, 2]) {
      assert.equal(await tx.accounts.removeAddress('a', jane, NOW + at), true);
      assert.deepEqual(await tx.accounts.removedSince('a', 0), [{ ...jane, removedAt: NOW + at }]);
      assert.equal(await tx.accounts.addAddress('a', jane, NOW + at), true);
    }
    assert.equal(await tx.accounts.removeAddress('a', second, NOW), true);
    assert.deepEqual(await tx.accounts.removedSince('a', 0), []);
  });

  inTransaction('addresses: the removed are purged by when they went; those that are held stay', async (tx) => {
    const never = { ...email('never@example.com'), confirmedAt: null };
    await tx.accounts.insert('a', account({ addresses: [jane, second, never, phone('+15551234567')] }), NOW);
    await tx.accounts.removeAddress('a', second, NOW + 1);
    await tx.accounts.removeAddress('a', never, NOW + 2);
    await tx.accounts.addAddress('a', second, NOW + 3);
    await tx.accounts.removeAddress('a', phone('+15551234567'), NOW + 4);
    assert.equal(await tx.accounts.purgeAddresses(NOW + 1), 0);
    assert.equal(await tx.accounts.purgeAddresses(NOW + 4), 2);
    assert.deepEqual(await held(tx, 'a'), [jane.canonical, second.canonical]);
    assert.equal((await tx.accounts.removedSince('a', 0)).length, 1);
    assert.equal(await tx.accounts.purgeAddresses(NOW + 5), 1);
    assert.deepEqual(await tx.accounts.removedSince('a', 0), []);
  });

  inTransaction(
    'addresses: proven when confirmed where nothing else is said, and again later, each for itself',
    async (tx) => {
      const number = phone('+15551234567');
      const { provenAt: _, ...bare } = second;
      const given = [
        jane,
        { ...number, provenAt: NOW - 5 },
        { ...email('un@example.com'), confirmedAt: null, provenAt: null },
      ];
      await tx.accounts.insert('a', account({ addresses: given }), NOW);
      await tx.accounts.insert('b', account({ addresses: [number] }), NOW);
      assert.equal(await tx.accounts.addAddress('a', { ...bare, confirmedAt: NOW + 1 }, NOW + 1), true);
      const provenAt = async (id: string) => (await tx.accounts.byId(id))!.addresses.map((address) => address.provenAt);
      assert.deepEqual(await provenAt('a'), [NOW, NOW - 5, null, NOW + 1]);
      await tx.accounts.proveAddress('a', number, NOW + 9);
      await tx.accounts.proveAddress('a', { ...jane, kind: 'phone' }, NOW + 9);
      await tx.accounts.proveAddress('a', email('un@example.com'), NOW + 9);
      assert.deepEqual(await provenAt('a'), [NOW, NOW + 9, null, NOW + 1]);
      assert.deepEqual(await provenAt('b'), [NOW], 'another account with the number');
      assert.equal((await tx.accounts.byId('a'))?.addresses[1]?.confirmedAt, NOW);
      await tx.accounts.removeAddress('a', number, NOW + 10);
      await tx.accounts.proveAddress('a', number, NOW + 11);
      assert.equal((await tx.accounts.removedSince('a', 0))[0]?.provenAt, NOW + 9, 'not of one that is gone');
    },
  );

  inStore('addresses: of many accounts that add one address at once exactly one gets it', async (store) => {
    await store.transaction(async (tx) => {
      for (let at = 0; at < 10; at += 1) await tx.accounts.insert(`a${at}`, account(), NOW);
    });
    const added = await times(10, (at) => store.transaction((tx) => tx.accounts.addAddress(`a${at}`, jane, NOW)));
    assert.equal(added.filter(Boolean).length, 1);
  });

  inStore('addresses: of many changes from one generation exactly one wins', async (store) => {
    await store.transaction((tx) => tx.accounts.insert('a', account(), NOW));
    const won = await times(10, () => store.transaction((tx) => tx.accounts.nextGeneration('a', 0)));
    assert.equal(won.filter(Boolean).length, 1);
    assert.equal((await store.transaction((tx) => tx.accounts.byId('a')))?.generation, 1);
  });
}

export function frozenAddresses(inTransaction: InTransaction): void {
  const jane = email('jane@example.com');
  const second = email('second@example.com');
  const states = async (tx: StoreTransaction) =>
    (await tx.accounts.byId('a'))!.addresses.map(({ frozenAt, thawedAt }) => [frozenAt, thawedAt]);

  inTransaction('addresses: frozen and thawed, each for itself, and only where held', async (tx) => {
    await tx.accounts.insert('a', account({ addresses: [jane, second] }), NOW);
    await tx.accounts.insert('b', account({ addresses: [email('b@example.com')] }), NOW);
    await tx.accounts.thawAddress('a', jane, NOW);
    await tx.accounts.freezeAddress('a', { ...jane, kind: 'phone' }, NOW);
    await tx.accounts.freezeAddress('b', jane, NOW);
    assert.deepEqual(await states(tx), [[null, null], [null, null]]); // biome-ignore format: one row for one address
    await tx.accounts.freezeAddress('a', jane, NOW + 1);
    await tx.accounts.freezeAddress('a', jane, NOW + 2);
    assert.deepEqual(await states(tx), [[NOW + 1, null], [null, null]]); // biome-ignore format: one row for one address
    assert.equal((await tx.accounts.byConfirmedAddress('email', jane.canonical))[0]?.addresses[0]?.frozenAt, NOW + 1);
    await tx.accounts.thawAddress('a', second, NOW + 3);
    await tx.accounts.thawAddress('b', jane, NOW + 3);
    assert.deepEqual(await states(tx), [[NOW + 1, null], [null, null]]); // biome-ignore format: one row for one address
    await tx.accounts.thawAddress('a', jane, NOW + 4);
    assert.deepEqual(await states(tx), [[null, NOW + 4], [null, null]]); // biome-ignore format: one row for one address
    await tx.accounts.freezeAddress('a', jane, NOW + 5);
    await tx.accounts.removeAddress('a', jane, NOW + 6);
    assert.equal((await tx.accounts.removedSince('a', 0))[0]?.frozenAt, NOW + 5);
    await tx.accounts.addAddress('a', jane, NOW + 7);
    assert.deepEqual(await states(tx), [[null, null], [null, null]]); // biome-ignore format: one row for one address
  });

  inTransaction('addresses: when one was last added or removed, not those that the account began with', async (tx) => {
    await tx.accounts.insert('a', account({ addresses: [jane, { ...second, confirmedAt: null }] }), NOW);
    assert.equal(await tx.accounts.addressesChangedAt('a'), undefined);
    assert.equal(await tx.accounts.addressesChangedAt('nobody'), undefined);
    await tx.accounts.removeAddress('a', second, NOW + 1);
    assert.equal(await tx.accounts.addressesChangedAt('a'), undefined, 'it was never confirmed');
    await tx.accounts.addAddress('a', second, NOW + 2);
    assert.equal(await tx.accounts.addressesChangedAt('a'), NOW + 2);
    await tx.accounts.removeAddress('a', jane, NOW + 3);
    assert.equal(await tx.accounts.addressesChangedAt('a'), NOW + 3);
  });
}

export function heldPasswords(inStore: InStore, inTransaction: InTransaction): void {
  const hold = (tx: StoreTransaction, proofId: string, completesAt: number) =>
    tx.heldPasswords.insert({ proofId, passwordHash: `hash of ${proofId}`, completesAt });

  inTransaction('held passwords: due when their time has come, the longest waiting first, taken once', async (tx) => {
    await hold(tx, 'late', NOW + 2);
    await hold(tx, 'early', NOW + 1);
    assert.deepEqual(await tx.heldPasswords.due(NOW), []);
    assert.equal(await tx.heldPasswords.take('early', NOW), undefined);
    assert.deepEqual(await tx.heldPasswords.due(NOW + 2), ['early', 'late']);
    assert.deepEqual(await tx.heldPasswords.take('early', NOW + 1), {
      proofId: 'early',
      passwordHash: 'hash of early',
      completesAt: NOW + 1,
    });
    assert.equal(await tx.heldPasswords.take('early', NOW + 1), undefined);
    assert.deepEqual(await tx.heldPasswords.due(NOW + 2), ['late']);
  });

  inStore('held passwords: of many who take one at once exactly one gets it', async (store) => {
    await store.transaction((tx) => hold(tx, 'p', NOW));
    const taken = await times(10, () => store.transaction((tx) => tx.heldPasswords.take('p', NOW)));
    assert.equal(taken.filter((held) => held !== undefined).length, 1);
  });

  inTransaction('held passwords: gone with their proof, which is kept while it is held', async (tx) => {
    for (const [id, state] of [['held', 'held'], ['stopped', 'held'], ['done', 'completed']] as const) // biome-ignore format: pairs
      await tx.proofs.insert(proof(id, { state, accountId: 'a', completedAt: state === 'held' ? null : NOW + 9 }));
    for (const id of ['held', 'stopped', 'done', 'nobody']) await hold(tx, id, NOW);
    await tx.proofs.cancelAllOf('a', 'held');
    assert.equal((await tx.proofs.byId('stopped'))?.state, 'cancelled');
    assert.equal((await tx.proofs.byId('done'))?.state, 'completed');
    assert.equal(await tx.heldPasswords.purge(), 3);
    assert.deepEqual(await tx.heldPasswords.due(NOW), ['held']);
    assert.equal(await tx.proofs.purge(NOW + 9), 1);
    assert.equal(await tx.proofs.purge(NOW + 10), 1);
    assert.equal((await tx.proofs.byId('held'))?.state, 'held');
  });
}

export function retiredIdentifiers(inTransaction: InTransaction): void {
  inTransaction('retired identifiers: the last time counts, and is forgotten in the end', async (tx) => {
    assert.equal(await tx.retiredIdentifiers.retiredAt('a'), undefined);
    await tx.retiredIdentifiers.mark('a', NOW);
    await tx.retiredIdentifiers.mark('a', NOW + 1);
    await tx.retiredIdentifiers.mark('b', NOW + 2);
    assert.equal(await tx.retiredIdentifiers.retiredAt('a'), NOW + 1);
    assert.equal(await tx.retiredIdentifiers.purge(NOW + 2), 1);
    assert.equal(await tx.retiredIdentifiers.retiredAt('a'), undefined);
    assert.equal(await tx.retiredIdentifiers.retiredAt('b'), NOW + 2);
  });
}
