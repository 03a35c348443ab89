/** The password step is reached by no other way than the right code of this very recovery, whatever is pressed before. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { TRIES_PER_CODE } from '../../src/rules/limits.ts';
import { ROUTES } from '../../src/web/routes.ts';
import { codeIn, linkIn, NEW_PASSWORD, OLD_PASSWORD, wrongCode } from '../people.ts';
import { openShop, type RunningShop } from '../running-shop.ts';
import type { Visitor } from '../visitor.ts';

const RECOVERY = '__Host-regain-recovery';
const REGISTRATION = '__Host-regain-registration';
/** What a flow that believes its client would be steered by. */
const STEERING: Record<string, string> = {
  state: 'verified',
  verified: 'true',
  step: 'password',
  execution: 'reset-password',
  tryAnotherWay: 'on',
  action: 'finish',
  channel: 'email',
  skip: '1',
  proof: 'verified',
};

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`skipped steps on ${engine}`, () => {
    let shop: RunningShop;
    before(async () => {
      shop = await openShop(engine);
    });
    after(() => shop.close());

    /** A browser whose recovery has come this far, and no further. */
    const UNPROVEN: Record<string, (email: string) => Promise<Visitor>> = {
      async 'nothing was asked for'() {
        return shop.visitor();
      },
      async 'a code was sent'(email) {
        const guest = shop.visitor();
        await guest.post('/recover', { identifier: email });
        await shop.mail(email);
        return guest;
      },
      async 'the code was guessed to death'(email) {
        const guest = shop.visitor();
        await guest.post('/recover', { identifier: email });
        const code = codeIn(await shop.mail(email));
        for (let tries = 0; tries < TRIES_PER_CODE; tries += 1)
          await guest.post('/recover/code', { code: wrongCode(code) });
        return guest;
      },
      async 'the recovery was cancelled by its mail'(email) {
        const guest = shop.visitor();
        await guest.post('/recover', { identifier: email });
        await shop.visitor().post(linkIn(await shop.mail(email), '/cancel/'));
        return guest;
      },
      async 'another address was proven, for a registration'(email) {
        const guest = shop.visitor();
        const own = `own-${email}`;
        await guest.post('/register', { identifier: own });
        await guest.post('/register/code', { code: codeIn(await shop.mail(own)) });
        assert.equal((await guest.get('/register/complete')).status, 200);
        await guest.post('/recover', { identifier: email });
        await shop.mail(email);
        return guest;
      },
      async 'another tab was finished'(email) {
        const guest = shop.visitor();
        await guest.post('/recover', { identifier: email });
        const code = codeIn(await shop.mail(email));
        const first = guest.cookies.get(RECOVERY) as string;
        await guest.post('/recover/code', { code });
        // The tab that proved nothing: the cookie of before, and a second recovery beside it.
        guest.cookies.set(RECOVERY, first);
        await guest.post('/recover', { identifier: email });
        await shop.mail(email);
        return guest;
      },
    };

    for (const [state, reach] of Object.entries(UNPROVEN))
      test(`row 1, Keycloak CVE-2026-18963: ${state}: no address, parameter or order of them leads to the password step`, async () => {
        const email = await shop.someone();
        const before = await shop.passwordHash(email);
        const guest = await reach(email);
        const form = { password: NEW_PASSWORD, password2: NEW_PASSWORD, ...STEERING };
        const query = new URLSearchParams(STEERING).toString();
        const tryToSet = async (how: string): Promise<void> => {
          for (const path of ['/recover/password', `/recover/password?${query}`]) {
            const shown = await guest.get(path);
            assert.doesNotMatch(shown.text, /action="\/recover\/password"/, how);
            const set = await guest.post(path, form);
            assert.doesNotMatch(set.url, /^\/sign-in/, how);
            assert.doesNotMatch(set.text, /action="\/recover\/password"/, how);
          }
          for (const cookie of [RECOVERY, REGISTRATION]) {
            const token = guest.cookies.get(cookie) ?? 'none';
            const { status } = await shop.post('/recovery/password', { token, password: NEW_PASSWORD });
            assert.equal(status, 404, how);
          }
        };
        await tryToSet('at once');
        const held = [...guest.cookies];
        // Completing the registration is its own right; it is tried where it does not end the state.
        for (const [method, path] of ROUTES.filter(([, address]) => address !== '/register/complete')) {
          const address = path.replace(':token', 'forged');
          guest.cookies.clear();
          for (const [name, value] of held) guest.cookies.set(name, value);
          if (method === 'GET') await guest.get(`${address}?${query}`);
          else await guest.post(address, { identifier: `else-${email}`, code: '0', ...form });
          await tryToSet(`after ${method} ${path}`);
        }
        assert.equal(await shop.passwordHash(email), before);
      });

    test('row 1, Keycloak CVE-2026-18963: the same presses with the right code do lead there, once', async () => {
      const email = await shop.someone();
      const guest = shop.visitor();
      await guest.post('/recover', { identifier: email });
      await guest.get('/recover/another-way');
      const right = await guest.post('/recover/code', { code: codeIn(await shop.mail(email)) });
      assert.equal(right.url, '/recover/password');
      const form = { password: NEW_PASSWORD, password2: NEW_PASSWORD };
      assert.equal((await guest.post('/recover/password', form)).url, '/sign-in');
      const after = await shop.passwordHash(email);
      await guest.post('/recover/password', { password: OLD_PASSWORD, password2: OLD_PASSWORD });
      assert.equal(await shop.passwordHash(email), after);
    });

    test('row 24, authentik CVE-2023-26481: the proof of one account sets no other password, whoever is named beside it', async () => {
      const [mine, victims] = [await shop.someone(), await shop.someone()];
      const before = await shop.passwordHash(victims);
      const [victim] = await shop.sql('select account_id from addresses where canonical = ?', victims);
      const named = {
        identifier: victims,
        email: victims,
        user: victims,
        username: victims,
        accountId: String(victim?.account_id),
        account_id: String(victim?.account_id),
      };
      const token = await shop.proven(mine);
      for (const [field, value] of Object.entries(named)) {
        const { status } = await shop.post('/recovery/password', { token, password: NEW_PASSWORD, [field]: value });
        assert.equal(status, 400, field);
      }
      const guest = shop.visitor();
      guest.cookies.set(RECOVERY, token);
      const query = new URLSearchParams(named).toString();
      assert.match((await guest.get(`/recover/password?${query}`)).text, new RegExp(mine));
      const form = { password: NEW_PASSWORD, password2: NEW_PASSWORD, ...named };
      assert.equal((await guest.post(`/recover/password?${query}`, form)).url, '/sign-in');
      assert.equal(await shop.passwordHash(victims), before);
      assert.equal((await shop.post('/sessions', { identifier: mine, password: NEW_PASSWORD })).status, 201);
      assert.equal((await shop.post('/sessions', { identifier: victims, password: OLD_PASSWORD })).status, 201);
    });
  });
