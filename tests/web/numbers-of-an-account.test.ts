/** Phone numbers as addresses of one's own: registering with one, adding one, sharing one, on both engines. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { LIMITS } from '../../src/rules/limits.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addressesOf, type Owners, owners, removalOf } from '../owners.ts';
import { addPerson, NEW_PASSWORD, OLD_PASSWORD, wrongCode } from '../people.ts';
import { startTextingShop, type TextingShop } from '../texting-shop.ts';
import type { Visitor } from '../visitor.ts';
import type { WebhookReceiver } from '../webhook-receiver.ts';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`numbers of an account on ${engine}`, () => {
    let shop: TextingShop;
    let program: InProcess;
    let receiver: WebhookReceiver;
    let people: Owners;
    let numbers = 0;
    before(async () => {
      shop = await startTextingShop(engine, {
        REGAIN_SMS_COUNTRIES: 'US,GB',
        REGAIN_DEFAULT_COUNTRY: 'US',
      });
      ({ program, receiver } = shop);
      people = owners(program);
    });
    after(() => shop.close());

    /** Each of a prefix of its own, so that no test is charged for another. */
    const newNumber = (): string => {
      numbers += 1;
      return `+1212${200 + numbers}0101`;
    };
    const textsTo = (number: string) => receiver.taken.filter(({ to }) => to === number);
    const lastText = (number: string): string => {
      const { text } = textsTo(number).at(-1) ?? assert.fail(`a text to ${number}`);
      return text;
    };
    const codeOf = (text: string): string => /#([0-9A-Z]+)$/.exec(text)?.[1] ?? assert.fail(`a code in: ${text}`);

    const askToRegister = async (visitor: Visitor, identifier: string): Promise<void> => {
      const answer = await visitor.post('/register', { identifier });
      assert.deepEqual([answer.status, answer.url], [200, '/register/code']);
      await program.settled();
    };
    const signIn = (visitor: Visitor, identifier: string, password: string) =>
      visitor.post('/sign-in', { identifier, password });
    const askToAdd = async (owner: Visitor, identifier: string): Promise<string> => {
      const answer = await owner.post('/account/addresses/add', { identifier, password: OLD_PASSWORD });
      assert.deepEqual([answer.status, answer.url], [200, '/account/addresses/code']);
      await program.settled();
      return answer.text;
    };
    const add = async (owner: Visitor, number: string): Promise<void> => {
      await askToAdd(owner, number);
      const done = await owner.post('/account/addresses/code', { code: codeOf(lastText(number)) });
      assert.equal(done.url, '/account?notice=address-added');
      await program.advance(1);
    };

    test('an account by a number alone: registered as it is typed at home, signed in to, recovered', async () => {
      const number = newNumber();
      const national = `(212) ${number.slice(5, 8)}-0101`;
      const visitor = people.visitor();
      assert.match((await visitor.get('/register')).text, /Email address or mobile number.*second SIM card/s);
      await askToRegister(visitor, national);
      const text = lastText(number);
      assert.match(text, /CREATING AN ACCOUNT/);
      assert.equal(text.split('\n').at(-1), `@accounts.shop.example #${codeOf(text)}`);
      const page = (await visitor.get('/register/code')).text;
      assert.match(page, /This code opens a new Shop account/);
      assert.match(page, /Use an email address, or another number/);
      assert.doesNotMatch(page, /by email/);
      assert.equal((await visitor.post('/register/code', { code: wrongCode(codeOf(text)) })).status, 422);
      assert.equal((await visitor.post('/register/code', { code: codeOf(text) })).url, '/register/complete');
      const leaky = { name: 'Jane Doe', password: `${number.slice(2)} abc!`, password2: `${number.slice(2)} abc!` };
      assert.match((await visitor.post('/register/complete', leaky)).text, /Your phone number is in it/);
      const form = { name: 'Jane Doe', password: NEW_PASSWORD, password2: NEW_PASSWORD };
      assert.equal((await visitor.post('/register/complete', form)).url, '/sign-in');

      const account = await signIn(visitor, national, NEW_PASSWORD);
      assert.deepEqual(addressesOf(account.text), [number]);
      assert.doesNotMatch(account.text, /addresses\/remove/, 'the only one stays');
      assert.equal((await people.visitor().post('/recover', { identifier: number })).url, '/recover/code');
      await program.settled();
      assert.match(lastText(number), /RESET/);
      assert.deepEqual(receiver.complaints, []);
    });

    test('a country that the form asked for goes along to signing in', async () => {
      for (const [identifier, country, number] of [
        ['07400 123456', 'GB', /\+447400123456/],
        ['0011 44 7400 123457', 'AU', /\+447400123457/],
      ] as const) {
        const visitor = people.visitor();
        const asked = await visitor.post('/register', { identifier });
        assert.equal(asked.status, 400);
        assert.match(asked.text, /id="country"/);
        assert.match((await visitor.post('/register', { identifier, country })).text, number);
      }
    });

    test('what gets no texts is said before anything is sent', async () => {
      const { owner } = await people.signedIn();
      await program.settled();
      const before = receiver.requests.length;
      const said: Record<string, RegExp> = {
        '+33 6 12 34 56 78': /numbers of that country/,
        '+44 20 7946 0018': /That is a landline/,
        '+44 909 879 0018': /callers pay for/,
        '+44 843 123 4567': /callers pay for/,
        '+44 800 123 4567': /freephone/,
        '+44 56 1234 5678': /internet phone service/,
        '+44 70 1234 5678': /not a mobile number/,
      };
      for (const [identifier, words] of Object.entries(said)) {
        const registering = await people.visitor().post('/register', { identifier });
        assert.equal(registering.status, 400, identifier);
        assert.match(registering.text, words, identifier);
        const adding = await owner.post('/account/addresses/add', { identifier, password: OLD_PASSWORD });
        assert.equal(adding.status, 400, identifier);
        assert.match(adding.text, words, identifier);
        assert.match(adding.text, /aria-invalid="true"/);
        const byApi = await program.api('POST', '/registration', { body: { identifier } });
        assert.deepEqual([byApi.status, byApi.json.code], [400, 'invalid_identifier']);
        assert.match(byApi.json.detail, /^phone_/);
      }
      await program.settled();
      assert.equal(receiver.requests.length, before);
    });

    test('registering with a taken number looks like a free one; whoever has it gets a friendly text, and no account', async () => {
      const [alone, shared, free] = [newNumber(), newNumber(), newNumber()];
      await addPerson(program, { emails: [], phones: [alone] });
      await addPerson(program, { emails: ['one.sharer@example.com'], phones: [shared] });
      await addPerson(program, { emails: ['another.sharer@example.com'], phones: [shared] });
      const walk = async (number: string): Promise<string> => {
        const visitor = people.visitor();
        await askToRegister(visitor, number);
        const seen = [(await visitor.get('/register/code')).text, (await visitor.get('/register/status')).text];
        await program.advance(5_000);
        seen.push((await visitor.get('/register/status')).text);
        const wrong = await visitor.post('/register/code', { code: '000000' });
        seen.push(String(wrong.status), wrong.text);
        return seen.join('\n').replaceAll(number, 'TYPED');
      };
      const ofFree = await walk(free);
      for (const number of [alone, shared]) {
        assert.equal(await walk(number), ofFree);
        assert.match(lastText(number), /^Shop: someone tried to create an account with this number\./);
        assert.doesNotMatch(lastText(number), /\d{6}/);
        assert.equal(textsTo(number).length, 1);
      }
    });

    test('of two registrations of one number at once one makes an account', async () => {
      const number = newNumber();
      const visitors = [people.visitor(), people.visitor()];
      for (const visitor of visitors) {
        await askToRegister(visitor, number);
        await visitor.post('/register/code', { code: codeOf(lastText(number)) });
      }
      const form = { name: 'Jane Doe', password: NEW_PASSWORD, password2: NEW_PASSWORD };
      const answers = await Promise.all(visitors.map((visitor) => visitor.post('/register/complete', form)));
      assert.equal(answers.filter(({ url }) => url === '/sign-in').length, 1);
      const holders = await program.regain.context.store.transaction((tx) =>
        tx.accounts.byConfirmedAddress('phone', number),
      );
      assert.equal(holders.length, 1);
    });

    test('a further number: asked for, proven by its code, told to the mailbox, good for signing in', async () => {
      const number = newNumber();
      const { email, owner } = await people.signedIn();
      assert.match((await owner.get('/account')).text, /Add an email address or mobile number/);
      assert.match((await owner.get('/account/addresses/add')).text, /second SIM card/);
      const page = await askToAdd(owner, `212 ${number.slice(5, 8)} 0101`);
      assert.match(page, /This code confirms the number for your Shop account/);
      const text = lastText(number);
      assert.match(text, /ADD THIS NUMBER/);
      assert.equal((await signIn(people.visitor(), number, OLD_PASSWORD)).status, 401, 'not before it is proven');
      assert.equal((await owner.post('/account/addresses/code', { code: wrongCode(codeOf(text)) })).status, 422);
      const done = await owner.post('/account/addresses/code', { code: codeOf(text) });
      assert.equal(done.url, '/account?notice=address-added');
      assert.deepEqual(addressesOf(done.text), [email, number]);
      await program.settled();
      assert.equal(people.lastMail(email).subject, 'A phone number was added to your Shop account');
      assert.equal(textsTo(number).length, 1, 'nobody is told by text what he has just typed a code for');
      assert.equal((await signIn(people.visitor(), number, OLD_PASSWORD)).url, '/account');
    });

    test('the mailbox may go while a number is left that is the account’s alone, and so may the number', async () => {
      const number = newNumber();
      const { email, owner } = await people.signedIn();
      await add(owner, number);
      const [mailbox, phone] = [await removalOf(owner, 0), await removalOf(owner, 1)];
      const done = await owner.post(mailbox, { password: OLD_PASSWORD });
      assert.deepEqual(addressesOf(done.text), [number]);
      await program.settled();
      assert.equal(people.lastMail(email).subject, 'An email address was removed from your Shop account');
      assert.match((await owner.get(phone)).text, /This address has to stay/);
      assert.equal((await owner.post(phone, { password: OLD_PASSWORD })).status, 400);
      assert.equal((await signIn(people.visitor(), number, OLD_PASSWORD)).url, '/account');
    });

    test('two accounts may have one number: nothing tells, and the mailbox of the first hears of it', async () => {
      const [shared, free] = [newNumber(), newNumber()];
      const first = await people.signedIn();
      await add(first.owner, shared);
      const second = await people.signedIn();
      const ofShared = (await askToAdd(second.owner, shared)).replaceAll(shared, 'TYPED');
      const code = codeOf(lastText(shared));
      const third = await people.signedIn();
      const ofFree = (await askToAdd(third.owner, free)).replaceAll(free, 'TYPED');
      assert.equal(ofShared, ofFree);
      const done = await second.owner.post('/account/addresses/code', { code });
      assert.deepEqual(addressesOf(done.text), [second.email, shared]);
      await program.settled();
      const told = people.lastMail(first.email);
      assert.equal(told.subject, 'Your phone number is on another Shop account, too');
      assert.doesNotMatch(told.text, new RegExp(`${second.email}|Jane|\\${shared}`), 'and of whom it does not say');
      assert.match((await first.owner.get('/account')).text, /was confirmed on another account, too/);
      assert.equal(people.lastMail(second.email).subject, 'A phone number was added to your Shop account');
      // The number still names it, together with the password or the choice after the code.
      const removed = await first.owner.post(await removalOf(first.owner, 0), { password: OLD_PASSWORD });
      assert.deepEqual(addressesOf(removed.text), [shared]);
    });

    test('a number of three accounts looks to a fourth like any, and does not come to it', async () => {
      const [full, free] = [newNumber(), newNumber()];
      for (const name of ['a', 'b', 'c'])
        await addPerson(program, { emails: [`${name}${full}@example.com`], phones: [full] });
      const { owner, email } = await people.signedIn();
      const ofFull = (await askToAdd(owner, full)).replaceAll(full, 'TYPED');
      assert.match(lastText(full), /As many accounts have it as may, so nothing was changed/);
      assert.doesNotMatch(lastText(full), /\d{6}/);
      const other = await people.signedIn();
      assert.equal(ofFull, (await askToAdd(other.owner, free)).replaceAll(free, 'TYPED'));
      assert.equal((await owner.post('/account/addresses/code', { code: '000000' })).status, 422);
      assert.deepEqual(addressesOf((await owner.get('/account')).text), [email]);
    });

    test('of two accounts that a number comes to at once one gets the last place', async () => {
      const number = newNumber();
      for (const name of ['a', 'b'])
        await addPerson(program, { emails: [`${name}${number}@example.com`], phones: [number] });
      const two = [await people.signedIn(), await people.signedIn()];
      const codes: string[] = [];
      for (const { owner } of two) {
        await askToAdd(owner, number);
        codes.push(codeOf(lastText(number)));
      }
      await Promise.all(two.map(({ owner }, at) => owner.post('/account/addresses/code', { code: codes[at] ?? '' })));
      const holders = await program.regain.context.store.transaction((tx) =>
        tx.accounts.byConfirmedAddress('phone', number),
      );
      assert.equal(holders.length, 3);
    });

    test('a mailbox stays where nothing but a number of too many accounts would be left', async () => {
      const number = newNumber();
      const mine = `mine${number}@example.com`;
      for (const email of [mine, ...['a', 'b', 'c'].map((name) => `${name}${number}@example.com`)])
        await addPerson(program, { emails: [email], phones: [number] });
      const owner = people.visitor();
      assert.equal((await signIn(owner, mine, OLD_PASSWORD)).url, '/account');
      const path = await removalOf(owner, 0);
      assert.match((await owner.get(path)).text, /a phone number that too many accounts have/);
      assert.equal((await owner.post(path, { password: OLD_PASSWORD })).status, 400);
      assert.deepEqual(addressesOf((await owner.get('/account')).text), [mine, number]);
    });

    test('a text that is not entered says nothing of its fate, and is held back unseen', async () => {
      const number = newNumber();
      for (let texts = 0; texts < 5; texts += 1) await askToRegister(people.visitor(), number);
      const held = people.visitor();
      await askToRegister(held, number);
      await program.advance(5_000);
      const fresh = people.visitor();
      const free = newNumber();
      await askToRegister(fresh, free);
      await program.advance(5_000);
      assert.equal(textsTo(number).length, 5, 'one number had its share');
      assert.equal((await held.get('/register/status')).text, (await fresh.get('/register/status')).text);
      assert.ok(LIMITS['send-stranger'].burst > 5, 'it was no limit of the form');
    });
  });

test('where texting is off, a number is turned down kindly', async (t) => {
  const program = await startInProcess('sqlite');
  t.after(() => program.close());
  const visitor = owners(program).visitor();
  const page = await visitor.get('/register');
  assert.doesNotMatch(page.text, /mobile number|SIM card/);
  const answer = await visitor.post('/register', { identifier: '+1 212 555 0101' });
  assert.equal(answer.status, 400);
  assert.match(answer.text, /We can’t send text messages here\. Please use an email address\./);
});
