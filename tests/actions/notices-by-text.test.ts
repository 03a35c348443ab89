/** Notices by text message, on both engines: who is told by phone, what it costs, and what it never does. */
import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { unfreezeAddress } from '../../src/actions/unfreeze-address.ts';
import { NOTICE_USEFUL_MS, WAITED_MS } from '../../src/rules/limits.ts';
import { CODES, hourOf, SPEND_LIMITS } from '../../src/rules/spend.ts';
import type { Message } from '../../src/store/store.ts';
import { codeOf } from '../carriers.ts';
import type { InProcess } from '../in-process.ts';
import { type Owners, owners, removalOf } from '../owners.ts';
import { addPerson, codeIn, NEW_PASSWORD, OLD_PASSWORD } from '../people.ts';
import { startTextingShop, type TextingShop } from '../texting-shop.ts';
import type { Visitor } from '../visitor.ts';
import type { WebhookReceiver } from '../webhook-receiver.ts';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`notices by text on ${engine}`, () => {
    let shop: TextingShop;
    let program: InProcess;
    let receiver: WebhookReceiver;
    let people: Owners;
    let numbers = 0;
    before(async () => {
      shop = await startTextingShop(engine, {
        REGAIN_PRICES: 'sms:US=0.05',
      });
      ({ program, receiver } = shop);
      people = owners(program);
    });
    after(() => shop.close());

    const newNumber = (): string => {
      numbers += 1;
      return `+1212${200 + numbers}0101`;
    };
    const newEmail = (): string => {
      numbers += 1;
      return `told${numbers}@example.com`;
    };
    const textsTo = (number: string): string[] =>
      receiver.taken.filter(({ to }) => to === number).map(({ text }) => text);
    const recoverByMail = async (email: string): Promise<void> => {
      const visitor = people.visitor();
      await visitor.post('/recover', { identifier: email });
      await program.settled();
      await visitor.post('/recover/code', { code: codeIn(people.lastMail(email)) });
      const set = await visitor.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
      assert.equal(set.url, '/sign-in');
      await program.settled();
    };
    const signedIn = async (identifier: string): Promise<Visitor> => {
      const visitor = people.visitor();
      assert.equal((await visitor.post('/sign-in', { identifier, password: OLD_PASSWORD })).url, '/account');
      return visitor;
    };

    test('a new password is told to two mailboxes and a phone: three notices', async () => {
      const [one, two, number] = [newEmail(), newEmail(), newNumber()];
      await addPerson(program, { emails: [one, two], phones: [number, '+442079460018'] });
      await recoverByMail(one);
      for (const email of [one, two]) assert.match(people.lastMail(email).subject, /password was changed/);
      assert.deepEqual(textsTo(number), [
        'Shop: your password was changed on 14 Mar 09:12 UTC. Not you? Choose "Forgot password?" on accounts.shop.example now. Help: accounts.shop.example/help',
      ]);
      assert.deepEqual(textsTo('+442079460018'), [], 'a landline of another country');
    });

    test('who has only a phone does what the text and the help page say, and whoever changed the password is out', async () => {
      const number = newNumber();
      await addPerson(program, { emails: [], phones: [number] });
      const recoverByText = async (password: string): Promise<Visitor> => {
        const visitor = people.visitor();
        await visitor.post('/recover', { identifier: number });
        await program.settled();
        await visitor.post('/recover/code', { code: /#(\d+)$/.exec(textsTo(number).at(-1) ?? '')?.[1] ?? '' });
        assert.equal((await visitor.post('/recover/password', { password, password2: password })).url, '/sign-in');
        await program.settled();
        return visitor;
      };
      const signIn = (visitor: Visitor, password: string) => visitor.post('/sign-in', { identifier: number, password });
      const intruder = await recoverByText(NEW_PASSWORD);
      assert.equal((await signIn(intruder, NEW_PASSWORD)).url, '/account');
      const notice = textsTo(number).at(-1) ?? '';
      assert.match(notice, /Not you\? Choose "Forgot password\?" on accounts\.shop\.example now/);
      assert.match(notice, /Help: accounts\.shop\.example\/help$/);
      assert.match((await people.visitor().get('/sign-in')).text, />Forgot password\?</);
      const help = (await people.visitor().get('/help')).text;
      const advice = /<section id="changed">([\s\S]*?)<\/section>/.exec(help)?.[1] ?? '';
      assert.match(advice, /text message tell you[^<]*Choose a new password now/);
      assert.match(advice, /write to customer support/);
      assert.match(advice, /href="\/recover"/);
      const owner = await recoverByText('seven lanterns by the harbour');
      assert.equal((await intruder.get('/account')).url, '/sign-in');
      assert.equal((await signIn(intruder, NEW_PASSWORD)).status, 401);
      assert.equal((await signIn(owner, 'seven lanterns by the harbour')).url, '/account');
    });

    test('the mail says by which ways the code had gone', async () => {
      const [email, number] = [newEmail(), newNumber()];
      await addPerson(program, { emails: [email], phones: [number] });
      const recover = async (begun: string, ...ways: string[]): Promise<string> => {
        const { token } = (await program.api('POST', '/recovery', { body: { identifier: begun } })).json;
        await program.settled();
        for (const channel of ways) await program.api('POST', '/recovery/resend', { body: { token, channel } });
        await program.settled();
        const text = textsTo(number).at(-1) ?? '';
        const byText = [begun, ...ways].some((way) => way === number || way === 'sms');
        const code = byText ? /#(\d+)$/.exec(text)?.[1] : codeIn(people.lastMail(email));
        await program.api('POST', '/recovery/verify', { body: { token, code } });
        await program.api('POST', '/recovery/password', { body: { token, password: NEW_PASSWORD } });
        await program.settled();
        return /^How: +(.*)$/m.exec(people.lastMail(email).text)?.[1] ?? '';
      };
      assert.equal(await recover(email), 'with a message from us, by email');
      assert.equal(await recover(number), 'with a message from us, by text message');
      assert.equal(await recover(email, 'sms'), 'with a message from us, by email or text message');
    });

    test('an account without a mailbox is told by text of addresses that come and go, at the numbers that it had', async () => {
      const [first, second, email] = [newNumber(), newNumber(), newEmail()];
      await addPerson(program, { emails: [], phones: [first, second] });
      const owner = await signedIn(first);
      await people.add(owner, email);
      const added = 'Shop: An email address was added to your account.';
      for (const number of [first, second]) assert.ok(textsTo(number)[0]?.startsWith(added));
      assert.match(people.lastMail(email).subject, /was added/);
      // From now on its mailbox is told.
      await owner.post(await removalOf(owner, 1), { password: OLD_PASSWORD });
      await program.settled();
      assert.match(people.lastMail(email).subject, /A phone number was removed/);
      assert.deepEqual([textsTo(first).length, textsTo(second).length], [1, 1]);
    });

    test('the numbers hear that support allowed recovery by the only mailbox again, and so does one of two numbers', async () => {
      const [email, number, alone, other] = [newEmail(), newNumber(), newNumber(), newNumber()];
      const withMailbox = await addPerson(program, { emails: [email], phones: [number] });
      const withNumbers = await addPerson(program, { emails: [], phones: [alone, other] });
      const { context } = program.regain;
      for (const [id, address] of [
        [withMailbox, { kind: 'email', canonical: email }],
        [withNumbers, { kind: 'phone', canonical: alone }],
      ] as const) {
        await context.store.transaction((tx) => tx.accounts.freezeAddress(id, address, program.now()));
        assert.deepEqual(await unfreezeAddress(context, address), { kind: 'unfrozen', id });
      }
      await program.settled();
      const told =
        'Shop: support allowed recovery by an address of your account again. Not you? Type accounts.shop.example/help in your browser now.';
      assert.deepEqual([number, alone, other].map(textsTo), [[told], [], [told]]);
      assert.ok(!program.sink.messages.some(({ to }) => to === email));
    });

    test('a number that is taken away is told of it, and of nothing that comes after', async () => {
      const [kept, gone] = [newNumber(), newNumber()];
      await addPerson(program, { emails: [], phones: [kept, gone] });
      const owner = await signedIn(kept);
      await owner.post(await removalOf(owner, 1), { password: OLD_PASSWORD });
      await program.settled();
      for (const number of [kept, gone]) assert.match(textsTo(number)[0] ?? '', /A phone number was removed/);
      await program.advance(1_000);
      const visitor = people.visitor();
      await visitor.post('/recover', { identifier: kept });
      await program.settled();
      const code = /#(\d+)$/.exec(textsTo(kept).at(-1) ?? '')?.[1] ?? '';
      await visitor.post('/recover/code', { code });
      await visitor.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
      await program.settled();
      assert.match(textsTo(kept).at(-1) ?? '', /your password was changed/);
      assert.equal(textsTo(gone).length, 1);
    });

    test('notices are paid for, and count as no codes that nobody enters', async () => {
      const { store } = program.regain.context;
      const spent = () =>
        store.transaction(async (tx) =>
          (await tx.spend.spentOn(Math.floor(program.now() / 86_400_000))).reduce((sum, { micros }) => sum + micros, 0),
        );
      const [email, number] = [newEmail(), newNumber()];
      await addPerson(program, { emails: [email], phones: [number] });
      const before = await spent();
      await recoverByMail(email);
      assert.equal(textsTo(number).length, 1);
      assert.equal((await spent()) - before, 50_000);
      const conversion = await store.transaction((tx) =>
        tx.spend.conversion('sms', number.slice(0, -4), hourOf(program.now()), CODES.recovering),
      );
      assert.deepEqual(conversion, { sent: 0, entered: 0 });
    });

    test('texts that strangers ask for use up no notice; what one number may be told is bounded', async () => {
      const [email, number] = [newEmail(), newNumber()];
      await addPerson(program, { emails: [email], phones: [number] });
      const { stranger, owner } = SPEND_LIMITS.number;
      for (let asked = 0; asked < stranger.burst + 2; asked += 1)
        await people.visitor().post('/recover', { identifier: number });
      await program.settled();
      await program.advance(WAITED_MS);
      assert.equal(textsTo(number).length, stranger.burst, 'strangers had their share');
      await recoverByMail(email);
      assert.match(textsTo(number).at(-1) ?? '', /your password was changed/);
      for (let changes = 0; changes < 6; changes += 1) await recoverByMail(email);
      assert.equal(textsTo(number).length, stranger.burst + owner.burst);
      assert.match(people.lastMail(email).subject, /password was changed/);
    });

    test('a number that is said to be in wrong hands is told nothing', async () => {
      const [email, number] = [newEmail(), newNumber()];
      const id = await addPerson(program, { emails: [email], phones: [number] });
      const { store, accounts } = program.regain.context;
      await store.transaction((tx) =>
        accounts.freezeAddresses(tx, id, [{ kind: 'phone', canonical: number }], program.now()),
      );
      await recoverByMail(email);
      assert.deepEqual(textsTo(number), []);
    });

    describe('where the day has no money left', () => {
      const startPoorShop = async (t: TestContext, perDay: string): Promise<TextingShop> => {
        const poor = await startTextingShop(engine, {
          REGAIN_PRICES: 'sms:US=0.01',
          REGAIN_SPEND_PER_DAY: `sms=${perDay}`,
        });
        t.after(() => poor.close());
        poor.program.jump(Date.parse('2026-03-14T23:50:00Z') - poor.program.now());
        return poor;
      };
      const changePassword = async ({ program, receiver }: TextingShop, identifier: string): Promise<void> => {
        const { token } = (await program.api('POST', '/recovery', { body: { identifier } })).json;
        await program.settled();
        const mail = program.sink.messages.at(-1);
        const code = mail ? codeIn(mail) : codeOf(receiver.taken.at(-1)?.text ?? '');
        const { json } = await program.api('POST', '/recovery/verify', { body: { token, code } });
        const body = { token: json.token, password: NEW_PASSWORD };
        assert.equal((await program.api('POST', '/recovery/password', { body })).status, 200);
        await program.settled();
      };
      const noticeOf = async ({ program }: TextingShop): Promise<Message | undefined> => {
        const { store } = program.regain.context;
        const told = await store.transaction((tx) =>
          tx.messages.list({ since: 0, channel: 'sms', kind: 'password-changed' }, 2),
        );
        assert.ok(told.length < 2);
        return told[0];
      };

      test('a notice waits for the next day', async (t) => {
        const poor = await startPoorShop(t, '0.0125');
        const number = newNumber();
        await addPerson(poor.program, { emails: [], phones: [number] });
        await changePassword(poor, number);
        assert.equal(poor.receiver.taken.length, 1, 'the code alone');
        await poor.program.advance(10 * 60_000);
        assert.match(poor.receiver.taken.at(-1)?.text ?? '', /your password was changed on 14 Mar 23:50 UTC/);
        assert.equal((await noticeOf(poor))?.status, 'sent');
      });

      test('it is asked for each quarter of an hour and counted once, and given up after a day', async (t) => {
        const poor = await startPoorShop(t, '0');
        await addPerson(poor.program, { emails: ['poor@example.com'], phones: [newNumber()] });
        await changePassword(poor, 'poor@example.com');
        const askedAt = poor.program.now();
        for (const minutes of [10, 15, 15]) await poor.program.advance(minutes * 60_000);
        const { status, reason, attempts } = (await noticeOf(poor)) ?? {};
        assert.deepEqual({ status, reason, attempts }, { status: 'queued', reason: 'held_back', attempts: 4 });
        const tallies = await poor.program.regain.context.store.transaction((tx) => tx.spend.tallies(0));
        assert.deepEqual(
          tallies.map(({ outcome, messages }) => ({ outcome, messages })),
          [{ outcome: 'budget', messages: 1 }],
        );
        await poor.program.advance(askedAt + NOTICE_USEFUL_MS - poor.program.now());
        assert.equal((await noticeOf(poor))?.status, 'expired');
        assert.deepEqual(poor.receiver.taken, []);
      });
    });
  });
