/** Nothing that is missing from the database opens a door: there is no set-up page to come back, and no account to be made anew. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ROUTES } from '../../src/web/routes.ts';
import { NEW_PASSWORD, OLD_PASSWORD } from '../people.ts';
import { serve } from '../regain.ts';
import { openShop, type RunningShop } from '../running-shop.ts';
import { callApi } from '../visitor.ts';

const TABLES = [
  'accounts', 'addresses', 'proofs', 'outbox', 'guesses', 'limits', 'sessions', 'audit_events', 'no_account_mails',
]; // biome-ignore format: one list
const DEMO = { identifier: 'demo@shop.example', password: 'sunny harbour walks 42' };

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`a database that lost its rows on ${engine}`, () => {
    let shop: RunningShop;
    before(async () => {
      shop = await openShop(engine);
    });
    after(() => shop.close());

    const SETUP = [
      '/setup',
      '/install',
      '/initial-setup',
      '/if/flow/initial-setup/',
      '/admin',
      '/init',
      '/first-run',
      '/dev/inbox',
    ];

    /** What somebody without any right gets everywhere. */
    async function assertClosed(why: string): Promise<void> {
      for (const path of SETUP) assert.equal((await shop.visitor().get(path)).status, 404, `${path} ${why}`);
      for (const [method, path] of ROUTES) {
        const guest = shop.visitor();
        const address = path.replace(':token', 'x');
        if (method === 'GET') await guest.get(address);
        else await guest.post(address, { password: NEW_PASSWORD, password2: NEW_PASSWORD, name: 'Admin' });
        assert.ok(!guest.cookies.has('__Host-regain-session'), `${path} ${why}`);
      }
      assert.equal((await shop.visitor().get('/account')).url, '/sign-in', why);
      assert.equal((await shop.post('/sessions', DEMO)).status, 401, `no demo account ${why}`);
      assert.equal((await shop.post('/sessions', { identifier: 'admin@shop.example', password: 'admin' })).status, 401);
    }

    test('row 26, authentik CVE-2023-46249: whichever table is emptied, while it runs or before it starts, access only shrinks', async () => {
      await assertClosed('at the first start');
      for (const table of TABLES) {
        const owner = await shop.someone({ emails: [`${table.replaceAll('_', '-')}@example.com`] });
        const right = { identifier: owner, password: OLD_PASSWORD };
        const { token } = (await shop.post('/sessions', right)).json;
        const pending = (await shop.post('/recovery', { identifier: owner })).json.token;
        await shop.mail(owner);
        // An account can't go before its addresses.
        if (table === 'accounts') await shop.sql('delete from addresses');
        await shop.sql(`delete from ${table}`);
        await assertClosed(`without ${table}`);
        const session = await shop.api('GET', '/sessions/current', { token });
        assert.equal(session.status, table === 'accounts' || table === 'sessions' ? 401 : 200, table);
        assert.equal((await shop.post('/recovery/password', { token: pending, password: NEW_PASSWORD })).status, 404);
        assert.equal((await shop.post('/sessions', { ...right, password: NEW_PASSWORD })).status, 401);
        const still = (await shop.post('/sessions', right)).status;
        assert.equal(still, table === 'accounts' || table === 'addresses' ? 401 : 201, table);
      }
      for (const table of TABLES.toReversed()) await shop.sql(`delete from ${table}`);
      await shop.program.killAndRestart();
      await assertClosed('with nothing in it');
      assert.deepEqual(await shop.sql('select id from accounts'), [], 'nobody was made');
    });

    test('row 26, authentik CVE-2023-46249: without its record of migrations it does not start over: it stops, and keeps what there is', async () => {
      const owner = await shop.someone();
      const applied = await shop.sql('select name from migrations order by name');
      assert.ok(applied.length > 0);
      await shop.sql('delete from migrations');
      assert.equal(
        (await fetch(`${shop.program.origin}/readyz`)).status,
        503,
        'the running one says that it is not sound',
      );
      await assert.rejects(shop.program.killAndRestart(), /ended with [1-9]/);
      const kept = await shop.sql('select canonical from addresses where canonical = ?', owner);
      assert.equal(kept.length, 1);
      for (const { name } of applied) await shop.sql('insert into migrations (name) values (?)', String(name));
      await shop.program.start();
      assert.equal((await shop.post('/sessions', { identifier: owner, password: OLD_PASSWORD })).status, 201);
      await assertClosed('again');
    });
  });

test('row 26, authentik CVE-2023-46249: in development the demo account is made where there is none, and never over somebody’s own', async (t) => {
  const program = await serve();
  t.after(() => program.stop());
  const signIn = (password: string) =>
    callApi(fetch, program.origin, 'POST', '/api/v1/sessions', { body: { identifier: DEMO.identifier, password } });
  assert.equal((await signIn(DEMO.password)).status, 201);
  // Its owner, whoever that is by now, sets a password of his own.
  const { json } = await callApi(fetch, program.origin, 'POST', '/api/v1/recovery', {
    body: { identifier: DEMO.identifier },
  });
  const code = await codeInInbox(program.origin);
  await callApi(fetch, program.origin, 'POST', '/api/v1/recovery/verify', { body: { token: json.token, code } });
  const set = { token: json.token, password: NEW_PASSWORD };
  assert.equal((await callApi(fetch, program.origin, 'POST', '/api/v1/recovery/password', { body: set })).status, 200);
  await program.killAndRestart();
  assert.equal((await signIn(DEMO.password)).status, 401, 'the password of the greeting is dead');
  assert.equal((await signIn(NEW_PASSWORD)).status, 201);
});

async function codeInInbox(origin: string): Promise<string> {
  for (;;) {
    const list = await (await fetch(`${origin}/dev/inbox/list`)).text();
    const code = /\b(\d{6})\b/.exec(list.replace(/<[^>]+>/g, ' '))?.[1];
    if (code) return code;
    await new Promise((resume) => setTimeout(resume, 10));
  }
}
