/** Audit events, and the chain that seals them. */
import assert from 'node:assert/strict';
import type { AuditEventName } from '../../rules/audit.ts';
import { type AuditBatch, sealBatch } from '../../rules/audit-chain.ts';
import type { StoreTransaction } from '../../store/store.ts';
import { type InStore, type InTransaction, times } from './contract.ts';
import { HOSTILE, NOW } from './rows.ts';

const CHAIN_KEY = { id: 'k1', key: Buffer.alloc(32) };

export function audit(inTransaction: InTransaction): void {
  inTransaction('audit: the newest events of an account, whatever the clock said', async (tx) => {
    const event = (at: number, accountId: string | null) => ({
      at,
      name: 'sign-in' as const,
      accountId,
      proofId: at % 2 ? 'p' : null,
      detail: { channel: 'email', tries: at, known: true },
    });
    for (const at of [5, 3, 4]) await tx.audit.append(event(at, 'a'));
    await tx.audit.append(event(6, 'b'));
    await tx.audit.append(event(7, null));
    assert.deepEqual(await tx.audit.ofAccount('a', 10), [event(4, 'a'), event(3, 'a'), event(5, 'a')]);
    assert.deepEqual(await tx.audit.ofAccount('a', 1), [event(4, 'a')]);
  });
}

