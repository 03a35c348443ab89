/** "Send again" in an outage: however often it was pressed, one message leaves by that way when the provider is back. */
import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { LEASE_MS, LIMITS, WAITED_MS } from '../../src/rules/limits.ts';
import type { Message } from '../../src/store/store.ts';
import { CARRIERS, PHONE } from '../carriers.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn } from '../people.ts';
import { freePort } from '../regain.ts';
import { startSmtpSink } from '../smtp-sink.ts';
import { TEXTS_SECRET } from '../texting-shop.ts';
import { startWebhookReceiver } from '../webhook-receiver.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** Waits that allow "send again", and the code is the same until the last. */
const PRESSED_AFTER = [30 * SECOND, MINUTE, 2 * MINUTE];
const NOBODY = 'nobody@example.com';

interface Way {
  identifier: string;
  env(port: number): Record<string, string>;
  /** The provider is there again. */
  open(t: TestContext, port: number, program: InProcess): Promise<{ codes(): string[] }>;
}

const WAYS: Record<'email' | 'sms', Way> = {
  email: {
    identifier: 'jane@example.com',
    env: (port) => ({ REGAIN_SMTP_URL: `smtp://127.0.0.1:${port}` }),
    async open(t, port) {
      const sink = await startSmtpSink({ port });
      t.after(() => sink.stop());
      return { codes: () => sink.messages.filter(({ to }) => to === 'jane@example.com').map((mail) => codeIn(mail)) };
    },
  },
  // The only way of its account, so nothing goes on by another.
  sms: {
    identifier: '+12125550101',
    env: (port) => ({
      REGAIN_SMS_URL: `http://127.0.0.1:${port}/send?secret=${encodeURIComponent(TEXTS_SECRET)}`,
      REGAIN_SMS_COUNTRIES: 'US',
    }),
    async open(t, port, program) {
      const receiver = await startWebhookReceiver(TEXTS_SECRET, () => Math.floor(program.now() / 1000), port);
      t.after(() => receiver.stop());
      return { codes: () => receiver.taken.map(({ text }) => /#([0-9A-Z]+)$/.exec(text)?.[1] ?? text) };
    },
  },
};

for (const engine of ['sqlite', 'postgres'] as const)
  for (const [channel, way] of Object.entries(WAYS))
    describe(`"send again" by ${channel} in an outage, on ${engine}`, () => {
      test('pressed three times, the code arrives once, and no later than the first of them would have', async (t) => {
        const { program, port } = await inOutage(t, engine, way);
        const token = await ask(program, way.identifier);
        for (const ms of PRESSED_AFTER) {
          await program.advance(ms);
          await sendAgain(program, token);
          await program.settled();
        }
        assert.deepEqual(
          (await messagesOf(program, 'recovery-code')).map(({ status, reason }) =>
            status === 'unneeded' ? `${status} ${reason}` : status,
          ),
          ['unneeded asked_again', 'unneeded asked_again', 'unneeded asked_again', 'queued'],
        );
        const provider = await way.open(t, port, program);
        await program.advance(2 * MINUTE);
        assert.equal(provider.codes().length, 1);
        const [code] = provider.codes();
        assert.equal((await program.api('POST', '/recovery/verify', { body: { token, code } })).status, 200);
      });

      test('what was about to leave keeps its moment and its place, whoever has to wait by now', async (t) => {
        const { program } = await inOutage(t, engine, way);
        await program.worker.stop();
        const token = await ask(program, way.identifier);
        const [first] = await messagesOf(program, 'recovery-code');
        // Strangers have nothing left without waiting, so what is asked for now would leave 15 seconds later.
        await spendStrangersLane(program, way.identifier, channel);
        program.jump(30 * SECOND);
        await sendAgain(program, token);
        const waiting = (await messagesOf(program, 'recovery-code')).filter(({ status }) => status === 'queued');
        assert.deepEqual(
          waiting.map(({ ask, dueAt, urgency }) => ({ ask, dueAt, urgency })),
          [{ ask: 1, dueAt: first?.dueAt, urgency: first?.urgency }],
        );
      });

      test('pressed while a worker has leased the message and has not handed it over: it leaves once', async (t) => {
        const { program, port } = await inOutage(t, engine, way);
        const provider = await way.open(t, port, program);
        await program.worker.stop();
        const token = await ask(program, way.identifier);
        program.jump(30 * SECOND);
        const taken = await program.regain.context.store.transaction((tx) =>
          tx.outbox.lease({ asked: 1 }, program.now(), program.now() + LEASE_MS),
        );
        assert.equal(taken.length, 1);
        await sendAgain(program, token);
        assert.deepEqual(
          await statusesOf(program, 'recovery-code'),
          ['queued', 'queued'],
          'what is leased is left alone',
        );
        program.jump(LEASE_MS);
        const worker = await program.regain.startWorker({ otherProcesses: false });
        t.after(() => worker.stop());
        await worker.idle();
        assert.equal(provider.codes().length, 1);
        assert.deepEqual(await statusesOf(program, 'recovery-code'), ['unneeded', 'sent']);
      });

      test('pressed while a provider that fails has the message in its hands: one waits on', async (t) => {
        const { program, port } = await inOutage(t, engine, way);
        const failing = await startHolding(port);
        const token = await startAsking(program, way.identifier);
        await failing.reached;
        await whileLeased(program, token);
        await failing.stop();
        await program.settled();
        const provider = await way.open(t, port, program);
        for (let second = 0; second < 120; second += 1) await program.advance(SECOND);
        assert.equal(provider.codes().length, 1);
      });

      test('another recovery, and another way, are left alone', async (t) => {
        const { program, port } = await inOutage(t, engine, way);
        const tokens = [await ask(program, way.identifier), await ask(program, way.identifier)];
        await program.advance(30 * SECOND);
        await sendAgain(program, tokens[0] as string);
        await program.settled();
        const provider = await way.open(t, port, program);
        await program.advance(2 * MINUTE);
        assert.equal(new Set(provider.codes()).size, 2);
        assert.equal(provider.codes().length, 2);
      });
    });

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`"send again" in an outage without an account, on ${engine}`, () => {
    test('its rows and its live line are those of an account, and its one mail still comes', async (t) => {
      const { program, port } = await inOutage(t, engine, WAYS.email);
      const known = await ask(program, WAYS.email.identifier);
      const unknown = await ask(program, NOBODY);
      for (const ms of PRESSED_AFTER) {
        await program.advance(ms);
        for (const token of [known, unknown]) await sendAgain(program, token);
        await program.settled();
        assert.deepEqual(await line(program, known), await line(program, unknown));
      }
      const sink = await startSmtpSink({ port });
      t.after(() => sink.stop());
      await program.advance(2 * MINUTE);
      assert.deepEqual(await line(program, known), await line(program, unknown));
      assert.deepEqual(sink.messages.map(({ to }) => to).sort(), [WAYS.email.identifier, NOBODY]);
      const all = await messagesOf(program);
      const of = (typed: string) =>
        all.filter((message) => message.typed === typed).map(({ ask, status }) => `${ask} ${status}`);
      assert.deepEqual(of(NOBODY), of(WAYS.email.identifier));
    });

    test('pressed while a worker holds its mail: it still comes, once', async (t) => {
      const { program, port } = await inOutage(t, engine, WAYS.email);
      // Tried more often than the later one, so that its turn comes after that one's.
      const token = await ask(program, NOBODY);
      for (let tries = 0; tries < 3; tries += 1) await program.advance(5 * SECOND);
      const failing = await startHolding(port);
      program.jump(10 * SECOND);
      program.worker.wake();
      await failing.reached;
      await whileLeased(program, token);
      await failing.stop();
      await program.settled();
      const sink = await startSmtpSink({ port });
      t.after(() => sink.stop());
      for (let second = 0; second < 120; second += 1) await program.advance(SECOND);
      assert.deepEqual(
        sink.messages.map(({ to }) => to),
        [NOBODY],
      );
    });
  });

for (const engine of ['sqlite', 'postgres'] as const)
  test(`"send again" after the clock was set back an hour waits for none of it, on ${engine}`, async (t) => {
    const program = await startInProcess(engine);
    t.after(() => program.close());
    await addPerson(program, { emails: ['jane@example.com'] });
    const token = await ask(program, 'jane@example.com');
    await program.advance(-60 * MINUTE);
    const { resendAt } = (await program.api('GET', '/recovery', { token })).json;
    assert.equal(Date.parse(resendAt), program.now());
    await sendAgain(program, token);
    const tooEarly = await program.api('POST', '/recovery/resend', { body: { token } });
    assert.equal(tooEarly.headers.get('retry-after'), '60', 'the next wait is one again');
    // Sends are counted up to a moment of before, so it goes by the lane of those who wait.
    await program.advance(WAITED_MS);
    assert.equal(program.sink.messages.length, 2);
  });

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`"send again" while the code is tried by another way, on ${engine}`, () => {
    for (const presses of [0, 1, 2]) {
      test(`a mailbox that greylists, below a text that nobody reads: the mail comes when it opens; pressed ${presses} times`, async (t) => {
        let isOpen = false;
        const greylisting = await startSmtpSink({
          onRcpt: () => (isOpen ? undefined : { code: 451, message: '4.7.1 Greylisted' }),
        });
        const twilio = await CARRIERS.twilio();
        for (const { stop } of [greylisting, twilio]) t.after(() => stop());
        const program = await startInProcess(engine, { ...twilio.env, REGAIN_SMTP_URL: greylisting.url });
        t.after(() => program.close());
        await addPerson(program, { emails: ['jane@example.com'], phones: [PHONE] });
        const token = await ask(program, PHONE);
        await pressing(program, token, presses);
        isOpen = true;
        for (let second = 0; second < 360; second += 5) await program.advance(5 * SECOND);
        assert.equal(greylisting.messages.filter(({ text }) => /^\s*\d{6}\s*$/m.test(text)).length, 1);
        assert.equal(twilio.codes().length, 1 + presses, 'what was asked for');
      });

      test(`a provider of texts that is down, below a mailbox that is full: the text comes when it is back; pressed ${presses} times`, async (t) => {
        const full = await startSmtpSink({ onRcpt: () => ({ code: 452, message: '4.2.2 Over quota' }) });
        const twilio = await CARRIERS.twilio();
        for (const { stop } of [full, twilio]) t.after(() => stop());
        const program = await startInProcess(engine, { ...twilio.env, REGAIN_SMTP_URL: full.url });
        t.after(() => program.close());
        await addPerson(program, { emails: ['jane@example.com'], phones: [PHONE] });
        twilio.fail('down', 6);
        await pressing(program, await ask(program, 'jane@example.com'), presses);
        for (let second = 0; second < 360; second += 5) await program.advance(5 * SECOND);
        assert.equal(twilio.codes().length, 1);
      });
    }

    /** Each time when it may be pressed; 105 seconds pass. */
    const pressing = async (program: InProcess, token: string, presses: number): Promise<void> => {
      for (let second = 1; second <= 105; second += 1) {
        await program.advance(SECOND);
        if (second !== 35 && second !== 100) continue;
        if (presses > (second === 35 ? 0 : 1)) await sendAgain(program, token);
        await program.settled();
      }
    };
  });

