/** What was issued for one thing is worth nothing for another: codes, handles and signed links never cross over. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { codeIn, linkIn, NEW_PASSWORD, OLD_PASSWORD } from '../people.ts';
import { openShop, type RunningShop } from '../running-shop.ts';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`other purposes on ${engine}`, () => {
    let shop: RunningShop;
    before(async () => {
      shop = await openShop(engine);
    });
    after(() => shop.close());

    test('row 36, Joplin CVE-2026-105785: the code that confirms an address recovers nothing, and the other way round', async () => {
      const owner = await shop.someone();
      const recovery = await shop.recovery(owner);
      const fresh = 'fresh@example.com';
      const registering = (await shop.post('/registration', { identifier: fresh })).json.token;
      const registration = { token: registering, code: codeIn(await shop.mail(fresh)) };
      for (const [path, token, code] of [
        ['/recovery/verify', recovery.token, registration.code],
        ['/registration/verify', registration.token, recovery.code],
      ] as const)
        assert.deepEqual((await shop.post(path, { token, code })).json.code, 'wrong_code', path);
      assert.equal((await shop.post('/registration/verify', registration)).status, 200);
      assert.equal((await shop.post('/recovery/verify', recovery)).status, 200);
    });

    test('row 36, Joplin CVE-2026-105785: the same row read as another purpose derives another code: the purpose is part of the MAC', async () => {
      const owner = await shop.someone();
      const { token, code } = await shop.recovery(owner);
      await shop.sql("update proofs set purpose = 'registration' where identifier = ?", owner);
      const crossed = await shop.post('/registration/verify', { token, code });
      assert.equal(crossed.json.code, 'wrong_code');
      await shop.sql("update proofs set purpose = 'recovery' where identifier = ?", owner);
      assert.equal((await shop.post('/recovery/verify', { token, code })).status, 200);
    });

    test('row 36, Joplin CVE-2026-105785: a handle works at the endpoints of its purpose only, before and after the proof', async () => {
      const owner = await shop.someone();
      const fresh = 'handle@example.com';
      const recovery = await shop.recovery(owner);
      const registering = (await shop.post('/registration', { identifier: fresh })).json.token;
      const code = codeIn(await shop.mail(fresh));
      const complete = (token: string) =>
        shop.post('/registration/complete', { token, name: 'Thief', password: NEW_PASSWORD });
      const crossings = async (): Promise<void> => {
        assert.equal(
          (await shop.post('/recovery/password', { token: registering, password: NEW_PASSWORD })).status,
          404,
        );
        assert.equal((await shop.post('/recovery/verify', { token: registering, code })).status, 404);
        assert.equal((await shop.post('/recovery/resend', { token: registering })).status, 404);
        assert.equal((await shop.api('GET', '/recovery', { token: registering })).status, 404);
        assert.equal((await complete(recovery.token)).status, 404);
        assert.equal((await shop.post('/registration/verify', recovery)).status, 404);
        assert.equal((await shop.post('/registration/resend', { token: recovery.token })).status, 404);
        for (const token of [registering, recovery.token])
          assert.equal((await shop.api('GET', '/sessions/current', { token })).status, 401);
      };
      await crossings();
      assert.equal((await shop.post('/recovery/verify', recovery)).status, 200);
      assert.equal((await shop.post('/registration/verify', { token: registering, code })).status, 200);
      await crossings();
    });

    test('row 36, Joplin CVE-2026-105785: signed links and the device cookie are signed for one thing each', async () => {
      const owner = await shop.someone();
      const guest = shop.visitor();
      await guest.post('/sign-in', { identifier: owner, password: OLD_PASSWORD });
      const device = guest.cookies.get('__Host-regain-device') as string;
      const first = (await shop.post('/recovery', { identifier: owner })).json.token;
      const mail = await shop.mail(owner);
      const cancel = linkIn(mail, '/cancel/').split('/').at(-1) as string;
      assert.equal((await shop.post('/recovery/verify', { token: first, code: codeIn(mail) })).status, 200);
      await shop.post('/recovery/password', { token: first, password: NEW_PASSWORD });
      const notMe = linkIn(await shop.mail(owner), '/not-me/')
        .split('/')
        .at(-1) as string;
      const before = await shop.passwordHash(owner);

      const forged = [device, encodeURIComponent(device), first, `${cancel.split('.')[0]}.`, `${cancel.split('.')[0]}`];
      for (const [path, signed] of [
        ...[cancel, ...forged].map((value) => ['/recover/not-me/', value] as const),
        ...[notMe, ...forged].map((value) => ['/recover/cancel/', value] as const),
      ]) {
        const answer = await shop.visitor().post(path + signed);
        assert.equal(answer.status, 404, path + signed);
      }
      // The link of a recovery mail, and what was signed for something else in its place.
      const asked = (await shop.post('/recovery', { identifier: owner })).json.token;
      await shop.mail(owner, /^Reset your/);
      for (const link of [cancel, notMe, ...forged]) {
        const thief = shop.visitor();
        assert.notEqual((await thief.post('/recover/confirm', { link, answer: 'yes' })).url, '/recover/password');
        assert.equal((await thief.get('/recover/password')).url, '/recover');
      }
      assert.equal((await shop.post('/recovery/password', { token: asked, password: OLD_PASSWORD })).status, 404);
      assert.equal(await shop.passwordHash(owner), before);
      assert.equal((await shop.post('/sessions', { identifier: owner, password: NEW_PASSWORD })).status, 201);
      const [account] = await shop.sql(
        'select password_blocked_at from accounts where id = (select max(account_id) from addresses where canonical = ?)',
        owner,
      );
      assert.equal(account?.password_blocked_at, null);
    });
  });
