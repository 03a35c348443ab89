import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LEASE_MS } from '../../src/rules/limits.ts';
import { startWorker } from '../../src/workers/loop.ts';
import { startInProcess } from '../in-process.ts';

test('whoever waits for a worker that was stopped waits for nothing that it will not do', async (t) => {
  const program = await startInProcess('sqlite');
  t.after(() => program.close());
  await program.worker.stop();
  await program.api('POST', '/recovery', { body: { identifier: 'jane@example.com' } });
  await program.worker.idle();
  assert.equal(await program.regain.context.store.transaction((tx) => tx.outbox.count('queued')), 1);
});

for (const engine of ['sqlite', 'postgres'] as const)
  test(`a message that is in hand when the clock leaps past its lease is not taken twice, ${engine}`, async (t) => {
    const program = await startInProcess(engine);
    t.after(() => program.close());
    await program.worker.stop();
    const { store, clock, log } = program.regain.context;
    await program.api('POST', '/recovery', { body: { identifier: 'jane@example.com' } });
    program.jump(LEASE_MS);
    const taken: string[] = [];
    const first = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    const deliver = async ({ id }: { id: string }): Promise<void> => {
      taken.push(id);
      first.resolve();
      await end.promise;
      await store.transaction((tx) =>
        tx.outbox.settle(id, { status: 'sent', attempts: 1, reason: null, sentAt: clock.now() }),
      );
    };
    const worker = await startWorker({ store, clock, log, deliver, otherProcesses: false });
    await first.promise;
    program.jump(2 * LEASE_MS);
    // Each message that is queued wakes the worker.
    await program.api('POST', '/recovery', { body: { identifier: 'john@example.com' } });
    program.jump(2 * LEASE_MS);
    worker.wake();
    while (new Set(taken).size < 2) await new Promise(setImmediate);
    end.resolve();
    await worker.idle();
    await worker.stop();
    assert.deepEqual(taken, [...new Set(taken)]);
    assert.equal(taken.length, 2);
  });
