/** What an account's owner sees of what happened to it, on both engines. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { listActivity } from '../../src/actions/list-activity.ts';
import { ACTIVITY_PAGE, ACTIVITY_POINTED_OUT_MS } from '../../src/rules/activity.ts';
import type { AuditEventName } from '../../src/rules/audit.ts';
import { LIMITS, PROOF_LIFETIME_MS } from '../../src/rules/limits.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn, linkIn, NEW_PASSWORD, OLD_PASSWORD, wrongCode } from '../people.ts';
import { rowCounts } from '../row-counts.ts';
import { Visitor } from '../visitor.ts';

const CALM = 'If that wasn’t you, you need do nothing.';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`the owner's list of what happened, on ${engine}`, () => {
    let program: InProcess;
    let people = 0;
    before(async () => {
      program = await startInProcess(engine);
    });
    after(() => program.close());

    const visitor = (agent = 'Mozilla/5.0 (Windows NT 10.0) Firefox/140.0'): Visitor =>
      new Visitor((request) => program.regain.fetch(request, { peer: '127.0.0.1' }), program.regain.config.origin, {
        'User-Agent': agent,
      });
    const someone = async (...others: string[]): Promise<string> => {
      people += 1;
      const email = `owner${people}@example.com`;
      await addPerson(program, { emails: [email, ...others] });
      return email;
    };
    const signedIn = async (email: string, password = OLD_PASSWORD): Promise<Visitor> => {
      const owner = visitor();
      assert.equal((await owner.post('/sign-in', { identifier: email, password })).url, '/account');
      return owner;
    };
    const ask = async (guest: Visitor, email: string) => {
      await guest.post('/recover', { identifier: email });
      await program.settled();
      return program.sink.messages.findLast(({ to, subject }) => to === email && /^Reset/.test(subject))!;
    };
    /** The rows as a person reads them. */
    const rows = async (owner: Visitor, path = '/account'): Promise<string[]> => {
      const { text } = await owner.get(path);
      const list = text.slice(path === '/account' ? text.indexOf('id="activity"') : text.indexOf('<h1>'));
      return [...list.matchAll(/<li>(.*?)<\/li>/gs)].map(([, row = '']) =>
        row
          .replace(/<\/(strong|small)>/g, ' ')
          .replace(/<[^>]+>/g, '')
          .replace(/\s+/g, ' ')
          .trim(),
      );
    };

    const accountOf = async (email: string): Promise<string> => {
      const { store, accounts } = program.regain.context;
      const account = await store.transaction((tx) =>
        accounts.findByIdentifier(tx, { kind: 'email', canonical: email }),
      );
      return account!.id;
    };
    /** Writes the account's newest event of that name down again, so many times. */
    const repeatNewest = async (name: AuditEventName, email: string, times: number): Promise<void> => {
      const accountId = await accountOf(email);
      await program.regain.context.store.transaction(async (tx) => {
        const [event] = await tx.audit.pageOf(accountId, [name], 1);
        const { id: _, ...again } = event!;
        for (let time = 0; time < times; time += 1) await tx.audit.append({ ...again, at: program.now() });
      });
    };

    test('who asked, when, by which channel, what became of the message, of the code and of the password', async () => {
      const other = `other.${engine}@example.com`;
      const email = await someone(other);
      await ask(visitor('Mozilla/5.0 (X11; Linux) Chrome/140'), email);
      const guest = visitor('Mozilla/5.0 (iPhone) Version/18.0 Safari/605');
      const mail = await ask(guest, email);
      for (const _ of [1, 2]) await guest.post('/recover/code', { code: wrongCode(codeIn(mail)) });
      await guest.post('/recover/code', { code: codeIn(mail) });
      await guest.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
      await program.settled();
      const owner = await signedIn(email, NEW_PASSWORD);
      assert.deepEqual(await rows(owner), [
        'Signed in 14 Mar 2026, 09:12 UTC · Firefox on Windows',
        'Someone asked for a code to reset your password 14 Mar 2026, 09:12 UTC · Safari on iPhone · by email ' +
          'The message was sent. Wrong codes were typed 2 times. The code in it was used, and the password was changed.',
        'Someone asked for a code to reset your password 14 Mar 2026, 09:12 UTC · Chrome on Linux · by email ' +
          'The message was sent. Nobody finished it. The password stayed as it was.',
      ]);
      assert.doesNotMatch((await owner.get('/account')).text, new RegExp(CALM));

      const notice = program.sink.messages.findLast(({ to }) => to === email)!;
      await visitor().post(linkIn(notice, '/not-me/'));
      // The code that this sends is another one.
      await program.settled();
      const back = await ask(guest, other);
      await guest.post('/recover/code', { code: codeIn(back) });
      await guest.post('/recover/password', { password: OLD_PASSWORD, password2: OLD_PASSWORD });
      const told = await rows(await signedIn(email));
      assert.match(told.at(-2)!, /someone with a mailbox of yours said: this wasn’t me\.$/);
      for (const event of ['was stopped', 'was allowed again'])
        assert.ok(told.some((row) => row.startsWith(`Recovery by o***@example.com ${event}`)));
    });

    test('wrong codes of a stranger, however many, change nothing that is said of another recovery', async () => {
      const email = await someone();
      const thief = visitor();
      await thief.post('/recover/code', { code: codeIn(await ask(thief, email)) });
      await thief.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
      await program.settled();
      const notice = program.sink.messages.findLast(({ to }) => to === email)!;
      const stranger = visitor();
      const code = wrongCode(codeIn(await ask(stranger, email)));
      const owner = await signedIn(email, NEW_PASSWORD);
      await stranger.post('/recover/code', { code });
      // As many as the budgets let through in a few days.
      await repeatNewest('wrong-code', email, 1_000);
      const [, ofStranger, ofThief] = await rows(owner);
      assert.match(ofThief!, /The code in it was used, and the password was changed\.$/);
      assert.match(ofStranger!, /Wrong codes were typed 1,001 times\. Nobody finished it\./);

      await visitor().post(linkIn(notice, '/not-me/'));
      await repeatNewest('wrong-code', email, 1_000);
      const { entries } = await listActivity(program.regain.context, await accountOf(email));
      assert.deepEqual(
        entries.flatMap((entry) => (entry.name === 'resolve-recovery' ? [[entry.wrongCodes, entry.outcome]] : [])),
        [
          [2_001, 'not_finished'],
          [0, 'reported'],
        ],
      );
    });

    test('what nobody finished is pointed out for a day, whatever a stranger adds', async () => {
      const email = await someone();
      const owner = await signedIn(email);
      assert.doesNotMatch((await owner.get('/account')).text, new RegExp(CALM));
      await ask(visitor(), email);
      assert.match((await rows(owner))[0]!, /The message was sent\. Nobody has finished it yet\.$/);
      await program.advance(LIMITS['sign-in'].refillMs);
      for (let tries = 0; tries < ACTIVITY_PAGE; tries += 1)
        await visitor().post('/sign-in', { identifier: email, password: 'a guess' });
      assert.ok((await rows(owner)).every((row) => row.startsWith('A sign-in was refused')));
      const page = (await owner.get('/account')).text;
      assert.match(page, new RegExp(CALM));
      const { text } = await owner.post('/recover/from-sign-in', { identifier: hiddenIdentifier(page) });
      assert.match(text, new RegExp(`name="identifier" value="${email}"`));

      await program.advance(PROOF_LIFETIME_MS);
      assert.match((await rows(owner, olderIn(page))).at(0)!, /Nobody finished it\. The password stayed as it was\.$/);
      assert.match((await owner.get('/account')).text, new RegExp(CALM));
      await program.advance(ACTIVITY_POINTED_OUT_MS);
      assert.doesNotMatch((await owner.get('/account')).text, new RegExp(CALM));
    });

    test('stopped by the link of the mail: told, and not pointed out any more', async () => {
      const email = await someone();
      const mail = await ask(visitor(), email);
      await visitor().post(linkIn(mail, '/cancel/'));
      const owner = await signedIn(email);
      assert.match((await rows(owner))[1]!, /It was stopped with the link in the message\.$/);
      assert.doesNotMatch((await owner.get('/account')).text, new RegExp(CALM));
    });

    test('what became of the message is told as the store has it', async () => {
      const email = await someone();
      const owner = await signedIn(email);
      await ask(visitor(), email);
      const { store, accounts } = program.regain.context;
      for (const [status, sentence] of [
        ['queued', 'The message is on its way.'],
        ['delivered', 'The message was delivered.'],
        ['bounced', 'The message could not be delivered.'],
        ['failed', 'The message could not be delivered.'],
        ['expired', 'The message could not be delivered.'],
      ] as const) {
        await store.transaction(async (tx) => {
          const account = await accounts.findByIdentifier(tx, { kind: 'email', canonical: email });
          const [asked] = await tx.audit.pageOf(account!.id, ['resolve-recovery'], 1);
          const message = await tx.outbox.latestCodeOf(asked!.proofId!);
          await tx.outbox.report(message!.id, message!.status, { status, reason: null, at: program.now() });
          await tx.outbox.settle(message!.id, { status, attempts: 1, dueAt: program.now() + 1_000_000 });
        });
        assert.ok((await rows(owner))[0]!.includes(`by email ${sentence}`), sentence);
      }
    });

    test('sign-outs are told, and nobody sees what happened to somebody else', async () => {
      const [email, other] = [await someone(), await someone()];
      const owner = await signedIn(email);
      await ask(visitor(), other);
      await (await signedIn(email)).post('/sign-out');
      await owner.post('/account/sign-out-elsewhere');
      const told = (await rows(owner)).map((row) => row.replace(/ \d+ Mar .*/, ''));
      assert.deepEqual(told, ['Signed out everywhere else', 'Signed out', 'Signed in', 'Signed in']);
    });

    test('only the owner reads it; what names none of his entries begins with the newest', async () => {
      assert.equal((await visitor().get('/account/activity')).url, '/sign-in');
      const [owner, other] = [await signedIn(await someone()), await signedIn(await someone())];
      await program.advance(1);
      for (let entry = 0; entry <= ACTIVITY_PAGE; entry += 1) await other.post('/account/sign-out-elsewhere');
      const older = olderIn((await other.get('/account')).text)!;
      const ofOther = new URL(older, program.regain.config.origin).searchParams.get('before')!;
      const last = `${'9'.repeat(15)}-${'9'.repeat(9)}`;
      for (const before of [
        '',
        '0',
        '-1',
        'x',
        '99999999999999999999',
        last,
        `${last}9`,
        `9${last}`,
        "1' or 1=1",
        ofOther,
      ]) {
        const { status, text } = await owner.get(`/account/activity?before=${encodeURIComponent(before)}`);
        assert.equal(status, 200);
        assert.match(text, /Signed in/);
        assert.doesNotMatch(text, /Newest activity/, before);
      }
      const { text } = await other.get(older);
      assert.match(text, /Signed in/);
      assert.match(text, /Newest activity/);
    });

    test('page after page, each entry comes once, whatever is added meanwhile and whatever the clock says', async () => {
      const email = await someone();
      const accountId = await accountOf(email);
      const owner = await signedIn(email);
      const happens = (at: number, browser: string) =>
        program.regain.context.store.transaction((tx) =>
          tx.audit.append({ at, name: 'sign-in', accountId, proofId: null, detail: { browser } }),
        );
      // Moments that many share, and clocks of servers that differ.
      for (let entry = 1; entry <= 3 * ACTIVITY_PAGE; entry += 1)
        await happens(program.now() + (entry % 9 < 5 ? 0 : (entry % 3) - 1), `browser ${entry}`);
      const seen: string[] = [];
      let path: string | undefined = '/account/activity';
      while (path !== undefined) {
        const text: string = (await owner.get(path)).text;
        seen.push(...[...text.matchAll(/Browser (\d+)</g)].map(([, entry = '']) => entry));
        path = olderIn(text);
        for (const at of [program.now(), program.now() - 1]) await happens(at, 'newer');
      }
      assert.deepEqual(
        seen,
        Array.from({ length: 3 * ACTIVITY_PAGE }, (_, entry) => String(3 * ACTIVITY_PAGE - entry)),
      );
    });

    test('the pages of an owner do not count what happens to others', async () => {
      const busy = await accountOf(await someone());
      /** Where the second page begins of somebody to whom the same happens at the same moment. */
      const olderAmid = async (eventsOfOthers: number): Promise<string> => {
        const email = await someone();
        const owner = await signedIn(email);
        const accountId = await accountOf(email);
        await program.regain.context.store.transaction(async (tx) => {
          const happens = (id: string) =>
            tx.audit.append({ at: program.now(), name: 'sign-in', accountId: id, proofId: null, detail: {} });
          for (let time = 0; time < ACTIVITY_PAGE; time += 1) {
            for (let other = 0; other < eventsOfOthers; other += 1) await happens(busy);
            await happens(accountId);
          }
        });
        const newest = await rows(owner, '/account/activity');
        // No number between two events of others is told from any other.
        for (const before of [1, 100, 10_000, 1_000_000])
          assert.deepEqual(await rows(owner, `/account/activity?before=${before}`), newest);
        return olderIn((await owner.get('/account')).text)!;
      };
      assert.equal(await olderAmid(7), await olderAmid(0));
    });

    test('known and unknown leave the same rows', async () => {
      const known = await someone();
      const rowsOf = async (email: string): Promise<Record<string, number>> => {
        const before = await rowCounts(program.regain.config.database);
        await ask(visitor(), email);
        const afterwards = await rowCounts(program.regain.config.database);
        return Object.fromEntries(Object.entries(afterwards).map(([table, count]) => [table, count - before[table]!]));
      };
      const { no_account_mails: _, ...unknown } = await rowsOf('nobody@example.com');
      const { no_account_mails: __, ...found } = await rowsOf(known);
      assert.deepEqual(found, unknown);
      assert.equal(found.audit_events, 2);
    });
  });

function olderIn(page: string): string | undefined {
  return /href="(\/account\/activity\?before=[^"]+)"/.exec(page)?.[1];
}

function hiddenIdentifier(page: string): string {
  return /<input type="hidden" name="identifier" value="([^"]*)">/.exec(page)?.[1] ?? '';
}