export function auditChain(inStore: InStore, inTransaction: InTransaction): void {
  inTransaction('audit chain: events are unsealed until a batch covers them, in the order of their ids', async (tx) => {
    for (const at of [3, 1, 2]) await tx.audit.append(event(at));
    const events = await tx.auditChain.unsealed(0, 9);
    assert.deepEqual(
      events.map(({ id: _, ...rest }) => rest),
      [3, 1, 2].map((at) => ({ ...event(at), detail: JSON.stringify(event(at).detail) })),
    );
    assert.ok(events.every(({ id }, index) => index === 0 || id > (events[index - 1]?.id ?? 0)));
    const [first, second] = events;
    assert.deepEqual(await tx.auditChain.unsealed(0, 1), [first]);
    assert.deepEqual(await tx.auditChain.unsealed(first?.id ?? 0, 1), [second]);
    await seal(tx, 1);
    assert.deepEqual(await tx.auditChain.unsealed(0, 9), events.slice(1));
    const left = { count: 2, firstId: second?.id ?? 0, oldestAt: 1 };
    assert.deepEqual(await tx.auditChain.outside({ afterId: 0 }), left);
    assert.deepEqual(await tx.auditChain.outside({ untilId: first?.id ?? 0 }), {
      count: 0,
      firstId: null,
      oldestAt: null,
    });
    assert.deepEqual(await tx.auditChain.outside({ untilId: second?.id ?? 0 }), { ...left, count: 1 });
  });

  inStore('audit chain: of many parallel sealers exactly one stores a batch', async (store) => {
    await store.transaction((tx) => tx.audit.append(event(1)));
    const won = await times(20, () => store.transaction(async (tx) => (await seal(tx, 9)) !== undefined));
    assert.equal(won.filter(Boolean).length, 1);
    await store.transaction(async (tx) => {
      assert.equal((await tx.auditChain.batches(0, 9)).length, 1);
      assert.equal((await tx.auditChain.sealed(0, 9)).length, 1);
    });
  });

  inTransaction('audit chain: a batch of a number that is taken stores nothing', async (tx) => {
    for (const at of [1, 2]) await tx.audit.append(event(at));
    const batch = await seal(tx, 1);
    const again = sealBatch(await tx.auditChain.unsealed(0, 9), undefined, CHAIN_KEY, NOW);
    assert.equal(await tx.auditChain.insert(again.batch, again.seals), false);
    assert.deepEqual(await tx.auditChain.batches(0, 9), [batch]);
    assert.equal((await tx.auditChain.sealed(0, 9)).length, 1);
  });

  inTransaction('audit chain: batches come back whole, in order, and the newest by when it was sealed', async (tx) => {
    assert.equal(await tx.auditChain.newest(), undefined);
    assert.deepEqual(await tx.auditChain.batches(0, 9), []);
    const batches: (AuditBatch | undefined)[] = [];
    for (let at = 1; at <= 11; at += 1) {
      await tx.audit.append(event(at));
      batches.push(await seal(tx, 1, NOW + at));
    }
    assert.deepEqual(await tx.auditChain.batches(0, 99), batches);
    assert.deepEqual(await tx.auditChain.batches(8, 2), batches.slice(8, 10));
    assert.deepEqual(await tx.auditChain.newest(), batches[10]);
    assert.deepEqual(await tx.auditChain.newest(NOW + 9), batches[8]);
    assert.equal(await tx.auditChain.newest(NOW), undefined);
  });

  inTransaction('audit chain: sealed events in the order of the chain, from a place on and by time', async (tx) => {
    for (let at = 1; at <= 12; at += 1) await tx.audit.append(event(at));
    const events = await tx.auditChain.unsealed(0, 99);
    await seal(tx, 99);
    const sealed = await tx.auditChain.sealed(0, 99);
    assert.deepEqual(
      sealed.map(({ position, eventId, event: found }) => [position, eventId, found]),
      events.map((found, index) => [index + 1, found.id, found]),
    );
    const ats = async (...asked: Parameters<typeof tx.auditChain.sealed>) =>
      (await tx.auditChain.sealed(...asked)).map(({ event: found }) => found?.at);
    assert.deepEqual(await ats(9, 2), [10, 11]);
    assert.deepEqual(await ats(0, 9, { since: 11 }), [11, 12]);
    assert.deepEqual(await ats(0, 9, { since: 2, until: 4 }), [2, 3]);
    assert.deepEqual(await ats(0, 9, { until: 2 }), [1]);
    assert.equal(await tx.auditChain.sealAt(12), sealed[11]?.digest);
    assert.equal(await tx.auditChain.sealAt(13), undefined);
  });

  inTransaction('audit chain: cut at a batch, with everything before it; what it cut is told', async (tx) => {
    const batches: AuditBatch[] = [];
    for (let at = 1; at <= 3; at += 1) {
      await tx.audit.append(event(at));
      await tx.audit.append(event(at));
      batches.push((await seal(tx, 2)) as AuditBatch);
    }
    await tx.audit.append(event(4));
    const anchor = { ...(batches[1] as AuditBatch), purgedAt: NOW, purgeSignature: 'signed' };
    assert.equal(await tx.auditChain.cut(anchor), 4);
    assert.deepEqual(await tx.auditChain.batches(0, 9), [anchor, batches[2]]);
    assert.deepEqual(
      (await tx.auditChain.sealed(0, 9)).map(({ position }) => position),
      [5, 6],
    );
    assert.deepEqual(
      (await tx.audit.ofAccount('a', 9)).map(({ at }) => at),
      [4, 3, 3],
    );
    assert.equal(await tx.auditChain.cut(anchor), 0);
  });

  inTransaction('audit chain: of old events only those without a seal are removed one by one', async (tx) => {
    await tx.audit.append(event(1));
    await seal(tx, 9);
    for (const at of [1, 2, 3]) await tx.audit.append(event(at));
    assert.equal(await tx.auditChain.purgeUnsealed(3), 2);
    assert.deepEqual(
      (await tx.audit.ofAccount('a', 9)).map(({ at }) => at),
      [3, 1],
    );
  });

  function event(at: number) {
    return { at, name: 'sign-in' as const, accountId: 'a', proofId: at % 2 ? 'p' : null, detail: { browser: HOSTILE } };
  }

  async function seal(tx: StoreTransaction, count: number, now = NOW): Promise<AuditBatch | undefined> {
    const last = await tx.auditChain.newest();
    const events = await tx.auditChain.unsealed(0, count);
    if (events.length === 0) return undefined;
    const { batch, seals } = sealBatch(events, last, CHAIN_KEY, now);
    return (await tx.auditChain.insert(batch, seals)) ? batch : undefined;
  }
}

