/** Several people at one browser, as in a family or a library: none sees what the one before began on his account page. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { LINK_COOKIE, startWithMessengers, type WithMessengers } from '../messengers.ts';
import { addPerson, codeIn, OLD_PASSWORD, wrongCode } from '../people.ts';
import type { Visitor } from '../visitor.ts';

const ADDRESS_COOKIE = '__Host-regain-address';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`a shared browser on ${engine}`, () => {
    let shop: WithMessengers;
    let others = 0;
    before(async () => {
      shop = await startWithMessengers(engine);
    });
    after(() => shop.close());

    /** An owner who is adding an address and linking a messenger, and somebody else who has an account. */
    const begun = async () => {
      const { owner: browser, address } = await shop.people.signedIn();
      const code = await shop.people.askToAdd(browser, address);
      await shop.askToLink(browser);
      assert.ok(browser.cookies.has(ADDRESS_COOKIE) && browser.cookies.has(LINK_COOKIE));
      others += 1;
      const next = `next${others}@example.com`;
      await addPerson(shop.program, { emails: [next] });
      return { browser, address, code, next };
    };
    const signIn = async (browser: Visitor, identifier: string): Promise<void> =>
      assert.equal((await browser.post('/sign-in', { identifier, password: OLD_PASSWORD })).url, '/account');
    const beginsAnew = async (browser: Visitor): Promise<void> => {
      assert.ok(!browser.cookies.has(ADDRESS_COOKIE) && !browser.cookies.has(LINK_COOKIE));
      assert.equal((await browser.get('/account/addresses/code')).url, '/account/addresses/add');
    };

    test('signing out forgets what was begun', async () => {
      const { browser, next } = await begun();
      await browser.post('/sign-out');
      assert.deepEqual([...browser.cookies.keys()], ['__Host-regain-device']);
      await signIn(browser, next);
      await beginsAnew(browser);
    });

    test('so does signing in where nobody signed out', async () => {
      const { browser, next } = await begun();
      await signIn(browser, next);
      await beginsAnew(browser);
    });

    test('an attempt of another account is none: it is not shown, sent again, spent or ended', async () => {
      const { browser, address, code, next } = await begun();
      const thief = shop.people.visitor();
      await signIn(thief, next);
      thief.cookies.set(ADDRESS_COOKIE, browser.cookies.get(ADDRESS_COOKIE) as string);
      await shop.program.advance(60_000);
      const mails = shop.program.sink.messages.length;
      for (const answer of [
        await thief.get('/account/addresses/code'),
        await thief.post('/account/addresses/code', { code: wrongCode(code) }),
        await thief.post('/account/addresses/code', { code }),
        await thief.post('/account/addresses/resend'),
        await thief.post('/account/addresses/resend', { channel: 'email' }),
      ]) {
        assert.match(answer.url, /^\/account\/addresses\/add(\?notice=ended)?$/);
        assert.ok(!answer.text.includes(address));
      }
      assert.equal((await thief.get('/account/addresses/status')).status, 404);
      const stream = await thief.get('/account/addresses/status', { Accept: 'text/event-stream' });
      assert.equal(stream.status, 204);
      await shop.program.settled();
      assert.equal(shop.program.sink.messages.length, mails);

      const wrong = await browser.post('/account/addresses/code', { code: wrongCode(code) });
      assert.match(wrong.text, /4 tries left/);
      const done = await browser.post('/account/addresses/code', { code: codeIn(shop.people.lastMail(address)) });
      assert.equal(done.url, '/account?notice=address-added');
    });
  });
