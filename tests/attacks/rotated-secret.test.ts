/** Rotating REGAIN_SECRET: A, then "B,A", then B, on the running program (docs/how-to/rotate-the-secret.md). */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createKeys } from '../../src/keys.ts';
import { CODE_LIFETIME_MS, CODE_RENEWED_BELOW_MS } from '../../src/rules/limits.ts';
import { ENGINES, type TestDatabase } from '../engines.ts';
import { startInProcess } from '../in-process.ts';
import { addPerson, codeIn, linkIn, NEW_PASSWORD, OLD_PASSWORD, wrongCode } from '../people.ts';
import { type Running, serve } from '../regain.ts';
import { type SmtpSink, startSmtpSink } from '../smtp-sink.ts';
import { callApi, Visitor } from '../visitor.ts';

const A = 'the first secret of this shop; long enough 1';
const B = 'the second secret of this shop; long enough 2';
const ORIGIN = 'http://localhost:1';

for (const engine of Object.keys(ENGINES) as (keyof typeof ENGINES)[])
  describe(`a rotated secret, on ${engine}`, () => {
    let sink: SmtpSink;
    let database: TestDatabase;
    let program: Running;
    before(async () => {
      sink = await startSmtpSink();
      database = await ENGINES[engine]();
    });
    after(async () => {
      await program.stop();
      await sink.stop();
      await database.remove();
    });

    const startWith = async (secret: string): Promise<void> => {
      await program?.stop();
      program = await serve({
        NODE_ENV: 'production',
        REGAIN_ORIGIN: ORIGIN,
        REGAIN_SECRET: secret,
        REGAIN_DATABASE_URL: database.url,
        REGAIN_SMTP_URL: sink.url,
        REGAIN_MAIL_FROM: 'Shop <no-reply@shop.example>',
      });
    };
    const api = (path: string, body: object) => callApi(fetch, program.origin, 'POST', `/api/v1${path}`, { body });
    const mail = async (address: string, count: number) => {
      const of = () => sink.messages.filter(({ to }) => to === address);
      await sink.waitFor(() => of().length >= count, `mail ${count} to ${address}`);
      return of()[count - 1] as (typeof sink.messages)[number];
    };
    const start = async (identifier: string): Promise<{ token: string; codeLength: number }> =>
      (await api('/recovery', { identifier })).json;
    const register = async (identifier: string): Promise<void> => {
      const { token } = (await api('/registration', { identifier })).json;
      assert.equal((await api('/registration/verify', { token, code: codeIn(await mail(identifier, 1)) })).status, 200);
      assert.equal((await api('/registration/complete', { token, name: 'Jane', password: OLD_PASSWORD })).status, 201);
    };
    const browser = () => new Visitor((request) => fetch(request), program.origin);

    test('with both, everything of the first lives; without it, its links are gone and counters begin anew', async () => {
      await startWith(A);
      const owners = ['living', 'cancelled', 'changed', 'guessed'].map((name) => `${name}@example.com`);
      for (const owner of owners) await register(owner);
      const [living, cancelled, changed, guessed] = owners as [string, string, string, string];
      const session = (await api('/sessions', { identifier: living, password: OLD_PASSWORD })).json.token;
      const recoveries = new Map<string, string>();
      for (const owner of [living, cancelled, changed, guessed]) recoveries.set(owner, (await start(owner)).token);
      const codeOf = async (owner: string): Promise<string> => codeIn(await mail(owner, 2));
      const token = recoveries.get(changed);
      assert.equal((await api('/recovery/verify', { token, code: await codeOf(changed) })).status, 200);
      assert.equal((await api('/recovery/password', { token, password: NEW_PASSWORD })).status, 200);
      const notMe = linkIn(await mail(changed, 3), '/recover/not-me/');
      const wrong = { token: recoveries.get(guessed), code: wrongCode(await codeOf(guessed)) };
      for (let guess = 0; guess < 5; guess += 1) assert.equal((await api('/recovery/verify', wrong)).status, 422);

      const voided = (await start(guessed)).token;
      const voidedCode = codeIn(await mail(guessed, 3));

      await startWith(`${B},${A}`);
      const current = () => callApi(fetch, program.origin, 'GET', '/api/v1/sessions/current', { token: session });
      assert.equal((await current()).status, 200, 'the session lives');
      const verify = { token: recoveries.get(living), code: await codeOf(living) };
      assert.equal((await api('/recovery/verify', verify)).status, 200, 'the code is right');
      const cancel = linkIn(await mail(cancelled, 2), '/recover/cancel/');
      assert.equal((await browser().post(cancel)).status, 200, 'the cancel link works');
      const late = { token: recoveries.get(cancelled), code: await codeOf(cancelled) };
      assert.equal((await api('/recovery/verify', late)).json.code, 'wrong_code', 'and has cancelled');
      const remembered = await start(guessed);
      assert.equal(remembered.codeLength, 8, 'wrong guesses are remembered');
      await mail(guessed, 4);

      await startWith(B);
      assert.equal((await current()).status, 200, 'sessions hang on no secret');
      assert.equal((await browser().get(notMe)).status, 404, 'the link of a dropped secret is gone');
      assert.equal((await browser().post(notMe)).status, 404);
      const dead = { token: voided, code: voidedCode };
      for (let look = 0; look < 7; look += 1)
        assert.equal((await api('/recovery/verify', dead)).json.code, 'code_expired', 'not wrong, and no try is taken');
      const renewed = await api('/recovery/resend', { token: voided });
      assert.equal(renewed.status, 202, 'a code that nobody can know is replaced without waiting');
      const fresh = { token: voided, code: codeIn(await mail(guessed, 5)) };
      assert.equal((await api('/recovery/verify', fresh)).status, 200);
      assert.equal((await start(guessed)).codeLength, 6, 'counters begin anew: the how-to says so');
    });

    test('a code lives on beside the new one that "send again" made after the change, and so does the new one', async (t) => {
      const shop = await startInProcess(engine, { REGAIN_SECRET: `${B},${A}` });
      t.after(() => shop.close());
      const post = (path: string, body: object) => shop.api('POST', path, { body });
      const codeOf = async (email: string, count: number): Promise<string> => {
        const mails = () => shop.sink.messages.filter(({ to }) => to === email);
        await shop.sink.waitFor(() => mails().length >= count, `mail ${count} to ${email}`);
        return codeIn(mails()[count - 1]!);
      };
      const typed: [email: string, which: 'old' | 'new'][] = [
        ['patient@example.com', 'new'],
        ['hasty@example.com', 'old'],
      ];
      const { context } = shop.regain;
      const both = context.keys;
      context.keys = createKeys([A]);
      const begun = new Map<string, { token: string; code: string }>();
      for (const [email] of typed) {
        await addPerson(shop, { emails: [email] });
        const { token } = (await post('/recovery', { identifier: email })).json;
        begun.set(email, { token, code: await codeOf(email, 1) });
        await shop.settled();
      }
      context.keys = both;
      await shop.advance(CODE_LIFETIME_MS - CODE_RENEWED_BELOW_MS + 1);
      for (const [email, which] of typed) {
        const { token, code } = begun.get(email)!;
        assert.equal((await post('/recovery/resend', { token })).status, 202);
        const fresh = await codeOf(email, 2);
        assert.notEqual(fresh, code);
        const { status } = await post('/recovery/verify', { token, code: which === 'old' ? code : fresh });
        assert.equal(status, 200, `the ${which} code is right`);
      }
    });
  });
