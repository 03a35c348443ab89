/** Messages on their way. */
import assert from 'node:assert/strict';
import type { Channel } from '../../rules/delivery.ts';
import type { Message, NewMessage } from '../../store/store.ts';
import { createBell, type InStore, type InTransaction, times } from './contract.ts';
import { message, NOW, queued } from './rows.ts';

export function outbox(inStore: InStore, inTransaction: InTransaction): void {
  inTransaction('outbox: a message is queued with all it was given', async (tx) => {
    await tx.outbox.insert(message('code'));
    const notice = { proofId: null, epoch: null, accountId: 'a', address: 'jane@example.com' };
    await tx.outbox.insert(message('notice', notice));
    assert.deepEqual(await tx.outbox.byId('code'), queued('code'));
    assert.deepEqual(await tx.outbox.byId('notice'), queued('notice', notice));
    assert.equal(await tx.outbox.byId('other'), undefined);
    await tx.outbox.setKind('code', 'no-account');
    assert.deepEqual(await tx.outbox.byId('code'), queued('code', { kind: 'no-account' }));
  });

  inTransaction('outbox: why a message waits can be said, and not of one that has ended', async (tx) => {
    await tx.outbox.insert(message('code'));
    const read = queued('code');
    assert.equal(await tx.outbox.setReason(read, 'handed_over'), true);
    assert.deepEqual(await tx.outbox.byId('code'), queued('code', { reason: 'handed_over' }));
    await tx.outbox.settle('code', { status: 'failed', attempts: 1, reason: '503' });
    assert.equal(await tx.outbox.setReason({ ...read, attempts: 1, reason: '503' }, 'handed_over'), false);
    assert.equal((await tx.outbox.byId('code'))?.reason, '503');
  });

  inStore('outbox: of many who mark a message that all of them have read, one gets true', async (store) => {
    await store.transaction((tx) => tx.outbox.insert(message('code')));
    const mark = () => store.transaction((tx) => tx.outbox.setReason(queued('code'), 'handed_over'));
    assert.equal((await times(8, mark)).filter(Boolean).length, 1);
    await store.transaction(async (tx) => {
      await tx.outbox.settle('code', { status: 'queued', attempts: 1, reason: null, dueAt: NOW });
      assert.equal(await tx.outbox.setReason(queued('code'), 'handed_over'), false, 'it was tried since');
      assert.equal(await tx.outbox.setReason(queued('code', { attempts: 1 }), 'handed_over'), true);
    });
  });

  inTransaction('outbox: who lost a message to another worker changes nothing of it, unless it left', async (tx) => {
    await tx.outbox.insert(message('code', { dueAt: NOW }));
    const [read] = await tx.outbox.lease({ asked: 1 }, NOW, NOW + 100);
    const [taken] = await tx.outbox.lease({ asked: 1 }, NOW + 100, NOW + 200);
    const again = { status: 'queued', attempts: 1, reason: 'answer_lost', dueAt: NOW + 110 } as const;
    assert.equal(await tx.outbox.settle('code', again, taken), true);
    const [twice] = await tx.outbox.lease({ asked: 1 }, NOW + 110, NOW + 210);
    assert.equal(twice?.attempts, 1);
    const lines = (await tx.messages.history('code')).length;
    for (const status of ['queued', 'failed', 'expired', 'unneeded'] as const)
      assert.equal(await tx.outbox.settle('code', { status, attempts: 1, reason: 'http_503' }, read), false);
    assert.deepEqual(await tx.outbox.byId('code'), twice);
    assert.equal((await tx.messages.history('code')).length, lines);
    const left = { status: 'sent', attempts: 1, reason: null, sentAt: NOW + 120, providerId: 'SM1' } as const;
    assert.equal(await tx.outbox.settle('code', left, read), true);
    assert.equal(await tx.outbox.settle('code', { ...again, attempts: 2 }, twice), true);
    const { status, reason, attempts } = (await tx.outbox.byId('code')) as Message;
    assert.deepEqual({ status, reason, attempts }, { status: 'sent', reason: null, attempts: 2 });
  });

  inTransaction('outbox: the newest message of a proof', async (tx) => {
    await tx.outbox.insert(message('second', { proofId: 'p', createdAt: NOW + 1 }));
    await tx.outbox.insert(message('first', { proofId: 'p', createdAt: NOW }));
    await tx.outbox.insert(message('other', { proofId: 'q', createdAt: NOW + 2 }));
    assert.equal((await tx.outbox.latestCodeOf('p'))?.id, 'second');
    assert.equal(await tx.outbox.latestCodeOf('r'), undefined);
  });

  inTransaction('outbox: a rung of an earlier request is not the newest of a proof', async (tx) => {
    await tx.outbox.insert(message('asked again', { askedAt: NOW + 1, createdAt: NOW + 1 }));
    await tx.outbox.insert(message('rung', { askedAt: NOW, createdAt: NOW + 2 }));
    assert.equal((await tx.outbox.latestCodeOf('p'))?.id, 'asked again');
    await tx.outbox.insert(message('rung of that', { askedAt: NOW + 1, createdAt: NOW + 3 }));
    assert.equal((await tx.outbox.latestCodeOf('p'))?.id, 'rung of that');
  });

  inTransaction('outbox: when a code could leave is kept, and by which channels codes of a proof left', async (tx) => {
    const leavesAt = NOW + 15_000;
    const rows = [
      ['mail', 'email', 'sent', 0],
      ['mail again', 'email', 'delivered', 1],
      ['text', 'sms', 'failed', 1],
      ['notice', 'viber', 'sent', null],
      ['gateway', 'telegram', 'sent', 1],
    ] as const;
    for (const [id, channel, status, epoch] of rows) {
      await tx.outbox.insert(message(id, { channel, epoch, leavesAt }));
      await tx.outbox.settle(id, { status, attempts: 1, reason: null });
    }
    assert.equal((await tx.outbox.byId('text'))?.leavesAt, leavesAt);
    assert.deepEqual(await tx.outbox.channelsOfCodes('p'), ['email', 'telegram']);
    assert.deepEqual(await tx.outbox.channelsOfCodes('q'), []);
    await tx.outbox.insert(message('not tried', { channel: 'whatsapp', epoch: 1 }));
    assert.deepEqual(await tx.outbox.channelsTried('p', 1, NOW), ['email', 'sms', 'telegram']);
    assert.deepEqual(await tx.outbox.channelsTried('p', 2, NOW), []);
    await tx.outbox.insert(message('left out', { channel: 'viber', epoch: 1 }));
    await tx.outbox.settle('left out', { status: 'failed', attempts: 1, reason: 'stale_number' });
    await tx.outbox.insert(message('held back', { channel: 'whatsapp', epoch: 1 }));
    await tx.outbox.settle('held back', { status: 'queued', attempts: 1, reason: 'held_back', dueAt: NOW });
    const tried = ['email', 'sms', 'telegram', 'whatsapp'];
    assert.deepEqual(await tx.outbox.channelsTried('p', 1, NOW), tried, 'what waits is still being tried');
  });

  inTransaction(
    'outbox: by which channels codes of a proof may have left, whatever became of them since',
    async (tx) => {
      const settledAs = async (
        channel: Channel,
        status: Message['status'],
        reason: string | null,
        more: Partial<NewMessage> = {},
      ): Promise<string> => {
        const id = `${channel} ${status} ${reason}`;
        await tx.outbox.insert(message(id, { channel, ask: 0, ...more }));
        await tx.outbox.settle(id, { status, attempts: 1, reason });
        return id;
      };
      await settledAs('email', 'failed', '550 5.1.1');
      await settledAs('telegram', 'failed', 'no_address');
      await settledAs('viber', 'queued', '503');
      await settledAs('whatsapp', 'sent', null, { epoch: null });
      assert.deepEqual(await tx.outbox.channelsPerhapsLeft('p'), []);
      await settledAs('telegram', 'failed', 'answer_lost');
      await settledAs('whatsapp', 'delivered', null);
      assert.deepEqual(await tx.outbox.channelsPerhapsLeft('p'), ['telegram', 'whatsapp']);
      await settledAs('viber', 'queued', 'answer_lost 503');
      await tx.outbox.supersede({ proofId: 'p', epoch: 0, channel: 'viber', ask: 1 }, NOW);
      const overwritten = await settledAs('sms', 'queued', null);
      await tx.outbox.setReason(queued(overwritten, { attempts: 1 }), 'handed_over');
      assert.deepEqual(await tx.outbox.channelsPerhapsLeft('p'), ['sms', 'telegram', 'viber', 'whatsapp']);
      assert.deepEqual(await tx.outbox.channelsOfCodes('p'), ['whatsapp']);
      assert.deepEqual(await tx.outbox.channelsPerhapsLeft('q'), []);
    },
  );

  inTransaction('outbox: a way is tried while a worker has its message, though nothing came of it yet', async (tx) => {
    await tx.outbox.insert(message('leased', { channel: 'email' }));
    await tx.outbox.insert({ ...message('rung', { channel: 'viber' }), follows: 'other' });
    await tx.outbox.lease({ asked: 2 }, NOW, NOW + 100);
    await tx.outbox.insert(message('waits', { channel: 'telegram' }));
    await tx.outbox.insert({ ...message('handed over', { channel: 'sms' }), follows: 'leased' });
    await tx.outbox.setReason(queued('handed over'), 'handed_over');
    assert.deepEqual(await tx.outbox.channelsTried('p', 0, NOW + 99), ['email', 'sms']);
    assert.deepEqual(await tx.outbox.channelsTried('p', 0, NOW + 100), ['sms'], 'the lease is over');
  });

  inTransaction(
    'outbox: whether another message has brought the same code by the same way, or is about to',
    async (tx) => {
      const mine = queued('mine', { ask: 1, channel: 'sms' });
      const brought = (now = NOW) => tx.outbox.isBrought(mine, now);
      await tx.outbox.insert(message('mine', { ask: 1, channel: 'sms' }));
      await tx.outbox.insert(message('other way', { ask: 0 }));
      await tx.outbox.insert(message('other code', { ask: 0, epoch: 1, channel: 'sms' }));
      await tx.outbox.insert(message('other recovery', { ask: 0, proofId: 'q', channel: 'sms' }));
      for (const id of ['other way', 'other code', 'other recovery'])
        await tx.outbox.settle(id, { status: 'sent', attempts: 1 });
      assert.equal(await brought(), false);
      assert.equal(await tx.outbox.isBrought({ ...mine, proofId: null }, NOW), false);
      await tx.outbox.insert(message('first', { ask: 0, channel: 'sms', dueAt: NOW - 1 }));
      assert.equal(await brought(), false, 'it only waits');
      await tx.outbox.lease({ asked: 1 }, NOW, NOW + 100);
      assert.deepEqual([await brought(NOW + 99), await brought(NOW + 100)], [true, false]);
      assert.equal(await tx.outbox.isBrought({ ...mine, ask: 0 }, NOW), false, 'of two the earlier one goes');
      const settled = async (change: Parameters<typeof tx.outbox.settle>[1]) => {
        await tx.outbox.settle('first', change);
        const found = await brought();
        await tx.outbox.requeue('first', change.status, { reason: 'x', now: NOW });
        return found;
      };
      for (const status of ['sent', 'delivered', 'bounced'] as const)
        assert.equal(await settled({ status, attempts: 1, reason: null }), true, status);
      for (const status of ['failed', 'expired', 'unneeded', 'suppressed'] as const)
        assert.equal(await settled({ status, attempts: 1, reason: 'http_503' }), false, status);
      for (const reason of ['answer_lost', 'answer_lost http_503'])
        assert.equal(await settled({ status: 'failed', attempts: 1, reason }), true, reason);
      await tx.outbox.setReason(queued('first', { attempts: 1, reason: 'x' }), 'handed_over');
      assert.equal(await brought(), true);
    },
  );

  inTransaction(
    'outbox: a way that failed for a moment was not tried, and is queued again where nothing is left',
    async (tx) => {
      const left = { status: 'failed', attempts: 3, reason: 'http_503', retryAt: NOW + 5 } as const;
      const insert = (id: string, change: Partial<NewMessage>) => tx.outbox.insert(message(id, { ask: 0, ...change }));
      const statusOf = async (id: string) => (await tx.outbox.byId(id))?.status;
      await insert('text', { channel: 'sms' });
      await tx.outbox.settle('text', left);
      await insert('older', { channel: 'viber' });
      await tx.outbox.settle('older', left);
      await insert('newer', { channel: 'viber', ask: 1 });
      await tx.outbox.settle('newer', { ...left, retryAt: NOW + 99 });
      await insert('refused', { channel: 'whatsapp' });
      await tx.outbox.settle('refused', { ...left, reason: 'http_400', retryAt: null });
      await insert('chat', { channel: 'telegram' });
      await tx.outbox.settle('chat', left);
      await insert('chat sent', { channel: 'telegram', ask: 1 });
      await tx.outbox.settle('chat sent', { status: 'sent', attempts: 1, reason: null });
      await insert('useless', { channel: 'email', usefulUntil: NOW + 5 });
      await tx.outbox.settle('useless', left);
      await insert('other code', { channel: 'sms', epoch: 1 });
      await tx.outbox.settle('other code', left);
      assert.deepEqual(await tx.outbox.channelsTried('p', 0, NOW), ['telegram', 'whatsapp']);
      await insert('ready', { channel: 'email' });
      await tx.outbox.requeueLeft('p', 0, NOW + 9);
      assert.equal(await statusOf('text'), 'failed', 'one waits for its first try');
      await tx.outbox.settle('ready', { status: 'delivered', attempts: 1, reason: null });
      await tx.outbox.requeueLeft('p', 0, NOW + 9);
      assert.equal(await statusOf('text'), 'failed', 'one arrived');
      await insert('again', { channel: 'email', proofId: 'q' });
      await insert('text of q', { channel: 'sms', proofId: 'q' });
      await tx.outbox.settle('text of q', left);
      await tx.outbox.settle('again', { status: 'queued', attempts: 1, reason: '451', dueAt: NOW + 9 });
      await tx.outbox.requeueLeft('q', 0, NOW + 9);
      const again = { channel: 'sms', proofId: 'q', ask: 0, attempts: 3, reason: 'http_503' } as const;
      assert.deepEqual(await tx.outbox.byId('text of q'), queued('text of q', { ...again, dueAt: NOW + 9 }));
      assert.deepEqual(
        (await tx.messages.history('text of q')).map(({ status }) => status),
        ['queued', 'failed', 'queued'],
      );
      await tx.outbox.settle('ready', { status: 'failed', attempts: 1, reason: '550' });
      await tx.outbox.report('ready', 'delivered', { status: 'bounced', reason: '550', at: NOW });
      await tx.outbox.requeueLeft('p', 0, NOW + 9);
      const now = await Promise.all(
        ['text', 'older', 'newer', 'refused', 'chat', 'useless', 'other code'].map(statusOf),
      );
      assert.deepEqual(now, ['queued', 'failed', 'queued', 'failed', 'failed', 'failed', 'failed']);
      assert.equal((await tx.outbox.byId('newer'))?.dueAt, NOW + 99);
    },
  );

  inTransaction('outbox: codes of a proof, newest first, and the newest by a channel', async (tx) => {
    await tx.outbox.insert(message('asked', { askedAt: NOW, ask: 0 }));
    await tx.outbox.insert(message('notice', { epoch: null }));
    // Asked again within the same millisecond.
    await tx.outbox.insert(message('again', { askedAt: NOW, ask: 1, channel: 'sms' }));
    await tx.outbox.insert(message('rung', { askedAt: NOW, ask: 0, createdAt: NOW + 1, channel: 'viber' }));
    const ids = (await tx.outbox.codesOf('p')).map(({ id }) => id);
    assert.deepEqual(ids, ['again', 'rung', 'asked']);
    assert.equal((await tx.outbox.latestCodeOf('p'))?.id, 'again');
    assert.equal((await tx.outbox.latestCodeOf('p', 'email'))?.id, 'asked');
    assert.equal(await tx.outbox.latestCodeOf('p', 'telegram'), undefined);
  });

  inStore('outbox: a message has one rung that follows it, whoever adds it', async (store) => {
    const rung = (id: string) => ({
      ...message(id, { channel: 'sms', dueAt: NOW + 20_000, ask: 0 }),
      follows: 'first',
    });
    await store.transaction((tx) => tx.outbox.insert(message('first', { ask: 0 })));
    const added = await times(8, (at) => store.transaction((tx) => tx.outbox.insertRung(rung(`rung ${at}`))));
    assert.equal(added.filter(Boolean).length, 1);
    await store.transaction(async (tx) => {
      const id = `rung ${added.indexOf(true)}`;
      assert.deepEqual(
        await tx.outbox.byId(id),
        queued(id, { channel: 'sms', dueAt: NOW + 20_000, ask: 0, follows: 'first' }),
      );
      assert.deepEqual((await tx.messages.history(id)).length, 1);
      assert.equal(await tx.outbox.hasten('nothing', NOW), false);
      assert.equal(await tx.outbox.hasten('first', NOW + 1), true);
      assert.equal((await tx.outbox.byId(id))?.dueAt, NOW + 1);
      assert.equal(await tx.outbox.hasten('first', NOW + 2), false, 'it is due already');
      await tx.outbox.settle(id, { status: 'unneeded', attempts: 0, dueAt: NOW + 9, reason: 'arrived_before' });
      assert.equal(await tx.outbox.hasten('first', NOW + 3), false, 'it has ended');
    });
  });

  inTransaction(
    'outbox: a later asking ends what waits for the same way, and learns when it would have left',
    async (tx) => {
      const waits = { ask: 0, dueAt: NOW + 9 };
      await tx.outbox.insert(message('leased', { ask: 0, dueAt: NOW }));
      await tx.outbox.lease({ asked: 1 }, NOW, NOW + 100);
      await tx.outbox.insert(message('waits', { ...waits, urgency: 'worked' }));
      await tx.outbox.insert(message('handed over', waits));
      await tx.outbox.setReason(queued('handed over'), 'handed_over');
      await tx.outbox.insert(message('handed over again', waits));
      await tx.outbox.setReason(queued('handed over again'), 'answer_lost handed_over');
      await tx.outbox.insert(message('retried', waits));
      await tx.outbox.setReason(queued('retried'), 'retried');
      await tx.outbox.insert(message('refused', { ...waits, dueAt: NOW + 5 }));
      await tx.outbox.settle('refused', { status: 'queued', attempts: 1, reason: '503' });
      await tx.outbox.insert(message('sent', waits));
      await tx.outbox.settle('sent', { status: 'sent', attempts: 1 });
      await tx.outbox.insert(message('other code', { ...waits, epoch: 1 }));
      await tx.outbox.insert(message('other way', { ...waits, channel: 'sms' }));
      await tx.outbox.insert(message('other recovery', { ...waits, proofId: 'q' }));
      await tx.outbox.insert(message('later', { ask: 1, dueAt: NOW + 9 }));

      const by = { proofId: 'p', epoch: 0, channel: 'email', ask: 1 } as const;
      const ended = await tx.outbox.supersede(by, NOW + 50);
      assert.deepEqual(
        ended.sort((a, b) => a.dueAt - b.dueAt),
        [
          { id: 'refused', dueAt: NOW + 5, urgency: 'asked' },
          { id: 'waits', dueAt: NOW + 9, urgency: 'worked' },
        ],
      );
      assert.deepEqual(
        await tx.outbox.byId('waits'),
        queued('waits', { ...waits, urgency: 'worked', status: 'unneeded', reason: 'asked_again' }),
      );
      assert.deepEqual(
        (await tx.messages.history('waits')).map(({ status, reason, at }) => [status, reason, at]),
        [
          ['queued', null, NOW],
          ['unneeded', 'asked_again', NOW + 50],
        ],
      );
      assert.deepEqual(await tx.outbox.supersede(by, NOW + 50), []);
      assert.deepEqual(
        (await tx.outbox.supersede(by, NOW + 100)).map(({ id }) => id),
        ['leased'],
        'its lease is over',
      );
    },
  );

  inTransaction(
    'outbox: the message of a later asking is found unless it came to nothing, and can be made due',
    async (tx) => {
      const first = queued('first', { ask: 0 });
      await tx.outbox.insert(message('first', { ask: 0 }));
      await tx.outbox.insert(message('other way', { ask: 1, channel: 'sms' }));
      await tx.outbox.insert(message('other code', { ask: 1, epoch: 1 }));
      await tx.outbox.insert({ ...message('rung', { ask: 1 }), follows: 'other way' });
      assert.equal(await tx.outbox.laterAsking(first), undefined);
      assert.equal(await tx.outbox.laterAsking({ ...first, ask: null }), undefined);
      await tx.outbox.insert(message('later', { ask: 1, dueAt: NOW + 9 }));
      assert.equal((await tx.outbox.laterAsking(first))?.id, 'later');
      await tx.outbox.hastenMessage('later', NOW + 5);
      await tx.outbox.hastenMessage('later', NOW + 7);
      assert.equal((await tx.outbox.byId('later'))?.dueAt, NOW + 5);
      await tx.outbox.settle('later', { status: 'failed', attempts: 1 });
      assert.equal(await tx.outbox.laterAsking(first), undefined);
    },
  );

  inTransaction(
    'outbox: a renewed lease lasts longer; what was settled or never leased is not leased by it',
    async (tx) => {
      await tx.outbox.insert(message('sending', { dueAt: NOW }));
      await tx.outbox.insert(message('settled', { dueAt: NOW + 1 }));
      await tx.outbox.insert(message('waiting', { dueAt: NOW + 2 }));
      await tx.outbox.lease({ asked: 2 }, NOW + 2, NOW + 100);
      await tx.outbox.settle('settled', { status: 'sent', attempts: 1 });
      await tx.outbox.renew(['sending', 'settled', 'waiting'], NOW + 900);
      assert.equal((await tx.outbox.byId('settled'))?.leasedUntil, null);
      assert.deepEqual(
        (await tx.outbox.lease({ asked: 9 }, NOW + 500, NOW + 600)).map(({ id }) => id),
        ['waiting'],
      );
      assert.deepEqual(
        (await tx.outbox.lease({ asked: 9 }, NOW + 900, NOW + 999)).map(({ id }) => id),
        ['sending', 'waiting'],
      );
    },
  );

  inTransaction('outbox: leases what is due, soonest first, up to the count, until the lease ends', async (tx) => {
    await tx.outbox.insert(message('third', { dueAt: NOW }));
    await tx.outbox.insert(message('first', { dueAt: NOW - 2 }));
    await tx.outbox.insert(message('second', { dueAt: NOW - 1 }));
    await tx.outbox.insert(message('later', { dueAt: NOW + 1 }));
    const ids = (messages: Message[]) => messages.map(({ id }) => id);
    const leased = await tx.outbox.lease({ asked: 2 }, NOW, NOW + 100);
    assert.deepEqual(leased, [
      queued('first', { dueAt: NOW - 2, leasedUntil: NOW + 100 }),
      queued('second', { dueAt: NOW - 1, leasedUntil: NOW + 100 }),
    ]);
    assert.deepEqual(ids(await tx.outbox.lease({ asked: 9 }, NOW, NOW + 150)), ['third']);
    assert.deepEqual(ids(await tx.outbox.lease({ asked: 9 }, NOW + 99, NOW + 300)), ['later']);
    assert.deepEqual(ids(await tx.outbox.lease({ asked: 9 }, NOW + 100, NOW + 300)), ['first', 'second']);
    assert.deepEqual(ids(await tx.outbox.lease({ asked: 9 }, NOW + 150, NOW + 300)), ['third']);
    assert.deepEqual(ids(await tx.outbox.lease({ asked: 0 }, NOW + 900, NOW + 999)), []);
  });

  inTransaction('outbox: leases so many of each urgency, most urgent first, whatever waits longer', async (tx) => {
    for (let at = 0; at < 30; at += 1) {
      await tx.outbox.insert(message(`newcomer ${at}`, { dueAt: NOW - 900 + at, urgency: 'newcomer' }));
      await tx.outbox.insert(message(`asked ${at}`, { dueAt: NOW - 500 + at }));
    }
    await tx.outbox.insert(message('worked', { dueAt: NOW - 1, urgency: 'worked' }));
    await tx.outbox.insert(message('proven', { dueAt: NOW, urgency: 'proven' }));
    await tx.outbox.insert(message('not yet', { dueAt: NOW + 1, urgency: 'proven' }));
    const counts = { proven: 2, worked: 2, asked: 2, newcomer: 1 };
    const ids = (messages: Message[]) => messages.map(({ id }) => id);
    assert.deepEqual(ids(await tx.outbox.lease(counts, NOW, NOW + 100)), [
      'proven',
      'worked',
      'asked 0',
      'asked 1',
      'newcomer 0',
    ]);
    assert.deepEqual(ids(await tx.outbox.lease({ newcomer: 2 }, NOW, NOW + 100)), ['newcomer 1', 'newcomer 2']);
    assert.deepEqual(ids(await tx.outbox.lease(counts, NOW + 1, NOW + 100)), [
      'not yet',
      'asked 2',
      'asked 3',
      'newcomer 3',
    ]);
    assert.deepEqual(ids(await tx.outbox.lease({}, NOW + 900, NOW + 999)), []);
    assert.equal((await tx.outbox.byId('worked'))?.urgency, 'worked');
  });

  inTransaction('outbox: the next moment of some urgencies', async (tx) => {
    await tx.outbox.insert(message('n', { dueAt: NOW + 1, urgency: 'newcomer' }));
    await tx.outbox.insert(message('a', { dueAt: NOW + 3 }));
    await tx.outbox.insert(message('w', { dueAt: NOW + 2, urgency: 'worked' }));
    assert.equal(await tx.outbox.nextDueAt(), NOW + 1);
    assert.equal(await tx.outbox.nextDueAt(['proven', 'worked', 'asked']), NOW + 2);
    assert.equal(await tx.outbox.nextDueAt(['asked']), NOW + 3);
    assert.equal(await tx.outbox.nextDueAt(['proven']), undefined);
    assert.equal(await tx.outbox.nextDueAt([]), undefined);
  });

  inStore('outbox: parallel leases never take the same message, and never more than asked for', async (store) => {
    await store.transaction(async (tx) => {
      for (let at = 0; at < 120; at += 1) await tx.outbox.insert(message(`m${at}`, { dueAt: NOW - (at % 7) }));
    });
    const batches = await times(40, () => store.transaction((tx) => tx.outbox.lease({ asked: 3 }, NOW, NOW + 100)));
    for (const batch of batches) assert.ok(batch.length <= 3);
    const rest = await store.transaction((tx) => tx.outbox.lease({ asked: 200 }, NOW, NOW + 100));
    const taken = [...batches.flat(), ...rest].map(({ id }) => id);
    assert.equal(new Set(taken).size, taken.length);
    assert.equal(taken.length, 120);
  });

  inTransaction('outbox: settling stores the outcome and ends the lease', async (tx) => {
    for (const id of ['sent', 'again', 'untouched']) await tx.outbox.insert(message(id, { dueAt: NOW }));
    await tx.outbox.lease({ asked: 9 }, NOW, NOW + 100);
    await tx.outbox.settle('sent', { status: 'sent', attempts: 1, sentAt: NOW + 5, providerId: '<1@mail>' });
    await tx.outbox.settle('again', { status: 'queued', attempts: 2, dueAt: NOW + 7, reason: '451' });
    assert.deepEqual(
      await tx.outbox.byId('sent'),
      queued('sent', { dueAt: NOW, status: 'sent', attempts: 1, sentAt: NOW + 5, providerId: '<1@mail>' }),
    );
    assert.deepEqual(await tx.outbox.byId('again'), queued('again', { dueAt: NOW + 7, attempts: 2, reason: '451' }));
    assert.deepEqual(await tx.outbox.byId('untouched'), queued('untouched', { dueAt: NOW, leasedUntil: NOW + 100 }));
    await tx.outbox.settle('again', { status: 'sent', attempts: 3, reason: null });
    assert.equal((await tx.outbox.byId('again'))?.reason, null);
    assert.deepEqual(await tx.outbox.lease({ asked: 9 }, NOW + 99, NOW + 200), []);
    assert.equal(await tx.outbox.count('sent'), 2);
    assert.equal(await tx.outbox.count('queued'), 1);
    assert.equal(await tx.outbox.count('bounced'), 0);
  });

  inTransaction('outbox: the next moment at which a message can be taken', async (tx) => {
    assert.equal(await tx.outbox.nextDueAt(), undefined);
    await tx.outbox.insert(message('soon', { dueAt: NOW + 10 }));
    await tx.outbox.insert(message('late', { dueAt: NOW + 50 }));
    assert.equal(await tx.outbox.nextDueAt(), NOW + 10);
    await tx.outbox.lease({ asked: 1 }, NOW + 10, NOW + 40);
    assert.equal(await tx.outbox.nextDueAt(), NOW + 40);
    await tx.outbox.lease({ asked: 1 }, NOW + 40, NOW + 80);
    assert.equal(await tx.outbox.nextDueAt(), NOW + 50);
    await tx.outbox.settle('late', { status: 'failed', attempts: 1 });
    assert.equal(await tx.outbox.nextDueAt(), NOW + 80);
    await tx.outbox.settle('soon', { status: 'sent', attempts: 1 });
    assert.equal(await tx.outbox.nextDueAt(), undefined);
  });

  inTransaction('outbox: what expired and was lost', async (tx) => {
    const expired = async (id: string, given: Partial<NewMessage> = {}): Promise<void> => {
      await tx.outbox.insert(message(id, { usefulUntil: NOW, ...given }));
      await tx.outbox.settle(id, { status: 'expired', attempts: 3 });
    };
    await expired('a notice', { kind: 'password-changed', proofId: 'left', epoch: null });
    await expired('a code', { proofId: 'lost', epoch: 1 });
    await expired('another code of its proof', { proofId: 'left', epoch: 0 });
    assert.equal(await tx.outbox.countLost(NOW), 3);
    await expired('too long ago', { usefulUntil: NOW - 1 });
    await expired('to nobody', { kind: 'decoy' });
    await expired('held up', { proofId: 'left', epoch: 1 });
    assert.equal(await tx.outbox.countLost(NOW), 4);
    await tx.outbox.insert(message('the same code', { proofId: 'left', epoch: 1 }));
    await tx.outbox.settle('the same code', { status: 'sent', attempts: 1, sentAt: NOW });
    assert.equal(await tx.outbox.countLost(NOW), 3);
    assert.equal(await tx.outbox.countLost(NOW - 1), 4);
    assert.equal(await tx.outbox.countLost(NOW + 1), 0);
  });

  inTransaction('outbox: purged by age', async (tx) => {
    await tx.outbox.insert(message('old', { createdAt: NOW - 1 }));
    await tx.outbox.insert(message('new', { createdAt: NOW }));
    assert.equal(await tx.outbox.purge(NOW), 1);
    assert.equal(await tx.outbox.byId('old'), undefined);
    assert.notEqual(await tx.outbox.byId('new'), undefined);
  });
}

