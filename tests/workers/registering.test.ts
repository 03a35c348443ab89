import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { LinkedChannel, Log } from '../../src/ports.ts';
import { startRegistering } from '../../src/workers/registering.ts';

const SECOND = 1_000;
type Answer = Awaited<ReturnType<NonNullable<LinkedChannel['register']>>>;

/** A messenger that gives these answers in turn, and what was logged. */
function desk(answers: Answer[]) {
  const logged: [level: string, fields: Record<string, unknown> | undefined][] = [];
  let asked = 0;
  const messenger: LinkedChannel = {
    provider: 'telegram',
    reports: false,
    send: async () => ({ kind: 'accepted', providerId: '' }),
    deepLink: () => undefined,
    async register() {
      asked += 1;
      return answers[asked - 1] ?? { registered: true };
    },
    close: async () => {},
  };
  const write =
    (level: string) =>
    (_event: string, fields?: Record<string, unknown>): void =>
      void logged.push([level, fields]);
  const log: Log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  return { messenger, log, logged, asked: () => asked };
}

test('a messenger that does not answer is told again, later each time, until it has heard it', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const refused: Answer = { registered: false, reason: '401' };
  const { messenger, log, logged, asked } = desk([refused, refused, { registered: true }]);
  startRegistering([messenger], log);
  await turn();
  assert.deepEqual(logged, [['error', { messenger: 'telegram', registered: false, reason: '401', againInSeconds: 5 }]]);
  t.mock.timers.tick(5 * SECOND);
  await turn();
  assert.equal(logged[1]?.[1]?.againInSeconds, 30);
  t.mock.timers.tick(29 * SECOND);
  await turn();
  assert.equal(asked(), 2);
  t.mock.timers.tick(SECOND);
  await turn();
  assert.deepEqual(logged[2], ['info', { messenger: 'telegram', registered: true }]);
  t.mock.timers.tick(3_600 * SECOND);
  await turn();
  assert.equal(asked(), 3);
});

test('a program that stops tells nobody any more', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { messenger, log, asked } = desk([{ registered: false, reason: 'ECONNREFUSED' }]);
  const stop = startRegistering([messenger], log);
  await turn();
  stop();
  t.mock.timers.tick(3_600 * SECOND);
  await turn();
  assert.equal(asked(), 1);
});

test('where the address is set by hand at the provider, nothing is told', async () => {
  const { messenger, log, logged } = desk([]);
  const { register: _, ...byHand } = messenger;
  startRegistering([byHand], log);
  await turn();
  assert.deepEqual(logged, []);
});
