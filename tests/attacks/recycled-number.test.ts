/**
 * Somebody got the number that was another person's, and asks for that person's account. The number alone opens nothing while
 * the account's mailbox can say no; and whoever has lost the mailbox, but not the number, is not shut out (STANDARDS R79).
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, type TestContext, test } from 'node:test';
import { completeHeldPasswords } from '../../src/actions/complete-held-passwords.ts';
import { STALE_NUMBER } from '../../src/rules/limits.ts';
import { CARRIERS, linkChat, MESSENGER_CARRIERS, PHONE } from '../carriers.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { type Owners, owners } from '../owners.ts';
import { addPerson, codeIn, linkIn, NEW_PASSWORD, OLD_PASSWORD, type Person } from '../people.ts';
import { type SinkMessage, startSmtpSink } from '../smtp-sink.ts';
import { startTextingShop, type TextingShop } from '../texting-shop.ts';
import type { ApiAnswer } from '../visitor.ts';

const AGAIN_MS = 120_000;
const TAKEN = 'stolen orchard compass 31';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`a recycled number on ${engine}`, () => {
    let shop: TextingShop;
    let program: InProcess;
    let people: Owners;
    let numbers = 0;
    let phone = '';
    let email = '';
    let id = '';
    before(async () => {
      shop = await startTextingShop(engine);
      ({ program } = shop);
      people = owners(program);
    });
    after(() => shop.close());

    /** An account with a mailbox and a number that was proven too long ago, each of a prefix of its own. */
    beforeEach(async () => {
      numbers += 1;
      phone = `+1212${200 + numbers}0101`;
      email = `owner${numbers}@example.org`;
      id = await add({ emails: [email] });
    });
    const add = (person: Person, provenMsAgo = STALE_NUMBER.afterMs + 1): Promise<string> =>
      addPerson(program, { phones: [phone], numbersProvenAt: program.now() - provenMsAgo, ...person });
    const post = async (path: string, body: object): Promise<ApiAnswer> => {
      const answer = await program.api('POST', path, { body });
      await program.settled();
      return answer;
    };
    const texts = (): string[] => shop.receiver.taken.filter(({ to }) => to === phone).map(({ text }) => text);
    const codeTexted = (): string => /#(\w+)$/.exec(texts().at(-1) ?? '')?.[1] ?? assert.fail('a text with a code');
    const mails = (subject: RegExp, to = email): SinkMessage[] =>
      program.sink.messages.filter((mail) => mail.to === to && subject.test(mail.subject));
    const ask = async (identifier: string, more: object = {}): Promise<string> =>
      (await post('/recovery', { identifier, ...more })).json.token;
    const askAgain = async (token: string, more: object = {}): Promise<void> => {
      await program.advance(AGAIN_MS);
      assert.equal((await post('/recovery/resend', { token, ...more })).status, 202);
    };
    const enter = (token: string, code: string): Promise<ApiAnswer> => post('/recovery/verify', { token, code });
    const choosePassword = async (token: string, password = TAKEN): Promise<ApiAnswer> => {
      const answer = await post('/recovery/password', { token, password });
      assert.equal(answer.status, 200);
      return answer;
    };
    /** By whoever reads the number's texts, and nothing else. */
    const recoverByText = async (password = TAKEN): Promise<ApiAnswer> => {
      const token = await ask(phone);
      await askAgain(token);
      assert.equal((await enter(token, codeTexted())).json.state, 'verified');
      return choosePassword(token, password);
    };
    const opens = async (password: string, identifier = email): Promise<boolean> =>
      (await post('/sessions', { identifier, password })).status === 201;
    /** What nobody stopped for so long is done. */
    const wait = async (ms: number): Promise<void> => {
      await program.advance(ms);
      await completeHeldPasswords(program.regain.context);
      await program.settled();
    };
    const numberOf = async (account: string) =>
      (await program.regain.context.store.transaction((tx) => tx.accounts.byId(account)))?.addresses.find(
        ({ kind }) => kind === 'phone',
      );

    test('is not texted at first: the mailbox has the code, and whoever reads it is in at once', async () => {
      const token = await ask(phone);
      assert.deepEqual(texts(), []);
      assert.equal((await enter(token, codeIn(mails(/Your reset code|reset your/i).at(-1)!))).json.state, 'verified');
      assert.equal((await choosePassword(token, NEW_PASSWORD)).json.state, 'completed');
      assert.ok(await opens(NEW_PASSWORD));
    });

    test('raises no alarm: that the mailbox goes first is no fault of anybody', async () => {
      const before = program.logged.length;
      await ask(phone);
      const written = program.logged.slice(before).filter(({ event }) => event === 'message');
      assert.equal(written.find(({ fields }) => fields?.next === 'email')?.fields?.reason, 'stale_number');
      assert.deepEqual(
        written.filter(({ level }) => level !== 'info'),
        [],
      );
    });

    test('tells its new holder nothing of the person, by the reasons for which passwords are refused', async () => {
      phone = `+1212${500 + numbers}0101`;
      await add({ emails: [`mina${numbers}@example.org`], name: 'Wilhelmina Oakenfold', birthday: '1971-08-23' });
      const token = await ask(phone);
      await askAgain(token);
      assert.equal((await enter(token, codeTexted())).json.state, 'verified');
      const reasonsFor = async (password: string): Promise<string[]> =>
        (await post('/recovery/password', { token, password })).json.reasons;
      for (const [guess, other] of [
        ['1971-08-23 a', '1970-08-23 a'],
        ['wilhelmina', 'bernadette'],
      ] as const)
        assert.deepEqual(await reasonsFor(guess), await reasonsFor(other));
    });

    test('gives nobody the account by its text alone: the password waits, and the mailbox hears of it and stops it', async () => {
      const held = await recoverByText();
      assert.deepEqual(
        [held.json.state, held.json.heldFor, held.json.completesAt],
        ['held', 'stale_number', new Date(program.now() + STALE_NUMBER.waitMs).toISOString()],
      );
      assert.deepEqual([await opens(TAKEN), await opens(TAKEN, phone)], [false, false]);
      assert.equal(mails(/reset was asked for by text/).length, 1);
      const [notice] = mails(/is waiting/);
      assert.match(
        notice?.text.replace(/\s+/g, ' ') ?? '',
        /a phone number that was not confirmed for more than 12 months/,
      );
      assert.equal((await people.visitor().post(linkIn(notice!, '/cancel/'))).status, 200);
      await wait(STALE_NUMBER.waitMs);
      assert.deepEqual([await opens(TAKEN), await opens(OLD_PASSWORD)], [false, true]);
    });

    test('is no more trusted for having been read, however often', async () => {
      for (let times = 0; times < 2; times += 1) {
        assert.equal((await recoverByText()).json.state, 'held');
        await people.visitor().post(linkIn(mails(/is waiting/).at(-1)!, '/cancel/'));
        await program.advance(AGAIN_MS);
      }
      const token = await ask(phone);
      await askAgain(token);
      await enter(token, codeTexted());
      assert.ok((await numberOf(id))!.provenAt! < program.now() - STALE_NUMBER.afterMs);
    });

    test('lets in, three days later, whoever has lost the mailbox and has the number', async () => {
      assert.equal((await recoverByText(NEW_PASSWORD)).json.state, 'held');
      await wait(STALE_NUMBER.waitMs - 1);
      assert.ok(!(await opens(NEW_PASSWORD, phone)));
      await wait(1);
      assert.deepEqual([await opens(NEW_PASSWORD, phone), await opens(OLD_PASSWORD)], [true, false]);
    });

    test('an owner who read his mail too late says "this wasn\'t me": the number is stopped, and the mailbox gets him back', async () => {
      await recoverByText();
      await wait(STALE_NUMBER.waitMs);
      assert.ok(await opens(TAKEN));
      const done = await people.visitor().post(linkIn(mails(/changed/).at(-1)!, '/not-me/'));
      assert.equal(done.status, 200);
      await program.settled();
      assert.ok(!(await opens(TAKEN)));
      await program.advance(AGAIN_MS);
      const token = await ask(email);
      await enter(token, codeIn(mails(/reset your/i).at(-1)!));
      assert.equal((await choosePassword(token, NEW_PASSWORD)).json.state, 'completed');
      assert.ok(await opens(NEW_PASSWORD));
    });

    test('an owner who meets the wait asks by email and is in at once, and what waited comes to nothing', async () => {
      const held = await recoverByText();
      assert.equal(held.json.state, 'held');
      await program.advance(AGAIN_MS);
      const token = await ask(email);
      await enter(token, codeIn(mails(/reset/i).at(-1)!));
      assert.equal((await choosePassword(token, NEW_PASSWORD)).json.state, 'completed');
      await wait(STALE_NUMBER.waitMs);
      assert.deepEqual([await opens(NEW_PASSWORD), await opens(TAKEN)], [true, false]);
    });

    test('asked for by the address that somebody knows, and then by text, is the same', async () => {
      const token = await ask(email);
      await askAgain(token, { channel: 'sms' });
      assert.equal(texts().length, 1);
      await enter(token, codeTexted());
      assert.equal((await choosePassword(token)).json.state, 'held');
      assert.ok(!(await opens(TAKEN)));
    });

    test('the link of the mail is read in the mailbox alone, so it opens at once whatever was texted', async () => {
      const token = await ask(phone);
      await askAgain(token);
      assert.equal(texts().length, 1);
      const link = /\/recover\/confirm#(\S+)/.exec(
        mails(/reset/i).find(({ text }) => text.includes('confirm#'))!.text,
      )![1]!;
      const owner = people.visitor();
      await owner.post('/recover/confirm', { link, answer: 'yes' });
      const done = await owner.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
      assert.equal(done.url, '/sign-in');
      assert.ok(await opens(NEW_PASSWORD));
    });

    test('a text whose answer was lost may have been read, so its code does not open at once either', async () => {
      const token = await ask(phone);
      shop.receiver.misbehave(...Array.from({ length: 5 }, () => 'close' as const));
      await askAgain(token);
      const code = codeTexted();
      await program.advance(5_000);
      await enter(token, code);
      assert.equal((await choosePassword(token)).json.state, 'held');
    });

    test('shared with an account of its new holder: that one at once, the other waits, and its mailbox can stop it', async () => {
      const own = await add({ name: 'Mallory', emails: [`mallory${numbers}@example.org`] }, 0);
      const mallory = people.visitor();
      // A browser that is known for the number is none of the other account's.
      assert.equal((await mallory.post('/sign-in', { identifier: phone, password: OLD_PASSWORD })).status, 401);
      for (const [of, state] of [
        [own, 'completed'],
        [id, 'held'],
      ] as const) {
        // biome-ignore format: two rows
        const token = await ask(phone);
        assert.match(texts().at(-1) ?? '', /RESET/, 'nobody knows yet which mailbox is meant');
        const { accounts } = (await enter(token, codeTexted())).json;
        const chosen = accounts.find(({ name }: { name: string }) => name.startsWith('Mallory') === (of === own));
        assert.equal((await post('/recovery/account', { token, account: chosen.id })).json.state, 'verified');
        assert.equal((await choosePassword(token)).json.state, state);
        await program.advance(AGAIN_MS);
      }
      assert.ok(!(await opens(TAKEN)));
      await people.visitor().post(linkIn(mails(/is waiting/)[0]!, '/cancel/'));
      await wait(STALE_NUMBER.waitMs);
      assert.ok(!(await opens(TAKEN)));
    });

    test('on an account without a mailbox it recovers as ever, at once', async () => {
      phone = phone.replace(/0101$/, '0102');
      const alone = await add({ emails: [] });
      const token = await ask(phone);
      await enter(token, codeTexted());
      assert.equal((await choosePassword(token, NEW_PASSWORD)).json.state, 'completed');
      assert.ok(await opens(NEW_PASSWORD, phone));
      assert.equal((await numberOf(alone))?.provenAt, program.now(), 'and is proven from now on');
    });

    test('in a browser that has signed in to the account the number does not stand alone: a text, and in', async () => {
      const owner = people.visitor();
      assert.equal((await owner.post('/sign-in', { identifier: phone, password: OLD_PASSWORD })).url, '/account');
      await owner.post('/sign-out');
      await owner.post('/recover', { identifier: phone });
      await program.settled();
      await owner.post('/recover/code', { code: codeTexted() });
      const done = await owner.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
      assert.equal(done.url, '/sign-in');
      assert.equal((await numberOf(id))?.provenAt, program.now());
    });

    test('proven lately it recovers at once, and each time is trusted for another year', async () => {
      phone = phone.replace(/0101$/, '0102');
      email = `fresh.${email}`;
      const fresh = await add({ emails: [email] }, STALE_NUMBER.afterMs - 1_000);
      for (let times = 0; times < 2; times += 1) {
        const token = await ask(phone);
        await enter(token, codeTexted());
        assert.equal((await choosePassword(token, `${NEW_PASSWORD} ${times}`)).json.state, 'completed');
        assert.equal((await numberOf(fresh))?.provenAt, program.now());
        await program.advance(STALE_NUMBER.afterMs - 1_000);
      }
    });

    test('its holder who reads the page learns why he waits, and of the shorter way', async () => {
      const stranger = people.visitor();
      await stranger.post('/recover', { identifier: phone });
      await program.advance(AGAIN_MS);
      await stranger.post('/recover/resend');
      await program.settled();
      await stranger.post('/recover/code', { code: codeTexted() });
      const page = await stranger.post('/recover/password', { password: TAKEN, password2: TAKEN });
      assert.equal(page.url, '/recover/password');
      assert.match(page.text, /phone number that was not confirmed for more than 12 months/);
      assert.match(page.text, /<a class="button primary" href="\/recover">Get a code by email<\/a>/);
      assert.ok(!page.text.includes(email) && !page.text.includes('@example.org'), 'and nothing of the account');
    });
  });

