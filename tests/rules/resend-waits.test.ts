import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resendableAt, resendWaitMs } from '../../src/rules/resend-waits.ts';

const T = 1_800_000_000_000;

test('send again waits longer each time, and not for a clock that was set back', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 50].map(resendWaitMs), [30_000, 60_000, 120_000, 300_000, 300_000, 300_000]);
  const resendAt = T + 60_000;
  for (const resends of [1, 2]) assert.equal(resendableAt({ resendAt, resends }, T), resendAt);
  assert.equal(resendableAt({ resendAt, resends: 1 }, T - 1), T - 1);
  assert.equal(resendableAt({ resendAt, resends: 1 }, T - 3_600_000), T - 3_600_000);
  assert.equal(resendableAt({ resendAt, resends: 1 }, T + 3_600_000), resendAt);
});
