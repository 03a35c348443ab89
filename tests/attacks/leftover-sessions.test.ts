/** Whoever was in before a new password is out after it, by whatever he was in. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { signOutElsewhere } from '../../src/actions/sessions.ts';
import { beside } from '../beside.ts';
import { startInProcess } from '../in-process.ts';
import { owners } from '../owners.ts';
import { addPerson, codeIn, linkIn, NEW_PASSWORD, OLD_PASSWORD } from '../people.ts';
import { openShop, type RunningShop } from '../running-shop.ts';
import { sqlOn } from '../sql-on.ts';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`leftover sessions on ${engine}`, () => {
    let shop: RunningShop;
    before(async () => {
      shop = await openShop(engine);
    });
    after(() => shop.close());

    test('row 34, TYPO3 CVE-2022-23502: a new password ends every browser, app and remembered device, and every other recovery; other people stay', async () => {
      const [owner, other] = [await shop.someone(), await shop.someone()];
      const second = await shop.secondNode();
      const browsers = await Promise.all(
        Array.from({ length: 3 }, async () => {
          const browser = shop.visitor();
          assert.equal((await browser.post('/sign-in', { identifier: owner, password: OLD_PASSWORD })).url, '/account');
          return browser;
        }),
      );
      const signIn = async (identifier: string): Promise<string> =>
        (await shop.post('/sessions', { identifier, password: OLD_PASSWORD })).json.token;
      const apps = [await signIn(owner), await signIn(owner)];
      const stays = await signIn(other);
      const remembered = shop.visitor();
      await remembered.post('/sign-in', { identifier: owner, password: OLD_PASSWORD });
      await remembered.post('/sign-out');
      const unfinished = await shop.recovery(owner);
      const proven = await shop.proven(owner);
      const winner = await shop.proven(owner);

      assert.equal((await shop.post('/recovery/password', { token: winner, password: NEW_PASSWORD })).status, 200);
      for (const browser of [...browsers, remembered])
        assert.equal((await browser.get('/account')).url, '/sign-in', 'a browser that was in');
      for (const token of apps)
        for (const node of [shop.program, second]) {
          assert.equal((await shop.api('GET', '/sessions/current', { token }, node)).status, 401);
          assert.equal((await shop.api('DELETE', '/sessions/current', { token }, node)).status, 401);
        }
      const late = await shop.post('/recovery/verify', unfinished);
      assert.equal(late.json.code, 'wrong_code', 'the code that was not entered opens nothing');
      assert.equal((await shop.post('/recovery/password', { token: proven, password: OLD_PASSWORD })).status, 404);
      assert.equal((await shop.post('/sessions', { identifier: owner, password: OLD_PASSWORD })).status, 401);
      const wrong = await remembered.post('/sign-in', { identifier: owner, password: OLD_PASSWORD });
      assert.equal(wrong.status, 401, 'a remembered device knows no password');
      assert.equal((await shop.api('GET', '/sessions/current', { token: stays })).status, 200, 'somebody else');
    });

    test('row 34, TYPO3 CVE-2022-23502: a sign-in whose password was right when it was checked, and is not any more, gets no session', async () => {
      const program = await startInProcess(engine);
      try {
        const owner = 'slow@example.com';
        await addPerson(program, { emails: [owner] });
        const post = (path: string, body: unknown) => program.api('POST', path, { body });
        const { hasher } = program.regain.context;
        const checked = Promise.withResolvers<void>();
        const changed = Promise.withResolvers<void>();
        const verify: typeof hasher.verify = async (...given) => {
          const result = await hasher.verify(...given);
          checked.resolve();
          await changed.promise;
          return result;
        };
        const { json } = await post('/recovery', { identifier: owner });
        await program.settled();
        const code = codeIn(program.sink.messages.at(-1)!);
        assert.equal((await post('/recovery/verify', { token: json.token, code })).status, 200);
        program.regain.context.hasher = { ...hasher, verify };
        const signingIn = post('/sessions', { identifier: owner, password: OLD_PASSWORD });
        await checked.promise;
        assert.equal((await post('/recovery/password', { token: json.token, password: NEW_PASSWORD })).status, 200);
        changed.resolve();
        assert.equal((await signingIn).status, 401);
        assert.deepEqual(await sqlOn(program.regain.config.database, 'select id from sessions'), []);
      } finally {
        await program.close();
      }
    });

    test('row 34, TYPO3 CVE-2022-23502: "this wasn’t me" ends the sessions of whoever set the password, too', async () => {
      const owner = await shop.someone();
      await shop.post('/recovery/password', { token: await shop.proven(owner), password: NEW_PASSWORD });
      const notice = await shop.mail(owner, /was changed/);
      const thief = shop.visitor();
      assert.equal((await thief.post('/sign-in', { identifier: owner, password: NEW_PASSWORD })).url, '/account');
      const app = (await shop.post('/sessions', { identifier: owner, password: NEW_PASSWORD })).json.token;
      assert.equal((await shop.visitor().post(linkIn(notice, '/not-me/'))).status, 200);
      assert.equal((await thief.get('/account')).url, '/sign-in');
      assert.equal((await shop.api('GET', '/sessions/current', { token: app })).status, 401);
      assert.equal((await thief.post('/sign-in', { identifier: owner, password: NEW_PASSWORD })).status, 401);
    });
  });

describe('a session that a new password ended, on postgres', () => {
  test('signs out nobody else, also where that had begun before', async (t) => {
    const program = await startInProcess('postgres');
    t.after(() => program.close());
    const people = owners(program);
    const { email, owner: thief } = await people.signedIn();
    const stolen = thief.cookies.get('__Host-regain-session');
    const owner = people.visitor();
    await owner.post('/recover', { identifier: email });
    await program.settled();
    await owner.post('/recover/code', { code: codeIn(people.lastMail(email)) });
    const entered = await beside(
      program,
      (context) => signOutElsewhere(context, stolen).catch(String),
      async () => {
        await owner.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
        return owner.post('/sign-in', { identifier: email, password: NEW_PASSWORD });
      },
      // It has read its session, and is about to end the others.
      (work, stop) => (tx) => {
        const deleteAllOf: typeof tx.sessions.deleteAllOf = async (...given) => {
          await stop();
          return tx.sessions.deleteAllOf(...given);
        };
        return work({ ...tx, sessions: { ...tx.sessions, deleteAllOf } });
      },
    );
    assert.equal(entered.url, '/account');
    assert.equal((await owner.get('/account')).url, '/account', 'the owner is still signed in');
  });
});
