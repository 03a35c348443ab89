/** An address that was removed is told of changes for 30 days (decision 0013), and then nothing is known of it any more. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { purge } from '../../src/actions/purge.ts';
import { ADDRESS_CHANGED_LATELY_MS } from '../../src/rules/limits.ts';
import { startInProcess } from '../in-process.ts';
import { owners, removalOf } from '../owners.ts';
import { OLD_PASSWORD } from '../people.ts';
import { sqlOn } from '../sql-on.ts';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`purging removed addresses on ${engine}`, () => {
    test('when nobody is told there any more', async (t) => {
      const program = await startInProcess(engine);
      t.after(() => program.close());
      const { context, config } = program.regain;
      const { owner, email } = await owners(program).withTwo();
      const removal = await owner.post(await removalOf(owner, 1), { password: OLD_PASSWORD });
      assert.equal(removal.url, '/account?notice=address-removed');
      const kept = () => sqlOn(config.database, 'select value from addresses order by value');
      const purgedAfter = async (ms: number): Promise<number | undefined> =>
        (await purge({ ...context, clock: { now: () => program.now() + ms } })).removedAddresses;

      assert.equal(await purgedAfter(ADDRESS_CHANGED_LATELY_MS), 0);
      assert.equal((await kept()).length, 2);
      assert.equal(await purgedAfter(ADDRESS_CHANGED_LATELY_MS + 1), 1);
      assert.deepEqual(await kept(), [{ value: email }]);
    });
  });
