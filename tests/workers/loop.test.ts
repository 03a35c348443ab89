import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startInProcess } from '../in-process.ts';

test('whoever waits for a worker that was stopped waits for nothing that it will not do', async (t) => {
  const program = await startInProcess('sqlite');
  t.after(() => program.close());
  await program.worker.stop();
  await program.api('POST', '/recovery', { body: { identifier: 'jane@example.com' } });
  await program.worker.idle();
  assert.equal(await program.regain.context.store.transaction((tx) => tx.outbox.count('queued')), 1);
});
