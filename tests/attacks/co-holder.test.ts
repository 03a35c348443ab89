/**
 * Somebody has a number on his account that another account has, too, and need not read its texts: a former flatmate, or the holder
 * before. His browser is known for that number, and is no known browser of the other account (decision 0029).
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { ACCOUNT_GUESSES, LIMITS, TRIES_PER_CODE } from '../../src/rules/limits.ts';
import type { InProcess } from '../in-process.ts';
import { type Owners, owners } from '../owners.ts';
import { addPerson, NEW_PASSWORD, OLD_PASSWORD, wrongCode } from '../people.ts';
import { startTextingShop, type TextingShop } from '../texting-shop.ts';
import type { Visitor } from '../visitor.ts';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`who shares a number, on ${engine}`, () => {
    let shop: TextingShop;
    let program: InProcess;
    let people: Owners;
    let numbers = 0;
    let number = '';
    let jane = '';
    let mallory: Visitor;
    before(async () => {
      shop = await startTextingShop(engine);
      ({ program } = shop);
      people = owners(program);
    });
    after(() => shop.close());
    const signIn = (who: Visitor, password: string) => who.post('/sign-in', { identifier: number, password });
    beforeEach(async () => {
      numbers += 1;
      number = `+1212${200 + numbers}0101`;
      jane = await addPerson(program, { name: 'Jane', emails: [], phones: [number] });
      await addPerson(program, {
        name: 'Mallory',
        emails: [`mallory${numbers}@example.com`],
        phones: [number],
        password: NEW_PASSWORD,
      });
      mallory = people.visitor();
      assert.equal((await signIn(mallory, NEW_PASSWORD)).url, '/account');
    });
    const recover = async (who: Visitor): Promise<string> => {
      await program.advance(60_000);
      assert.equal((await who.post('/recover', { identifier: number })).url, '/recover/code');
      await program.settled();
      const text = shop.receiver.taken.filter(({ to }) => to === number).at(-1)?.text ?? '';
      return /#(\w+)$/.exec(text)?.[1] ?? assert.fail('a text with a code');
    };

    test('gets codes as long as guesses at the other account ask for', async () => {
      await program.regain.context.store.transaction(async (tx) => {
        for (let at = 0; at < ACCOUNT_GUESSES.burst; at += 1)
          await tx.limits.charge(`account:${jane}`, ACCOUNT_GUESSES, program.now());
      });
      assert.equal((await recover(people.visitor())).length, 12, 'a stranger');
      assert.equal((await recover(mallory)).length, 12, 'a browser that never signed in to Jane’s account');
    });

    test('has his guesses counted at the other account, as a stranger’s', async () => {
      const wrong = wrongCode(await recover(mallory));
      for (let at = 0; at < TRIES_PER_CODE; at += 1) await mallory.post('/recover/code', { code: wrong });
      const left = await program.regain.context.store.transaction(async (tx) => {
        let fits = 0;
        while ((await tx.limits.charge(`account:${jane}`, ACCOUNT_GUESSES, program.now())) === undefined) fits += 1;
        return fits;
      });
      assert.equal(left, ACCOUNT_GUESSES.burst - TRIES_PER_CODE);
    });

    test('keeps nobody out of his own browser: where he spent what those have, they have what strangers have', async () => {
      const browser = people.visitor();
      assert.equal((await signIn(browser, OLD_PASSWORD)).url, '/account');
      for (let at = 0; at < LIMITS['sign-in-known-device'].burst; at += 1) await signIn(mallory, 'wrong');
      assert.equal((await signIn(browser, OLD_PASSWORD)).url, '/account');
    });
  });
