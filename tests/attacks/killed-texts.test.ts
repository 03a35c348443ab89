/**
 * kill -9 while a provider holds a text in its hands: nobody knows whether it left, and nobody pays for it twice, or is
 * texted twice, where the code can go another way.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ENGINES } from '../engines.ts';
import { codeIn } from '../people.ts';
import { openShop, type RunningShop } from '../running-shop.ts';
import { TEXTS_SECRET } from '../texting-shop.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../webhook-receiver.ts';

const WITH_MAILBOX = '+12125550101';
const WITHOUT = '+12125550102';

for (const engine of ['sqlite', 'postgres'] as const satisfies (keyof typeof ENGINES)[])
  describe(`kill -9 within a text on ${engine}`, () => {
    let shop: RunningShop;
    let receiver: WebhookReceiver;
    before(async () => {
      receiver = await startWebhookReceiver(TEXTS_SECRET, () => Math.floor(Date.now() / 1000));
      shop = await openShop(engine, {
        REGAIN_SMS_URL: `${receiver.url}/send?secret=${encodeURIComponent(TEXTS_SECRET)}`,
        REGAIN_SMS_COUNTRIES: 'US',
      });
      await shop.someone({ emails: ['jane@example.com'], phones: [WITH_MAILBOX] });
      await shop.someone({ emails: [], phones: [WITHOUT] });
    });
    after(async () => {
      await shop.close();
      await receiver.stop();
    });
    const killedWhileAsking = async (identifier: string): Promise<{ token: string; texted: number }> => {
      receiver.misbehave('hang');
      const before = receiver.requests.length;
      const { json } = await shop.post('/recovery', { identifier });
      await receiver.received(before + 1);
      await shop.program.killAndRestart();
      return { token: json.token, texted: before + 1 };
    };
    const textedCode = (): string => /#([0-9A-Z]+)$/.exec(receiver.taken.at(-1)?.text ?? '')?.[1] ?? '';

    test('the code goes to the mailbox, the same one, and no second text leaves', async () => {
      const { token, texted } = await killedWhileAsking(WITH_MAILBOX);
      const code = codeIn(await shop.mail('jane@example.com', /^Reset your/));
      await shop.drained();
      assert.equal(receiver.requests.length, texted);
      assert.equal(code, textedCode());
      assert.equal((await shop.post('/recovery/verify', { token, code })).status, 200);
    });

    test('where there is no other way it is sent again, under the same id', async () => {
      const { token, texted } = await killedWhileAsking(WITHOUT);
      const first = receiver.taken.length;
      await receiver.received(texted + 1);
      await shop.drained();
      assert.equal(receiver.requests.length, texted + 1);
      assert.equal(receiver.taken.length, first);
      assert.equal((await shop.post('/recovery/verify', { token, code: textedCode() })).status, 200);
    });
  });
