/** A chat that its owner has left takes no code any more, on both engines: whatever was asked for, it comes by the next way. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { CARRIERS, type Carrier, linkChat, MESSENGER_CARRIERS, PHONE } from '../carriers.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { type Owners, owners } from '../owners.ts';
import { addPerson, codeIn, OLD_PASSWORD } from '../people.ts';
import { startSmtpSink } from '../smtp-sink.ts';
import type { Visitor } from '../visitor.ts';

const EMAIL = 'jane@example.com';
const REFUSED = { code: 550, message: '5.1.1 no such mailbox' };

interface World {
  program: InProcess;
  people: Owners;
  messenger: Carrier;
  texts: Carrier;
  owner: Visitor;
  /** Codes that came by mail. */
  mailed(): string[];
}

/** How a chat is left; each is done by the program's own door. */
const LEAVING: Record<string, (world: World) => Promise<void>> = {
  'was unlinked on the account page': async ({ messenger, owner }) => {
    const path = `/account/messengers/unlink/${messenger.chat?.channel}`;
    const answer = await owner.post(path, { password: OLD_PASSWORD });
    assert.equal(answer.url, '/account?notice=messenger-unlinked');
  },
  'was stopped by STOP in the chat': async ({ program, messenger }) => {
    await messenger.sayStop?.(program);
  },
};

for (const engine of ['sqlite', 'postgres'] as const)
  for (const [name, startMessenger] of Object.entries(MESSENGER_CARRIERS))
    describe(`a chat of ${name}, on ${engine}, that`, () => {
      for (const [how, leave] of Object.entries(LEAVING)) {
        test(`${how}, and is asked for: the code comes by mail`, async (t) => {
          const world = await start(t, engine, startMessenger);
          const { program, messenger, mailed } = world;
          const before = await ask(program, EMAIL, messenger.chat?.channel);
          assert.deepEqual([messenger.codes().length, mailed()], [1, []], 'while it is linked it is used');
          assert.equal(await verified(program, before, messenger.codes()[0]), 200);
          await leave(world);
          const token = await ask(program, EMAIL, messenger.chat?.channel);
          await aMinute(program);
          assert.equal(messenger.codes().length, 1);
          assert.equal(mailed().length, 1);
          assert.equal(await verified(program, token, mailed()[0]), 200);
        });

        test(`${how}, below a text that nobody reads: the code comes by mail`, async (t) => {
          const world = await start(t, engine, startMessenger);
          const { program, messenger, texts, mailed } = world;
          await leave(world);
          await ask(program, PHONE);
          await aMinute(program);
          assert.deepEqual([messenger.codes(), mailed()], [[], texts.codes()]);
          assert.equal(texts.codes().length, 1);
        });

        test(`${how}, below a mailbox that refuses: the code comes by text`, async (t) => {
          const world = await start(t, engine, startMessenger, { refuses: true });
          const { program, messenger, texts } = world;
          await leave(world);
          const token = await ask(program, EMAIL, 'email');
          await aMinute(program);
          assert.deepEqual([messenger.codes().length, texts.codes().length], [0, 1]);
          assert.equal(await verified(program, token, texts.codes()[0]), 200);
        });
      }

      test('was stopped while a code stood ready for it: it goes to the mailbox', async (t) => {
        const world = await start(t, engine, startMessenger);
        const { program, messenger, texts, mailed } = world;
        const token = await ask(program, PHONE);
        assert.deepEqual(await queuedFor(program), [messenger.chat?.channel]);
        await messenger.sayStop?.(program);
        await aMinute(program);
        assert.deepEqual([messenger.codes(), mailed()], [[], texts.codes()]);
        assert.equal(await verified(program, token, mailed()[0]), 200);
      });

      test('was unlinked while a code stood ready for it: nothing leaves, and the code opens nothing', async (t) => {
        const world = await start(t, engine, startMessenger);
        const { program, messenger, texts, mailed } = world;
        const token = await ask(program, PHONE);
        assert.deepEqual(await queuedFor(program), [messenger.chat?.channel]);
        await LEAVING['was unlinked on the account page']?.(world);
        await aMinute(program);
        assert.deepEqual([messenger.codes(), mailed()], [[], []]);
        assert.notEqual(await verified(program, token, texts.codes()[0]), 200);
      });
    });

/** Somebody with a mailbox, a number and a linked chat, who has been signed in since a minute ago. Texts report nothing. */
async function start(
  t: TestContext,
  engine: 'sqlite' | 'postgres',
  startMessenger: () => Promise<Carrier>,
  { refuses = false } = {},
): Promise<World> {
  const [messenger, texts] = [await startMessenger(), await CARRIERS.twilio()];
  const sink = await startSmtpSink({ onRcpt: () => (refuses ? REFUSED : undefined) });
  for (const { stop } of [messenger, texts, sink]) t.after(() => stop());
  const program = await startInProcess(engine, { ...messenger.env, ...texts.env, REGAIN_SMTP_URL: sink.url });
  t.after(() => program.close());
  const account = await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
  if (messenger.chat) await linkChat(program, account, messenger.chat);
  const people = owners(program);
  const owner = people.visitor();
  assert.equal((await owner.post('/sign-in', { identifier: EMAIL, password: OLD_PASSWORD })).url, '/account');
  await program.advance(60_000);
  const mailed = (): string[] =>
    sink.messages.filter(({ text }) => /^\s*\d{6,8}\s*$/m.test(text)).map((mail) => codeIn(mail));
  return { program, people, messenger, texts, owner, mailed };
}

async function ask(program: InProcess, identifier: string, channel?: string): Promise<string> {
  const body = { identifier, ...(channel === undefined ? {} : { channel }) };
  const { json, status } = await program.api('POST', '/recovery', { body });
  assert.equal(status, 202);
  await program.settled();
  return json.token;
}

async function verified(program: InProcess, token: string, code: string | undefined): Promise<number> {
  return (await program.api('POST', '/recovery/verify', { body: { token, code } })).status;
}

async function aMinute(program: InProcess): Promise<void> {
  for (let times = 0; times < 12; times += 1) await program.advance(5_000);
}

/** By which ways codes stand ready to leave. */
async function queuedFor({ regain: { context } }: InProcess): Promise<string[]> {
  const messages = await context.store.transaction((tx) =>
    tx.messages.list({ since: 0, kind: 'recovery-code', status: 'queued' }, 10),
  );
  return messages.map(({ channel }) => channel);
}