async function inOutage(
  t: TestContext,
  engine: 'sqlite' | 'postgres',
  way: Way,
): Promise<{ program: InProcess; port: number }> {
  const port = await freePort();
  const program = await startInProcess(engine, way.env(port));
  t.after(() => program.close());
  const isPhone = way === WAYS.sms;
  await addPerson(program, isPhone ? { emails: [], phones: [way.identifier] } : { emails: [way.identifier] });
  return { program, port };
}

async function ask(program: InProcess, identifier: string): Promise<string> {
  const token = await startAsking(program, identifier);
  await program.settled();
  return token;
}

/** Without waiting for the worker. */
async function startAsking(program: InProcess, identifier: string): Promise<string> {
  const { status, json } = await program.api('POST', '/recovery', { body: { identifier } });
  assert.equal(status, 202);
  return json.token;
}

async function sendAgain(program: InProcess, token: string): Promise<void> {
  assert.equal((await program.api('POST', '/recovery/resend', { body: { token } })).status, 202);
}

/** As `sendAgain`, half a minute later; the worker has renewed what it is sending. */
async function whileLeased(program: InProcess, token: string): Promise<void> {
  const [sending] = await messagesOf(program, 'recovery-code').then(async (codes) =>
    codes.length > 0 ? codes : messagesOf(program, 'no-account'),
  );
  program.jump(30 * SECOND);
  await program.regain.context.store.transaction((tx) =>
    tx.outbox.renew([sending?.id ?? ''], program.now() + LEASE_MS),
  );
  await sendAgain(program, token);
}

