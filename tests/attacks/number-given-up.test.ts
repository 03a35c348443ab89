/**
 * Somebody has put a recycled number on an account of his own, and gives it up in the very moment in which he asks for it: his browser is
 * known to that account, not to the other one that still has the number (STANDARDS R79).
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { STALE_NUMBER } from '../../src/rules/limits.ts';
import type { InProcess } from '../in-process.ts';
import { type Owners, owners, removalOf } from '../owners.ts';
import { addPerson } from '../people.ts';
import { startTextingShop, type TextingShop } from '../texting-shop.ts';
import type { Answer, Visitor } from '../visitor.ts';

const OWN = 'granite teapot horizon 44';
const THIEFS = 'copper violin harvest 91';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`a number that another account gives up, on ${engine}`, () => {
    let shop: TextingShop;
    let program: InProcess;
    let people: Owners;
    let numbers = 0;
    let phone = '';
    let thiefs = '';
    /** The host's answer comes when this does, and well within its second. */
    let answers: Promise<unknown> = Promise.resolve();
    before(async () => {
      shop = await startTextingShop(
        engine,
        {},
        {
          risk: async () => {
            await answers;
            return 'low';
          },
        },
      );
      ({ program } = shop);
      people = owners(program);
    });
    after(() => shop.close());
    /** The owner's number was given to somebody else, who has put it on an account of his own. */
    beforeEach(async () => {
      numbers += 1;
      phone = `+1212${200 + numbers}0101`;
      thiefs = `newholder${numbers}@example.net`;
      answers = Promise.resolve();
      await addPerson(program, {
        emails: [`owner${numbers}@example.org`],
        phones: [phone],
        numbersProvenAt: program.now() - STALE_NUMBER.afterMs - 1,
      });
      await addPerson(program, { emails: [thiefs], phones: [phone], password: OWN });
    });
    const signedIn = async (identifier: string): Promise<Visitor> => {
      const visitor = people.visitor();
      assert.equal((await visitor.post('/sign-in', { identifier, password: OWN })).url, '/account');
      return visitor;
    };
    const codeTexted = (): string =>
      /#(\w+)$/.exec(shop.receiver.taken.filter(({ to }) => to === phone).at(-1)?.text ?? '')?.[1] ??
      assert.fail('a text');
    const setPassword = async (visitor: Visitor): Promise<Answer> => {
      await visitor.post('/recover/code', { code: codeTexted() });
      const answer = await visitor.post('/recover/password', { password: THIEFS, password2: THIEFS });
      await program.settled();
      return answer;
    };
    const opensOwners = async (): Promise<boolean> =>
      (await people.visitor().post('/sign-in', { identifier: `owner${numbers}@example.org`, password: THIEFS })).url ===
      '/account';

    test('with an unknown browser the password waits', async () => {
      const thief = await signedIn(thiefs);
      await thief.post(await removalOf(thief, 1), { password: OWN });
      const stranger = people.visitor();
      await stranger.post('/recover', { identifier: phone });
      await program.settled();
      await program.advance(120_000);
      await stranger.post('/recover/resend', { channel: 'sms' });
      await program.settled();
      assert.match((await setPassword(stranger)).text, /waiting/);
      assert.ok(!(await opensOwners()));
    });

    test('a recovery that was asked for just before, and looked at just after', async () => {
      const thief = await signedIn(phone);
      const removal = await removalOf(thief, 1);
      let answer = (_: unknown): void => {};
      answers = new Promise((resolve) => (answer = resolve));
      await thief.post('/recover', { identifier: phone });
      assert.match((await thief.post(removal, { password: OWN })).url, /address-removed/);
      answer(undefined);
      await program.settled();
      await program.advance(120_000);
      await thief.post('/recover/resend', { channel: 'sms' });
      await program.settled();
      const set = await setPassword(thief);
      assert.ok(!(await opensOwners()), `the owner's account is taken at once: ${set.url}`);
    });

    test('a sign-in whose hash is computed while the number goes', async () => {
      const thief = await signedIn(thiefs);
      const removal = await removalOf(thief, 1);
      const browsers = Array.from({ length: 15 }, () => people.visitor());
      const signingIn = browsers.map((browser) => browser.post('/sign-in', { identifier: phone, password: OWN }));
      const removed = await thief.post(removal, { password: OWN });
      assert.match(removed.url, /address-removed/);
      // The second hand moves on while the hashes of the sign-ins wait for their turn.
      program.jump(1_000);
      await Promise.all(signingIn);
      await program.settled();
      for (const browser of browsers.filter(({ cookies }) => cookies.has('__Host-regain-device'))) {
        await browser.post('/recover', { identifier: phone });
        await program.settled();
        if (shop.receiver.taken.every(({ to }) => to !== phone)) continue;
        const set = await setPassword(browser);
        assert.ok(!(await opensOwners()), `the owner's account is taken at once: ${set.url}`);
      }
    });
  });
