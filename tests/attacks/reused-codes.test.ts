/** A code opens once, here, for its own recovery; after that it is a number. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { codeIn, linkIn, NEW_PASSWORD, OLD_PASSWORD } from '../people.ts';
import type { Running } from '../regain.ts';
import { openShop, type RunningShop, SHOP_ORIGIN } from '../running-shop.ts';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`used codes on ${engine}`, () => {
    let shop: RunningShop;
    let second: Running;
    before(async () => {
      shop = await openShop(engine);
      second = await shop.secondNode();
    });
    after(() => shop.close());

    const set = (token: string, password = NEW_PASSWORD, node?: Running) =>
      shop.post('/recovery/password', { token, password }, node);
    const verify = (token: string, code: unknown, node?: Running) =>
      shop.post('/recovery/verify', { token, code }, node);

    test('row 30, better-auth commits #8067, #3261, #5050, #10605, #10552, #10368: of 50 redemptions at once, on two nodes, one succeeds', async () => {
      const { token, code } = await shop.recovery(await shop.someone());
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, at) => verify(token, code, at % 2 === 0 ? shop.program : second)),
      );
      assert.equal(answers.filter(({ status }) => status === 200).length, 1);
      assert.ok(answers.every(({ status }) => status < 500));
    });

    test('row 30, better-auth #3261: the code of a recovery by phone number works once, too', async () => {
      const phone = '+14155550121';
      const owner = await shop.someone({ phones: [phone] });
      const { token } = (await shop.post('/recovery', { identifier: phone })).json;
      const code = codeIn(await shop.mail(owner));
      assert.equal((await verify(token, code)).status, 200);
      assert.equal((await verify(token, code)).status, 404);
      const again = (await shop.post('/recovery', { identifier: phone })).json.token;
      await shop.mail(owner);
      assert.equal((await verify(again, code)).json.code, 'wrong_code');
    });

    test('row 30, better-auth #5050: a right-looking code says no more about who exists than a wrong one', async () => {
      const { code } = await shop.recovery(await shop.someone());
      const answers: unknown[] = [];
      for (const identifier of [await shop.someone(), 'nobody-knows@example.com']) {
        const { token } = (await shop.post('/recovery', { identifier })).json;
        await shop.mail(identifier);
        const { status, json } = await verify(token, code);
        answers.push([status, json]);
      }
      assert.deepEqual(answers[0], answers[1]);
      assert.equal((answers[0] as [number])[0], 422);
    });

    test('row 30, better-auth #10605: a weak password burns nothing', async () => {
      const owner = await shop.someone();
      const token = await shop.proven(owner);
      for (const weak of ['password1!', 'short', owner, 'a'.repeat(40)]) {
        const { status, json } = await set(token, weak);
        assert.deepEqual([status, json.code], [422, 'weak_password'], weak);
      }
      assert.equal((await set(token)).status, 200);
    });

    test('row 30, better-auth #10552, #10368: another site can’t make a browser ask, with or without a cookie', async () => {
      const owner = await shop.someone();
      await shop.drained();
      const before = shop.sink.messages.length;
      const elsewhere: Record<string, string>[] = [
        { Origin: 'https://evil.example' },
        { Origin: 'null' },
        { Origin: 'https://accounts.shop.example.evil.example' },
        { 'Sec-Fetch-Site': 'cross-site' },
        { 'Sec-Fetch-Site': 'same-site', Origin: 'https://blog.shop.example' },
      ];
      for (const headers of elsewhere)
        for (const [path, type, body] of [
          ['/recover', 'application/x-www-form-urlencoded', `identifier=${encodeURIComponent(owner)}`],
          ['/register', 'application/x-www-form-urlencoded', `identifier=${encodeURIComponent(owner)}`],
          ['/api/v1/recovery', 'application/json', JSON.stringify({ identifier: owner })],
          ['/api/v1/recovery', 'text/plain', JSON.stringify({ identifier: owner })],
          ['/api/v1/registration', 'application/json', JSON.stringify({ identifier: owner })],
        ] as const) {
          const answer = await fetch(shop.program.origin + path, {
            method: 'POST',
            headers: { 'Content-Type': type, ...headers },
            body,
          });
          assert.equal(answer.status, 403, `${path} ${JSON.stringify(headers)}`);
        }
      await shop.drained();
      assert.equal(shop.sink.messages.length, before);
      const own = await fetch(`${shop.program.origin}/recover`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: SHOP_ORIGIN },
        body: `identifier=${encodeURIComponent(owner)}`,
        redirect: 'manual',
      });
      assert.equal(own.status, 303, 'the shop’s own page may');
    });

    test('row 35, vulnerability-lookup CVE-2026-73431: code, permission and links work once: not again on a second node, not after a restart', async () => {
      const other = `other-${engine}@example.com`;
      const owner = await shop.someone({ emails: [`owner-${engine}@example.com`, other] });
      const { token, code } = await shop.recovery(owner);
      assert.equal((await verify(token, code)).status, 200);
      assert.equal((await verify(token, code, second)).status, 404);
      assert.equal((await set(token)).status, 200);
      const notMe = linkIn(await shop.mail(owner, /was changed/), '/not-me/');
      assert.equal((await set(token, OLD_PASSWORD, second)).status, 404);
      await shop.program.killAndRestart();
      assert.equal((await verify(token, code)).status, 404);
      assert.equal((await set(token, OLD_PASSWORD)).status, 404);
      assert.equal((await shop.post('/sessions', { identifier: owner, password: NEW_PASSWORD })).status, 201);

      const press = (node: Running) => fetch(node.origin + notMe, { method: 'POST' });
      assert.equal((await press(shop.program)).status, 200);
      // The press has begun a recovery by the other address, and stopped the one that was used.
      await shop.mail(other, /^Reset your/);
      await set(await shop.proven(other));
      assert.equal((await press(second)).status, 404, 'what was set since then is not undone by the old link');
      await shop.program.killAndRestart();
      assert.equal((await press(shop.program)).status, 404);
      assert.equal((await shop.post('/sessions', { identifier: owner, password: NEW_PASSWORD })).status, 201);
    });

    test('row 38, ScratchVerifier CVE-2020-26236: parallel recoveries of one account have different codes, each for its own', async () => {
      const owner = await shop.someone();
      const started = await Promise.all(
        Array.from({ length: 4 }, async () => (await shop.post('/recovery', { identifier: owner })).json.token),
      );
      const codes = await Promise.all(started.map(() => shop.mail(owner).then(codeIn)));
      assert.equal(new Set(codes).size, 4);
      const opened: number[] = [];
      for (const token of started) {
        const statuses: number[] = [];
        for (const code of codes) {
          const { status } = await verify(token, code);
          statuses.push(status);
          if (status === 200) opened.push(codes.indexOf(code));
        }
        assert.equal(statuses.filter((status) => status === 200).length, 1);
      }
      assert.deepEqual(opened.sort(), [0, 1, 2, 3], 'every code opened exactly one');
    });

    test('row 39, Devise CVE-2026-32700, CVE-2019-16109: which address was named and which code counts stand in one row that never changes', async () => {
      const [mine, victims] = [await shop.someone(), await shop.someone()];
      const guest = shop.visitor();
      await guest.post('/recover', { identifier: mine });
      const token = guest.cookies.get('__Host-regain-recovery') as string;
      const code = codeIn(await shop.mail(mine));
      // While the codes are typed, the same browser names the victim as often as it can.
      await Promise.all([
        ...Array.from({ length: 5 }, () => guest.post('/recover', { identifier: victims })),
        verify(token, code),
        ...Array.from({ length: 5 }, () => guest.post('/recover/resend', { identifier: victims })),
      ]);
      const before = await shop.passwordHash(victims);
      assert.equal((await set(token)).status, 200);
      assert.equal(await shop.passwordHash(victims), before);
      assert.equal((await shop.post('/sessions', { identifier: mine, password: NEW_PASSWORD })).status, 201);
      const rows = await shop.sql(
        'select identifier from proofs where state = ? and identifier = ?',
        'completed',
        mine,
      );
      assert.equal(rows.length, 1);
    });

    test('row 39, Devise CVE-2026-32700, CVE-2019-16109, CVE-2013-0233: blank, null, "0", numbers, arrays and objects open nothing, whatever the columns hold', async () => {
      const owner = await shop.someone();
      const { token, code } = await shop.recovery(owner);
      const before = await shop.passwordHash(owner);
      const blanks = ['', ' ', '0', 'null', 'undefined', 'NaN', 'false', '%00', '\u0000'];
      const strange: unknown[] = [
        ...blanks, 0, 1, -1, null, true, false, [], [token], [code], {}, { $ne: null }, { '': '' }, [[]],
      ]; // biome-ignore format: one list
      const assertRefused = async (): Promise<void> => {
        for (const value of strange) {
          const answers = [
            await verify(value as string, code),
            await verify(token, value),
            await set(value as string),
            await set(token, value as string),
          ];
          for (const { status } of answers)
            assert.ok(status >= 400 && status < 500, `${JSON.stringify(value)}: ${status}`);
        }
        for (const value of blanks) {
          const guest = shop.visitor();
          for (const name of ['recovery', 'registration', 'session', 'device'])
            guest.cookies.set(`__Host-regain-${name}`, encodeURIComponent(value));
          assert.equal((await guest.get('/account')).url, '/sign-in');
          await guest.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
          const session = await shop.api('GET', '/sessions/current', {
            headers: { Authorization: `Bearer ${encodeURIComponent(value)}` },
          });
          assert.equal(session.status, 401);
        }
        assert.equal(await shop.passwordHash(owner), before);
      };
      await assertRefused();
      // A row whose handle is blank, as a migration elsewhere once left it, verified and waiting for a password.
      await shop.sql(
        "update proofs set token_digest = '', state = 'verified', verified_expires_at = expires_at where identifier = ?",
        owner,
      );
      await assertRefused();
    });
  });
