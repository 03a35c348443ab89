/** The pages without a browser: forms in, pages out, on both engines, with a clock that the test moves. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CODE_LIFETIME_MS,
  PROOF_LIFETIME_MS,
  RESEND_WAITS_MS,
  TRIES_PER_CODE,
  VERIFIED_LIFETIME_MS,
} from '../../src/rules/limits.ts';
import { startOnAPort } from '../e2e/on-a-port.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn, linkIn, NEW_PASSWORD, OLD_PASSWORD, SENDS_OF_STRANGERS, wrongCode } from '../people.ts';
import { type Answer, Visitor } from '../visitor.ts';

const SESSION = '__Host-regain-session';
const RECOVERY = '__Host-regain-recovery';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`the pages on ${engine}`, () => {
    let program: InProcess;
    let people = 0;
    before(async () => {
      program = await startInProcess(engine);
    });
    after(() => program.close());

    const visitor = (): Visitor =>
      new Visitor((request) => program.regain.fetch(request, { peer: '127.0.0.1' }), program.regain.config.origin);
    /** Whose pages are shown when all mail has left: when it leaves is measured elsewhere (`regain doctor timing`). */
    const patientVisitor = (): Visitor =>
      new Visitor(async (request) => {
        if (request.method === 'GET') await program.settled();
        return program.regain.fetch(request, { peer: '127.0.0.1' });
      }, program.regain.config.origin);
    const someone = async (more: Partial<Parameters<typeof addPerson>[1]> = {}): Promise<string> => {
      people += 1;
      // All of one length, so that pages about them can be compared byte by byte.
      const email = `person${String(people).padStart(3, '0')}@example.com`;
      await addPerson(program, { emails: [email], ...more });
      return email;
    };
    const lastMail = (email: string) => {
      const mail = program.sink.messages.findLast(({ to }) => to === email);
      assert.ok(mail, `a mail to ${email}`);
      return mail;
    };
    const ask = async (guest: Visitor, email: string): Promise<string> => {
      at(await guest.post('/recover', { identifier: email }), '/recover/code');
      await program.settled();
      return codeIn(lastMail(email));
    };
    const choose = (guest: Visitor, password: string): Promise<Answer> =>
      guest.post('/recover/password', { password, password2: password });

    test('the five screens of a recovery', async () => {
      const email = await someone();
      const guest = visitor();
      const other = visitor();
      at(await other.post('/sign-in', { identifier: email, password: OLD_PASSWORD }), '/account');

      const signIn = at(await guest.get('/sign-in'), '/sign-in');
      assert.match(signIn.text, /formaction="\/recover\/from-sign-in"/);
      const form = await guest.post('/recover/from-sign-in', { identifier: email, password: 'typed in vain' });
      assert.match(form.text, new RegExp(`name="identifier" value="${email}"`));
      assert.doesNotMatch(form.text, /typed in vain/);
      const code = await ask(guest, email);
      const codePage = await guest.get('/recover/code');
      assert.match(codePage.text, /If <bdi class="typed">person\d+@example\.com<\/bdi> belongs to an account/);
      assert.match(codePage.text, /6 digits\. The code works for 10 minutes\./);
      assert.match(codePage.text, /<bdi>no-reply@shop\.example<\/bdi>/);
      assert.match(codePage.text, /has left us and is with the mail service/);
      assert.match(codePage.text, /You can send it again after 30 seconds/);

      const wrong = await guest.post('/recover/code', { code: wrongCode(code) });
      assert.deepEqual([wrong.status, wrong.url], [422, '/recover/code']);
      assert.match(wrong.text, /That code is not right\. 4 tries left for this code\./);
      at(await guest.post('/recover/code', { code: ` ${code.slice(0, 3)}-${code.slice(3)} ` }), '/recover/password');
      const weak = await choose(guest, 'password1!');
      assert.equal(weak.status, 422);
      assert.match(weak.text, /public list of leaked passwords/);
      const repeated = await guest.post('/recover/password', { password: NEW_PASSWORD, password2: 'another' });
      assert.equal(repeated.status, 400);
      assert.match(repeated.text, /href="#password2">The two passwords are not the same/);

      const done = at(await choose(guest, NEW_PASSWORD), '/sign-in');
      assert.match(done.text, /Your password was changed, and all devices were signed out/);
      assert.match(done.text, new RegExp(`value="${email}"`));
      at(await guest.get('/account'), '/sign-in', 'nobody is signed in by recovering');
      at(await other.get('/account'), '/sign-in', 'every session has ended');
      assert.equal((await guest.post('/sign-in', { identifier: email, password: OLD_PASSWORD })).status, 401);
      const account = at(await guest.post('/sign-in', { identifier: email, password: NEW_PASSWORD }), '/account');
      assert.match(account.text, /Firefox on Windows/);
      const again = at(await guest.get('/sign-in'), '/sign-in');
      assert.doesNotMatch(again.text, /was changed/, 'said once');
    });

    test('the screens of a registration', async () => {
      const guest = visitor();
      const email = `newcomer@${engine}.example.com`;
      at(await guest.post('/register', { identifier: email }), '/register/code');
      await program.settled();
      at(await guest.get('/register/complete'), '/register/code', 'not before the code');
      at(await guest.post('/register/code', { code: codeIn(lastMail(email)) }), '/register/complete');
      const details = { name: 'Mara Lindqvist', birthday_day: '27', birthday_month: '3', birthday_year: '1985' };
      const passwords = { password: NEW_PASSWORD, password2: NEW_PASSWORD };
      const personal = 'Lindqvist 27.3.1985';
      for (const [change, reason] of [
        [{ birthday_month: '13' }, /real date in the past/],
        [{ birthday_year: '2085' }, /real date in the past/],
        [{ name: '' }, /Enter a name/],
        [{ password: personal, password2: personal }, /Your name is in it/],
        [{ password2: 'other' }, /not the same/],
      ] as const) {
        const refused = await guest.post('/register/complete', { ...details, ...passwords, ...change });
        assert.ok(refused.status >= 400 && refused.status < 500);
        assert.match(refused.text, reason);
        assert.match(refused.text, /name="birthday_day" value="27"/, 'what is no secret is filled back in');
      }
      const done = at(await guest.post('/register/complete', { ...details, ...passwords }), '/sign-in');
      assert.match(done.text, /Your account is ready/);
      assert.ok(!guest.cookies.has(SESSION));
      at(await guest.post('/sign-in', { identifier: email, password: NEW_PASSWORD }), '/account');
    });

    test('without a provider of texts registering takes an email address only, and says so', async () => {
      for (const identifier of ['', '020 7946 0018', '+44 20 7946 0018', 'jane']) {
        const refused = await visitor().post('/register', { identifier });
        assert.equal(refused.status, 400);
        assert.match(refused.text, /It should look like name@example\.com|Please use an email address/);
        assert.doesNotMatch(refused.text, /<select|phone number/, identifier);
      }
    });

    test('known and unknown: the same bytes, headers and cookies at every step', async () => {
      const known = await someone({ name: 'Known Person', phones: ['+12125550133'] });
      const guests: [Visitor, string][] = [
        [patientVisitor(), known],
        [patientVisitor(), known.replace('person', 'nobody')],
      ];
      const right = (): string => codeIn(lastMail(known));
      const both = async (step: (guest: Visitor, email: string) => Promise<Answer>): Promise<void> => {
        const answers: unknown[] = [];
        for (const [guest, email] of guests) answers.push(comparable(await step(guest, email), guest, email));
        await program.settled();
        assert.deepEqual(answers[1], answers[0]);
      };
      const enterWrong = (code: string) => both((guest) => guest.post('/recover/code', { code: wrongCode(code) }));
      const look = async (): Promise<void> => {
        for (const path of [
          '/recover/code',
          '/recover/status',
          '/recover/another-way',
          '/recover/password',
          '/sign-in',
        ])
          await both((guest) => guest.get(path));
      };
      const resend = () => both((guest) => guest.post('/recover/resend'));

      await both((guest, email) => guest.post('/sign-in', { identifier: email, password: 'a guess' }));
      await both((guest, email) => guest.post('/recover', { identifier: email }));
      await look();
      await both((guest) => choose(guest, NEW_PASSWORD));
      await both((guest) => guest.post('/recover/code', { code: 'not a code' }));
      await enterWrong(right());
      await resend();
      await program.advance(RESEND_WAITS_MS[0]);
      await resend();
      await look();
      for (let tries = 1; tries <= TRIES_PER_CODE; tries += 1) await enterWrong(right());
      await look();
      await resend();
      await look();
      assert.equal(right().length, 8, 'wrong guesses made the code longer, for both');
      await enterWrong(right());
      await program.advance(CODE_LIFETIME_MS);
      await look();
      await enterWrong(right());
      await resend();
      await program.advance(PROOF_LIFETIME_MS);
      await look();
      for (let times = 0; times < SENDS_OF_STRANGERS + 1; times += 1)
        await both((guest, email) => guest.post('/recover', { identifier: email }));
    });

    test('a taken and a free address: the same bytes at every step of registering', async () => {
      const taken = await someone();
      const guests: [Visitor, string][] = [
        [patientVisitor(), taken],
        [patientVisitor(), taken.replace('person', 'nobody')],
      ];
      const both = async (step: (guest: Visitor, email: string) => Promise<Answer>): Promise<void> => {
        const answers: unknown[] = [];
        for (const [guest, email] of guests) answers.push(comparable(await step(guest, email), guest, email));
        await program.settled();
        assert.deepEqual(answers[1], answers[0]);
      };
      await both((guest, email) => guest.post('/register', { identifier: email }));
      const wrong = wrongCode(codeIn(lastMail(taken.replace('person', 'nobody'))));
      for (let tries = 0; tries <= TRIES_PER_CODE; tries += 1) {
        await both((guest) => guest.get('/register/code'));
        await both((guest) => guest.get('/register/status'));
        await both((guest) => guest.post('/register/code', { code: wrong }));
        await both((guest) => guest.get('/register/complete'));
      }
      await both((guest) => guest.post('/register/resend'));
      await program.advance(CODE_LIFETIME_MS);
      await both((guest) => guest.get('/register/code'));
    });

    test('a code that has expired says so, and one press sends a new one', async () => {
      const email = await someone();
      const guest = visitor();
      const code = await ask(guest, email);
      await program.advance(CODE_LIFETIME_MS);
      const page = await guest.get('/recover/code');
      assert.match(page.text, /<title>Error: This code has expired/);
      assert.doesNotMatch(page.text, /name="code"/);
      const late = await guest.post('/recover/code', { code });
      assert.deepEqual([late.status, late.url], [410, '/recover/code']);
      at(await guest.post('/recover/resend'), '/recover/code?sent=again');
      await program.settled();
      at(await guest.post('/recover/code', { code: codeIn(lastMail(email)) }), '/recover/password');
      await program.advance(VERIFIED_LIFETIME_MS);
      at(await guest.get('/recover/password'), '/recover', 'the right to choose a password ends too');
    });

    test('the cookie changes with the right code; the one before is worthless', async () => {
      const email = await someone();
      const guest = visitor();
      const code = await ask(guest, email);
      const planted = guest.cookies.get(RECOVERY) as string;
      at(await guest.post('/recover/code', { code }), '/recover/password');
      assert.notEqual(guest.cookies.get(RECOVERY), planted);
      const thief = visitor();
      thief.cookies.set(RECOVERY, planted);
      at(await thief.get('/recover/password'), '/recover');
      at(await choose(thief, 'the password of a thief 77'), '/recover');
      assert.equal((await thief.get('/recover/status')).status, 404);
      at(await choose(guest, NEW_PASSWORD), '/sign-in');
    });

    test('recovering beside somebody who is signed in gives no session, and takes none', async () => {
      const [own, others] = [await someone(), await someone({ name: 'Somebody Else' })];
      const guest = visitor();
      at(await guest.post('/sign-in', { identifier: others, password: OLD_PASSWORD }), '/account');
      const session = guest.cookies.get(SESSION);
      const code = await ask(guest, own);
      at(await guest.post('/recover/code', { code }), '/recover/password');
      const done = at(await choose(guest, NEW_PASSWORD), '/sign-in');
      assert.match(done.text, new RegExp(`value="${own}"`));
      assert.equal(guest.cookies.get(SESSION), session);
      assert.match(at(await guest.get('/account'), '/account').text, /Hello, Somebody Else/);
      at(await guest.post('/sign-in', { identifier: own, password: NEW_PASSWORD }), '/account');
      assert.notEqual(guest.cookies.get(SESSION), session);
    });

    test('nothing of the account is shown but what was typed', async () => {
      const email = await someone({
        emails: ['quill@hidden-mailbox.example', `quill-${engine}@example.com`],
        phones: ['+12125550177'],
        name: 'Zebediah Quillfeather',
      }).then(() => `quill-${engine}@example.com`);
      const guest = visitor();
      const pages: Answer[] = [await guest.post('/recover', { identifier: email })];
      await program.settled();
      const code = codeIn(lastMail(email));
      for (const path of ['/recover/code', '/recover/another-way', '/recover/status'])
        pages.push(await guest.get(path));
      pages.push(await guest.post('/recover/code', { code: wrongCode(code) }));
      pages.push(await guest.post('/recover/code', { code }));
      pages.push(await choose(guest, 'Quillfeather 2125550177'));
      pages.push(await choose(guest, NEW_PASSWORD));
      for (const { text, url } of pages)
        for (const secret of [/hidden-mailbox/, /Zebediah|Quillfeather/, /0177/, /\*\*|•|xxx/])
          assert.doesNotMatch(text.replaceAll(email, ''), secret, url);
    });

    test('a password that was typed never comes back', async () => {
      const email = await someone();
      const guest = visitor();
      const canary = 'canary in a coal mine';
      const pages = [
        await guest.post('/sign-in', { identifier: email, password: canary }),
        await guest.post('/sign-in', { identifier: 'nonsense', password: canary }),
        await guest.post('/recover/from-sign-in', { identifier: email, password: canary }),
      ];
      at(await guest.post('/recover/code', { code: await ask(guest, email) }), '/recover/password');
      pages.push(await guest.post('/recover/password', { password: canary, password2: `${canary} 2` }));
      pages.push(await guest.post('/recover/password', { password: `${canary}\u0000`, password2: `${canary}\u0000` }));
      at(await guest.post('/register', { identifier: `canary@${engine}.example.com` }), '/register/code');
      await program.settled();
      await guest.post('/register/code', { code: codeIn(lastMail(`canary@${engine}.example.com`)) });
      pages.push(await guest.post('/register/complete', { name: '', password: canary, password2: canary }));
      for (const { text, url, status } of pages) {
        assert.ok(status === 200 || (status >= 400 && status < 500), url);
        assert.doesNotMatch(text, /canary in/, url);
        assert.doesNotMatch(text, /<input[^>]*type="password"[^>]*\bvalue=/, url);
      }
    });

    test('the links of mails ask first, and a press does it', async () => {
      const email = await someone();
      const [guest, owner] = [visitor(), visitor()];
      const code = await ask(guest, email);
      const cancel = linkIn(lastMail(email), '/cancel/');
      for (let looks = 0; looks < 3; looks += 1) assert.match((await owner.get(cancel)).text, /Stop this request\?/);
      assert.equal((await guest.get('/recover/status')).status, 200);
      assert.match((await owner.post(cancel)).text, /The request is stopped/);
      const late = await guest.post('/recover/code', { code });
      assert.deepEqual([late.status, late.url], [422, '/recover/code'], 'no code opens anything any more');

      at(await guest.post('/recover/code', { code: await ask(guest, email) }), '/recover/password');
      at(await choose(guest, NEW_PASSWORD), '/sign-in');
      at(await guest.post('/sign-in', { identifier: email, password: NEW_PASSWORD }), '/account');
      await program.settled();
      const notMe = linkIn(lastMail(email), '/not-me/');
      assert.match((await owner.get(notMe)).text, /Lock my account/);
      at(await guest.get('/account'), '/account');
      assert.match((await owner.post(notMe)).text, /Your account is locked/);
      at(await guest.get('/account'), '/sign-in');
      assert.equal((await owner.get(notMe)).status, 404);
    });
  });

