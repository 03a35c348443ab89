/** What became of messages: their history, what receipts change, and the operator's view. */
import assert from 'node:assert/strict';
import type { NewMessage, StoreTransaction } from '../../store/store.ts';
import { type InStore, type InTransaction, times } from './contract.ts';
import { DAY, HOSTILE, message, NOW, proof, queued } from './rows.ts';

export function messageHistory(inStore: InStore, inTransaction: InTransaction): void {
  const historyOf = async (tx: StoreTransaction, id: string) =>
    (await tx.messages.history(id)).map(({ number, at, status, reason, attempt }) => [
      number,
      at,
      status,
      reason,
      attempt,
    ]);

  inTransaction('message history: a line for everything that sets a status, each with its own message', async (tx) => {
    await tx.outbox.insert(message('m', { createdAt: NOW, channel: 'sms' }));
    await tx.outbox.insert(message('other', { createdAt: NOW + 1 }));
    await tx.outbox.settle('m', { status: 'sent', attempts: 1, sentAt: NOW + 5, reason: null });
    assert.equal(await tx.outbox.report('m', 'sent', { status: 'bounced', reason: '550 5.1.1', at: NOW + 9 }), true);
    assert.equal(await tx.outbox.requeue('m', 'bounced', { reason: 'retried', now: NOW + 9 }), true);
    assert.equal((await tx.outbox.byId('m'))?.retries, 1);
    assert.equal((await tx.outbox.byId('other'))?.retries, 0);
    assert.deepEqual(await historyOf(tx, 'm'), [
      [1, NOW, 'queued', null, 0],
      [2, NOW + 5, 'sent', null, 1],
      [3, NOW + 9, 'bounced', '550 5.1.1', 1],
      [4, NOW + 9, 'queued', 'retried', 1],
    ]);
    assert.deepEqual(new Set((await tx.messages.history('m')).map(({ channel }) => channel)), new Set(['sms']));
    assert.deepEqual(await historyOf(tx, 'other'), [[1, NOW + 1, 'queued', null, 0]]);
    assert.deepEqual(await historyOf(tx, 'nobody'), []);
  });

  inTransaction('message history: a decoy leaves the same lines as a message to somebody', async (tx) => {
    for (const id of ['known', 'decoy']) await tx.outbox.insert(message(id));
    await tx.outbox.setKind('decoy', 'decoy');
    await tx.outbox.settle('known', { status: 'sent', attempts: 1, sentAt: NOW + 1, reason: null });
    await tx.outbox.settle('decoy', { status: 'suppressed', attempts: 1, sentAt: NOW + 1, reason: null });
    const [known, decoy] = [await historyOf(tx, 'known'), await historyOf(tx, 'decoy')];
    assert.deepEqual(
      decoy,
      known.map((line) => line.map((value) => (value === 'sent' ? 'suppressed' : value))),
    );
  });

  inTransaction('message history: what is settled without a moment is dated by the store', async (tx) => {
    await tx.outbox.insert(message('m'));
    await tx.outbox.settle('m', { status: 'queued', attempts: 1, dueAt: NOW + 9, reason: '451' });
    await tx.outbox.settle('gone', { status: 'failed', attempts: 1 });
    const [, settled] = await tx.messages.history('m');
    assert.equal(settled?.reason, '451');
    assert.ok(Number.isSafeInteger(settled?.at));
    assert.deepEqual(await tx.messages.history('gone'), []);
  });

  inTransaction('message history: a report or a retry that comes too late changes nothing', async (tx) => {
    await tx.outbox.insert(message('m'));
    assert.equal(await tx.outbox.report('m', 'sent', { status: 'delivered', reason: null, at: NOW }), false);
    assert.equal(await tx.outbox.requeue('m', 'failed', { reason: 'retried', now: NOW }), false);
    assert.equal(await tx.outbox.report('nobody', 'sent', { status: 'delivered', reason: null, at: NOW }), false);
    assert.deepEqual(await tx.outbox.byId('m'), queued('m'));
    assert.equal((await tx.messages.history('m')).length, 1);
  });

  inStore(
    'message history: of many retries at once exactly one wins, and the message can be leased once',
    async (store) => {
      await store.transaction(async (tx) => {
        await tx.outbox.insert(message('m', { dueAt: NOW }));
        await tx.outbox.lease({ asked: 1 }, NOW, NOW + 10_000);
        await tx.outbox.settle('m', { status: 'failed', attempts: 1, reason: '550' });
      });
      const won = await times(30, () =>
        store.transaction((tx) => tx.outbox.requeue('m', 'failed', { reason: 'retried', now: NOW + 5 })),
      );
      assert.equal(won.filter(Boolean).length, 1);
      await store.transaction(async (tx) => {
        assert.equal((await tx.messages.history('m')).length, 3);
        assert.equal((await tx.outbox.lease({ asked: 9 }, NOW + 5, NOW + 99)).length, 1);
        assert.equal((await tx.outbox.lease({ asked: 9 }, NOW + 5, NOW + 99)).length, 0);
      });
    },
  );

  inStore(
    'message history: receipts and attempts at the same moment are numbered one after the other',
    async (store) => {
      await store.transaction((tx) => tx.outbox.insert(message('m')));
      await times(20, (at) =>
        store.transaction((tx) => tx.outbox.settle('m', { status: 'sent', attempts: at, sentAt: NOW })),
      );
      const history = await store.transaction((tx) => tx.messages.history('m'));
      assert.deepEqual(
        history.map(({ number }) => number),
        Array.from({ length: 21 }, (_, at) => at + 1),
      );
    },
  );

  inTransaction('message history: goes with its message', async (tx) => {
    await tx.outbox.insert(message('old', { createdAt: NOW - 1 }));
    await tx.outbox.insert(message('new', { createdAt: NOW }));
    await tx.outbox.purge(NOW);
    assert.deepEqual(await tx.messages.history('old'), []);
    assert.equal((await tx.messages.history('new')).length, 1);
  });
}

