/** A new password that has to wait never opens anything before its time, opens once, and not at all when it was stopped. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { completeHeldPasswords } from '../../src/actions/complete-held-passwords.ts';
import { purge } from '../../src/actions/purge.ts';
import { ADDRESS_CHANGED_LATELY_MS } from '../../src/rules/limits.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { type Owner, type Owners, owners, removalOf } from '../owners.ts';
import { codeIn, linkIn, NEW_PASSWORD, OLD_PASSWORD } from '../people.ts';
import type { Answer, Visitor } from '../visitor.ts';

const HOUR = 3_600_000;
const WAIT = 24 * HOUR;

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`a cool-off of a day on ${engine}`, () => {
    let program: InProcess;
    let people: Owners;
    before(async () => {
      program = await startInProcess(engine, { REGAIN_COOL_OFF_HOURS: '24' });
      people = owners(program);
    });
    after(() => program.close());

    const ask = async (visitor: Visitor, email: string): Promise<string> => {
      await visitor.post('/recover', { identifier: email });
      await program.settled();
      return program.sink.messages.findLast(({ to, subject }) => to === email && /reset/i.test(subject))!.text;
    };
    const recover = async (visitor: Visitor, email: string, password = NEW_PASSWORD): Promise<Answer> => {
      await visitor.post('/recover/code', { code: codeIn({ text: await ask(visitor, email) }) });
      const answer = await visitor.post('/recover/password', { password, password2: password });
      await program.settled();
      return answer;
    };
    const hold = async (email: string): Promise<Visitor> => {
      const stranger = people.visitor();
      const answer = await recover(stranger, email);
      assert.equal(answer.url, '/recover/password');
      assert.match(answer.text, /Your new password is waiting/);
      return stranger;
    };
    const opens = async (identifier: string, password: string): Promise<boolean> =>
      (await people.visitor().post('/sign-in', { identifier, password })).url === '/account';
    const isSignedIn = async (visitor: Visitor): Promise<boolean> => (await visitor.get('/account')).url === '/account';
    const complete = (): Promise<number> => completeHeldPasswords(program.regain.context);
    const notices = (to: string, subject: RegExp) =>
      program.sink.messages.filter((mail) => mail.to === to && subject.test(mail.subject));
    const heldNotice = (to: string) => notices(to, /is waiting/).at(-1)!;
    /** Nothing comes of it, however late one looks. */
    const neverOpens = async (email: string, password = NEW_PASSWORD): Promise<void> => {
      await program.advance(WAIT);
      assert.equal(await complete(), 0);
      await program.advance(10 * WAIT);
      assert.equal(await complete(), 0);
      assert.ok(!(await opens(email, password)));
    };

    test('waits, tells everybody, and is set once by many workers', async () => {
      const { email, owner, address } = await people.withTwo();
      const stranger = await hold(address);
      for (const to of [email, address]) {
        assert.equal(notices(to, /is waiting/).length, 1);
        assert.match(heldNotice(to).text, /15 March 2026, 09:\d\d UTC/);
        assert.equal(notices(to, /changed/).length, 0);
      }
      assert.match((await stranger.get('/recover/code')).url, /\/recover\/password$/);
      await stranger.post('/recover/password', {
        password: 'another violin harvest 3',
        password2: 'another violin harvest 3',
      });
      await program.advance(WAIT - 1);
      assert.equal(await complete(), 0);
      assert.ok(!(await opens(email, NEW_PASSWORD)));
      assert.ok(await isSignedIn(owner));

      await program.advance(1);
      const completed = await Promise.all(Array.from({ length: 6 }, complete));
      assert.equal(
        completed.reduce((sum, count) => sum + count),
        1,
      );
      await program.settled();
      assert.ok(await opens(email, NEW_PASSWORD));
      assert.ok(!(await isSignedIn(owner)));
      assert.ok(!(await opens(email, OLD_PASSWORD)));
      for (const to of [email, address]) assert.equal(notices(to, /changed/).length, 1);
      assert.equal(await complete(), 0);
      assert.match(linkIn(notices(email, /changed/)[0]!, '/not-me/'), /not-me/);
      assert.match((await stranger.get('/recover/password')).url, /\/sign-in$/);
    });

    test('the API tells the state and the moment, and only then', async () => {
      const { email } = await people.withTwo();
      const { token } = (await program.api('POST', '/recovery', { body: { identifier: email } })).json;
      await program.settled();
      const code = codeIn(people.lastMail(email));
      const verified = await program.api('POST', '/recovery/verify', { body: { token, code } });
      assert.ok(!('completesAt' in verified.json));
      const held = await program.api('POST', '/recovery/password', { body: { token, password: NEW_PASSWORD } });
      assert.equal(held.status, 200);
      assert.equal(held.json.state, 'held');
      assert.equal(held.json.completesAt, new Date(program.now() + WAIT).toISOString());
      assert.equal((await program.api('GET', '/recovery', { token })).json.state, 'held');
      assert.equal(
        (await program.api('POST', '/recovery/password', { body: { token, password: NEW_PASSWORD } })).status,
        404,
      );
      await program.advance(WAIT);
      assert.equal(await complete(), 1);
      const { json } = await program.api('GET', '/recovery', { token });
      assert.equal(json.state, 'completed');
      assert.ok(!('completesAt' in json));
    });

    const stops: [string, (who: Owner) => Promise<unknown>][] = [
      ['the link in the first mailbox', ({ email }) => people.visitor().post(linkIn(heldNotice(email), '/cancel/'))],
      [
        'the link in the other mailbox',
        ({ address }) => people.visitor().post(linkIn(heldNotice(address), '/cancel/')),
      ],
      ['signing in with the old password', ({ email }) => opens(email, OLD_PASSWORD)],
      ['removing an address', async ({ owner }) => owner.post(await removalOf(owner, 0), { password: OLD_PASSWORD })],
    ];
    for (const [title, stop] of stops)
      test(`stopped by ${title}`, async () => {
        const who = await people.withTwo();
        await hold(who.address);
        await stop(who);
        assert.equal(await complete(), 0);
        const held = await program.regain.context.store.transaction((tx) =>
          tx.heldPasswords.due(Number.MAX_SAFE_INTEGER),
        );
        assert.deepEqual(held, [], 'its hash is gone at the next look');
        await neverOpens(who.address);
        assert.ok(await opens(who.address, OLD_PASSWORD));
      });

    test('stopped by another recovery, of a browser that the account knows', async () => {
      const { email, owner, address } = await people.withTwo();
      await hold(address);
      assert.equal((await recover(owner, email, 'owner velvet compass 22')).url, '/sign-in');
      await neverOpens(email);
      assert.ok(await opens(email, 'owner velvet compass 22'));
    });

    test('stopped by "this wasn\'t me" of an earlier change', async () => {
      const { email, owner, address } = await people.withTwo();
      assert.equal((await recover(owner, email, 'owner velvet compass 22')).url, '/sign-in');
      await hold(address);
      await people.visitor().post(linkIn(notices(address, /changed/)[0]!, '/not-me/'));
      await neverOpens(email);
    });

    test('a removed address is told, and can stop it', async () => {
      const { email, owner, address } = await people.withTwo();
      await owner.post(await removalOf(owner, 1), { password: OLD_PASSWORD });
      await hold(email);
      assert.match(heldNotice(address).text, /removed from the account/);
      await people.visitor().post(linkIn(heldNotice(address), '/cancel/'));
      await neverOpens(email);
    });

    test('not risky: a known browser, an account that is merely new, addresses long since changed', async () => {
      const { email, owner } = await people.withTwo();
      assert.equal((await recover(owner, email)).url, '/sign-in');
      const fresh = await people.signedIn();
      assert.equal((await recover(people.visitor(), fresh.email)).url, '/sign-in');
      const later = await people.withTwo();
      await program.advance(ADDRESS_CHANGED_LATELY_MS);
      assert.equal((await recover(people.visitor(), later.email)).url, '/sign-in');
    });

    test('risky for a stranger who confirms by the link what a known browser asked for', async () => {
      const { email, owner } = await people.withTwo();
      const link = /\/recover\/confirm#(\S+)/.exec(await ask(owner, email))![1]!;
      const stranger = people.visitor();
      await stranger.post('/recover/confirm', { link, answer: 'yes' });
      const answer = await stranger.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
      assert.match(answer.text, /Your new password is waiting/);
      assert.ok(await opens(email, OLD_PASSWORD));
    });

    test('a failure in the middle leaves it held, and the next look sets it', async () => {
      const { email, address } = await people.withTwo();
      await hold(address);
      await program.advance(WAIT);
      const { context } = program.regain;
      const broken = {
        ...context,
        accounts: {
          ...context.accounts,
          thawAddresses: async () => {
            throw new Error('the process ends here');
          },
        },
      };
      await assert.rejects(completeHeldPasswords(broken), /ends here/);
      assert.ok(!(await opens(email, NEW_PASSWORD)));
      assert.equal(await complete(), 1);
      assert.ok(await opens(email, NEW_PASSWORD));
    });

    test('what waits is kept however long, and what was set can be reported for as long as ever', async () => {
      const { email, address } = await people.withTwo();
      await hold(address);
      await program.advance(7 * WAIT);
      await purge(program.regain.context);
      assert.equal(await complete(), 1);
      await program.settled();
      await purge(program.regain.context);
      const done = await people.visitor().post(linkIn(notices(email, /changed/)[0]!, '/not-me/'));
      assert.equal(done.status, 200);
      assert.ok(!(await opens(email, NEW_PASSWORD)));
    });
  });
