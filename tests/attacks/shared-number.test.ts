/**
 * Two people with one phone number, and somebody who wants more than the number gives him: which accounts there are is told after
 * the right code and not before, one of them is chosen once, and nothing happens to the others.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { RecoveryEntry } from '../../src/actions/list-activity.ts';
import { listActivity, unfinishedRecovery } from '../../src/actions/list-activity.ts';
import { PROOF_KEPT_MS, VERIFIED_LIFETIME_MS } from '../../src/rules/limits.ts';
import type { InProcess } from '../in-process.ts';
import { addPerson, linkIn, NEW_PASSWORD, OLD_PASSWORD, type Person, wrongCode } from '../people.ts';
import { startTextingShop, type TextingShop } from '../texting-shop.ts';
import { type ApiAnswer, Visitor } from '../visitor.ts';
import type { WebhookReceiver } from '../webhook-receiver.ts';

const HOUR = 3_600_000;

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`a shared number on ${engine}`, () => {
    let shop: TextingShop;
    let program: InProcess;
    let receiver: WebhookReceiver;
    let numbers = 100;
    let phone = '';
    let jane = '';
    let john = '';
    before(async () => {
      shop = await startTextingShop(engine, {
        REGAIN_COOL_OFF_HOURS: '24',
      });
      ({ program, receiver } = shop);
    });
    after(() => shop.close());

    /** Each test has a number of its own, with Jane and John. */
    beforeEach(async () => {
      numbers += 1;
      phone = `+12125550${numbers}`;
      jane = await share('Jane Doe');
      john = await share('John Doe');
    });
    const mailOf = (name: string): string => `${name.split(' ')[0]?.toLowerCase()}.${numbers}@example.com`;
    const share = (name: string, more: Partial<Person> = {}): Promise<string> =>
      addPerson(program, { name, emails: [mailOf(name)], phones: [phone], ...more });
    const post = (path: string, body: object): Promise<ApiAnswer> => program.api('POST', path, { body });
    const mailsTo = (name: string) => program.sink.messages.filter(({ to }) => to === mailOf(name));
    const texts = () => receiver.taken.filter(({ to }) => to === phone);
    const visitor = (): Visitor =>
      new Visitor((request) => program.regain.fetch(request, { peer: '127.0.0.1' }), program.regain.config.origin);
    const lastCode = (): string => /#(\w+)$/.exec(texts().at(-1)?.text ?? '')?.[1] ?? '';

    const ask = async (more: object = {}): Promise<string> => {
      const { json } = await post('/recovery', { identifier: phone, ...more });
      await program.settled();
      return json.token;
    };
    /** After the right code. */
    const proven = async (): Promise<{ token: string; accounts: { id: string; name: string }[] }> => {
      const token = await ask();
      const { status, json } = await post('/recovery/verify', { token, code: lastCode() });
      assert.deepEqual([status, json.state], [200, 'choosing']);
      return { token, accounts: json.accounts };
    };
    const idOf = (accounts: { id: string; name: string }[], name: string): string =>
      accounts.find((account) => account.name.startsWith(name))?.id ?? `no ${name}`;
    const choose = (token: string, account: string): Promise<ApiAnswer> =>
      post('/recovery/account', { token, account });
    const setPassword = (token: string): Promise<ApiAnswer> =>
      post('/recovery/password', { token, password: NEW_PASSWORD });
    const opens = async (name: string, password: string): Promise<boolean> =>
      (await post('/sessions', { identifier: mailOf(name), password })).status === 201;
    const newest = async (id: string): Promise<RecoveryEntry> => {
      const { entries } = await listActivity(program.regain.context, id);
      const entry = entries.find((one) => one.name === 'resolve-recovery');
      assert.ok(entry?.name === 'resolve-recovery');
      return entry;
    };
    const transaction: InProcess['regain']['context']['store']['transaction'] = (work) =>
      program.regain.context.store.transaction(work);

    test('one text, a notice to each mailbox, a choice after the code, and only the chosen account changes', async () => {
      const token = await ask();
      assert.equal(texts().length, 1);
      assert.deepEqual([mailsTo('Jane').length, mailsTo('John').length], [1, 1]);
      assert.match(mailsTo('Jane')[0]?.text ?? '', /by text message/);
      const verified = await post('/recovery/verify', { token, code: lastCode() });
      assert.deepEqual(verified.json.accounts.map(({ name }: { name: string }) => name).sort(), [
        `Jane, j***@example.com`,
        `John, j***@example.com`,
      ]);
      const seen = JSON.stringify(verified.json);
      for (const secret of [jane, john, 'Doe', mailOf('Jane'), mailOf('John')])
        assert.ok(!seen.includes(secret), secret);
      const chosen = await choose(token, idOf(verified.json.accounts, 'John'));
      assert.deepEqual([chosen.status, chosen.json.state, chosen.json.accounts], [200, 'verified', undefined]);
      assert.equal((await setPassword(token)).json.state, 'completed');
      await program.settled();
      assert.deepEqual([await opens('John', NEW_PASSWORD), await opens('John', OLD_PASSWORD)], [true, false]);
      assert.deepEqual([await opens('Jane', OLD_PASSWORD), await opens('Jane', NEW_PASSWORD)], [true, false]);
      assert.ok(mailsTo('John').some(({ text }) => text.includes('/recover/not-me/')));
      assert.equal(mailsTo('Jane').length, 1, 'nothing more is told to the other one');
      assert.equal((await newest(john)).outcome, 'password_changed');
      assert.equal((await newest(jane)).outcome, 'passed_over');
    });

    test('before the right code nothing tells that there are two', async () => {
      const token = await ask();
      const wrong = await post('/recovery/verify', { token, code: wrongCode(lastCode()) });
      assert.deepEqual([wrong.status, wrong.json.code], [422, 'wrong_code']);
      const { json } = await program.api('GET', '/recovery', { token });
      assert.deepEqual([json.state, 'accounts' in json], ['code_sent', false]);
      assert.equal((await choose(token, 'any')).status, 404);
      assert.equal((await newest(jane)).wrongCodes, 1);
      assert.equal((await newest(john)).wrongCodes, 1);
      const page = visitor();
      await page.post('/recover', { identifier: phone });
      await program.settled();
      assert.equal((await page.get('/recover/account')).url, '/recover/code');
      assert.equal((await page.post('/recover/account', { account: jane })).url, '/recover/code');
    });

    test('no password before a choice, and none is judged', async () => {
      const { token } = await proven();
      assert.equal((await setPassword(token)).status, 404);
      assert.equal((await post('/recovery/verify', { token, code: lastCode() })).status, 404);
      assert.equal((await post('/recovery/resend', { token })).status, 404);
      const page = visitor();
      await page.post('/recover', { identifier: phone });
      await program.settled();
      await page.post('/recover/code', { code: lastCode() });
      assert.equal((await page.get('/recover/password')).url, '/recover/account');
      assert.equal(
        (await page.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD })).url,
        '/recover/account',
      );
      assert.equal((await page.post('/recover/password/judge', { password: NEW_PASSWORD })).status, 404);
      assert.deepEqual([await opens('Jane', OLD_PASSWORD), await opens('John', OLD_PASSWORD)], [true, true]);
    });

    test('forged ids choose nothing: those of accounts, of nobody, of another recovery, of another number', async () => {
      const { token, accounts } = await proven();
      const earlier = accounts.map(({ id }) => id);
      const again = await proven();
      const outsider = await addPerson(program, { name: 'Mallory', emails: [`mallory.${numbers}@example.com`] });
      for (const id of [jane, john, outsider, ...earlier, `${earlier[0]} `, '%', "' or 1=1 --", 'x'.repeat(64)]) {
        const refused = await choose(again.token, id);
        assert.deepEqual([refused.status, refused.json.code], [400, 'invalid_request'], id);
      }
      assert.equal((await choose('no-token-at-all', earlier[0] ?? '')).status, 404);
      assert.equal((await choose(again.token, idOf(again.accounts, 'Jane'))).status, 200);
      assert.equal((await choose(token, idOf(accounts, 'John'))).status, 200, 'the earlier one is as it was');
    });

    test('a choice is made once, also by many at one moment', async () => {
      const { token, accounts } = await proven();
      const tries = [...accounts, ...accounts, ...accounts];
      const answers = await Promise.all(tries.map(({ id }) => choose(token, id)));
      const won = tries.filter((_, at) => answers[at]?.status === 200);
      assert.equal(won.length, 1);
      assert.ok(answers.every(({ status }) => status === 200 || status === 404));
      for (const { id } of accounts) assert.equal((await choose(token, id)).status, 404);
      assert.equal((await setPassword(token)).json.state, 'completed');
      const winner = won[0]?.name.split(',')[0] ?? '';
      for (const name of ['Jane', 'John'])
        assert.equal(await opens(name, name === winner ? NEW_PASSWORD : OLD_PASSWORD), true, name);
    });

    test('a change of one account between code and choice voids that one alone', async () => {
      const { token, accounts } = await proven();
      await transaction((tx) => program.regain.context.accounts.blockPassword(tx, jane, program.now()));
      const refused = await choose(token, idOf(accounts, 'Jane'));
      assert.deepEqual([refused.status, refused.json.code], [400, 'invalid_request']);
      const left = (await program.api('GET', '/recovery', { token })).json.accounts;
      assert.deepEqual(
        left.map(({ name }: { name: string }) => name),
        ['John, j***@example.com'],
      );
      assert.equal((await choose(token, idOf(accounts, 'John'))).status, 200);
      assert.equal((await setPassword(token)).status, 200);
      assert.equal(await opens('John', NEW_PASSWORD), true);
    });

    test('who signs in, or gives the number up, is no choice any more; with none left it is over', async () => {
      const { token, accounts } = await proven();
      assert.equal(await opens('Jane', OLD_PASSWORD), true);
      assert.equal((await choose(token, idOf(accounts, 'Jane'))).status, 400);
      await transaction(async (tx) => {
        const account = await program.regain.context.accounts.get(tx, john);
        assert.ok(account);
        const number = { kind: 'phone', canonical: phone } as const;
        await program.regain.context.accounts.removeAddress(tx, account, number, program.now());
      });
      assert.equal((await choose(token, idOf(accounts, 'John'))).status, 404);
      assert.equal((await program.api('GET', '/recovery', { token })).status, 404);
    });

    test('an owner is told that it is over for an account that left, and that it is open for one that did not', async () => {
      const seen = async (id: string) => [
        (await newest(id)).outcome,
        (await unfinishedRecovery(program.regain.context, id))?.outcome,
      ];
      const token = await ask();
      assert.deepEqual(
        [await seen(jane), await seen(john)],
        [
          ['open', 'open'],
          ['open', 'open'],
        ],
      );
      assert.equal(await opens('Jane', OLD_PASSWORD), true);
      assert.deepEqual(await seen(jane), ['not_finished', undefined]);
      assert.deepEqual(await seen(john), ['open', 'open']);
      assert.equal((await post('/recovery/verify', { token, code: lastCode() })).json.state, 'verified');
      assert.deepEqual(await seen(jane), ['not_finished', undefined]);
      assert.deepEqual(await seen(john), ['open', 'open']);
      await program.advance(VERIFIED_LIFETIME_MS);
      assert.deepEqual(await seen(jane), ['not_finished', undefined]);
      assert.deepEqual(await seen(john), ['code_entered', 'code_entered']);
    });

    test('a recovery that became another account’s is over for this one', async () => {
      const token = await ask();
      await transaction(async (tx) => {
        const account = await program.regain.context.accounts.get(tx, jane);
        const number = { kind: 'phone', canonical: phone } as const;
        await program.regain.context.accounts.removeAddress(tx, account!, number, program.now());
      });
      assert.equal((await post('/recovery/verify', { token, code: lastCode() })).json.state, 'verified');
      assert.equal((await newest(jane)).outcome, 'not_finished');
      assert.equal((await newest(john)).outcome, 'open');
    });

    test('with one left the code goes on without a choice, to that one', async () => {
      const token = await ask();
      assert.equal(await opens('Jane', OLD_PASSWORD), true);
      const verified = await post('/recovery/verify', { token, code: lastCode() });
      assert.deepEqual([verified.json.state, verified.json.accounts], ['verified', undefined]);
      assert.equal((await setPassword(token)).status, 200);
      assert.deepEqual([await opens('John', NEW_PASSWORD), await opens('Jane', OLD_PASSWORD)], [true, true]);
    });

    test('with none left no code matches', async () => {
      const token = await ask();
      for (const name of ['Jane', 'John']) assert.equal(await opens(name, OLD_PASSWORD), true);
      const refused = await post('/recovery/verify', { token, code: lastCode() });
      assert.deepEqual([refused.status, refused.json.code], [422, 'wrong_code']);
    });

    test('a choice that was not made in time can’t be made', async () => {
      const { token, accounts } = await proven();
      await program.advance(VERIFIED_LIFETIME_MS);
      assert.equal((await choose(token, idOf(accounts, 'Jane'))).status, 404);
      assert.equal((await program.api('GET', '/recovery', { token })).status, 404);
    });

    test('the cookie of one recovery and the ids of another', async () => {
      const open = async (): Promise<Visitor> => {
        const page = visitor();
        await page.post('/recover', { identifier: phone });
        await program.settled();
        assert.equal((await page.post('/recover/code', { code: lastCode() })).url, '/recover/account');
        return page;
      };
      const [mine, others] = [await open(), await open()];
      const foreign = /name="account" value="([^"]+)"/.exec((await others.get('/recover/account')).text)?.[1] ?? '';
      const refused = await mine.post('/recover/account', { account: foreign });
      assert.deepEqual([refused.status, refused.url], [400, '/recover/account']);
      assert.match(refused.text, /Choose one of the accounts on this page\./);
      assert.equal((await mine.get('/recover/password')).url, '/recover/account');
    });

    test('each mailbox stops what concerns its own account; when both did, the code opens nothing', async () => {
      const token = await ask();
      assert.equal((await visitor().post(linkIn(mailsTo('Jane')[0]!, '/recover/cancel/'))).status, 200);
      const verified = await post('/recovery/verify', { token, code: lastCode() });
      assert.equal(verified.json.state, 'verified', 'John goes on');
      assert.equal((await newest(jane)).outcome, 'cancelled');
      assert.equal((await visitor().post(linkIn(mailsTo('John')[0]!, '/recover/cancel/'))).status, 200);
      assert.equal((await setPassword(token)).status, 404);

      const again = await ask();
      for (const name of ['Jane', 'John'])
        assert.equal((await visitor().post(linkIn(mailsTo(name).at(-1)!, '/recover/cancel/'))).status, 200);
      assert.equal((await post('/recovery/verify', { token: again, code: lastCode() })).json.code, 'wrong_code');
    });

    test('the link of an account that was not chosen stops nothing of the chosen one', async () => {
      const { token, accounts } = await proven();
      await choose(token, idOf(accounts, 'John'));
      assert.equal((await visitor().post(linkIn(mailsTo('Jane')[0]!, '/recover/cancel/'))).status, 200);
      assert.equal((await setPassword(token)).status, 200);
      assert.equal(await opens('John', NEW_PASSWORD), true);
    });

    test('"this wasn’t me" stops the number for the chosen account, and leaves the other one its way', async () => {
      const { token, accounts } = await proven();
      await choose(token, idOf(accounts, 'John'));
      await setPassword(token);
      await program.settled();
      const notice = mailsTo('John').find(({ text }) => text.includes('/recover/not-me/'));
      assert.equal((await visitor().post(linkIn(notice!, '/recover/not-me/'))).status, 200);
      await program.settled();
      const again = await ask();
      const verified = await post('/recovery/verify', { token: again, code: lastCode() });
      assert.equal(verified.json.state, 'verified', 'of those that may be recovered by it one is left');
      await setPassword(again);
      assert.equal(await opens('Jane', NEW_PASSWORD), true);
      assert.equal(await opens('John', NEW_PASSWORD), false);
    });

    test('a browser that is known for the number is a stranger to the account: a risky recovery waits', async () => {
      // Jane signs in with the number, which she shares; John’s address changed lately.
      await transaction(async (tx) => {
        const { accounts } = program.regain.context;
        const account = await accounts.get(tx, john);
        assert.ok(account);
        const value = `john.new.${numbers}@example.com`;
        const address = { kind: 'email', value, canonical: value, confirmedAt: program.now() } as const;
        assert.equal(await accounts.addAddress(tx, account, address, program.now() + 1), 'added');
        await accounts.setPassword(
          tx,
          john,
          await program.regain.context.hasher.hash('only John has this 31'),
          program.now(),
        );
      });
      const { json } = await post('/sessions', { identifier: phone, password: OLD_PASSWORD });
      assert.equal((await program.api('GET', '/sessions/current', { token: json.token })).json.name, 'Jane Doe');
      const token = await ask({ device: json.device });
      const verified = await post('/recovery/verify', { token, code: lastCode() });
      await choose(token, idOf(verified.json.accounts, 'John'));
      assert.equal((await setPassword(token)).json.state, 'held');
    });

    test('no mailbox gets the code, neither when the text can’t be sent nor when it is asked for by mail', async () => {
      receiver.misbehave({ status: 400 });
      await ask();
      assert.equal(texts().length, 0);
      const token = await ask({ channel: 'email' });
      const withCode = [...mailsTo('Jane'), ...mailsTo('John')].filter(({ text }) => /^\s*\d{6}\s*$/m.test(text));
      assert.deepEqual(withCode, []);
      assert.equal(texts().length, 1, 'the number is the way that is left');
      assert.equal((await post('/recovery/verify', { token, code: lastCode() })).json.state, 'choosing');
    });

    test('a number of more accounts than a family has recovers and signs in to none', async () => {
      await share('Jim Doe', { password: 'only Jim has this one 17' });
      assert.equal((await proven()).accounts.length, 3);
      assert.equal((await post('/sessions', { identifier: phone, password: 'only Jim has this one 17' })).status, 201);
      await share('Joan Doe');
      const before = texts().length;
      await ask();
      assert.equal(texts().length, before);
      assert.equal((await post('/sessions', { identifier: phone, password: 'only Jim has this one 17' })).status, 401);
    });

    test('signing in with the number: the password says who, and one that fits two says nothing', async () => {
      const own = 'Jane has one of her own 44';
      const both = await post('/sessions', { identifier: phone, password: OLD_PASSWORD });
      assert.deepEqual([both.status, both.json.code], [401, 'invalid_credentials']);
      await transaction(async (tx) =>
        program.regain.context.accounts.setPassword(
          tx,
          jane,
          await program.regain.context.hasher.hash(own),
          program.now(),
        ),
      );
      for (const [password, name] of [
        [own, 'Jane Doe'],
        [OLD_PASSWORD, 'John Doe'],
      ] as const) {
        const signedIn = await post('/sessions', { identifier: phone, password });
        assert.equal(signedIn.status, 201, name);
        assert.equal((await program.api('GET', '/sessions/current', { token: signedIn.json.token })).json.name, name);
      }
      assert.equal((await post('/sessions', { identifier: phone, password: 'neither of them has this' })).status, 401);
      for (const id of [jane, john]) {
        const { entries } = await listActivity(program.regain.context, id);
        assert.equal(entries[0]?.name, 'sign-in-refused');
      }
    });

    test('candidates go with the recovery that they belong to', async () => {
      const { token } = await proven();
      const held = await transaction(async (tx) => tx.audit.ofAccount(jane, 1));
      const proofId = held[0]?.proofId ?? '';
      assert.equal((await transaction((tx) => tx.candidates.ofProof(proofId))).length, 2);
      assert.equal((await program.api('GET', '/recovery', { token })).status, 200);
      await transaction((tx) => tx.proofs.purge(program.now() + PROOF_KEPT_MS + HOUR));
      assert.deepEqual(await transaction((tx) => tx.candidates.ofProof(proofId)), []);
    });
  });
