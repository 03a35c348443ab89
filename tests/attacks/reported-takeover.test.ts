/**
 * "This wasn't me": what opened the account to an intruder is stopped, whatever he said of its delivery; his browser is a stranger's
 * again; and whoever presses the button learns no other address (STANDARDS R15, R69).
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { completeHeldPasswords } from '../../src/actions/complete-held-passwords.ts';
import { STALE_NUMBER } from '../../src/rules/limits.ts';
import { postfixBounce } from '../bounce-mails.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { type Owners, owners, removalOf } from '../owners.ts';
import { addPerson, codeIn, linkIn, NEW_PASSWORD, OLD_PASSWORD } from '../people.ts';
import { regainSignature } from '../signed-calls.ts';
import { startTextingShop, type TextingShop } from '../texting-shop.ts';

const THIEFS = 'copper violin harvest 91';
const AGAIN = 'velvet orchard compass 31';
const INBOUND = 'a secret of the mail server';

async function frozenOf(program: InProcess, id: string): Promise<Record<string, boolean>> {
  const account = await program.regain.context.store.transaction((tx) => tx.accounts.byId(id));
  return Object.fromEntries(account!.addresses.map(({ canonical, frozenAt }) => [canonical, frozenAt !== null]));
}

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`a reader of a mailbox who sends its mail back, on ${engine}`, () => {
    let program: InProcess;
    before(async () => {
      program = await startInProcess(engine, {
        REGAIN_BOUNCE_ADDRESS: 'bounces@shop.example',
        REGAIN_SUPPORT_ADDRESS: 'help@shop.example',
        REGAIN_MAIL_REPORTS: `inbound://:${encodeURIComponent(INBOUND)}@`,
      });
    });
    after(() => program.close());

    test('his mailbox is stopped all the same', async () => {
      const people = owners(program);
      const [stolen, other] = ['stolen@example.com', 'other@example.com'];
      const id = await addPerson(program, { emails: [stolen, other] });
      const mails = (to: string, subject: RegExp) =>
        program.sink.messages.filter((mail) => mail.to === to && subject.test(mail.subject));
      const thief = people.visitor();
      await thief.post('/recover', { identifier: stolen });
      await program.advance(3_000);
      const mail = mails(stolen, /reset/i).at(-1)!;
      await thief.post('/recover/code', { code: codeIn(mail) });
      assert.equal((await thief.post('/recover/password', { password: THIEFS, password2: THIEFS })).url, '/sign-in');
      await program.settled();
      // A report of no delivery, which anybody can write who has the mail, to the return path that stands in it.
      const report = postfixBounce({
        returnPath: mail.from,
        messageId: mail.headers.get('message-id') ?? '',
        recipient: stolen,
      });
      const taken = await program.regain.fetch(
        new Request('https://accounts.shop.example/webhooks/inbound', {
          method: 'POST',
          body: report,
          headers: {
            'Content-Type': 'message/rfc822',
            'Regain-Signature': regainSignature(INBOUND, report, program.now()),
          },
        }),
        { peer: '127.0.0.1' },
      );
      assert.equal(taken.status, 200);

      const done = await people.visitor().post(linkIn(mails(other, /changed/).at(-1)!, '/not-me/'));
      assert.equal(done.status, 200);
      await program.settled();
      const frozen = await frozenOf(program, id);
      // He asks again, from another browser.
      await program.advance(120_000);
      const again = people.visitor();
      await again.post('/recover', { identifier: stolen });
      await program.advance(3_000);
      const next = mails(stolen, /reset/i).at(-1)!;
      if (/^\s*\d{6,12}\s*$/m.test(next.text)) await again.post('/recover/code', { code: codeIn(next) });
      const set = await again.post('/recover/password', { password: AGAIN, password2: AGAIN });
      await again.post('/sign-in', { identifier: stolen, password: AGAIN });
      assert.deepEqual(
        { frozen, isInAgain: (await again.get('/account')).url === '/account' },
        { frozen: { [stolen]: true, [other]: false }, isInAgain: false },
        set.url,
      );
    });
  });

  describe(`a text whose answer was lost, on ${engine}`, () => {
    let shop: TextingShop;
    let program: InProcess;
    before(async () => {
      shop = await startTextingShop(engine, { REGAIN_SUPPORT_ADDRESS: 'help@shop.example' });
      ({ program } = shop);
    });
    after(() => shop.close());

    test('the number that it went to is stopped all the same', async () => {
      const people = owners(program);
      const [phone, email] = ['+12125550101', 'owner@example.com'];
      const id = await addPerson(program, { emails: [email], phones: [phone] });
      shop.receiver.misbehave('bad-gateway');
      const { token } = (await program.api('POST', '/recovery', { body: { identifier: phone } })).json;
      await program.settled();
      const code = /#(\w+)$/.exec(shop.receiver.taken.at(-1)?.text ?? '')?.[1] ?? '';
      assert.equal((await program.api('POST', '/recovery/verify', { body: { token, code } })).status, 200);
      assert.equal(
        (await program.api('POST', '/recovery/password', { body: { token, password: THIEFS } })).status,
        200,
      );
      await program.settled();
      const notice = program.sink.messages.findLast(({ to, subject }) => to === email && /changed/.test(subject))!;
      assert.equal((await people.visitor().post(linkIn(notice, '/not-me/'))).status, 200);
      assert.equal((await frozenOf(program, id))[phone], true, JSON.stringify(await frozenOf(program, id)));
    });
  });

  describe(`the browser of a reported takeover, on ${engine}`, () => {
    let shop: TextingShop;
    let program: InProcess;
    let people: Owners;
    before(async () => {
      shop = await startTextingShop(engine);
      ({ program } = shop);
      people = owners(program);
    });
    after(() => shop.close());

    test('a recycled number: after "this wasn\'t me" and the owner\'s recovery, its new holder still has to wait', async () => {
      const phone = '+12122000101';
      const email = 'owner1@example.org';
      await addPerson(program, {
        emails: [email],
        phones: [phone],
        numbersProvenAt: program.now() - STALE_NUMBER.afterMs - 1,
      });
      const codeTexted = (): string =>
        /#(\w+)$/.exec(shop.receiver.taken.filter(({ to }) => to === phone).at(-1)?.text ?? '')?.[1] ??
        assert.fail('text');
      const mails = (subject: RegExp) => program.sink.messages.filter((m) => m.to === email && subject.test(m.subject));

      // The new holder waits his three days, and signs in with what he set.
      const thief = people.visitor();
      const recoverByText = async (password: string) => {
        await thief.post('/recover', { identifier: phone });
        await program.advance(120_000);
        await thief.post('/recover/resend', { channel: 'sms' });
        await program.settled();
        await thief.post('/recover/code', { code: codeTexted() });
        return thief.post('/recover/password', { password, password2: password });
      };
      assert.match((await recoverByText(THIEFS)).text, /waiting/);
      await program.advance(STALE_NUMBER.waitMs);
      await completeHeldPasswords(program.regain.context);
      await program.settled();
      assert.equal((await thief.post('/sign-in', { identifier: phone, password: THIEFS })).url, '/account');

      // The owner reads his mail: not me, and a new password by the mailbox.
      const owner = people.visitor();
      assert.equal((await owner.post(linkIn(mails(/changed/).at(-1)!, '/not-me/'))).status, 200);
      await program.settled();
      await owner.post('/recover/code', { code: codeIn(mails(/reset/i).at(-1)!) });
      await owner.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
      await program.settled();
      assert.equal((await owner.post('/sign-in', { identifier: email, password: NEW_PASSWORD })).url, '/account');

      // The thief again, from the browser that was reported.
      await program.advance(120_000);
      const set = await recoverByText(AGAIN);
      await program.settled();
      const inAgain = (await thief.post('/sign-in', { identifier: phone, password: AGAIN })).url === '/account';
      assert.ok(!inAgain, `the thief is in at once, without a wait: ${set.url}`);
    });
  });

  describe(`the browser of a reported takeover, with a cool-off, on ${engine}`, () => {
    let program: InProcess;
    let people: Owners;
    before(async () => {
      program = await startInProcess(engine, { REGAIN_COOL_OFF_HOURS: '24' });
      people = owners(program);
    });
    after(() => program.close());

    test('does not get round it', async () => {
      const [stolen, other] = ['stolen@example.com', 'other@example.com'];
      await addPerson(program, { emails: [stolen, other] });
      const mails = (to: string, subject: RegExp) =>
        program.sink.messages.filter((m) => m.to === to && subject.test(m.subject));
      const recover = async (visitor: ReturnType<Owners['visitor']>, email: string, password: string) => {
        await visitor.post('/recover', { identifier: email });
        await program.settled();
        await visitor.post('/recover/code', { code: codeIn(mails(email, /reset/i).at(-1)!) });
        const answer = await visitor.post('/recover/password', { password, password2: password });
        await program.settled();
        return answer;
      };
      const thief = people.visitor();
      assert.equal((await recover(thief, stolen, THIEFS)).url, '/sign-in');
      await thief.post('/sign-in', { identifier: stolen, password: THIEFS });
      // He adds an address of his own: from now on the cool-off holds what unknown browsers recover.
      await program.advance(1_000);
      const added = await thief.post('/account/addresses/add', { identifier: 'thief@example.net', password: THIEFS });
      assert.equal(added.url, '/account/addresses/code');
      await program.settled();
      await thief.post('/account/addresses/code', { code: codeIn(mails('thief@example.net', /./).at(-1)!) });
      await program.settled();

      const owner = people.visitor();
      await owner.post(linkIn(mails(other, /changed/).at(-1)!, '/not-me/'));
      await program.settled();
      await owner.post('/recover/code', { code: codeIn(mails(other, /reset/i).at(-1)!) });
      const own = await owner.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
      assert.match(own.text, /waiting/, 'the owner has to wait');
      await program.advance(24 * 3_600_000);
      await completeHeldPasswords(program.regain.context);
      await program.settled();
      assert.equal((await owner.post('/sign-in', { identifier: other, password: NEW_PASSWORD })).url, '/account');

      await program.advance(120_000);
      await recover(thief, stolen, AGAIN);
      const inAgain = (await thief.post('/sign-in', { identifier: stolen, password: AGAIN })).url === '/account';
      assert.ok(!inAgain, 'the thief is in at once, without the cool-off');
    });
  });

  describe(`a link of a notice, on ${engine}`, () => {
    let program: InProcess;
    let people: Owners;
    before(async () => {
      program = await startInProcess(engine);
      people = owners(program);
    });
    after(() => program.close());

    test('tells nobody another address of the account', async () => {
      const { owner, email, address } = await people.withTwo();
      const third = 'a.very.private.name@work.example';
      await people.add(owner, third);
      assert.match((await owner.post(await removalOf(owner, 0), { password: OLD_PASSWORD })).url, /address-removed/);
      await program.settled();
      // She forgets her password, a week later.
      await program.advance(7 * 86_400_000);
      const again = people.visitor();
      await again.post('/recover', { identifier: address });
      await program.settled();
      await again.post('/recover/code', { code: codeIn(people.lastMail(address)) });
      await again.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
      await program.settled();
      // Whoever has the old mailbox now.
      const notice = people.lastMail(email);
      assert.match(notice.subject, /changed/);
      const stranger = people.visitor();
      await stranger.post(linkIn(notice, '/not-me/'));
      await program.settled();
      const page = (await stranger.get('/recover/code')).text;
      for (const part of [third, third.split('@')[0]!, third.split('@')[1]!]) assert.ok(!page.includes(part), part);
      assert.match(page, /We have sent a message to another email address of your account/);
      assert.doesNotMatch((await stranger.get('/recover/another-way')).text, /work\.example|\*\*\*/);
      // The word that the account is closed goes to the same mailbox, at the same moment.
      const asked = program.sink.messages.findLast(({ to, subject }) => to === third && /reset/i.test(subject));
      await stranger.post('/recover/code', { code: codeIn(asked!) });
      const other = 'copper violin harvest 91';
      await stranger.post('/recover/password', { password: other, password2: other });
      assert.ok((await stranger.get('/sign-in')).text.includes(third), 'whoever read the code knows it');
    });
  });
}
