/** Attempts to show control of an address. */
import assert from 'node:assert/strict';
import type { Candidate } from '../../store/store.ts';
import { type InStore, type InTransaction, times } from './contract.ts';
import { HOSTILE, NOW, proof } from './rows.ts';

export function proofs(inStore: InStore, inTransaction: InTransaction): void {
  inTransaction('proofs: stored and found whole, by id and by token', async (tx) => {
    const full = proof('full', {
      accountId: 'a',
      accountGeneration: 3,
      network: '2001:db8:1:2::/64',
      previousCodeExpiresAt: NOW + 1,
      previousCodeFormat: 'letters',
      previousCodeLength: 10,
      messagesOf: 'another',
      toldAt: NOW + 1,
      verifiedExpiresAt: NOW + 2,
      completedAt: NOW + 3,
      reportedAt: NOW + 4,
    });
    await tx.proofs.insert(full);
    await tx.proofs.insert(proof('empty'));
    assert.deepEqual(await tx.proofs.byId('full'), full);
    assert.deepEqual(await tx.proofs.byId('empty'), proof('empty'));
    assert.deepEqual(await tx.proofs.byToken('recovery', full.tokenDigest), full);
    assert.deepEqual(await tx.proofs.byToken('recovery', full.tokenDigest, { lock: true }), full);
    assert.equal(await tx.proofs.byToken('registration', full.tokenDigest), undefined);
    assert.equal(await tx.proofs.byToken('recovery', full.tokenDigest.toUpperCase()), undefined);
    assert.equal(await tx.proofs.byId('other'), undefined);
  });

  inStore('proofs: 200 parallel transactions get the 5 tries of a code between them', async (store) => {
    await store.transaction((tx) => tx.proofs.insert(proof('p', { triesLeft: 5 })));
    const charged = await times(200, () => store.transaction((tx) => tx.proofs.chargeTry('p', NOW)));
    const left = charged.filter((charge) => charge !== undefined).map((charge) => charge.triesLeft);
    assert.deepEqual(left.sort(), [0, 1, 2, 3, 4]);
    assert.equal((await store.transaction((tx) => tx.proofs.byId('p')))?.triesLeft, 0);
  });

  inTransaction('proofs: a try is charged to a living code only', async (tx) => {
    const living = { codeExpiresAt: NOW + 10, expiresAt: NOW + 20, triesLeft: 2 };
    await tx.proofs.insert(proof('living', living));
    await tx.proofs.insert(proof('verified', { ...living, state: 'verified' }));
    await tx.proofs.insert(proof('cancelled', { ...living, state: 'cancelled' }));
    await tx.proofs.insert(proof('ended', { ...living, expiresAt: NOW + 5 }));
    assert.deepEqual(await tx.proofs.chargeTry('living', NOW + 9), proof('living', { ...living, triesLeft: 1 }));
    assert.equal(await tx.proofs.chargeTry('living', NOW + 10), undefined);
    assert.equal(await tx.proofs.chargeTry('ended', NOW + 5), undefined);
    for (const id of ['verified', 'cancelled', 'unknown']) assert.equal(await tx.proofs.chargeTry(id, NOW), undefined);
    assert.equal((await tx.proofs.byId('living'))?.triesLeft, 1);
  });

  inStore('proofs: of many parallel transitions exactly one wins', async (store) => {
    await store.transaction((tx) => tx.proofs.insert(proof('p', { state: 'verified' })));
    const won = await times(50, (at) =>
      store.transaction((tx) => tx.proofs.transition('p', 'verified', { state: 'completed', completedAt: NOW + at })),
    );
    assert.equal(won.filter(Boolean).length, 1);
    const stored = await store.transaction((tx) => tx.proofs.byId('p'));
    assert.deepEqual(stored, proof('p', { state: 'completed', completedAt: NOW + won.indexOf(true) }));
  });

  inStore('proofs: whoever holds a locked proof is waited for', async (store) => {
    await store.transaction((tx) => tx.proofs.insert(proof('p', { resends: 0 })));
    await times(20, () =>
      store.transaction(async (tx) => {
        const found = await tx.proofs.byToken('recovery', proof('p').tokenDigest, { lock: true });
        await tx.proofs.update('p', { resends: found!.resends + 1 });
      }),
    );
    assert.equal((await store.transaction((tx) => tx.proofs.byId('p')))?.resends, 20);
  });

  inTransaction('proofs: a change touches what it gives, null included, and nothing else', async (tx) => {
    await tx.proofs.insert(proof('p', { previousCodeLength: 6 }));
    await tx.proofs.insert(proof('other'));
    await tx.proofs.update('p', { epoch: 7, previousCodeLength: null, resendAt: undefined, id: 'renamed' });
    await tx.proofs.update('p', {});
    assert.deepEqual(await tx.proofs.byId('p'), proof('p', { epoch: 7 }));
    assert.deepEqual(await tx.proofs.byId('other'), proof('other'));
    assert.equal(await tx.proofs.transition('p', 'verified', { state: 'completed' }), false);
    assert.deepEqual(await tx.proofs.byId('p'), proof('p', { epoch: 7 }));
  });

  inStore('proofs: what the worker found is stored once', async (store) => {
    await store.transaction((tx) => tx.proofs.insert(proof('p')));
    const won = await times(20, (at) =>
      store.transaction((tx) => tx.proofs.resolve('p', at % 2 ? 'known' : 'decoy', `a${at}`, at)),
    );
    const winner = won.indexOf(true);
    assert.equal(won.filter(Boolean).length, 1);
    assert.deepEqual(
      await store.transaction((tx) => tx.proofs.byId('p')),
      proof('p', {
        resolution: winner % 2 ? 'known' : 'decoy',
        accountId: `a${winner}`,
        accountGeneration: winner,
      }),
    );
  });

  inStore('proofs: of many who would tell of a recovery at one moment exactly one does', async (store) => {
    await store.transaction(async (tx) => {
      await tx.proofs.insert(proof('p'));
      await tx.proofs.insert(proof('other'));
    });
    const won = await times(20, (at) => store.transaction((tx) => tx.proofs.claimTelling('p', NOW + at)));
    assert.equal(won.filter(Boolean).length, 1);
    await store.transaction(async (tx) => {
      assert.deepEqual(await tx.proofs.byId('p'), proof('p', { toldAt: NOW + won.indexOf(true) }));
      assert.deepEqual(await tx.proofs.byId('other'), proof('other'));
      assert.equal(await tx.proofs.claimTelling('nobody', NOW), false);
    });
  });

  inStore('proofs: a completed recovery is reported once, an unfinished one never', async (store) => {
    await store.transaction(async (tx) => {
      await tx.proofs.insert(proof('completed', { state: 'completed' }));
      await tx.proofs.insert(proof('verified', { state: 'verified' }));
    });
    const won = await times(20, (at) => store.transaction((tx) => tx.proofs.report('completed', NOW + at)));
    assert.equal(won.filter(Boolean).length, 1);
    await store.transaction(async (tx) => {
      assert.equal((await tx.proofs.byId('completed'))?.reportedAt, NOW + won.indexOf(true));
      assert.equal(await tx.proofs.report('verified', NOW), false);
    });
  });

  inTransaction(
    'proofs: a stranger is not told that what he asked for was stopped: no code matches any more',
    async (tx) => {
      const asked = { accountId: 'a', resolution: 'known' } as const;
      await tx.proofs.insert(proof('stranger', asked));
      await tx.proofs.insert(proof('kept', asked));
      await tx.proofs.insert(proof('known device', { ...asked, lane: 'known-device' }));
      await tx.proofs.insert(proof('address', { ...asked, purpose: 'address' }));
      await tx.proofs.insert(proof('verified', { ...asked, state: 'verified' }));
      const found = async () => {
        const ids = ['stranger', 'kept', 'known device', 'address', 'verified'];
        const proofs = await Promise.all(ids.map((id) => tx.proofs.byId(id)));
        return proofs.map((each) => [each?.state, each?.resolution]);
      };
      for (let times = 0; times < 2; times += 1) {
        await tx.proofs.cancelAllOf('a', 'kept');
        assert.deepEqual(await found(), [
          ['code_sent', 'decoy'],
          ['code_sent', 'known'],
          ['cancelled', 'known'],
          ['cancelled', 'known'],
          ['cancelled', 'known'],
        ]);
      }
    },
  );

  inStore(
    'proofs: of many who take the account away from a proof exactly one does, and none after the right code',
    async (store) => {
      await store.transaction(async (tx) => {
        await tx.proofs.insert(proof('p', { resolution: 'known' }));
        await tx.proofs.insert(proof('verified', { resolution: 'known', state: 'verified' }));
      });
      const won = await times(20, () => store.transaction((tx) => tx.proofs.makeDecoy('p')));
      assert.equal(won.filter(Boolean).length, 1);
      await store.transaction(async (tx) => {
        assert.equal((await tx.proofs.byId('p'))?.resolution, 'decoy');
        assert.equal(await tx.proofs.makeDecoy('verified'), false);
        assert.equal((await tx.proofs.byId('verified'))?.resolution, 'known');
      });
    },
  );

  inTransaction('proofs: cancelling those of an account leaves finished and other ones alone', async (tx) => {
    for (const state of ['code_sent', 'verified', 'completed', 'cancelled'] as const)
      await tx.proofs.insert(proof(state, { state, lane: 'known-device', accountId: 'a' }));
    await tx.proofs.insert(proof('kept', { lane: 'known-device', accountId: 'a' }));
    await tx.proofs.insert(proof('another', { accountId: 'b' }));
    await tx.proofs.insert(proof('nobody'));
    const states = async () => {
      const found = ['code_sent', 'verified', 'completed', 'kept', 'another', 'nobody'].map((id) => tx.proofs.byId(id));
      return (await Promise.all(found)).map((each) => each?.state);
    };
    await tx.proofs.cancelAllOf('a', 'kept');
    assert.deepEqual(await states(), ['cancelled', 'cancelled', 'completed', 'code_sent', 'code_sent', 'code_sent']);
    await tx.proofs.cancelAllOf('a');
    assert.deepEqual(await states(), ['cancelled', 'cancelled', 'completed', 'cancelled', 'code_sent', 'code_sent']);
  });

  inTransaction('proofs: purged by age', async (tx) => {
    await tx.proofs.insert(proof('old', { createdAt: NOW - 1 }));
    await tx.proofs.insert(proof('new', { createdAt: NOW }));
    assert.equal(await tx.proofs.purge(NOW), 1);
    assert.equal(await tx.proofs.byId('old'), undefined);
    assert.notEqual(await tx.proofs.byId('new'), undefined);
  });
}

