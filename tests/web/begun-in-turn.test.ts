/** How many requests begin in a round of the event loop, and whose. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hono } from 'hono';
import { begunInTurn } from '../../src/web/begun-in-turn.ts';
import { startInProcess } from '../in-process.ts';

const A_ROUND = 8;

test('a few begin in each round, and what else the process does has its turn in between', async () => {
  let round = 0;
  const begunIn: number[] = [];
  const app = new Hono();
  app.use(begunInTurn(() => undefined));
  app.get('/', (c) => {
    begunIn.push(round);
    return c.text('begun');
  });
  let over = false;
  const count = (): void => {
    round += 1;
    if (!over) setImmediate(count);
  };
  setImmediate(count);
  const answers = await Promise.all(Array.from({ length: 50 }, async () => app.request('/')));
  over = true;
  assert.ok(answers.every(({ status }) => status === 200));
  const perRound = Map.groupBy(begunIn, (at) => at);
  assert.deepEqual(
    [...perRound.values()].map(({ length }) => length),
    [A_ROUND, A_ROUND, A_ROUND, A_ROUND, A_ROUND, A_ROUND, 50 - 6 * A_ROUND],
  );
});

test('who opens many connections waits behind himself, not before others', async () => {
  const program = await startInProcess('sqlite', { REGAIN_TRUST_PROXY: '1' });
  try {
    const answered: string[] = [];
    const ask = async (address: string): Promise<void> => {
      const headers = { 'X-Forwarded-For': address };
      const request = new Request('https://accounts.shop.example/sign-in', { headers });
      const { status } = await program.regain.fetch(request, { peer: '127.0.0.1' });
      assert.equal(status, 200);
      answered.push(address);
    };
    await Promise.all([...Array.from({ length: 100 }, () => ask('198.51.100.1')), ask('203.0.113.5')]);
    const place = answered.indexOf('203.0.113.5');
    assert.ok(place < 2 * A_ROUND, `answered as number ${place + 1} of ${answered.length}`);
  } finally {
    await program.close();
  }
});
