/**
 * A webhook reads bodies of anybody: who opens many calls and sends all of each but its end shall not fill the memory with them,
 * and who shows no signature has none of his body read.
 */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { type InProcess, startInProcess } from '../in-process.ts';
import { FORGED_PROOF, RECEIVERS, TOKEN, WEBHOOK_SETTINGS } from '../webhook-shop.ts';

const MIB = 1024 * 1024;
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };

describe('bodies of webhooks that nobody has proven to be a provider’s', () => {
  let program: InProcess;
  before(async () => {
    program = await startInProcess('sqlite', WEBHOOK_SETTINGS);
  });
  after(() => program.close());

  /** A call whose body has this beginning and, until it is ended, no end. */
  function open(provider: string, beginning: string, headers: Record<string, string>, peer: string) {
    let read = 0;
    let end = (): void => {};
    let stand = (): void => {};
    const standing = new Promise<'standing'>((resolve) => {
      stand = () => resolve('standing');
    });
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          read += 1;
          if (read === 1) return controller.enqueue(Buffer.from(beginning));
          stand();
          return new Promise<void>((resolve) => {
            end = () => {
              controller.close();
              resolve();
            };
          });
        },
      },
      { highWaterMark: 0 },
    );
    const url = `${program.regain.config.origin}/webhooks/${provider}`;
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', headers, body, duplex: 'half' };
    const answer = program.regain.fetch(new Request(url, init), { peer });
    return { read: () => read, answer, end: () => end(), outcome: Promise.race([standing, answer]) };
  }
  const hold = (beginning: string, peer: string) => open('viber', beginning, FORGED_PROOF, peer);

  const WRONG: Record<string, Record<string, string>> = {
    'no proof': FORM,
    'an empty one': { ...FORM, ...Object.fromEntries(Object.keys(FORGED_PROOF).map((name) => [name, ''])) },
    'one that can be none': { ...FORM, ...Object.fromEntries(Object.keys(FORGED_PROOF).map((name) => [name, 'AAAA'])) },
  };
  for (const provider of RECEIVERS)
    for (const [what, headers] of Object.entries(WRONG))
      test(`${provider}, ${what}: refused, and nothing of the body is read`, async () => {
        const { outcome, read, end } = open(provider, 'x', headers, '203.0.113.7');
        const answer = await outcome;
        end();
        assert.ok(answer !== 'standing' && [401, 403].includes(answer.status));
        assert.equal(read(), 0);
      });

  test('from everywhere: 32 MiB are held, who comes then is asked to come back, and there is room again', async () => {
    const beginning = 'x'.repeat(MIB - 1);
    const calls = [];
    for (let at = 0; at < 32; at += 1) {
      const call = hold(beginning, `203.0.113.${at}`);
      assert.equal(await call.outcome, 'standing');
      calls.push(call);
    }
    const { status, headers } = (await hold(beginning, '198.51.100.1').outcome) as Response;
    assert.deepEqual([status, headers.get('retry-after')], [503, '10']);
    for (const { end } of calls) end();
    for (const { answer } of calls) assert.equal((await answer).status, 401);
    const last = hold(beginning, '198.51.100.1');
    assert.equal(await last.outcome, 'standing');
    last.end();
    assert.equal((await last.answer).status, 401);
  });

  test('from one network: 8 MiB, and a provider’s call from another is taken', async () => {
    const calls = Array.from({ length: 8 }, () => hold('x'.repeat(MIB), '203.0.113.7'));
    for (const { outcome } of calls) assert.equal(await outcome, 'standing');
    assert.equal(((await hold('x', '203.0.113.7').outcome) as Response).status, 503);
    const body = '{"event":"webhook","timestamp":1,"message_token":1}';
    const signature = createHmac('sha256', TOKEN).update(body).digest('hex');
    const other = open('viber', body, { 'X-Viber-Content-Signature': signature }, '198.51.100.1');
    assert.equal(await other.outcome, 'standing');
    other.end();
    assert.equal((await other.answer).status, 200);
    for (const { end } of calls) end();
    await Promise.all(calls.map(({ answer }) => answer));
  });

  test('a call that breaks off gives its room back', async () => {
    const broken = (): ReadableStream<Uint8Array> =>
      new ReadableStream({
        start(controller) {
          controller.enqueue(Buffer.alloc(MIB));
        },
        pull: (controller) => controller.error(new Error('gone')),
      });
    const url = `${program.regain.config.origin}/webhooks/viber`;
    for (let at = 0; at < 40; at += 1) {
      const init = { method: 'POST', headers: FORGED_PROOF, body: broken(), duplex: 'half' } as RequestInit;
      assert.equal((await program.regain.fetch(new Request(url, init), { peer: '203.0.113.7' })).status, 400);
    }
  });
});