export function messages(inTransaction: InTransaction): void {
  const ids = (found: readonly { id: string }[]): string[] => found.map(({ id }) => id);

  inTransaction('messages: newest first, by period, status, channel and kind, up to the count', async (tx) => {
    const given: Partial<NewMessage>[] = [{}, { channel: 'sms' }, { kind: 'password-changed' }, {}, {}];
    for (const [at, change] of given.entries())
      await tx.outbox.insert(message(`m${at}`, { ...change, createdAt: NOW + Math.min(at, 3) }));
    await tx.outbox.settle('m0', { status: 'failed', attempts: 1, reason: '550' });
    await tx.outbox.settle('m3', { status: 'failed', attempts: 1 });
    assert.deepEqual(ids(await tx.messages.list({ since: 0 }, 9)), ['m4', 'm3', 'm2', 'm1', 'm0']);
    assert.deepEqual(ids(await tx.messages.list({ since: NOW + 2 }, 9)), ['m4', 'm3', 'm2']);
    assert.deepEqual(ids(await tx.messages.list({ since: 0 }, 2)), ['m4', 'm3']);
    assert.deepEqual(ids(await tx.messages.list({ since: 0, status: 'failed' }, 9)), ['m3', 'm0']);
    assert.deepEqual(ids(await tx.messages.list({ since: NOW + 1, status: 'failed' }, 9)), ['m3']);
    assert.deepEqual(ids(await tx.messages.list({ since: 0, channel: 'sms' }, 9)), ['m1']);
    assert.deepEqual(ids(await tx.messages.list({ since: 0, kind: 'password-changed', status: 'queued' }, 9)), ['m2']);
    assert.deepEqual(ids(await tx.messages.list({ since: 0, kind: HOSTILE, channel: HOSTILE }, 9)), []);
    assert.deepEqual((await tx.messages.list({ since: 0 }, 9))[4], await tx.outbox.byId('m0'));
    assert.deepEqual(await tx.messages.counts({ since: 0 }), { queued: 3, failed: 2 });
    assert.deepEqual(await tx.messages.counts({ since: NOW + 1, channel: 'email' }), { queued: 2, failed: 1 });
    assert.deepEqual(await tx.messages.counts({ since: 0, kind: 'decoy' }), {});
  });

  inTransaction('messages: of an account, by its own id and by its recoveries, each once', async (tx) => {
    await tx.proofs.insert(proof('p', { accountId: 'a' }));
    await tx.proofs.insert(proof('q', { accountId: 'b', tokenDigest: 'other' }));
    await tx.outbox.insert(message('code', { proofId: 'p', createdAt: NOW + 1 }));
    await tx.outbox.insert(message('notice', { proofId: 'p', accountId: 'a', createdAt: NOW + 2 }));
    await tx.outbox.insert(message('alone', { proofId: null, accountId: 'a', createdAt: NOW }));
    await tx.outbox.insert(message('foreign', { proofId: 'q', accountId: 'b' }));
    assert.deepEqual(ids(await tx.messages.ofAccount('a', 0, 9)), ['notice', 'code', 'alone']);
    assert.deepEqual(ids(await tx.messages.ofAccount('a', NOW + 1, 1)), ['notice']);
    assert.deepEqual((await tx.messages.ofAccount('a', 0, 9))[1], await tx.outbox.byId('code'));
    assert.deepEqual(await tx.messages.ofAccount('c', 0, 9), []);
  });

  inTransaction('messages: which one has waited longest', async (tx) => {
    assert.equal(await tx.messages.oldestQueuedAt(), undefined);
    await tx.outbox.insert(message('young', { createdAt: NOW }));
    await tx.outbox.insert(message('old', { createdAt: NOW - 9 }));
    await tx.outbox.insert(message('done', { createdAt: NOW - 99 }));
    await tx.outbox.settle('done', { status: 'sent', attempts: 1 });
    assert.equal(await tx.messages.oldestQueuedAt(), NOW - 9);
  });

  inTransaction('messages: by the beginning of their ids, letter case and wildcards told apart', async (tx) => {
    for (const id of ['abc', 'abd', 'aBc', 'a%', 'ab', '-x_']) await tx.outbox.insert(message(id));
    assert.deepEqual(await tx.messages.idsFrom('ab', 9), ['ab', 'abc', 'abd']);
    assert.deepEqual(await tx.messages.idsFrom('ab', 2), ['ab', 'abc']);
    assert.deepEqual(await tx.messages.idsFrom('a%', 9), ['a%']);
    assert.deepEqual(await tx.messages.idsFrom('-', 9), ['-x_']);
    assert.deepEqual(await tx.messages.idsFrom('abcd', 9), []);
  });
}

