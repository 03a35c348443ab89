/** What was proven about an account counts only while the account is still the one that it was proven about. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { SETTINGS } from '../../src/config.ts';
import { ROUTES } from '../../src/web/routes.ts';
import { codeIn, linkIn, NEW_PASSWORD, OLD_PASSWORD } from '../people.ts';
import { openShop, type RunningShop } from '../running-shop.ts';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`an account that changes meanwhile on ${engine}`, () => {
    let shop: RunningShop;
    before(async () => {
      shop = await openShop(engine);
    });
    after(() => shop.close());

    const idOf = async (email: string): Promise<string> =>
      String(
        (await shop.sql('select account_id from addresses where canonical = ? and removed_at is null', email))[0]
          ?.account_id,
      );
    /** What any change of the account's credentials does. */
    const nextGeneration = async (email: string) =>
      shop.sql('update accounts set generation = generation + 1 where id = ?', await idOf(email));
    /** The mailbox or number is somebody else's now. */
    const giveAway = async (address: string, to: string): Promise<void> => {
      const heir = await idOf(to);
      await shop.sql('update addresses set removed_at = 1 where canonical = ?', address);
      const kind = address.startsWith('+') ? 'phone' : 'email';
      await shop.sql(
        'insert into addresses (account_id, kind, value, canonical, confirmed_at, created_at) values (?, ?, ?, ?, 1, 1)',
        heir,
        kind,
        address,
        address,
      );
    };
    const set = (token: string) => shop.post('/recovery/password', { token, password: NEW_PASSWORD });

    test('row 10, Keycloak CVE-2025-7365: every code mail names what the code is for and the account, and both differ by purpose', async () => {
      const owner = await shop.someone();
      await shop.post('/recovery', { identifier: owner });
      const recovery = await shop.mail(owner);
      assert.match(recovery.subject, /^Reset your Shop password\?$/);
      assert.match(recovery.text, /reset the password of your Shop account\s+\(p\*\*\*@example\.com\)/);
      await shop.post('/registration', { identifier: 'fresh@example.com' });
      const registration = await shop.mail('fresh@example.com');
      assert.match(registration.subject, /^Confirm your email address for Shop$/);
      assert.match(registration.text, /creating an account at Shop with this email address\s+\(f\*\*\*@example\.com\)/);
    });

    test('row 10, Keycloak CVE-2025-7365: an address named later is not the one that gets confirmed', async () => {
      const attacker = 'attacker@example.com';
      const victim = 'victim-to-be@example.com';
      const guest = shop.visitor();
      await guest.post('/register', { identifier: attacker });
      const named = { identifier: victim, email: victim, typed: victim };
      await guest.post('/register/code', { code: codeIn(await shop.mail(attacker)), ...named });
      const form = { name: 'A', password: NEW_PASSWORD, password2: NEW_PASSWORD, ...named };
      assert.equal((await guest.post('/register/complete', form)).url, '/sign-in');
      assert.deepEqual(await shop.sql('select id from addresses where canonical = ?', victim), []);
      assert.notEqual(await idOf(attacker), 'undefined');
    });

    test('row 10, Keycloak CVE-2025-7365: when the address leaves the account, its recoveries die: code, permission and "send again"', async () => {
      const [coded, proven, resent] = [await shop.someone(), await shop.someone(), await shop.someone()];
      const heir = await shop.someone();
      const before = await Promise.all([coded, proven, resent].map(hashOf));
      const first = await shop.recovery(coded);
      const second = await shop.proven(proven);
      const third = await shop.recovery(resent);
      for (let tries = 0; tries < 5; tries += 1)
        await shop.post('/recovery/verify', { token: third.token, code: wrongFor(third.code) });
      const ids = await Promise.all([coded, proven, resent].map(idOf));
      for (const email of [coded, proven, resent]) await giveAway(email, heir);

      assert.equal((await shop.post('/recovery/verify', first)).json.code, 'wrong_code', 'the code sent before');
      assert.equal((await set(first.token)).status, 404);
      assert.equal((await set(second)).status, 404, 'the permission given before');
      assert.equal((await shop.post('/recovery/resend', { token: third.token })).status, 202);
      await shop.drained();
      const late = shop.sink.messages.filter(({ to, subject }) => to === resent && /^Reset/.test(subject));
      assert.equal(late.length, 1, 'no code of the old account goes to the new owner of its address');
      for (const [at, id] of ids.entries()) {
        const [account] = await shop.sql('select password_hash from accounts where id = ?', id);
        assert.equal(account?.password_hash, before[at]);
      }
    });

    const hashOf = async (email: string): Promise<unknown> => shop.passwordHash(email);
    const wrongFor = (code: string): string => code.slice(0, -1) + ((Number(code.at(-1)) + 1) % 10);

    test('row 28, Kratos CVE-2024-45042: what is required is looked up when it is decided: a proof from before a change is worth nothing', async () => {
      const [coded, proven] = [await shop.someone(), await shop.someone()];
      const first = await shop.recovery(coded);
      const second = await shop.proven(proven);
      const before = await Promise.all([coded, proven].map(hashOf));
      await nextGeneration(coded);
      await nextGeneration(proven);
      const verified = await shop.post('/recovery/verify', first);
      assert.deepEqual([verified.status, verified.json.code], [422, 'wrong_code']);
      assert.equal((await set(first.token)).status, 404);
      assert.equal((await set(second)).status, 404);
      const guest = shop.visitor();
      guest.cookies.set('__Host-regain-recovery', second);
      await guest.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
      assert.deepEqual(await Promise.all([coded, proven].map(hashOf)), before);
    });

    test('row 28, Kratos CVE-2024-45042: a session is worth what its account is now: a blocked password opens nothing at once', async () => {
      const owner = await shop.someone();
      await set(await shop.proven(owner));
      const notice = await shop.mail(owner);
      assert.match(notice.subject, /was changed/);
      const { token } = (await shop.post('/sessions', { identifier: owner, password: NEW_PASSWORD })).json;
      const pending = await shop.proven(owner);
      await shop.visitor().post(linkIn(notice, '/not-me/'));
      assert.equal((await shop.api('GET', '/sessions/current', { token })).status, 401);
      assert.equal((await shop.post('/sessions', { identifier: owner, password: NEW_PASSWORD })).status, 401);
      assert.equal((await set(pending)).status, 404);
    });

    test('row 19, Zitadel CVE-2024-32868, CVE-2025-64103: there is no second factor to drop: no address, no field and no setting of one', async () => {
      const factor = /mfa|2fa|totp|webauthn|passkey|second-?factor|authenticator/i;
      for (const [, path] of ROUTES) assert.doesNotMatch(path, factor);
      const document = JSON.stringify(await (await fetch(`${shop.program.origin}/api/openapi.json`)).json());
      assert.doesNotMatch(document, factor);
      for (const { variable } of Object.values(SETTINGS)) assert.doesNotMatch(variable, factor);
      const token = await shop.proven(await shop.someone());
      const dropped = await shop.post('/recovery/password', { token, password: NEW_PASSWORD, removeMfa: true });
      assert.equal(dropped.status, 400);
    });

    test('row 19, Zitadel CVE-2024-32868, CVE-2025-64103: recovering changes the password and nothing else of the account', async () => {
      const owner = await shop.someone({ name: 'Jane', birthday: '1990-12-31', phones: ['+14155550161'] });
      const rows = async () => ({
        account: await shop.sql('select id, name, birthday, locale, created_at from accounts where id = ?', await idOf(owner)),
        addresses: await shop.sql('select * from addresses where account_id = ? order by id', await idOf(owner)),
      }); // biome-ignore format: one line each
      const before = await rows();
      assert.equal((await set(await shop.proven(owner))).status, 200);
      const now = await rows();
      // The mailbox by which it was recovered was proven once more (0039), and it alone.
      const used = before.addresses.findIndex(({ canonical }) => canonical === owner);
      const provenAt = now.addresses[used]?.proven_at;
      assert.ok(Number(provenAt) > Number(before.addresses[used]?.proven_at));
      const addresses = before.addresses.map((row, at) => (at === used ? { ...row, proven_at: provenAt } : row));
      assert.deepEqual(now, { ...before, addresses });
    });

    test('row 20, Zitadel CVE-2026-27946, CVE-2026-54693: nobody calls his own address verified', async () => {
      const victim = 'unproven@example.com';
      const claims = { verified: true, emailVerified: true, email_verified: true, confirmed: true, confirmedAt: 1 };
      for (const [field, value] of Object.entries(claims)) {
        const started = await shop.post('/registration', { identifier: victim, [field]: value });
        assert.equal(started.status, 400, field);
      }
      const { token } = (await shop.post('/registration', { identifier: victim })).json;
      const body = { token, name: 'Thief', password: NEW_PASSWORD };
      for (const [field, value] of Object.entries(claims))
        assert.equal((await shop.post('/registration/complete', { ...body, [field]: value })).status, 400, field);
      assert.equal((await shop.post('/registration/complete', body)).status, 404);
      const guest = shop.visitor();
      await guest.post('/register', { identifier: victim, confirmed: '1' });
      const form = {
        name: 'Thief',
        password: NEW_PASSWORD,
        password2: NEW_PASSWORD,
        confirmed: '1',
        state: 'verified',
      };
      assert.equal((await guest.post('/register/complete', form)).url, '/register/code');
      assert.deepEqual(await shop.sql('select id from addresses where canonical = ?', victim), []);
    });

    test('row 20, Zitadel CVE-2026-27946, CVE-2026-54693: an unverified address gets no recovery code, and its owner is not stuck: he registers it', async () => {
      const unverified = 'claimed-by-another@example.com';
      const squatter = await shop.someone({ unconfirmed: [unverified] });
      const { token } = (await shop.post('/recovery', { identifier: unverified })).json;
      assert.match((await shop.mail(unverified)).subject, /There is no account/);
      assert.equal((await set(token)).status, 404);
      const guest = shop.visitor();
      await guest.post('/register', { identifier: unverified });
      await guest.post('/register/code', { code: codeIn(await shop.mail(unverified)) });
      const form = { name: 'Owner', password: OLD_PASSWORD, password2: OLD_PASSWORD };
      assert.equal((await guest.post('/register/complete', form)).url, '/sign-in');
      const recovered = await shop.proven(unverified);
      const before = await shop.passwordHash(squatter);
      assert.equal((await set(recovered)).status, 200);
      assert.equal(await shop.passwordHash(squatter), before, 'the other account is untouched');
      assert.equal((await shop.post('/sessions', { identifier: unverified, password: NEW_PASSWORD })).status, 201);
    });

    test('row 21, Zitadel CVE-2026-55670: a recycled address or number opens its new owner’s account only', async () => {
      const phone = '+14155550170';
      const [former, heir] = [await shop.someone({ phones: [phone] }), await shop.someone()];
      const before = await shop.passwordHash(former);
      const byPhone = (await shop.post('/recovery', { identifier: phone })).json.token;
      const code = codeIn(await shop.mail(former));
      await giveAway(phone, heir);
      assert.equal((await shop.post('/recovery/verify', { token: byPhone, code })).json.code, 'wrong_code');
      assert.equal((await set(byPhone)).status, 404, 'a recovery by the number that is gone');
      const fresh = (await shop.post('/recovery', { identifier: phone })).json.token;
      assert.match((await shop.mail(heir)).subject, /^Reset/);
      assert.equal((await set(fresh)).status, 404);
      assert.equal(await shop.passwordHash(former), before);
    });

    test('row 21, Zitadel CVE-2026-55670: a device that knew the former owner is signed in to nothing', async () => {
      const [former, heir] = [await shop.someone(), await shop.someone()];
      const device = shop.visitor();
      await device.post('/sign-in', { identifier: former, password: OLD_PASSWORD });
      await device.post('/sign-out');
      assert.ok(device.cookies.has('__Host-regain-device'));
      await giveAway(former, heir);
      assert.equal((await device.get('/account')).url, '/sign-in');
      const wrong = await device.post('/sign-in', { identifier: former, password: `${OLD_PASSWORD} no` });
      assert.equal(wrong.status, 401);
    });
  });
