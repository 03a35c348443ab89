/** A number that was not confirmed for long: its owner is asked on the account page, before he needs it (STANDARDS R79). */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { STALE_NUMBER } from '../../src/rules/limits.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addressesOf, type Owners, owners } from '../owners.ts';
import { addPerson, NEW_PASSWORD, OLD_PASSWORD, type Person, wrongCode } from '../people.ts';
import { startTextingShop, type TextingShop } from '../texting-shop.ts';
import type { Answer, Visitor } from '../visitor.ts';

const CONFIRM = /href="(\/account\/addresses\/confirm\/[0-9a-f]+)"/;

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`a number that was not confirmed for long on ${engine}`, () => {
    let shop: TextingShop;
    let program: InProcess;
    let people: Owners;
    let numbers = 0;
    let phone = '';
    let email = '';
    before(async () => {
      shop = await startTextingShop(engine, { REGAIN_SMS_COUNTRIES: 'US' });
      ({ program } = shop);
      people = owners(program);
    });
    after(() => shop.close());
    beforeEach(() => {
      numbers += 1;
      phone = `+1212${200 + numbers}0101`;
      email = `owner${numbers}@example.org`;
    });
    const signedIn = async (more: Partial<Person> = {}, provenMsAgo = STALE_NUMBER.afterMs + 1): Promise<Visitor> => {
      const numbersProvenAt = program.now() - provenMsAgo;
      await addPerson(program, { emails: [email], phones: [phone], numbersProvenAt, ...more });
      const owner = people.visitor();
      const identifier = more.emails?.length === 0 ? phone : email;
      assert.equal((await owner.post('/sign-in', { identifier, password: OLD_PASSWORD })).url, '/account');
      return owner;
    };
    const pathOf = async (owner: Visitor): Promise<string> =>
      CONFIRM.exec((await owner.get('/account')).text)?.[1] ?? assert.fail('a link to confirm it');
    const texts = (): string[] => shop.receiver.taken.filter(({ to }) => to === phone).map(({ text }) => text);
    const lastCode = (): string => /#(\w+)$/.exec(texts().at(-1) ?? '')?.[1] ?? assert.fail('a code');
    const confirm = async (owner: Visitor): Promise<Answer> => {
      const asked = await owner.post(await pathOf(owner), { password: OLD_PASSWORD });
      assert.equal(asked.url, '/account/addresses/code');
      await program.settled();
      const done = await owner.post('/account/addresses/code', { code: lastCode() });
      await program.settled();
      return done;
    };
    /** The state that the new password is in when nothing but the number's text was read. */
    const recoverByText = async (): Promise<string> => {
      const { token } = (await program.api('POST', '/recovery', { body: { identifier: phone } })).json;
      await program.settled();
      if (texts().at(-1)?.includes('RESET') !== true) return 'no text';
      await program.api('POST', '/recovery/verify', { body: { token, code: lastCode() } });
      return (await program.api('POST', '/recovery/password', { body: { token, password: NEW_PASSWORD } })).json.state;
    };

    test('is asked about on the account page, with the day, and the code makes it good for another year', async () => {
      const owner = await signedIn();
      assert.equal(await recoverByText(), 'no text');
      const page = (await owner.get('/account')).text;
      assert.match(page, /Last confirmed <time[^>]*><bdi>14 Mar 2025/);
      assert.doesNotMatch(page, /&quot;/);
      assert.match(page, new RegExp(`aria-label="Still yours\\? Confirm it again: \\${phone}"`));
      const asking = await owner.get(await pathOf(owner));
      assert.equal(asking.status, 200);
      assert.match(asking.text, /Is this number still yours\?/);
      assert.match(asking.text, /name="password"/);
      assert.match(asking.text, /It is not mine any more: remove it/);

      const done = await confirm(owner);
      assert.match(texts().at(-1) ?? '', /CONFIRM THIS NUMBER/);
      assert.equal(done.url, '/account?notice=number-confirmed');
      assert.match(done.text, /The number is confirmed again\./);
      assert.match(done.text, /Your number <bdi>\+1\*+01<\/bdi> was confirmed again/, 'in the activity');
      assert.deepEqual(addressesOf(done.text), [email, phone], 'and stands there once');
      assert.doesNotMatch(done.text, CONFIRM);
      assert.equal(await recoverByText(), 'completed');
    });

    test('takes the current password and the right code', async () => {
      const owner = await signedIn();
      const path = await pathOf(owner);
      for (const password of ['', 'not this one']) {
        const refused = await owner.post(path, { password });
        assert.ok(refused.status >= 400, password);
        assert.match(refused.text, /id="password-error"/);
      }
      await program.settled();
      assert.deepEqual(texts(), []);
      await owner.post(path, { password: OLD_PASSWORD });
      await program.settled();
      assert.equal((await owner.post('/account/addresses/code', { code: wrongCode(lastCode()) })).status, 422);
      assert.match((await owner.get('/account')).text, CONFIRM);
    });

    test('nobody else confirms it: not without a session, not in another account, not with its code there', async () => {
      const owner = await signedIn();
      const path = await pathOf(owner);
      assert.equal((await people.visitor().get(path)).url, '/sign-in');
      assert.equal((await people.visitor().post(path, { password: OLD_PASSWORD })).url, '/sign-in');
      const { owner: other } = await people.signedIn();
      assert.equal((await other.get(path)).status, 404);
      assert.equal((await other.post(path, { password: OLD_PASSWORD })).status, 404);
      await owner.post(path, { password: OLD_PASSWORD });
      await program.settled();
      assert.notEqual(
        (await other.post('/account/addresses/code', { code: lastCode() })).url,
        '/account?notice=number-confirmed',
      );
      assert.match((await owner.get('/account')).text, CONFIRM);
    });

    test('tells no other mailbox, voids nothing that was begun, and is typed where numbers are added as well', async () => {
      const owner = await signedIn();
      await addPerson(program, { emails: [`sharer.${email}`], phones: [phone] });
      const { token } = (await program.api('POST', '/recovery', { body: { identifier: email } })).json;
      await program.settled();
      const before = program.sink.messages.length;
      const asked = await owner.post('/account/addresses/add', { identifier: phone, password: OLD_PASSWORD });
      assert.equal(asked.url, '/account/addresses/code');
      await program.settled();
      const done = await owner.post('/account/addresses/code', { code: lastCode() });
      assert.equal(done.url, '/account?notice=number-confirmed');
      await program.settled();
      assert.equal(program.sink.messages.length, before);
      assert.equal((await program.api('GET', '/recovery', { token })).json.state, 'code_sent');
      const again = await owner.post('/account/addresses/add', { identifier: phone, password: OLD_PASSWORD });
      assert.deepEqual([again.status, /belongs to your account already/.test(again.text)], [400, true]);
    });

    test('is not asked about while it is fresh, nor on an account that has no mailbox', async () => {
      const fresh = await signedIn({}, STALE_NUMBER.afterMs);
      assert.doesNotMatch((await fresh.get('/account')).text, CONFIRM);
      await program.advance(1);
      const path = await pathOf(fresh);
      await confirm(fresh);
      assert.equal((await fresh.get(path)).url, '/account', 'an old tab leads back');
      assert.equal((await fresh.post(path, { password: OLD_PASSWORD })).url, '/account');
      numbers += 1;
      phone = `+1212${200 + numbers}0101`;
      assert.doesNotMatch((await (await signedIn({ emails: [] })).get('/account')).text, CONFIRM);
    });
  });

test('where texting is off nobody is asked for what could not be done', async (t) => {
  const program = await startInProcess('sqlite');
  t.after(() => program.close());
  const numbersProvenAt = program.now() - STALE_NUMBER.afterMs - 1;
  await addPerson(program, { emails: ['owner@example.org'], phones: ['+12125550101'], numbersProvenAt });
  const owner = owners(program).visitor();
  await owner.post('/sign-in', { identifier: 'owner@example.org', password: OLD_PASSWORD });
  assert.doesNotMatch((await owner.get('/account')).text, CONFIRM);
});
