/** Adding addresses to an account and removing them, on both engines. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ADDRESSES_MAX, LIMITS, NOTICE_USEFUL_MS } from '../../src/rules/limits.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addressesOf, type Owners, owners, removalOf } from '../owners.ts';
import { OLD_PASSWORD, wrongCode } from '../people.ts';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`an account's addresses on ${engine}`, () => {
    let program: InProcess;
    let people: Owners;
    before(async () => {
      program = await startInProcess(engine);
      people = owners(program);
    });
    after(() => program.close());

    test('a further address: asked for, proven by its code, told to both, good for signing in', async () => {
      const { email, owner, address } = await people.signedIn();
      const code = await people.askToAdd(owner, address);
      const page = await owner.get('/account/addresses/code');
      assert.match(page.text, /Step 2 of 2/);
      assert.match(page.text, /This code adds the address to your Shop account/);
      const mail = people.lastMail(address);
      assert.match(mail.subject, /^Add this email address to your Shop account\?$/);
      assert.match(mail.text.replace(/\s+/g, ' '), /to the Shop account of o\*\*\*@example\.com/);
      assert.equal(
        (await people.visitor().post('/sign-in', { identifier: address, password: OLD_PASSWORD })).status,
        401,
      );

      const wrong = await owner.post('/account/addresses/code', { code: wrongCode(code) });
      assert.equal(wrong.status, 422);
      assert.match(wrong.text, /That code is not right\. 4 tries left/);
      const done = await owner.post('/account/addresses/code', { code });
      assert.equal(done.url, '/account?notice=address-added');
      assert.match(done.text, /The new address belongs to your account now/);
      assert.match(done.text, /An address was added: <bdi>n\*\*\*@example\.com<\/bdi>/);
      assert.deepEqual(addressesOf(done.text), [email, address]);
      await program.settled();
      for (const to of [email, address]) {
        const notice = people.lastMail(to);
        assert.equal(notice.subject, 'An email address was added to your Shop account');
        assert.match(notice.text.replace(/\s+/g, ' '), /n\*\*\*@example\.com now belongs to your Shop account/);
        assert.match(notice.text, /Browser: +Firefox on Windows/);
        assert.ok(!notice.text.includes(address));
      }
      assert.equal(
        (await people.visitor().post('/sign-in', { identifier: address, password: OLD_PASSWORD })).url,
        '/account',
      );
    });

    test('removing: the password again, a notice to all and to the removed one, and it opens nothing any more', async () => {
      const { email, owner, address } = await people.withTwo();
      const path = await removalOf(owner, 1);
      assert.doesNotMatch(path, /@|%40/);
      assert.match(
        (await owner.get(path)).text,
        new RegExp(`<bdi class="typed">${address}</bdi> will no longer sign you in`),
      );
      for (const password of ['', 'not this one']) {
        const refused = await owner.post(path, { password });
        assert.equal(refused.status, password === '' ? 400 : 401);
        assert.match(refused.text, /id="password-error"/);
        assert.deepEqual(addressesOf((await owner.get('/account')).text), [email, address]);
      }
      const done = await owner.post(path, { password: OLD_PASSWORD });
      assert.match(done.text, /The address no longer belongs to your account/);
      assert.match(done.text, /A wrong password was typed on your account page/);
      assert.deepEqual(addressesOf(done.text), [email]);
      await program.settled();
      for (const to of [email, address]) {
        const notice = people.lastMail(to);
        assert.equal(notice.subject, 'An email address was removed from your Shop account');
        assert.match(notice.text, /Removed: +n\*\*\*@example\.com/);
      }
      assert.equal(
        (await people.visitor().post('/sign-in', { identifier: address, password: OLD_PASSWORD })).status,
        401,
      );
      assert.equal((await owner.get(path)).status, 404);
    });

    test('the last confirmed address stays', async () => {
      const { email, owner } = await people.withTwo();
      const [first, second] = [await removalOf(owner, 0), await removalOf(owner, 1)];
      await owner.post(second, { password: OLD_PASSWORD });
      assert.match((await owner.get(first)).text, /This address has to stay/);
      assert.equal((await owner.post(first, { password: OLD_PASSWORD })).status, 400);
      const page = (await owner.get('/account')).text;
      assert.deepEqual(addressesOf(page), [email]);
      assert.doesNotMatch(page, /addresses\/remove/);
    });

    test('of two removals at once one stays undone, so that an address is left', async () => {
      const { owner } = await people.withTwo();
      const paths = [await removalOf(owner, 0), await removalOf(owner, 1)];
      const answers = await Promise.all(paths.map((path) => owner.post(path, { password: OLD_PASSWORD })));
      assert.equal(answers.filter(({ status }) => status === 200).length, 1);
      assert.equal(addressesOf((await owner.get('/account')).text).length, 1);
    });

    test('a taken address looks like a free one, and its owner gets a friendly mail', async () => {
      const taken = await people.signedIn();
      const { owner, address } = await people.signedIn();
      const pageOf = async (identifier: string): Promise<string> => {
        const answer = await owner.post('/account/addresses/add', { identifier, password: OLD_PASSWORD });
        assert.deepEqual([answer.status, answer.url], [200, '/account/addresses/code']);
        await program.settled();
        const status = await owner.get('/account/addresses/status');
        return `${(await owner.get('/account/addresses/code')).text}${status.text}`.replaceAll(identifier, 'TYPED');
      };
      assert.equal(await pageOf(taken.email), await pageOf(address));
      const mail = people.lastMail(taken.email);
      assert.equal(mail.subject, 'This address already belongs to an account at Shop');
      assert.doesNotMatch(mail.text, /^\s*\d{6}\s*$/m);
    });

    test('what can be seen without looking anything up is said at once', async () => {
      const { email, owner, address } = await people.signedIn();
      const add = (identifier: string, more: Record<string, string> = {}) =>
        owner.post('/account/addresses/add', { identifier, password: OLD_PASSWORD, ...more });
      assert.match(
        (await add(email.toUpperCase().replace('EXAMPLE.COM', 'example.com'))).text,
        /belongs to your account already/,
      );
      assert.match((await add('020 7946')).text, /Check the email address/);
      assert.match((await add('+44 20 7946 0018')).text, /We can’t send text messages here/);
      assert.match((await add('x@gmial.com')).text, /Did you mean x@gmail\.com\?/);
      assert.equal((await add('x@gmial.com', { asked: 'x@gmial.com' })).url, '/account/addresses/code');
      assert.match((await add(address, { password: 'not this one' })).text, /not your current password/);
      await program.settled();
      assert.equal(
        program.sink.messages.some(({ to }) => to === address),
        false,
      );
    });

    test('an account has a bounded number of addresses', async () => {
      const { email, owner, id } = await people.signedIn();
      const { store } = program.regain.context;
      await store.transaction(async (tx) => {
        for (let at = 1; at < ADDRESSES_MAX; at += 1) {
          const value = `${at}.${email}`;
          await tx.accounts.addAddress(id, { kind: 'email', value, canonical: value, confirmedAt: 1 }, 1);
        }
      });
      const full = await owner.post('/account/addresses/add', {
        identifier: 'more@example.com',
        password: OLD_PASSWORD,
      });
      assert.match(full.text, new RegExp(`at most ${ADDRESSES_MAX} addresses`));
    });

    test('guesses at the current password are limited for the account', async () => {
      const { owner, address } = await people.signedIn();
      const guess = (password: string) => owner.post('/account/addresses/add', { identifier: address, password });
      for (let tries = 0; tries < LIMITS['check-password'].burst; tries += 1)
        assert.equal((await guess(`guess ${tries}`)).status, 401);
      const limited = await guess(OLD_PASSWORD);
      assert.equal(limited.status, 429);
      assert.ok(Number(limited.headers.get('retry-after')) > 0);
    });

    test('a notice that was held up still tells what happened', async () => {
      const { owner, email } = await people.withTwo();
      const { store } = program.regain.context;
      await owner.post(await removalOf(owner, 1), { password: OLD_PASSWORD });
      await program.settled();
      const count = program.sink.messages.filter(({ to }) => to === email).length;
      await store.transaction(async (tx) => {
        const message = {
          id: `late-${email}`,
          kind: 'address-removed',
          channel: 'email',
          proofId: null,
          epoch: null,
        } as const;
        const found = await tx.audit.pageOf(
          (await tx.accounts.byConfirmedAddress('email', email))[0]!.id,
          ['remove-address'],
          1,
        );
        const at = found[0]!.at;
        await tx.outbox.insert({
          ...message,
          accountId: found[0]!.accountId,
          address: email,
          locale: 'en',
          createdAt: at,
          dueAt: at + NOTICE_USEFUL_MS / 2,
          usefulUntil: at + NOTICE_USEFUL_MS,
        });
      });
      await program.advance(NOTICE_USEFUL_MS / 2);
      assert.equal(program.sink.messages.filter(({ to }) => to === email).length, count + 1);
    });
  });