export function candidates(inStore: InStore, inTransaction: InTransaction): void {
  const candidate = (id: string, more: Partial<Candidate> = {}): Candidate => ({
    proofId: 'p',
    id,
    accountId: `account of ${id}`,
    accountGeneration: 3,
    toldAt: null,
    chosenAt: null,
    ...more,
  });

  inTransaction('candidates: kept as given, in the order of their ids, each of its proof alone', async (tx) => {
    for (const one of [candidate('b'), candidate('a'), candidate('a', { proofId: 'q', accountId: HOSTILE })])
      await tx.candidates.insert(one);
    assert.deepEqual(await tx.candidates.ofProof('p'), [candidate('a'), candidate('b')]);
    assert.deepEqual(await tx.candidates.ofProof('q'), [candidate('a', { proofId: 'q', accountId: HOSTILE })]);
    assert.deepEqual(await tx.candidates.ofProof('r'), []);
  });

  inStore('candidates: of many at one moment each is told of once, and chosen once', async (store) => {
    await store.transaction(async (tx) => {
      await tx.candidates.insert(candidate('a'));
      await tx.candidates.insert(candidate('b'));
    });
    const told = await times(5, () => store.transaction((tx) => tx.candidates.claimTelling('p', NOW)));
    assert.deepEqual(
      told
        .flat()
        .map(({ id }) => id)
        .sort(),
      ['a', 'b'],
    );
    const chosen = await times(5, (at) => store.transaction((tx) => tx.candidates.choose('p', 'a', NOW + at)));
    assert.equal(chosen.filter(Boolean).length, 1);
    await store.transaction(async (tx) => {
      assert.deepEqual(await tx.candidates.ofProof('p'), [
        candidate('a', { toldAt: NOW, chosenAt: NOW + chosen.indexOf(true) }),
        candidate('b', { toldAt: NOW }),
      ]);
      assert.equal(await tx.candidates.choose('q', 'a', NOW), false);
      assert.equal(await tx.candidates.choose('p', 'c', NOW), false);
    });
  });

  inTransaction('candidates: gone when the account voids what is outstanding, but for one proof', async (tx) => {
    for (const proofId of ['p', 'kept'])
      for (const id of ['a', 'b']) await tx.candidates.insert(candidate(id, { proofId }));
    await tx.proofs.cancelAllOf('account of a', 'kept');
    assert.deepEqual(await tx.candidates.ofProof('p'), [candidate('b')]);
    assert.equal((await tx.candidates.ofProof('kept')).length, 2);
    assert.equal(await tx.candidates.remove('kept', 'account of b'), true);
    assert.equal(await tx.candidates.remove('kept', 'account of b'), false);
    assert.deepEqual(await tx.candidates.ofProof('kept'), [candidate('a', { proofId: 'kept' })]);
  });

  inStore(
    'candidates: chosen at the moment at which the account voids what is outstanding: cancelled all the same',
    async (store) => {
      for (let round = 0; round < 10; round += 1) {
        const proofId = `p${round}`;
        await store.transaction(async (tx) => {
          await tx.proofs.insert(proof(proofId, { state: 'choosing', resolution: 'known' }));
          await tx.candidates.insert(candidate('a', { proofId }));
        });
        const choose = store.transaction(async (tx) => {
          const won = await tx.candidates.choose(proofId, 'a', NOW);
          if (won) await tx.proofs.transition(proofId, 'choosing', { state: 'verified', accountId: 'account of a' });
          return won;
        });
        const [won] = await Promise.all([choose, store.transaction((tx) => tx.proofs.cancelAllOf('account of a'))]);
        const { state } = (await store.transaction((tx) => tx.proofs.byId(proofId))) ?? {};
        assert.equal(state, won ? 'cancelled' : 'choosing');
      }
    },
  );

  inTransaction('candidates: purged with their proofs', async (tx) => {
    await tx.proofs.insert(proof('old', { createdAt: NOW - 1 }));
    await tx.proofs.insert(proof('new', { createdAt: NOW }));
    for (const proofId of ['old', 'new']) await tx.candidates.insert(candidate('a', { proofId }));
    assert.equal(await tx.proofs.purge(NOW), 1);
    assert.deepEqual(await tx.candidates.ofProof('old'), []);
    assert.equal((await tx.candidates.ofProof('new')).length, 1);
  });
}