export function receipts(inStore: InStore, inTransaction: InTransaction): void {
  inTransaction(
    'receipts: a message is found by its channel and the id its provider gave, the newest of several',
    async (tx) => {
      for (const [id, channel, createdAt] of [
        ['old', 'sms', NOW - 2],
        ['new', 'sms', NOW - 1],
        ['mail', 'email', NOW],
      ] as const) {
        await tx.outbox.insert(message(id, { channel, createdAt }));
        await tx.outbox.settle(id, { status: 'sent', attempts: 1, providerId: 'SM1' });
      }
      assert.equal((await tx.outbox.byProviderId('sms', 'SM1'))?.id, 'new');
      assert.equal((await tx.outbox.byProviderId('email', 'SM1'))?.id, 'mail');
      assert.equal(await tx.outbox.byProviderId('sms', 'SM2'), undefined);
    },
  );

  inTransaction('receipts: a report is written where the status is still the one it was judged by', async (tx) => {
    await tx.outbox.insert(message('m'));
    await tx.outbox.settle('m', { status: 'sent', attempts: 1 });
    assert.equal(await tx.outbox.report('m', 'queued', { status: 'delivered', reason: null, at: NOW }), false);
    assert.equal(await tx.outbox.report('m', 'sent', { status: 'bounced', reason: '5.1.1', at: NOW }), true);
    assert.equal(await tx.outbox.report('m', 'sent', { status: 'delivered', reason: null, at: NOW }), false);
    const found = await tx.outbox.byId('m');
    assert.deepEqual([found?.status, found?.reason, found?.attempts], ['bounced', '5.1.1', 1]);
  });

  inTransaction(
    'receipts: one that is faster than the end of its send stays, beside what the send found out',
    async (tx) => {
      for (const id of ['sent', 'again']) {
        await tx.outbox.insert(message(id, { dueAt: NOW }));
        await tx.outbox.report(id, 'queued', { status: 'bounced', reason: '5.1.1', at: NOW });
      }
      await tx.outbox.settle('sent', {
        status: 'sent',
        attempts: 1,
        reason: null,
        sentAt: NOW,
        providerId: '<1@mail>',
      });
      await tx.outbox.settle('again', { status: 'queued', attempts: 1, reason: 'ETIMEDOUT', dueAt: NOW + 1 });
      for (const id of ['sent', 'again']) {
        const found = await tx.outbox.byId(id);
        assert.deepEqual([found?.status, found?.reason, found?.attempts], ['bounced', '5.1.1', 1]);
      }
      assert.equal((await tx.outbox.byId('sent'))?.providerId, '<1@mail>');
      assert.deepEqual(await tx.outbox.lease({ asked: 9 }, NOW + 9, NOW + 99), []);
    },
  );

  inStore('receipts: of parallel reports on one status exactly one is written', async (store) => {
    await store.transaction((tx) => tx.outbox.insert(message('m')));
    const written = await times(20, () =>
      store.transaction((tx) => tx.outbox.report('m', 'queued', { status: 'delivered', reason: null, at: NOW })),
    );
    assert.equal(written.filter(Boolean).length, 1);
  });
}

