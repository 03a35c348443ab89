/** "Try another way" while the code is on its way by another: it comes by each way once, and by one at least. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { LEASE_MS } from '../../src/rules/limits.ts';
import { CARRIERS, MESSENGER_CARRIERS, PHONE } from '../carriers.ts';
import { heldCalls } from '../held-calls.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson } from '../people.ts';

const EMAIL = 'jane@example.com';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`another way, which leads nowhere, on ${engine}`, () => {
    for (const status of [200, 503])
      test(`while the provider has the text, and answers ${status} in the end: one text arrives`, async (t) => {
        const { program, calls } = await withMessengers(t, engine, { emails: [], phones: [PHONE] });
        const token = await ask(program, PHONE);
        const held = await calls.next();
        await press(program, token, 'telegram');
        await untilDone(program, 'telegram');
        calls.answerAll();
        held.answer(status);
        await seconds(program, 120);
        assert.equal(calls.answered(), 1);
      });

    for (const pressed of [['telegram'], ['telegram', 'viber']])
      test(`while no worker runs (${pressed.join(', ')}): one text`, async (t) => {
        const { program, calls } = await withMessengers(t, engine, { emails: [], phones: [PHONE] });
        calls.answerAll();
        await program.worker.stop();
        const token = await ask(program, PHONE);
        for (const channel of pressed) {
          program.jump(3_000);
          await press(program, token, channel);
        }
        program.jump(3_000);
        await runFor(t, program, 120);
        assert.equal(calls.answered(), 1);
      });

    test('while a worker has the mail: it is not sent beside it', async (t) => {
      const { program } = await withMessengers(t, engine, { emails: [EMAIL], phones: [] });
      await program.worker.stop();
      const token = await ask(program, EMAIL);
      program.jump(1_000);
      const { store } = program.regain.context;
      const lease = () =>
        store.transaction((tx) => tx.outbox.lease({ asked: 1 }, program.now(), program.now() + LEASE_MS));
      assert.equal((await lease()).length, 1);
      await press(program, token, 'telegram');
      program.jump(1_000);
      await runFor(t, program, 2);
      assert.equal(program.sink.messages.length, 0, 'it may be on its way');
      await runFor(t, program, 120);
      assert.equal(program.sink.messages.length, 1);
    });

    test('while a rung that stood ready waits: it goes in the place of that one, and once', async (t) => {
      const { program, calls } = await withMessengers(t, engine, { emails: [EMAIL], phones: [PHONE] });
      calls.answerAll();
      const token = await ask(program, PHONE);
      await program.settled();
      await press(program, token, 'telegram');
      await press(program, token, 'viber');
      await seconds(program, 120);
      const mails = program.sink.messages.filter(({ text }) => /^\s*\d{6}\s*$/m.test(text));
      assert.deepEqual([calls.answered(), mails.length], [1, 1]);
    });
  });

/** Texts go to a provider that holds them; the messengers that are offered are linked by nobody. */
async function withMessengers(t: TestContext, engine: 'sqlite' | 'postgres', person: Parameters<typeof addPerson>[1]) {
  const carriers = [await CARRIERS.webhook(), await MESSENGER_CARRIERS.bot(), await MESSENGER_CARRIERS.viber()];
  for (const { stop } of carriers) t.after(() => stop());
  const env = Object.assign({}, ...carriers.map((carrier) => carrier.env));
  const calls = heldCalls(env);
  const program = await startInProcess(engine, env, {}, { fetch: calls.fetch });
  t.after(() => program.close());
  await addPerson(program, person);
  return { program, calls };
}

async function ask(program: InProcess, identifier: string): Promise<string> {
  const { status, json } = await program.api('POST', '/recovery', { body: { identifier } });
  assert.equal(status, 202);
  program.worker.wake();
  return json.token;
}

async function press(program: InProcess, token: string, channel: string): Promise<void> {
  assert.equal((await program.api('POST', '/recovery/resend', { body: { token, channel } })).status, 202);
}

/** The message by this way, and what it went on by, while another one is still held. */
async function untilDone({ regain: { context } }: InProcess, channel: string): Promise<void> {
  for (;;) {
    const messages = await context.store.transaction((tx) => tx.messages.list({ since: 0 }, 100));
    const asked = messages.find((message) => message.channel === channel);
    const waiting = messages.filter(({ ask, status }) => ask === asked?.ask && status === 'queued');
    if (asked && waiting.every(({ leasedUntil }) => leasedUntil === null && asked.status !== 'queued')) return;
    await new Promise(setImmediate);
  }
}

async function seconds(program: InProcess, count: number): Promise<void> {
  for (let second = 0; second < count; second += 1) await program.advance(1_000);
}

async function runFor(t: TestContext, program: InProcess, count: number): Promise<void> {
  const worker = await program.regain.startWorker({ otherProcesses: false });
  t.after(() => worker.stop());
  for (let second = 0; second < count; second += 1) {
    await worker.idle();
    program.jump(1_000);
  }
  await worker.stop();
}
