import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { z } from 'zod';
import { type Call, exchange } from '../src/exchange.ts';
import { type Fault, type Peer, startPeer } from './provider-peer.ts';

async function provider(t: TestContext, ...faults: Fault[]): Promise<{ peer: Peer; call: Call }> {
  const answer = { status: 201, published: z.unknown(), json: { ok: true }, headers: { 'x-from': 'peer' } };
  const peer = await startPeer(() => answer);
  t.after(() => peer.stop());
  peer.fail(...faults);
  const call = {
    fetch: globalThis.fetch,
    url: `${peer.url}/path`,
    headers: { 'x-key': 'k' },
    json: { a: 'é' },
    timeoutMs: 10_000,
  };
  return { peer, call };
}

test('a call is one POST of JSON, and its answer comes whole', async (t) => {
  const { peer, call } = await provider(t);
  const answer = await exchange(call);
  assert.ok(answer.kind === 'answered');
  assert.deepEqual([answer.status, answer.text, answer.headers.get('x-from')], [201, '{"ok":true}', 'peer']);
  const [{ method, path, headers, body } = assert.fail()] = peer.calls;
  assert.deepEqual(
    [method, path, headers['content-type'], headers['x-key']],
    ['POST', '/path', 'application/json', 'k'],
  );
  assert.equal(body.toString(), '{"a":"é"}');
});

test('an answer may have 64 kB and not a byte more', async (t) => {
  const { call } = await provider(
    t,
    { status: 200, text: 'x'.repeat(64 * 1024) },
    { status: 200, text: 'x'.repeat(64 * 1024 + 1) },
  );
  const whole = await exchange(call);
  assert.equal(whole.kind === 'answered' && whole.text.length, 64 * 1024);
  assert.deepEqual(await exchange(call), { kind: 'failed', reason: 'answer_too_big', maybeObeyed: true });
});

test('time runs until the last byte of the answer', async (t) => {
  const { call } = await provider(t, 'hang_mid_answer');
  assert.deepEqual(await exchange({ ...call, timeoutMs: 200 }), {
    kind: 'failed',
    reason: 'ETIMEDOUT',
    maybeObeyed: true,
  });
});

test('a redirect is an answer, and is not followed', async (t) => {
  const { peer, call } = await provider(t, { status: 307, headers: { location: '/elsewhere' }, text: '' });
  const answer = await exchange(call);
  assert.equal(answer.kind === 'answered' && answer.status, 307);
  assert.equal(peer.calls.length, 1);
});

describe('a failure is a code, and says whether the call may have been obeyed', () => {
  const failing = (cause: unknown) => async () => {
    throw new TypeError('fetch failed for +15550100', { cause });
  };
  for (const [cause, reason, maybeObeyed] of [
    [{ code: 'ENOTFOUND' }, 'ENOTFOUND', false],
    [{ code: 'ECONNREFUSED' }, 'ECONNREFUSED', false],
    [{ code: 'CERT_HAS_EXPIRED' }, 'CERT_HAS_EXPIRED', false],
    [{ code: 'ECONNRESET' }, 'ECONNRESET', true],
    [{ code: 'mail to jane@example.com' }, 'connection_failed', true],
    [undefined, 'connection_failed', true],
  ] as const)
    test(`${JSON.stringify(cause)} is ${reason}, ${maybeObeyed}`, async (t) => {
      const { call } = await provider(t);
      assert.deepEqual(await exchange({ ...call, fetch: failing(cause) }), { kind: 'failed', reason, maybeObeyed });
    });
});
