/** Sessions. */
import assert from 'node:assert/strict';
import type { InTransaction } from './contract.ts';
import { NOW, session } from './rows.ts';

export function sessions(inTransaction: InTransaction): void {
  inTransaction('sessions: found by token until they expire, last seen first', async (tx) => {
    await tx.sessions.insert(session('a1', { lastSeenAt: NOW, expiresAt: NOW + 100 }));
    await tx.sessions.insert(session('a2', { lastSeenAt: NOW + 1, expiresAt: NOW + 50 }));
    await tx.sessions.insert(session('b1', { accountId: 'b' }));
    assert.deepEqual(
      await tx.sessions.byToken(session('a1').tokenDigest, NOW + 99),
      session('a1', { lastSeenAt: NOW, expiresAt: NOW + 100 }),
    );
    assert.equal(await tx.sessions.byToken(session('a1').tokenDigest, NOW + 100), undefined);
    assert.equal((await tx.sessions.byToken(session('a1').tokenDigest, NOW, { lock: true }))?.id, 'a1');
    assert.equal(await tx.sessions.byToken(session('a1').tokenDigest, NOW + 100, { lock: true }), undefined);
    assert.equal(await tx.sessions.byToken(session('a1').tokenDigest.toUpperCase(), NOW), undefined);
    const ids = async (now: number) => (await tx.sessions.ofAccount('a', now)).map(({ id }) => id);
    assert.deepEqual(await ids(NOW), ['a2', 'a1']);
    await tx.sessions.touch('a1', NOW + 2);
    assert.deepEqual(await ids(NOW), ['a1', 'a2']);
    assert.deepEqual(await ids(NOW + 50), ['a1']);
    assert.deepEqual(await ids(NOW + 100), []);
  });

  inTransaction('sessions: ended one by one, all but one, or all', async (tx) => {
    for (const id of ['a1', 'a2', 'a3', 'a4']) await tx.sessions.insert(session(id));
    await tx.sessions.insert(session('b1', { accountId: 'b' }));
    await tx.sessions.delete('a4');
    assert.equal(await tx.sessions.deleteAllOf('a', 'a2'), 2);
    assert.deepEqual(
      (await tx.sessions.ofAccount('a', NOW)).map(({ id }) => id),
      ['a2'],
    );
    assert.equal(await tx.sessions.deleteAllOf('a'), 1);
    assert.equal(await tx.sessions.deleteAllOf('a'), 0);
    assert.equal((await tx.sessions.ofAccount('b', NOW)).length, 1);
    await tx.sessions.insert(session('c1', { accountId: 'c' }));
    assert.equal(await tx.sessions.deleteAll(), 2);
    assert.deepEqual([await tx.sessions.ofAccount('b', NOW), await tx.sessions.ofAccount('c', NOW)], [[], []]);
  });

  inTransaction('sessions: purged when expired', async (tx) => {
    await tx.sessions.insert(session('a1', { expiresAt: NOW }));
    await tx.sessions.insert(session('a2', { expiresAt: NOW + 1 }));
    assert.equal(await tx.sessions.purge(NOW), 1);
    assert.deepEqual(
      (await tx.sessions.ofAccount('a', 0)).map(({ id }) => id),
      ['a2'],
    );
  });
}
