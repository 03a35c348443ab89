/** Codes that people enter are counted for their prefix, whatever became of the provider's answer: else it is closed as pumped. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { CODES, hourOf } from '../../src/rules/spend.ts';
import { codeOf, PHONE } from '../carriers.ts';
import { addPerson } from '../people.ts';
import { startTextingShop, type TextingShop } from '../texting-shop.ts';
import type { ReceiverMisbehaviour } from '../webhook-receiver.ts';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`codes that are entered, on ${engine}`, () => {
    for (const lost of ['bad-gateway', 'close'] as const)
      for (const emails of [[], ['jane@example.com']])
        test(`after a lost answer (${lost}), from an account with ${emails.length === 0 ? 'no' : 'a'} mailbox`, async (t) => {
          const shop = await startShop(t, emails, lost);
          const token = await ask(shop);
          await shop.program.settled();
          await enter(shop, token);
          assert.deepEqual(await counted(shop), { sent: 1, entered: 1 });
        });

    test('after a lost answer, where a later asking took the place of the second try', async (t) => {
      const shop = await startShop(t, [], 'bad-gateway', ...Array(5).fill({ status: 503 }));
      const token = await ask(shop);
      for (let second = 0; second < 31; second += 1) await shop.program.advance(1_000);
      assert.equal(shop.receiver.taken.length, 1);
      await shop.program.worker.stop();
      assert.equal((await shop.program.api('POST', '/recovery/resend', { body: { token } })).status, 202);
      const statuses = await shop.program.regain.context.store.transaction(async (tx) =>
        (await tx.messages.list({ since: 0, channel: 'sms' }, 10)).map(({ status }) => status).sort(),
      );
      assert.deepEqual(statuses, ['queued', 'unneeded']);
      await enter(shop, token);
      assert.deepEqual(await counted(shop), { sent: 1, entered: 1 });
    });

    test('before the provider has answered', async (t) => {
      const shop = await startShop(t, [], 'hang');
      const token = await ask(shop);
      await shop.receiver.received(1);
      await enter(shop, token);
      await shop.receiver.stop();
      await shop.program.settled();
      assert.deepEqual(await counted(shop), { sent: 1, entered: 1 });
    });

    test('by mail, where the text was refused: nobody has read a text', async (t) => {
      const shop = await startShop(t, ['jane@example.com'], { status: 400 });
      const token = await ask(shop);
      await shop.program.settled();
      // The notice that somebody asked by text may come last.
      const [code] = shop.program.sink.messages.flatMap(({ text }) => /^\s*(\d{6})\s*$/m.exec(text)?.[1] ?? []);
      assert.equal((await shop.program.api('POST', '/recovery/verify', { body: { token, code } })).status, 200);
      assert.deepEqual(await counted(shop), { sent: 0, entered: 0 });
    });

    const startShop = async (
      t: TestContext,
      emails: string[],
      ...how: ReceiverMisbehaviour[]
    ): Promise<TextingShop> => {
      const shop = await startTextingShop(engine);
      t.after(() => shop.close());
      shop.receiver.misbehave(...how);
      await addPerson(shop.program, { emails, phones: [PHONE] });
      return shop;
    };
  });

async function ask({ program }: TextingShop): Promise<string> {
  const { status, json } = await program.api('POST', '/recovery', { body: { identifier: PHONE } });
  assert.equal(status, 202);
  return json.token;
}

async function enter({ program, receiver }: TextingShop, token: string): Promise<void> {
  const code = codeOf(receiver.taken[0]?.text ?? '');
  assert.equal((await program.api('POST', '/recovery/verify', { body: { token, code } })).status, 200);
}

function counted({ program }: TextingShop): Promise<{ sent: number; entered: number }> {
  return program.regain.context.store.transaction((tx) =>
    tx.spend.conversion('sms', PHONE.slice(0, -4), hourOf(program.now()) - 1, CODES.recovering),
  );
}