describe('what depends on where it runs', () => {
  test('in production / leads to sign in; there is no shop, no inbox, no demo account, no test language', async (t) => {
    const program = await startInProcess('sqlite');
    t.after(() => program.close());
    const guest = visitorOf(program.regain);
    at(await guest.get('/'), '/sign-in');
    for (const path of ['/dev/inbox', '/dev/inbox/list', '/dev/inbox/events', '/dev/inbox/1/html'])
      assert.equal((await guest.get(path)).status, 404, path);
    const demo = await guest.post('/sign-in', { identifier: 'demo@shop.example', password: 'sunny harbour walks 42' });
    assert.equal(demo.status, 401);
    for (const page of [await guest.get('/help'), await guest.get('/help', { 'Accept-Language': 'ar-XB' })]) {
      assert.match(page.text, /<html lang="en" dir="ltr">/);
      assert.doesNotMatch(page.text, /\/dev\//);
    }
    assert.match((await guest.get('/help?lang=ar-XB')).text, /lang="en"/);
  });

  test('in development there is all of it, and the language follows the browser and the choice', async (t) => {
    const program = await startOnAPort();
    t.after(() => program.close());
    const guest = visitorOf(program.regain);
    assert.match(at(await guest.get('/'), '/').text, /Demo shop/);
    assert.match((await guest.get('/dev/inbox')).text, /Development inbox/);
    const languages = async (accept: string, path = '/help'): Promise<string | undefined> =>
      /<html lang="([^"]+)"/.exec((await guest.get(path, { 'Accept-Language': accept })).text)?.[1];
    assert.equal(await languages('ar-XB'), 'ar-XB');
    assert.equal(await languages('fr, ar-XB;q=0.9, en;q=0.8'), 'ar-XB');
    assert.equal(await languages('ar-XB;q=0.1, en-GB'), 'en');
    assert.equal(await languages('fr'), 'en');
    assert.equal(await languages('en', '/help?lang=ar-XB'), 'ar-XB');
    assert.equal(await languages('en'), 'ar-XB', 'the choice is remembered');
  });

  test('the country of a phone number is that of the browser, where it has one', async (t) => {
    const program = await startInProcess('sqlite', { REGAIN_DEFAULT_COUNTRY: 'FR' });
    t.after(() => program.close());
    const chosen = async (accept: string): Promise<string | undefined> => {
      const { text } = await visitorOf(program.regain).post(
        '/recover',
        { identifier: '12' },
        { 'Accept-Language': accept },
      );
      return /value="(..)" selected/.exec(text)?.[1];
    };
    assert.equal(await chosen('en-GB'), 'GB');
    assert.equal(await chosen('zh-Hant-TW'), 'TW');
    assert.equal(await chosen('en-UK'), 'FR');
    assert.equal(await chosen('es-419'), 'FR');
    const abroad = visitorOf(program.regain);
    const asked = await abroad.post('/recover', { identifier: '+44 20 7946 0018' }, { 'Accept-Language': 'en-UK' });
    at(asked, '/recover/code', 'a whole number needs no country');
  });

  test('a number with an extension is not taken for a mistyped email address', async (t) => {
    const program = await startInProcess('sqlite');
    t.after(() => program.close());
    for (const identifier of ['+1 201 555 0101 ext. 5', '+1 201 555 0101 #5']) {
      const refused = await visitorOf(program.regain).post('/recover', { identifier });
      assert.equal(refused.status, 400);
      assert.match(refused.text, /<a href="#identifier">Leave out the extension/);
    }
  });

  test('the operator leads / elsewhere, and names his shop', async (t) => {
    const program = await startInProcess('sqlite', {
      REGAIN_HOME_PATH: '/help',
      REGAIN_BRAND_NAME: 'Acme & Söhne',
    });
    t.after(() => program.close());
    const page = at(await visitorOf(program.regain).get('/'), '/help');
    assert.match(page.text, /<title>How can we help\? – Acme &amp; Söhne<\/title>/);
  });
});

function visitorOf(regain: InProcess['regain']): Visitor {
  return new Visitor((request) => regain.fetch(request, { peer: '127.0.0.1' }), regain.config.origin);
}

function at(answer: Answer, url: string, why = 'leads there'): Answer {
  assert.deepEqual([answer.url, answer.status], [url, 200], why);
  return answer;
}

/** Everything that an onlooker could tell two visitors by; what they typed and their random tokens apart. */
function comparable(answer: Answer, guest: Visitor, email: string): unknown {
  return {
    status: answer.status,
    url: answer.url,
    headers: [...answer.headers].filter(([name]) => name !== 'set-cookie'),
    text: answer.text.replaceAll(email, 'IDENTIFIER'),
    cookies: [...guest.cookies].map(([name, value]) => [name, value.length]),
  };
}
