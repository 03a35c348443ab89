/**
 * Somebody reads a mailbox of the account and changed the password with a code from it; the owner said "this wasn't me" from
 * another one. What can the reader still do, and what can anybody see of it (STANDARDS R68, R69)?
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { unfreezeAddress } from '../../src/actions/unfreeze-address.ts';
import { FATE_SHOWN_AFTER_MS, RESEND_WAITS_MS } from '../../src/rules/limits.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addressesOf, type Owners, owners } from '../owners.ts';
import { addPerson, codeIn, linkIn, NEW_PASSWORD, OLD_PASSWORD, SENDS_OF_STRANGERS } from '../people.ts';
import { freePort } from '../regain.ts';
import { rowCounts } from '../row-counts.ts';
import { type SmtpSink, startSmtpSink } from '../smtp-sink.ts';
import type { ApiAnswer, Visitor } from '../visitor.ts';

const THIEFS_PASSWORD = 'copper violin harvest 91';
const MINUTE = 60_000;

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`an address that recovery was stopped by, on ${engine}`, () => {
    let program: InProcess;
    let people: Owners;
    let names = 0;
    before(async () => {
      program = await startInProcess(engine, { REGAIN_SUPPORT_ADDRESS: 'help@shop.example' });
      people = owners(program);
    });
    after(() => program.close());

    const emails = (count: number): string[] => {
      names += 1;
      return ['stolen', 'other', 'third'].slice(0, count).map((name) => `${name}${names}@example.com`);
    };
    const mails = (to: string, subject: RegExp) =>
      program.sink.messages.filter((mail) => mail.to === to && subject.test(mail.subject));
    const lastOf = (to: string, subject: RegExp) => {
      const mail = mails(to, subject).at(-1);
      assert.ok(mail, `a mail to ${to} about ${subject}`);
      return mail;
    };
    const ask = async (visitor: Visitor, email: string): Promise<void> => {
      await visitor.post('/recover', { identifier: email });
      await program.settled();
    };
    const setPassword = async (visitor: Visitor, email: string, password: string): Promise<void> => {
      await ask(visitor, email);
      await visitor.post('/recover/code', { code: codeIn(lastOf(email, /reset/i)) });
      assert.equal((await visitor.post('/recover/password', { password, password2: password })).url, '/sign-in');
      await program.settled();
    };
    const opens = async (identifier: string, password: string): Promise<boolean> =>
      (await people.visitor().post('/sign-in', { identifier, password })).url === '/account';
    const addressFacts = async (id: string) =>
      (await program.regain.context.store.transaction((tx) => tx.accounts.byId(id)))!.addresses;
    const isFrozen = async (id: string, email: string): Promise<boolean> =>
      (await addressFacts(id)).find(({ canonical }) => canonical === email)!.frozenAt !== null;
    /** The thief sets a password by the first address, and somebody with the last one says that it wasn't him. */
    const stolen = async (count = 2) => {
      const [thiefs = '', ...rest] = emails(count);
      const id = await addPerson(program, { emails: [thiefs, ...rest] });
      const thief = people.visitor();
      await setPassword(thief, thiefs, THIEFS_PASSWORD);
      await thief.post('/sign-in', { identifier: thiefs, password: THIEFS_PASSWORD });
      return { id, thief, thiefs, owners: rest.at(-1) ?? thiefs };
    };
    const report = async (email: string): Promise<Visitor> => {
      const owner = people.visitor();
      const done = await owner.post(linkIn(lastOf(email, /changed/), '/not-me/'));
      assert.equal(done.status, 200);
      await program.settled();
      return owner;
    };

    test('its reader is out, gets neither code nor link, and a mail that says why', async () => {
      const { id, thief, thiefs, owners: owner } = await stolen();
      await report(owner);
      assert.equal((await thief.get('/account')).url, '/sign-in');
      const before = mails(thiefs, /reset/i).length;
      await ask(thief, thiefs);
      assert.equal(mails(thiefs, /reset/i).length, before);
      const { text } = lastOf(thiefs, /Recovery .* is stopped/);
      assert.throws(() => codeIn({ text }));
      assert.doesNotMatch(text, /#|\/(confirm|cancel|not-me)/);
      assert.match(text, /use another address/);
      assert.match(text, /help@shop\.example/);
      assert.equal(mails(thiefs, /no account/).length, 0);
      assert.ok(await isFrozen(id, thiefs));
      assert.ok(!(await isFrozen(id, owner)));
    });

    test('codes, links and proofs from before are void', async () => {
      const { thiefs, owners: owner } = await stolen();
      const [asked, verified, linked] = [people.visitor(), people.visitor(), people.visitor()];
      await ask(asked, thiefs);
      const code = codeIn(lastOf(thiefs, /reset/i));
      await ask(linked, thiefs);
      const link = /\/recover\/confirm#(\S+)/.exec(lastOf(thiefs, /reset/i).text)![1]!;
      await ask(verified, thiefs);
      await verified.post('/recover/code', { code: codeIn(lastOf(thiefs, /reset/i)) });
      await report(owner);
      await asked.post('/recover/code', { code });
      await asked.post('/recover/resend');
      await program.settled();
      assert.notEqual((await linked.post('/recover/confirm', { link, answer: 'yes' })).url, '/recover/password');
      for (const visitor of [asked, verified, linked])
        await visitor.post('/recover/password', { password: THIEFS_PASSWORD, password2: THIEFS_PASSWORD });
      assert.ok(!(await opens(thiefs, THIEFS_PASSWORD)));
      assert.ok(!(await opens(owner, THIEFS_PASSWORD)));
    });

    test('its reader can lift nothing', async () => {
      const { id, thief, thiefs, owners: owner } = await stolen();
      const old = linkIn(lastOf(thiefs, /changed/), '/not-me/');
      const cancel = linkIn(lastOf(thiefs, /reset/i), '/cancel/');
      await report(owner);
      await thief.post(old);
      await thief.post(cancel);
      for (const password of [OLD_PASSWORD, THIEFS_PASSWORD]) assert.ok(!(await opens(thiefs, password)));
      await thief.post('/register', { identifier: thiefs });
      await program.settled();
      assert.throws(() => codeIn(program.sink.messages.findLast(({ to }) => to === thiefs)!));
      for (let tries = 0; tries < 3; tries += 1) await ask(thief, thiefs);
      for (const { text } of mails(owner, /closed until/)) assert.doesNotMatch(text, /Unlinked/);
      for (const email of [thiefs, owner])
        for (const { text } of mails(email, /closed until/).filter(() => email === thiefs))
          assert.doesNotMatch(text, /\/(cancel|not-me|confirm)/);
      assert.ok(await isFrozen(id, thiefs));
    });

    test('the owner recovers by another address; that ends it, and the reader gets no lever against him', async () => {
      const { id, thiefs, owners: owner } = await stolen();
      const visitor = await report(owner);
      await visitor.post('/recover/code', { code: codeIn(lastOf(owner, /reset/i)) });
      await visitor.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
      await program.settled();
      assert.ok(await opens(owner, NEW_PASSWORD));
      assert.ok(!(await isFrozen(id, thiefs)));
      assert.match(lastOf(owner, /changed/).text, /\/not-me\//);
      assert.doesNotMatch(lastOf(thiefs, /changed/).text, /\/not-me\//);
      assert.match(lastOf(thiefs, /changed/).text, /help@shop\.example/);
      const events = await program.regain.context.store.transaction((tx) => tx.audit.ofAccount(id, 50));
      for (const name of ['freeze-address', 'thaw-address'])
        assert.deepEqual(
          events.filter((event) => event.name === name).map(({ detail }) => detail.address),
          [`s***@example.com`],
        );
    });

    test('support that is talked into allowing it again: the other mailboxes hear of it, also one that was removed', async () => {
      const [thiefs = '', removed = '', kept = ''] = emails(3);
      const id = await addPerson(program, { emails: [thiefs, removed, kept] });
      await setPassword(people.visitor(), thiefs, THIEFS_PASSWORD);
      await report(kept);
      const { store } = program.regain.context;
      await store.transaction((tx) =>
        tx.accounts.removeAddress(id, { kind: 'email', canonical: removed }, program.now()),
      );
      await program.advance(MINUTE);
      const address = { kind: 'email', canonical: thiefs } as const;
      assert.deepEqual(await unfreezeAddress(program.regain.context, address), { kind: 'unfrozen', id });
      assert.deepEqual(await unfreezeAddress(program.regain.context, address), { kind: 'not_frozen', id });
      await program.settled();
      const told = /^An address can recover your Shop account again$/;
      for (const email of [removed, kept]) {
        assert.equal(mails(email, told).length, 1, email);
        const text = lastOf(email, told).text.replaceAll(/\s+/g, ' ');
        assert.match(text, /Customer support allowed recovery by s\*\*\*@example\.com again/);
        assert.doesNotMatch(text, /\/(cancel|not-me|confirm)/);
        assert.equal(/This address was removed from the account/.test(text), email === removed);
      }
      assert.equal(mails(thiefs, told).length, 0);
    });

    test('an address that came to the account after the change is stopped as well', async () => {
      const { id, thief, thiefs, owners: owner } = await stolen();
      const planted = `planted${names}@example.com`;
      await program.advance(MINUTE);
      await thief.post('/account/addresses/add', { identifier: planted, password: THIEFS_PASSWORD });
      await program.settled();
      await thief.post('/account/addresses/code', { code: codeIn(people.lastMail(planted)) });
      await program.settled();
      assert.deepEqual(addressesOf((await thief.get('/account')).text), [thiefs, owner, planted]);
      await report(owner);
      for (const email of [thiefs, planted]) {
        assert.ok(await isFrozen(id, email));
        const before = mails(email, /reset/i).length;
        await ask(people.visitor(), email);
        assert.equal(mails(email, /reset/i).length, before);
      }
      assert.ok(!(await isFrozen(id, owner)));
    });

    test('an owner whose address was removed can still say so', async () => {
      const { id, thief, thiefs, owners: owner } = await stolen();
      const { text } = await thief.get('/account');
      const removal = [...text.matchAll(/href="(\/account\/addresses\/remove\/[^"]+)"/g)][1]![1]!;
      assert.equal((await thief.post(removal, { password: THIEFS_PASSWORD })).status, 200);
      await setPassword(people.visitor(), thiefs, NEW_PASSWORD);
      const notice = lastOf(owner, /changed/).text.replaceAll(/\s+/g, ' ');
      assert.match(notice, /This address was removed from the account on 14 March 2026, 09:1\d UTC/);
      await report(owner);
      assert.ok(await isFrozen(id, thiefs));
      assert.match(lastOf(owner, /closed until/).text.replaceAll(/\s+/g, ' '), /was removed from the account/);
      assert.ok(!(await opens(thiefs, NEW_PASSWORD)));
    });

    test('an account with no other address: pages and mails name support, which gets the timeline', async () => {
      const { id, thiefs } = await stolen(1);
      const owner = people.visitor();
      const page = await owner.post(linkIn(lastOf(thiefs, /changed/), '/not-me/'));
      await program.settled();
      assert.match(page.text, /mailto:help@shop\.example/);
      assert.doesNotMatch(page.text, /href="\/recover/);
      const blocked = lastOf(thiefs, /closed until/).text.replaceAll(/\s+/g, ' ');
      assert.match(blocked, /Recovery by this address is stopped/);
      assert.match(blocked, /no other address, write to help@shop\.example/);
      const { text } = lastOf('help@shop.example', /this wasn’t me/);
      assert.ok(text.includes(id));
      assert.match(text, /s\*\*\*@example\.com/);
      assert.ok(!text.includes(thiefs));
      const flat = text.replaceAll(/\s+/g, ' ');
      assert.match(
        flat,
        /a recovery was asked for \(by email, Firefox on Windows\).*a new password was set.*this wasn’t me/,
      );
      for (const url of text.match(/https?:\/\/\S+/g) ?? [])
        assert.ok(['/', '/help'].includes(new URL(url).pathname), url);

      const { context } = program.regain;
      const who = { kind: 'email' as const, canonical: thiefs };
      assert.deepEqual(await unfreezeAddress(context, who), { kind: 'unfrozen', id });
      assert.deepEqual(await unfreezeAddress(context, who), { kind: 'not_frozen', id });
      assert.equal((await unfreezeAddress(context, { ...who, canonical: 'nobody@example.com' })).kind, 'no_account');
      await setPassword(people.visitor(), thiefs, NEW_PASSWORD);
      assert.ok(await opens(thiefs, NEW_PASSWORD));
    });

    test('support is told what was done, however often strangers ask afterwards', async () => {
      const { id, thiefs } = await stolen(1);
      await program.regain.context.store.transaction(async (tx) => {
        const detail = { channel: 'email', browser: 'Firefox on Windows', askedAt: program.now() };
        for (let asked = 0; asked < 60; asked += 1)
          await tx.audit.append({ at: program.now(), name: 'resolve-recovery', accountId: id, proofId: null, detail });
      });
      await people.visitor().post(linkIn(lastOf(thiefs, /changed/), '/not-me/'));
      await program.settled();
      const timeline = lastOf('help@shop.example', /this wasn’t me/).text.replaceAll(/\s+/g, ' ');
      assert.match(timeline, /a new password was set.*a recovery was asked for.*this wasn’t me/);
    });

    test('from outside it is like any address: answers, live line, rows of the request, limits', async () => {
      const { thiefs, owners: owner } = await stolen();
      await report(owner);
      await program.advance(30 * 24 * 60 * MINUTE);
      const asked = [thiefs, `nobody${names}@example.com`, owner];
      const rows: Record<string, number>[] = [];
      const said: unknown[][] = [[], [], []];
      const tokens: string[] = [];
      const note = (at: number, { status, headers, json }: ApiAnswer): void => {
        said[at]!.push([status, headers.get('retry-after'), { ...json, token: '' }]);
      };
      for (const [at, identifier] of asked.entries()) {
        const counted = await rowCounts(program.regain.config.database);
        const answer = await program.api('POST', '/recovery', { body: { identifier } });
        const now = await rowCounts(program.regain.config.database);
        rows.push(
          Object.fromEntries(
            ['proofs', 'outbox', 'audit_events', 'limits', 'guesses'].map((t) => [
              t,
              t === 'outbox' || t === 'proofs' ? now[t]! - counted[t]! : 0,
            ]),
          ),
        );
        tokens.push(answer.json.token);
        note(at, answer);
      }
      await program.settled();
      const each = async (call: (token: string) => Promise<ApiAnswer>): Promise<void> => {
        for (const [at, token] of tokens.entries()) note(at, await call(token));
        await program.settled();
      };
      const status = (token: string) => program.api('GET', '/recovery', { token });
      await each(status);
      await program.advance(FATE_SHOWN_AFTER_MS);
      await each(status);
      await each((token) => program.api('POST', '/recovery/verify', { body: { token, code: '000000' } }));
      await each((token) => program.api('POST', '/recovery/resend', { body: { token } }));
      await program.advance(RESEND_WAITS_MS[0]);
      await each((token) => program.api('POST', '/recovery/resend', { body: { token } }));
      await program.advance(FATE_SHOWN_AFTER_MS);
      await each(status);
      await each((token) => program.api('POST', '/recovery/password', { body: { token, password: NEW_PASSWORD } }));
      for (let sends = 2; sends <= SENDS_OF_STRANGERS; sends += 1)
        for (const [at, identifier] of asked.entries())
          note(at, await program.api('POST', '/recovery', { body: { identifier } }));
      assert.deepEqual(rows[0], rows[1]);
      assert.deepEqual(said[0], said[1]);
      assert.deepEqual(said[0], said[2]);
      assert.equal((said[0]!.at(-1) as [number])[0], 429);
    });

    test('nor does a mail server that is down tell it apart', async (t) => {
      const port = await freePort();
      let sink: SmtpSink | undefined = await startSmtpSink({ port });
      t.after(() => sink?.stop());
      const down = await startInProcess(engine, { REGAIN_SMTP_URL: `smtp://127.0.0.1:${port}` });
      t.after(() => down.close());
      const [frozen = '', known = ''] = emails(2);
      const id = await addPerson(down, { emails: [frozen] });
      await addPerson(down, { emails: [known] });
      const { store, accounts } = down.regain.context;
      await store.transaction((tx) =>
        accounts.freezeAddresses(tx, id, [{ kind: 'email', canonical: frozen }], down.now()),
      );
      await sink.stop();
      sink = undefined;
      const tokens: string[] = [];
      for (const identifier of [frozen, known, 'nobody@example.com'])
        tokens.push((await down.api('POST', '/recovery', { body: { identifier } })).json.token);
      await down.settled();
      const line = async (): Promise<string[]> => {
        const shown: string[] = [];
        for (const token of tokens) shown.push((await down.api('GET', '/recovery', { token })).json.delivery);
        return shown;
      };
      await down.advance(FATE_SHOWN_AFTER_MS);
      assert.deepEqual(await line(), ['queued', 'queued', 'queued']);
      sink = await startSmtpSink({ port });
      await down.advance(MINUTE);
      assert.deepEqual(await line(), ['sent', 'sent', 'sent']);
      assert.match(sink.messages.find(({ to }) => to === frozen)!.subject, /is stopped/);
    });
  });