export function auditPages(inTransaction: InTransaction): void {
  inTransaction('audit: pages of some names', async (tx) => {
    const names = ['sign-in', 'wrong-code', 'sign-out', 'sign-in', 'set-password'] as const;
    for (const accountId of ['a', 'b', null])
      for (const [at, name] of names.entries())
        await tx.audit.append({ at, name, accountId, proofId: null, detail: { at } });
    const signs = ['sign-in', 'sign-out'] as const;
    const [last, middle, ...rest] = await tx.audit.pageOf('a', signs, 2);
    assert.deepEqual([last?.at, last?.name, last?.detail, last?.accountId], [3, 'sign-in', { at: 3 }, 'a']);
    assert.deepEqual([middle?.at, middle?.name, rest], [2, 'sign-out', []]);
    assert.deepEqual(
      (await tx.audit.pageOf('a', signs, 2, middle!.id)).map(({ at }) => at),
      [0],
    );
    assert.deepEqual(await tx.audit.pageOf('a', ['report-not-me'], 9), []);
  });

  inTransaction('audit: events of one moment by their place among those of the account', async (tx) => {
    for (const accountId of ['b', 'a', null, 'a', 'b'])
      for (const [at, name] of [
        [NOW, 'sign-in'],
        [NOW, 'sign-out'],
        [NOW - 1, 'sign-in'],
        [NOW, 'wrong-code'],
      ] as const)
        await tx.audit.append({ at, name, accountId, proofId: null, detail: {} });
    const signs = ['sign-in', 'sign-out'] as const;
    const own = (await tx.audit.pageOf('a', signs, 9)).reverse();
    const places = await Promise.all(own.map(({ at, id }) => tx.audit.placeOf('a', signs, at, id)));
    assert.deepEqual(places, [0, 1, 0, 2, 3, 1]);
    for (const [at, event] of own.entries())
      assert.equal(await tx.audit.idAt('a', signs, event.at, places[at]!), event.id);
    assert.equal(await tx.audit.idAt('a', signs, NOW, 4), undefined);
    assert.equal(await tx.audit.idAt('a', signs, NOW + 1, 0), undefined);
    assert.equal(await tx.audit.idAt('c', signs, NOW, 0), undefined);
    assert.equal(await tx.audit.idAt('a', signs, 999_999_999_999_999, 999_999_999), undefined);
  });

  inTransaction('audit: how often what was written for proofs, however often', async (tx) => {
    const append = (name: AuditEventName, accountId: string | null, proofId: string | null) =>
      tx.audit.append({ at: NOW, name, accountId, proofId, detail: {} });
    const counted = async (accountId: string, proofIds: string[], afterId = 0) =>
      (await tx.audit.countsOf(accountId, proofIds, ['wrong-code', 'set-password'], afterId))
        .map(({ proofId, name, count }) => [proofId, name, count])
        .sort();
    await append('wrong-code', 'a', 'p1');
    const [first] = await tx.audit.pageOf('a', ['wrong-code'], 1);
    for (let time = 0; time < 1_200; time += 1) await append('wrong-code', 'a', 'p1');
    for (const accountId of ['a', 'b', null]) {
      await append('set-password', accountId, 'p1');
      await append('wrong-code', accountId, 'p3');
    }
    await append('verify-code', 'a', 'p1');
    await append('wrong-code', 'a', null);
    // While it is not decided which account it concerns.
    for (const proofId of ['p2', 'p2', 'p3']) await append('wrong-code', 'p2', proofId);
    const ofFirst = [
      ['p1', 'set-password', 1],
      ['p1', 'wrong-code', 1_201],
    ];
    assert.deepEqual(await counted('a', ['p1']), ofFirst);
    assert.deepEqual(await counted('a', ['p1', 'p2', 'p4']), [...ofFirst, ['p2', 'wrong-code', 2]]);
    assert.deepEqual(await counted('a', ['p1'], first!.id), [ofFirst[0], ['p1', 'wrong-code', 1_200]]);
    assert.deepEqual(await counted('c', ['p1']), []);
    assert.deepEqual(await counted('a', []), []);
  });
}