async function line(program: InProcess, token: string): Promise<string> {
  return (await program.api('GET', '/recovery', { token })).json.delivery;
}

/** In the order in which they were asked for. */
function messagesOf({ regain }: InProcess, kind?: string): Promise<(Message & { typed: string })[]> {
  return regain.context.store.transaction(async (tx) => {
    const messages = await tx.messages.list({ since: 0, kind }, 99);
    const proofs = await Promise.all(messages.map(({ proofId }) => tx.proofs.byId(proofId ?? '')));
    return messages
      .map((message, at) => ({ ...message, typed: proofs[at]?.identifierTyped ?? '' }))
      .sort((a, b) => (a.ask ?? 0) - (b.ask ?? 0));
  });
}

async function statusesOf(program: InProcess, kind: string): Promise<string[]> {
  return (await messagesOf(program, kind)).map(({ status }) => status);
}

async function spendStrangersLane({ regain, now }: InProcess, typed: string, channel: string): Promise<void> {
  const kind = channel === 'sms' ? 'phone' : 'email';
  const mac = regain.context.keys.identifierMac({ kind, canonical: typed });
  const limit = LIMITS['send-stranger'];
  await regain.context.store.transaction(async (tx) => {
    for (let at = 0; at < limit.burst; at += 1) await tx.limits.charge(`send-stranger:${channel}:${mac}`, limit, now());
  });
}

/** Takes connections, answers nothing, and breaks them off when it is stopped. */
async function startHolding(port: number): Promise<{ reached: Promise<void>; stop(): Promise<void> }> {
  const reached = Promise.withResolvers<void>();
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    reached.resolve();
  });
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  return {
    reached: reached.promise,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}