export function waking(inStore: InStore): void {
  inStore(
    'onQueued: wakes when a message was committed, not when it was rolled back, and not after its end',
    async (store) => {
      const bell = createBell();
      const unsubscribe = await store.onQueued(bell.ring);
      await assert.rejects(
        store.transaction(async (tx) => {
          await tx.outbox.insert(message('gone'));
          throw new Error('refused');
        }),
      );
      await store.transaction((tx) => tx.outbox.lease({ asked: 1 }, NOW, NOW + 1));
      assert.equal(bell.rung(), 0);
      await store.transaction((tx) => tx.outbox.insert(message('m')));
      await bell.reaches(1);
      assert.equal((await store.transaction((tx) => tx.outbox.byId('m')))?.id, 'm');
      await store.transaction((tx) => tx.outbox.settle('m', { status: 'failed', attempts: 1 }));
      await store.transaction((tx) => tx.outbox.requeue('m', 'sent', { reason: 'retried', now: NOW }));
      assert.equal(bell.rung(), 1);
      await store.transaction((tx) => tx.outbox.requeue('m', 'failed', { reason: 'retried', now: NOW }));
      await bell.reaches(2);
      await unsubscribe();
      assert.equal(bell.rung(), 2);
      await store.transaction((tx) => tx.outbox.insert(message('unheard')));
      assert.equal(bell.rung(), 2);
    },
  );
}