describe('a stale number by other ways', () => {
  const stale = (program: InProcess): Person => ({
    emails: ['owner@example.com'],
    phones: [PHONE],
    numbersProvenAt: program.now() - STALE_NUMBER.afterMs - 1,
  });
  const recover = async (program: InProcess, token: string, code: string): Promise<string> => {
    assert.equal((await program.api('POST', '/recovery/verify', { body: { token, code } })).json.state, 'verified');
    return (await program.api('POST', '/recovery/password', { body: { token, password: NEW_PASSWORD } })).json.state;
  };

  test("Telegram's Gateway writes to the number: not asked first, and its code waits", async (t) => {
    const gateway = await CARRIERS.gateway();
    t.after(() => gateway.stop());
    const program = await startInProcess('sqlite', gateway.env);
    t.after(() => program.close());
    await addPerson(program, stale(program));
    const { token } = (await program.api('POST', '/recovery', { body: { identifier: PHONE } })).json;
    await program.settled();
    assert.deepEqual(gateway.codes(), []);
    await program.advance(AGAIN_MS);
    await program.api('POST', '/recovery/resend', { body: { token } });
    await program.settled();
    assert.equal(gateway.codes().length, 1);
    assert.equal(await recover(program, token, gateway.codes()[0]!), 'held');
  });

  test('a code by the Gateway proves a number that was fresh; one that went on to a chat as well proves nothing', async (t) => {
    const gateway = await CARRIERS.gateway();
    t.after(() => gateway.stop());
    const viber = await MESSENGER_CARRIERS.viber();
    t.after(() => viber.stop());
    const program = await startInProcess('sqlite', { ...gateway.env, ...viber.env });
    t.after(() => program.close());
    const id = await addPerson(program, { ...stale(program), numbersProvenAt: program.now() - 1 });
    await linkChat(program, id, viber.chat!);
    const provenAt = async (): Promise<(number | null)[]> => {
      const account = await program.regain.context.store.transaction((tx) => tx.accounts.byId(id));
      return account!.addresses.map((address) => address.provenAt);
    };
    const before = program.now();
    const ask = async (): Promise<string> => {
      const { token } = (await program.api('POST', '/recovery', { body: { identifier: PHONE } })).json;
      await program.settled();
      return token;
    };
    const token = await ask();
    await program.advance(AGAIN_MS);
    assert.equal(viber.codes().length, 1, 'nothing was reported, so the code went on');
    assert.equal(await recover(program, token, viber.codes().at(-1)!), 'completed');
    assert.deepEqual(await provenAt(), [before, before - 1]);
    assert.equal(await recover(program, await ask(), gateway.codes().at(-1)!), 'completed');
    assert.deepEqual(await provenAt(), [before, program.now()]);
  });

  test('a mail that is refused goes on to the number by itself, and that code waits, too', async (t) => {
    const sms = await CARRIERS.webhook();
    t.after(() => sms.stop());
    const sink = await startSmtpSink({ onRcpt: () => ({ code: 550, message: '5.1.1 no such mailbox' }) });
    t.after(() => sink.stop());
    const program = await startInProcess('sqlite', { ...sms.env, REGAIN_SMTP_URL: sink.url });
    t.after(() => program.close());
    await addPerson(program, stale(program));
    const { token } = (await program.api('POST', '/recovery', { body: { identifier: 'owner@example.com' } })).json;
    await program.settled();
    assert.equal(sms.codes().length, 1);
    assert.equal(await recover(program, token, sms.codes()[0]!), 'held');
  });

  describe('WhatsApp, which carries to whoever has the number now', () => {
    const YEARS = 2 * STALE_NUMBER.afterMs;
    /** With texts and WhatsApp, and an account that linked the number's chat so long ago. */
    const start = async (t: TestContext, linkedMsAgo: number, person: Partial<Person> = {}) => {
      const sms = await CARRIERS.webhook();
      t.after(() => sms.stop());
      const whatsapp = await MESSENGER_CARRIERS.whatsapp();
      t.after(() => whatsapp.stop());
      const program = await startInProcess('sqlite', { ...sms.env, ...whatsapp.env });
      t.after(() => program.close());
      const id = await addPerson(program, { ...stale(program), ...person });
      await linkChat({ ...program, now: () => program.now() - linkedMsAgo }, id, { channel: 'whatsapp', chat: PHONE });
      const ask = async (channel: string, identifier = PHONE): Promise<string> => {
        const { token } = (await program.api('POST', '/recovery', { body: { identifier, channel } })).json;
        await program.settled();
        return token;
      };
      const askAgain = async (token: string): Promise<void> => {
        await program.advance(AGAIN_MS);
        await program.api('POST', '/recovery/resend', { body: { token, channel: 'whatsapp' } });
        await program.settled();
      };
      const codesMailed = (): SinkMessage[] => program.sink.messages.filter(({ text }) => /^\s*\d{6}\s*$/m.test(text));
      return { sms, whatsapp, program, id, ask, askAgain, codesMailed };
    };

    for (const channel of ['sms', 'whatsapp'])
      test(`asked for by ${channel}: the mailbox first, and a code that was read there opens nothing at once`, async (t) => {
        const { sms, whatsapp, program, ask, askAgain, codesMailed } = await start(t, YEARS);
        const token = await ask(channel);
        assert.deepEqual([sms.codes(), whatsapp.codes()], [[], []]);
        assert.equal(codesMailed().length, 1);
        await askAgain(token);
        assert.equal(whatsapp.codes().length, 1);
        assert.equal(await recover(program, token, whatsapp.codes()[0]!), 'held');
        const signIn = { identifier: PHONE, password: NEW_PASSWORD };
        assert.equal((await program.api('POST', '/sessions', { body: signIn })).status, 401);
      });

    test('of an account that has the number there alone: the same', async (t) => {
      const { whatsapp, program, ask, askAgain } = await start(t, YEARS, { phones: [] });
      const token = await ask('whatsapp', 'owner@example.com');
      assert.deepEqual(whatsapp.codes(), []);
      await askAgain(token);
      assert.equal(await recover(program, token, whatsapp.codes()[0]!), 'held');
    });

    test('beside a number of the account that was proven lately: the same', async (t) => {
      const fresh = { phones: ['+12125550199'], numbersProvenAt: Date.parse('2026-01-01') };
      const { whatsapp, program, ask, askAgain } = await start(t, YEARS, fresh);
      const token = await ask('whatsapp', 'owner@example.com');
      assert.deepEqual(whatsapp.codes(), []);
      await askAgain(token);
      assert.equal(await recover(program, token, whatsapp.codes()[0]!), 'held');
    });

    test('whoever read the code there gains nothing by stopping the chat', async (t) => {
      const { whatsapp, program, ask, askAgain } = await start(t, YEARS);
      const token = await ask('whatsapp');
      await askAgain(token);
      await program.advance(1_000);
      const stopped = await program.regain.context.store.transaction((tx) =>
        tx.chats.stop('whatsapp', { chat: PHONE, scopedId: null }, program.now()),
      );
      assert.equal(stopped.length, 1);
      assert.equal(await recover(program, token, whatsapp.codes()[0]!), 'held');
    });

    test('linked within the year it is its owner who has it: at once, and no number is proven by it', async (t) => {
      const { whatsapp, program, id, ask } = await start(t, STALE_NUMBER.afterMs - 1_000);
      const token = await ask('whatsapp');
      assert.equal(await recover(program, token, whatsapp.codes()[0]!), 'completed');
      const account = await program.regain.context.store.transaction((tx) => tx.accounts.byId(id));
      assert.equal(account?.addresses.find(({ kind }) => kind === 'phone')?.provenAt, stale(program).numbersProvenAt);
    });

    test('on a number that was proven within the year: at once', async (t) => {
      const { whatsapp, program, ask } = await start(t, YEARS, { numbersProvenAt: Date.parse('2026-01-01') });
      const token = await ask('whatsapp');
      assert.equal(await recover(program, token, whatsapp.codes()[0]!), 'completed');
    });

    test('"this wasn\'t me" about it stops recovery by the number, too', async (t) => {
      const { whatsapp, program, id, ask } = await start(t, 0);
      const token = await ask('whatsapp');
      await recover(program, token, whatsapp.codes()[0]!);
      await program.settled();
      const notice = program.sink.messages.findLast(({ subject }) => /changed/.test(subject));
      assert.equal((await owners(program).visitor().post(linkIn(notice!, '/not-me/'))).status, 200);
      const account = await program.regain.context.store.transaction((tx) => tx.accounts.byId(id));
      assert.notEqual(account?.addresses.find(({ kind }) => kind === 'phone')?.frozenAt, null);
    });
  });

  test('a chat of Viber is no number: its code comes at the first asking, and opens at once', async (t) => {
    const sms = await CARRIERS.webhook();
    t.after(() => sms.stop());
    const viber = await MESSENGER_CARRIERS.viber();
    t.after(() => viber.stop());
    const program = await startInProcess('sqlite', { ...sms.env, ...viber.env });
    t.after(() => program.close());
    await linkChat(program, await addPerson(program, stale(program)), viber.chat!);
    const { token } = (await program.api('POST', '/recovery', { body: { identifier: PHONE } })).json;
    await program.settled();
    assert.deepEqual(sms.codes(), []);
    assert.equal(viber.codes().length, 1);
    assert.equal(await recover(program, token, viber.codes()[0]!), 'completed');
  });
});
