/**
 * Somebody earns by texts to numbers of a carrier that shares the price with him: he registers with hundreds of them, from
 * as many networks as he likes. Registering texts whoever is typed, so the money is bounded by the spend guard alone; and
 * what it holds back, he can't tell from what was sent.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CONVERSION, SPEND_LIMITS } from '../../src/rules/spend.ts';
import { addPerson } from '../people.ts';
import { startTextingShop } from '../texting-shop.ts';
import { callApi } from '../visitor.ts';

const premium = (at: number): string => `+3361234${String(at).padStart(4, '0')}`;
const OWNER = premium(5_000);

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`pumped registrations on ${engine}`, () => {
    for (const enters of [false, true])
      test(`300 registrations over 100 numbers of one prefix, ${enters ? 'each code entered' : 'no code entered'}`, async (t) => {
        const shop = await startTextingShop(engine, {
          REGAIN_SMS_COUNTRIES: 'FR,DE',
          REGAIN_PRICES: 'sms:FR=0.07,sms:DE=0.10',
          REGAIN_BUSY_HOUR_SENDS: '100000',
        });
        t.after(() => shop.close());
        const { program, receiver } = shop;
        await addPerson(program, { emails: [], phones: [OWNER] });
        const call = (path: string, body: object, network: number) =>
          callApi(
            (request) => program.regain.fetch(request, { peer: `198.51.${network >> 8}.${network & 255}` }),
            program.regain.config.origin,
            'POST',
            `/api/v1${path}`,
            { body },
          );
        const textsTo = (beginning: string) => receiver.taken.filter(({ to }) => to.startsWith(beginning));

        const answers = new Set<string>();
        for (let at = 0; at < 300; at += 1) {
          const identifier = premium(at % 100);
          const { status, json } = await call('/registration', { identifier }, at);
          answers.add(JSON.stringify([status, { ...json, token: '' }]));
          await program.settled();
          const text = enters ? receiver.taken.findLast(({ to }) => to === identifier)?.text : undefined;
          const code = text && /#(\d+)$/.exec(text)?.[1];
          if (code) await call('/registration/verify', { token: json.token, code }, at);
        }
        const cap = enters ? SPEND_LIMITS.prefix.newcomer.burst : CONVERSION.leastSent;
        assert.equal(textsTo('+3361234').length, cap);
        // All that differs is how often one number was asked for: its own limit of the form, told to everybody alike.
        assert.deepEqual(
          [...answers].filter((answer) => !answer.startsWith('[202') && !answer.startsWith('[429')),
          [],
        );

        const german = await call('/registration', { identifier: '+4915112345678' }, 600);
        assert.equal(german.status, 202);
        // The provider may have closed connections that were idle meanwhile: then it is tried again.
        for (let waitedS = 0; waitedS < 30; waitedS += 1) await program.advance(1_000);
        assert.equal(textsTo('+49').length, 1, 'another country goes on');
        await call('/recovery', { identifier: OWNER }, 601);
        for (let waitedS = 0; waitedS < 30; waitedS += 1) await program.advance(1_000);
        assert.equal(textsTo(OWNER).length, 1, 'whoever recovers by a number of this very prefix is served');
        assert.ok(program.logged.some(({ event }) => event === 'spend-held-back'));
      });
  });