export function codesByHour(inTransaction: InTransaction): void {
  inTransaction(
    'codes by the hour: what was asked for, neither notices nor the ways that a code went on by',
    async (tx) => {
      const HOUR = 3_600_000;
      const began = Math.floor(NOW / HOUR) * HOUR;
      const code = { kind: 'recovery-code', proofId: 'p', epoch: 1 } as const;
      await tx.outbox.insert({ ...message('a'), ...code, createdAt: began });
      await tx.outbox.insert({ ...message('b'), ...code, kind: 'decoy', createdAt: began + HOUR - 1 });
      await tx.outbox.insertRung({ ...message('c'), ...code, follows: 'a', createdAt: began });
      await tx.outbox.insert({ ...message('d'), kind: 'password-changed', epoch: null, createdAt: began });
      await tx.outbox.insert({ ...message('e'), ...code, createdAt: began + HOUR });
      await tx.outbox.insert({ ...message('f'), ...code, createdAt: began - 1 });
      assert.deepEqual(await tx.messages.codesByHour(began), [
        { startedAt: began, codes: 2 },
        { startedAt: began + HOUR, codes: 1 },
      ]);
    },
  );
}

export function noAccountMails(inStore: InStore, inTransaction: InTransaction): void {
  inStore('no-account mails: of many parallel claims exactly one wins', async (store) => {
    const claims = () =>
      times(30, () => store.transaction((tx) => tx.noAccountMails.claim('mac', 'message', NOW, 7 * DAY)));
    assert.equal((await claims()).filter(Boolean).length, 1);
    assert.equal((await claims()).filter(Boolean).length, 0);
  });

  inTransaction('no-account mails: claimed again only when the time is over', async (tx) => {
    assert.equal(await tx.noAccountMails.claim('mac', 'message', NOW, 100), true);
    assert.equal(await tx.noAccountMails.claim('other', 'message', NOW, 100), true);
    assert.equal(await tx.noAccountMails.claim('mac', 'message', NOW + 99, 100), false);
    assert.equal(await tx.noAccountMails.claim('mac', 'message', NOW + 100, 100), true);
    assert.equal(await tx.noAccountMails.claim('mac', 'another', NOW + 199, 100), false);
    assert.equal(await tx.noAccountMails.lastMessageId('mac'), 'message');
    assert.equal(await tx.noAccountMails.lastMessageId('nobody'), undefined);
  });

  inTransaction('no-account mails: purged by age', async (tx) => {
    await tx.noAccountMails.claim('old', 'message', NOW - 1, 100);
    await tx.noAccountMails.claim('new', 'message', NOW, 100);
    assert.equal(await tx.noAccountMails.purge(NOW), 1);
    assert.equal(await tx.noAccountMails.claim('new', 'message', NOW + 1, 100), false);
    assert.equal(await tx.noAccountMails.claim('old', 'message', NOW + 1, 100), true);
  });
}
