/** What is known of dead mailboxes goes, too: a year after the last report, and soon where mail arrived again. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { purge } from '../../src/actions/purge.ts';
import { LIFTED_KEPT_MS, SUPPRESSION_KEPT_MS } from '../../src/rules/bounces.ts';
import { startInProcess } from '../in-process.ts';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`purging suppressions on ${engine}`, () => {
    test('each in its time', async (t) => {
      const program = await startInProcess(engine);
      t.after(() => program.close());
      const { context } = program.regain;
      const at = program.now();
      await context.store.transaction(async (tx) => {
        for (const identifierMac of ['dead', 'alive again'])
          await tx.suppressions.record({
            identifierMac,
            kind: 'email',
            masked: 'j***@example.com',
            trouble: 'no-mailbox',
            reason: '5.1.1',
            at,
          });
        await tx.suppressions.lift({ identifierMac: 'alive again', kind: 'email', masked: 'j***@example.com' }, at + 1);
      });
      const purgedAfter = async (ms: number): Promise<number | undefined> =>
        (await purge({ ...context, clock: { now: () => at + ms } })).suppressions;
      assert.equal(await purgedAfter(LIFTED_KEPT_MS), 0);
      assert.equal(await purgedAfter(LIFTED_KEPT_MS + 2), 1);
      assert.equal(await purgedAfter(SUPPRESSION_KEPT_MS), 0);
      assert.equal(await purgedAfter(SUPPRESSION_KEPT_MS + 1), 1);
    });
  });
