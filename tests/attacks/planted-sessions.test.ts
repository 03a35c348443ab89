/** Nobody is signed in by recovering, and what an attacker puts into a browser beforehand is worth nothing afterwards. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { codeIn, NEW_PASSWORD, OLD_PASSWORD } from '../people.ts';
import { openShop, type RunningShop } from '../running-shop.ts';
import type { Answer } from '../visitor.ts';

const SESSION = '__Host-regain-session';
const RECOVERY = '__Host-regain-recovery';
const form = { password: NEW_PASSWORD, password2: NEW_PASSWORD };

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`planted sessions on ${engine}`, () => {
    let shop: RunningShop;
    before(async () => {
      shop = await openShop(engine);
    });
    after(() => shop.close());

    const isSignedIn = async (token: string | undefined): Promise<boolean> =>
      token !== undefined && (await shop.api('GET', '/sessions/current', { token })).status === 200;

    test('row 2, Keycloak GHSA-j229-2h63-rvh9 (CVE-2020-1718): recovering beside a signed-in person gives no session and takes none', async () => {
      const [owner, other] = [await shop.someone(), await shop.someone()];
      const guest = shop.visitor();
      assert.equal((await guest.post('/sign-in', { identifier: other, password: OLD_PASSWORD })).url, '/account');
      const session = guest.cookies.get(SESSION);
      const pages: Answer[] = [
        await guest.post('/recover', { identifier: owner }),
        await guest.post('/recover/code', { code: codeIn(await shop.mail(owner)) }),
        await guest.post('/recover/password', form),
      ];
      assert.deepEqual(
        pages.map(({ url }) => url),
        ['/recover/code', '/recover/password', '/sign-in'],
      );
      assert.equal(guest.cookies.get(SESSION), session, 'still the other person');
      const account = await guest.get('/account');
      assert.match(account.text, new RegExp(other));
      assert.doesNotMatch(account.text, new RegExp(owner));
      assert.equal((await shop.sql(SESSIONS_OF, owner)).length, 0);
    });

    test('row 2, Keycloak GHSA-j229-2h63-rvh9 (CVE-2020-1718): nor does recovering from within a sign-in, at any step', async () => {
      const owner = await shop.someone();
      const guest = shop.visitor();
      await guest.post('/sign-in', { identifier: owner, password: 'not the password 1' });
      await guest.post('/recover/from-sign-in', { identifier: owner, password: 'not the password 1' });
      const steps = [
        () => guest.post('/recover', { identifier: owner }),
        async () => guest.post('/recover/code', { code: codeIn(await shop.mail(owner)) }),
        () => guest.post('/recover/password', form),
      ];
      for (const step of steps) {
        await step();
        assert.equal(guest.cookies.get(SESSION), undefined);
        assert.equal((await guest.get('/account')).url, '/sign-in');
      }
      assert.equal((await shop.sql(SESSIONS_OF, owner)).length, 0);
    });

    test('row 3, Keycloak #40744: naming somebody, and even proving to be him, sets nothing that another endpoint trusts', async () => {
      const owner = await shop.someone();
      const guest = shop.visitor();
      await guest.post('/recover', { identifier: owner });
      const named = guest.cookies.get(RECOVERY) as string;
      const code = codeIn(await shop.mail(owner));
      await trustedNowhere(named);
      await guest.post('/recover/code', { code });
      await trustedNowhere(guest.cookies.get(RECOVERY) as string);
      assert.deepEqual([...guest.cookies.keys()], [RECOVERY]);
    });

    async function trustedNowhere(token: string): Promise<void> {
      assert.equal(await isSignedIn(token), false);
      assert.equal((await shop.api('GET', '/registration', { token })).status, 404);
      const thief = shop.visitor();
      for (const name of ['session', 'registration', 'device']) thief.cookies.set(`__Host-regain-${name}`, token);
      assert.equal((await thief.get('/account')).url, '/sign-in');
      assert.equal((await thief.post('/account/sign-out-elsewhere')).url, '/sign-in');
      assert.equal((await thief.get('/register/complete')).url, '/register');
      assert.equal((await thief.get('/register/code')).url, '/register');
      const registered = await shop.post('/registration/complete', { token, name: 'Thief', password: NEW_PASSWORD });
      assert.equal(registered.status, 404);
    }

    test('row 11, Keycloak CVE-2026-7507: a recovery or session is never taken from an address', async () => {
      const owner = await shop.someone();
      // In this order: a sign-in voids what was not finished.
      const session = (await shop.post('/sessions', { identifier: owner, password: OLD_PASSWORD })).json.token;
      const token = await shop.proven(owner);
      const carriers = (value: string): string[] => [
        ...['token', 'recovery', 'session', 'flow', 'id', 'session_code', 'execution', 'regain-recovery', RECOVERY, SESSION]
          .map((name) => `?${name}=${value}`),
        `;jsessionid=${value}`,
        `#${value}`,
      ]; // biome-ignore format: one list
      for (const carrier of [...carriers(token), ...carriers(session)]) {
        for (const [path, leadsTo] of [
          ['/recover/code', '/recover'],
          ['/recover/password', '/recover'],
          ['/account', '/sign-in'],
        ] as const) {
          const victim = shop.visitor();
          const { url } = await victim.get(path + carrier);
          if (!carrier.startsWith(';')) assert.equal(url, leadsTo, carrier);
          assert.equal(victim.cookies.size, 0, carrier);
        }
        const set = await shop.visitor().post(`/recover/password${carrier}`, form);
        assert.notEqual(set.url, '/sign-in', carrier);
      }
    });

    test('row 11, Keycloak CVE-2026-7507: a planted recovery gets a new cookie with its new right; the planter’s is worth nothing', async () => {
      const owner = await shop.someone();
      const thief = shop.visitor();
      await thief.post('/recover', { identifier: owner });
      const planted = thief.cookies.get(RECOVERY) as string;
      const victim = shop.visitor();
      victim.cookies.set(RECOVERY, planted);
      await victim.post('/recover/code', { code: codeIn(await shop.mail(owner)) });
      assert.notEqual(victim.cookies.get(RECOVERY), planted);
      const before = await shop.passwordHash(owner);
      assert.equal((await thief.get('/recover/password')).url, '/recover');
      await thief.post('/recover/password', form);
      assert.equal((await shop.post('/recovery/password', { token: planted, password: NEW_PASSWORD })).status, 404);
      assert.equal(await shop.passwordHash(owner), before);
      assert.equal((await victim.post('/recover/password', form)).url, '/sign-in');
    });

    test('row 23, Zitadel CVE-2024-28197: the handle changes at the proof, at the new password and at the sign-in; the ones of before are dead', async () => {
      const owner = await shop.someone();
      const planted = (await shop.post('/sessions', { identifier: owner, password: OLD_PASSWORD })).json.token;
      const victim = shop.visitor();
      victim.cookies.set(SESSION, planted);
      await victim.post('/recover', { identifier: owner });
      const asked = victim.cookies.get(RECOVERY) as string;
      await victim.post('/recover/code', { code: codeIn(await shop.mail(owner)) });
      const proven = victim.cookies.get(RECOVERY) as string;
      assert.notEqual(proven, asked);
      assert.equal((await shop.api('GET', '/recovery', { token: asked })).status, 404);
      await victim.post('/recover/password', form);
      assert.equal(await isSignedIn(planted), false, 'ended with the new password');
      assert.equal((await shop.post('/recovery/password', { token: proven, password: OLD_PASSWORD })).status, 404);
      assert.equal((await victim.get('/account')).url, '/sign-in');

      victim.cookies.set(SESSION, planted);
      const signedIn = await victim.post('/sign-in', { identifier: owner, password: NEW_PASSWORD });
      assert.equal(signedIn.url, '/account');
      assert.notEqual(victim.cookies.get(SESSION), planted, 'a new one');
      assert.equal(victim.cookies.get(RECOVERY), undefined);
      assert.equal(await isSignedIn(planted), false);
      assert.equal(await isSignedIn(victim.cookies.get(SESSION)), true);
    });

    const SESSIONS_OF =
      'select id from sessions where account_id in (select account_id from addresses where canonical = ?)';
  });
