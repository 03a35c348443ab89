/**
 * A worker that stands still until its lease has run out (a paused machine, a database that was away) goes on where another one
 * has taken over: between them they hand a text over no more often than one would.
 */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Settings } from '../../src/config.ts';
import { LEASE_MS } from '../../src/rules/limits.ts';
import type { Message } from '../../src/store/store.ts';
import { CARRIERS, PHONE } from '../carriers.ts';
import { heldCalls } from '../held-calls.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson } from '../people.ts';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`a lease that ran out, on ${engine}`, () => {
    test('before the hand-over: who goes on finds that another one has it, and leaves it there', async (t) => {
      const woken = Promise.withResolvers<void>();
      const standing = Promise.withResolvers<void>();
      const risk = async (): Promise<'low'> => {
        standing.resolve();
        await woken.promise;
        return 'low';
      };
      const { program, calls } = await withTexts(t, engine, { risk });
      await program.api('POST', '/recovery', { body: { identifier: PHONE } });
      program.worker.wake();
      await standing.promise;
      // It takes nothing else, and its lease not again.
      const firstStopped = program.worker.stop();
      program.jump(LEASE_MS);
      // The host thinks about the second question as long as about the first: both go on, side by side.
      const second = await program.regain.startWorker({ otherProcesses: false });
      t.after(() => second.stop());
      while ((await leasedUntil(program)) <= program.now()) await new Promise(setImmediate);
      woken.resolve();
      const takenOver = () => program.logged.filter(({ event }) => event === 'message-taken-over');
      while (calls.count() < 2 && takenOver().length === 0) await new Promise(setImmediate);
      calls.answerAll();
      await firstStopped;
      for (let n = 0; n < 30; n += 1) {
        await second.idle();
        program.jump(1_000);
      }
      assert.equal(calls.count(), 1);
      assert.equal(await spent(program), 100_000);
      assert.equal(takenOver().length, 1);
    });

    test('after the hand-over: whose answer is lost in the end takes nothing out of the hands of who tries again', async (t) => {
      const { program, calls } = await withTexts(t, engine);
      await program.api('POST', '/recovery', { body: { identifier: PHONE } });
      program.worker.wake();
      const first = await calls.next();
      const firstStopped = program.worker.stop();
      program.jump(LEASE_MS);
      const second = await program.regain.startWorker({ otherProcesses: false });
      await second.idle();
      program.jump(1_000);
      second.wake();
      const again = await calls.next();
      first.lose();
      await firstStopped;
      program.jump(1_000);
      calls.answerAll();
      const third = await program.regain.startWorker({ otherProcesses: false });
      t.after(() => third.stop());
      await third.idle();
      assert.equal(calls.count(), 2, 'the second one still waits for its answer');
      again.lose();
      await second.stop();
      for (let n = 0; n < 30; n += 1) {
        program.jump(1_000);
        await third.idle();
      }
      assert.equal(calls.count(), 2);
      assert.equal(await spent(program), 2 * 100_000);
    });

    test('each worker that has it in its hands ends there: the second doubt is the last, and no third text leaves', async (t) => {
      const { program, calls } = await withTexts(t, engine);
      await program.api('POST', '/recovery', { body: { identifier: PHONE } });
      program.worker.wake();
      const hung = [await calls.next()];
      const ended = [program.worker.stop()];
      program.jump(LEASE_MS);
      const second = await program.regain.startWorker({ otherProcesses: false });
      await second.idle();
      program.jump(1_000);
      second.wake();
      hung.push(await calls.next());
      ended.push(second.stop());
      program.jump(LEASE_MS);
      calls.answerAll();
      const third = await program.regain.startWorker({ otherProcesses: false });
      t.after(() => third.stop());
      for (let n = 0; n < 30; n += 1) {
        await third.idle();
        program.jump(1_000);
      }
      const found = await fate(program);
      for (const { lose } of hung) lose();
      await Promise.all(ended);
      assert.equal(calls.count(), 2);
      assert.deepEqual(found, { status: 'sent', reason: 'answer_lost' });
      assert.deepEqual(await fate(program), { status: 'sent', reason: 'answer_lost' });
    });
  });

/** A phone, and no mailbox: no other way. Nobody renews a lease. */
async function withTexts(t: TestContext, engine: 'sqlite' | 'postgres', file: Settings = {}) {
  const carrier = await CARRIERS.webhook();
  t.after(() => carrier.stop());
  t.mock.timers.enable({ apis: ['setInterval'] });
  const calls = heldCalls(carrier.env);
  const program = await startInProcess(engine, carrier.env, file, { fetch: calls.fetch });
  t.after(() => program.close());
  await addPerson(program, { emails: [], phones: [PHONE] });
  return { program, calls };
}

async function leasedUntil(program: InProcess): Promise<number> {
  return (await textOf(program)).leasedUntil ?? 0;
}

async function fate(program: InProcess): Promise<Pick<Message, 'status' | 'reason'>> {
  const { status, reason } = await textOf(program);
  return { status, reason };
}

async function textOf({ regain }: InProcess): Promise<Message> {
  const [text] = await regain.context.store.transaction((tx) => tx.messages.list({ since: 0, channel: 'sms' }, 1));
  return text as Message;
}

async function spent({ regain, now }: InProcess): Promise<number> {
  const spends = await regain.context.store.transaction((tx) => tx.spend.spentOn(Math.floor(now() / 86_400_000)));
  return spends.reduce((sum, { micros }) => sum + micros, 0);
}
