/**
 * Somebody who knows all addresses of an account guesses by each of them, and each by mail and by text: every pair has a ladder
 * of its own. The account is worth no more to him for that, and nobody learns which identifiers belong together.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { LONGEST_CODE } from '../../src/rules/breakers.ts';
import { ACCOUNT_GUESSES, CODE_LADDER, UNTOLD_CODE } from '../../src/rules/limits.ts';
import { addPerson, codeIn, NEW_PASSWORD, OLD_PASSWORD } from '../people.ts';
import { startTextingShop, type TextingShop } from '../texting-shop.ts';
import type { ApiAnswer } from '../visitor.ts';

const EMAILS = ['jane@example.com', 'jane@work.example', 'jane.doe@example.net', 'jd@example.org'];
const [FIRST = '', , , LAST = ''] = EMAILS;
const PHONE = '+12125550101';
const NOBODY = 'nobody@example.com';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`an account with many doors on ${engine}`, () => {
    let shop: TextingShop;
    before(async () => {
      shop = await startTextingShop(engine);
      await addPerson(shop.program, { emails: EMAILS, phones: [PHONE] });
    });
    after(() => shop.close());
    const post = (path: string, body: unknown): Promise<ApiAnswer> => shop.program.api('POST', path, { body });
    const asked = async (identifier: string, more: Record<string, string> = {}): Promise<string> => {
      const { status, json } = await post('/recovery', { identifier, ...more });
      assert.deepEqual([status, json.codeLength], [202, 6], 'whoever asks is told of six digits');
      await shop.program.settled();
      return json.token;
    };
    const newestCode = (email: string): string =>
      codeIn(shop.program.sink.messages.findLast(({ to, text }) => to === email && /^\s*\d{6,12}\s*$/m.test(text))!);
    const told = (answer: ApiAnswer): unknown => [answer.status, answer.json.code, answer.json.triesLeft];
    const guessFiveTimes = async (identifier: string, channel: string): Promise<void> => {
      const token = await asked(identifier, { channel });
      for (let guess = 0; guess < 5; guess += 1)
        assert.equal((await post('/recovery/verify', { token, code: `00000${guess}` })).status, 422);
    };

    test('thirty guesses by six of its doors: from then on no code of six digits opens it', async () => {
      const onItsWay = await asked(LAST);
      const code = newestCode(LAST);
      assert.equal(code.length, 6);
      const atNobody = await asked(NOBODY);
      for (const identifier of [FIRST, EMAILS[1]!, PHONE])
        for (const channel of ['email', 'sms']) await guessFiveTimes(identifier, channel);

      const right = await post('/recovery/verify', { token: onItsWay, code });
      assert.deepEqual(told(right), [422, 'wrong_code', 4]);
      assert.deepEqual(told(right), told(await post('/recovery/verify', { token: atNobody, code: '123456' })));
    });

    test('its owner has a code that opens it all the same: by mail, by text, and of the same length every time', async () => {
      const byMail = await asked(EMAILS[2]!);
      const code = newestCode(EMAILS[2]!);
      assert.equal(code.length, UNTOLD_CODE.length);
      assert.equal((await post('/recovery/verify', { token: byMail, code })).status, 200);

      const byText = await asked(LAST, { channel: 'sms' });
      const texted = /#(\d+)$/.exec(shop.receiver.taken.at(-1)?.text ?? '')?.[1] ?? '';
      assert.equal(texted.length, UNTOLD_CODE.length);
      assert.deepEqual(
        told(
          await post('/recovery/verify', {
            token: byText,
            code: texted.replace(/^./, (first) => String((Number(first) + 1) % 10)),
          }),
        ),
        [422, 'wrong_code', 4],
      );
      assert.equal((await post('/recovery/verify', { token: byText, code: texted })).status, 200);
    });

    test('nobody who lacks the messages sees a difference, typing twelve digits included', async () => {
      const [known, unknown] = [await asked(LAST), await asked('nobody.else@example.com')];
      for (const code of ['1', '000000', '000000000000', '1234567890123'])
        assert.deepEqual(
          told(await post('/recovery/verify', { token: known, code })),
          told(await post('/recovery/verify', { token: unknown, code })),
          code,
        );
    });

    test('a browser that the account knows is asked for six digits, and they open it', async () => {
      const { device } = (await post('/sessions', { identifier: FIRST, password: OLD_PASSWORD })).json;
      const { token } = (await post('/recovery', { identifier: FIRST, device })).json;
      await shop.program.settled();
      const code = newestCode(FIRST);
      assert.equal(code.length, CODE_LADDER[0].length);
      assert.equal((await post('/recovery/verify', { token, code })).status, 200);
    });

    test('it comes back by one guess in six days; at rungs beyond, nothing is counted', async () => {
      await shop.program.advance(ACCOUNT_GUESSES.refillMs + 1_000);
      const again = await asked(LAST);
      const code = newestCode(LAST);
      assert.equal(code.length, 6);
      assert.equal((await post('/recovery/verify', { token: again, code })).status, 200);
      assert.equal((await post('/recovery/password', { token: again, password: NEW_PASSWORD })).status, 200);
      assert.ok(UNTOLD_CODE.length > LONGEST_CODE.length);
    });
  });
