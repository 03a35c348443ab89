/** Who is told that a messenger was linked or unlinked, on both engines: it receives codes, so everybody who has the account is. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startWithMessengers, type WithMessengers } from '../messengers.ts';
import { removalOf } from '../owners.ts';
import { addPerson, OLD_PASSWORD } from '../people.ts';
import { TEXTS_SECRET } from '../texting-shop.ts';
import type { Visitor } from '../visitor.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../webhook-receiver.ts';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`notices of messengers on ${engine}`, () => {
    let shop: WithMessengers;
    let receiver: WebhookReceiver;
    before(async () => {
      receiver = await startWebhookReceiver(TEXTS_SECRET, () => Math.floor(shop.program.now() / 1000));
      const url = `${receiver.url}/send?secret=${encodeURIComponent(TEXTS_SECRET)}`;
      shop = await startWithMessengers(engine, { REGAIN_SMS_URL: url, REGAIN_SMS_COUNTRIES: 'US' });
    });
    after(async () => {
      await shop.close();
      await receiver.stop();
    });

    const textsTo = (number: string) => receiver.taken.filter(({ to }) => to === number);
    const signedIn = async (identifier: string): Promise<Visitor> => {
      const owner = shop.people.visitor();
      assert.equal((await owner.post('/sign-in', { identifier, password: OLD_PASSWORD })).url, '/account');
      return owner;
    };
    const unlink = async (owner: Visitor): Promise<void> => {
      const answer = await owner.post('/account/messengers/unlink/telegram', { password: OLD_PASSWORD });
      assert.equal(answer.url, '/account?notice=messenger-unlinked');
      await shop.program.settled();
    };

    test('an account without a mailbox is told by text, at each of its numbers', async () => {
      const numbers = ['+12125550101', '+12125550102'];
      await addPerson(shop.program, { emails: [], phones: numbers });
      const owner = await signedIn('+12125550101');
      await shop.link(owner, 71);
      await unlink(owner);
      for (const number of numbers)
        assert.deepEqual(
          textsTo(number).map(({ kind, text }) => [kind, text]),
          [
            [
              'messenger-linked',
              'Shop: Telegram was linked to your account, codes can go there. Not you? Type accounts.shop.example/help in your browser now.',
            ],
            [
              'messenger-unlinked',
              'Shop: Telegram was unlinked from your account. Not you? Type accounts.shop.example/help in your browser now.',
            ],
          ],
        );
    });

    test('one that has a mailbox is told there alone, because texts cost money', async () => {
      const [email, number] = ['both@example.com', '+12125550103'];
      await addPerson(shop.program, { emails: [email], phones: [number] });
      const owner = await signedIn(email);
      await shop.link(owner, 72);
      assert.equal(shop.people.lastMail(email).subject, 'Telegram was linked to your Shop account');
      await unlink(owner);
      assert.equal(shop.people.lastMail(email).subject, 'Telegram was unlinked from your Shop account');
      assert.deepEqual(textsTo(number), []);
    });

    test('a mailbox that was removed lately is told, without the name in the messenger', async () => {
      const { owner, email, address } = await shop.people.withTwo();
      await owner.post(await removalOf(owner, 0), { password: OLD_PASSWORD });
      await shop.program.advance(60_000);
      const before = shop.program.sink.messages.length;
      await shop.link(owner, 73);
      await unlink(owner);
      const told = (to: string) => shop.program.sink.messages.slice(before).filter((mail) => mail.to === to);
      for (const to of [email, address])
        assert.deepEqual(
          told(to).map(({ subject }) => subject),
          ['Telegram was linked to your Shop account', 'Telegram was unlinked from your Shop account'],
        );
      for (const { text } of told(address)) assert.match(text, /Telegram: +Jane/);
      for (const { text } of told(email)) {
        assert.match(text.replaceAll(/\s+/g, ' '), /This address was removed from the account on 14 March 2026/);
        assert.doesNotMatch(text, new RegExp(`Jane|${address}|n\\*\\*\\*|/not-me/|/cancel/`));
      }
    });
  });
