/**
 * What a recovery can't avoid, as a process of its own: at every message from its parent it hashes a password, rests a
 * moment, and verifies it, as the program does between "set" and "sign in"; then it answers. The rest counts: a hash that
 * follows at once on another finds its memory still in the processor's cache, and is a quarter cheaper.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { createHasher } from '../src/passwords/hasher.ts';

/** About what lies between the two hashes of a recovery. */
const REST_MS = 5;
const PASSWORD = 'quiet meadow lantern 58';

const hasher = createHasher({ concurrency: 1, queueMax: 1 });

process.on('message', async () => {
  const hash = await hasher.hash(PASSWORD);
  await pause(REST_MS);
  await hasher.verify(hash, PASSWORD);
  process.send?.('done');
});
