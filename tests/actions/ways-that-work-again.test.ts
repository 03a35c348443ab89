/** A way that failed for a moment works again soon: where nothing else brings the code, it is tried again. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { CARRIERS, linkChat, MESSENGER_CARRIERS, PHONE } from '../carriers.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson } from '../people.ts';
import { startSmtpSink } from '../smtp-sink.ts';
import { startTelegramGatewayPeer } from '../telegram-peer.ts';

const EMAIL = 'jane@example.com';
const REFUSED = { code: 550, message: '5.2.1 mailbox disabled' };
const GREYLISTED = { code: 451, message: '4.7.1 greylisted' };
const GATEWAY_TOKEN = 'AAEYJQAAh43tuSpLbRnlRl9pHYqzeN6gCVSHd9OB';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`a way that failed for a moment, on ${engine}`, () => {
    for (const [fault, times] of [
      ['down', 5],
      ['slow', 1],
    ] as const)
      for (const answer of [REFUSED, GREYLISTED])
        test(`texts that are ${fault}, above a mailbox that says ${answer.code}: the text comes, once`, async (t) => {
          const carrier = await CARRIERS.webhook();
          const program = await withMailbox(t, engine, answer, carrier);
          await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
          carrier.fail(fault, times);
          await ask(program, PHONE);
          await seconds(program, 300);
          assert.equal(carrier.codes().length, 1);
        });

    test('a provider that stays out of order is tried in ever longer steps, and no more when the code is of no use', async (t) => {
      const carrier = await CARRIERS.webhook();
      const program = await withMailbox(t, engine, REFUSED, carrier);
      await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
      carrier.fail('down', 500);
      await ask(program, PHONE);
      await seconds(program, 700);
      const { store } = program.regain.context;
      const [text] = await store.transaction((tx) => tx.messages.list({ since: 0, channel: 'sms' }, 1));
      assert.ok(text && text.attempts > 4 && text.attempts < 12, `${text?.attempts} attempts`);
      assert.notEqual(text?.status, 'queued');
      assert.equal(await store.transaction((tx) => tx.outbox.count('queued')), 0);
    });

    test('a chat between a mailbox and a number that refuse: also where it was asked for again', async (t) => {
      const texts = await CARRIERS.webhook();
      const bot = await MESSENGER_CARRIERS.bot();
      const program = await withMailbox(t, engine, REFUSED, texts, bot);
      const account = await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
      if (bot.chat) await linkChat(program, account, bot.chat);
      texts.fail('refused', 50);
      bot.fail('slow');
      const token = await ask(program, EMAIL);
      await seconds(program, 35);
      await sendAgain(program, token);
      await seconds(program, 200);
      assert.equal(bot.codes().length, 1);
    });

    test('a number alone, the Gateway well again, texts out of order: the Gateway brings it, and is paid once', async (t) => {
      const texts = await CARRIERS.webhook();
      const gateway = await startTelegramGatewayPeer(GATEWAY_TOKEN);
      t.after(() => gateway.stop());
      gateway.numbers.add(PHONE);
      gateway.failAt(/checkSendAbility/, ...Array.from({ length: 3 }, () => ({ status: 503, json: {} })));
      const url = `telegram-gateway://:${GATEWAY_TOKEN}@gatewayapi.telegram.org?api=${gateway.url}`;
      const program = await withMailbox(t, engine, REFUSED, texts, { env: { REGAIN_TELEGRAM_GATEWAY_URL: url } });
      await addPerson(program, { emails: [], phones: [PHONE] });
      texts.fail('down', 500);
      const token = await ask(program, PHONE);
      await seconds(program, 35);
      await sendAgain(program, token);
      await seconds(program, 200);
      assert.deepEqual([gateway.sent.length, gateway.fees], [1, 1]);
    });
  });

async function withMailbox(
  t: TestContext,
  engine: 'sqlite' | 'postgres',
  answer: { code: number; message: string },
  ...carriers: { env: Record<string, string>; stop?(): Promise<void> }[]
): Promise<InProcess> {
  const sink = await startSmtpSink({ onRcpt: () => answer });
  t.after(() => sink.stop());
  for (const { stop } of carriers) if (stop) t.after(() => stop());
  const env = Object.assign({ REGAIN_SMTP_URL: sink.url }, ...carriers.map((carrier) => carrier.env));
  const program = await startInProcess(engine, env);
  t.after(() => program.close());
  return program;
}

async function ask(program: InProcess, identifier: string): Promise<string> {
  const { status, json } = await program.api('POST', '/recovery', { body: { identifier } });
  assert.equal(status, 202);
  await program.settled();
  return json.token;
}

async function sendAgain(program: InProcess, token: string): Promise<void> {
  assert.equal((await program.api('POST', '/recovery/resend', { body: { token } })).status, 202);
  await program.settled();
}

async function seconds(program: InProcess, count: number): Promise<void> {
  for (let second = 0; second < count; second += 1) await program.advance(1_000);
}
