import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Hono } from 'hono';
import { Refusal } from '../../src/rules/errors.ts';
import { readHeldBytes } from '../../src/web/read-body.ts';

/** What a route reads of a body in these chunks, and what it asked to hold. */
async function read(chunks: readonly Uint8Array[], maxBytes: number, take = (_bytes: number): void => {}) {
  const taken: number[] = [];
  let result: Uint8Array | Refusal | undefined;
  const app = new Hono();
  app.post('/', async (c) => {
    try {
      result = await readHeldBytes(c, maxBytes, (bytes) => {
        take(bytes);
        taken.push(bytes);
      });
    } catch (error) {
      assert.ok(error instanceof Refusal);
      result = error;
    }
    return c.text('');
  });
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
  await app.request('/', init);
  return { result, taken };
}

const held = (taken: readonly number[]): number => taken.reduce((sum, bytes) => sum + bytes, 0);

describe('a body that is held', () => {
  test('in chunks of a byte holds no more than twice its bytes, copied together', async () => {
    const bytes = Buffer.from(Array.from({ length: 20_000 }, (_, at) => at % 251));
    const { result, taken } = await read(
      Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)),
      1_000_000,
    );
    assert.deepEqual(Buffer.from(result as Uint8Array), bytes);
    assert.ok(held(taken) >= bytes.length && held(taken) <= 2 * bytes.length, `${taken}`);
    assert.ok(taken.length <= 4, `${taken}`);
  });

  test('never asks for more than the largest body needs', async () => {
    const { result, taken } = await read([Buffer.alloc(60), Buffer.alloc(40)], 100);
    assert.deepEqual([(result as Uint8Array).length, held(taken)], [100, 100]);
    const longer = await read([Buffer.alloc(60), Buffer.alloc(41)], 100);
    assert.equal((longer.result as Refusal).code, 'body_too_large');
    assert.ok(held(longer.taken) <= 100);
  });

  test('is empty without a byte, and refused where it finds no room', async () => {
    assert.deepEqual(await read([], 100), { result: new Uint8Array(), taken: [] });
    const full = await read([Buffer.alloc(60)], 100, () => {
      throw new Refusal('unavailable');
    });
    assert.deepEqual([(full.result as Refusal).code, full.taken], ['unavailable', []]);
  });
});
