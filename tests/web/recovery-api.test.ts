/** The main job through the HTTP API, on both engines, against a real mail server, with a clock that the test moves. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CODE_LIFETIME_MS,
  FATE_SHOWN_AFTER_MS,
  PROOF_LIFETIME_MS,
  RECENT_RECOVERY_MS,
  RESEND_WAITS_MS,
  VERIFIED_LIFETIME_MS,
} from '../../src/rules/limits.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn, linkIn, NEW_PASSWORD, OLD_PASSWORD, SENDS_OF_STRANGERS, wrongCode } from '../people.ts';
import { type ApiAnswer, Visitor } from '../visitor.ts';

const MINUTE = 60_000;

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`recovery by the API on ${engine}`, () => {
    let program: InProcess;
    let people = 0;
    before(async () => {
      program = await startInProcess(engine);
    });
    after(() => program.close());

    const api: InProcess['api'] = (method, path, options) => program.api(method, path, options);
    const post = (path: string, body: unknown): Promise<ApiAnswer> => api('POST', path, { body });
    const someone = async (more: Partial<Parameters<typeof addPerson>[1]> = {}): Promise<string> => {
      people += 1;
      const email = `person${people}@example.com`;
      await addPerson(program, { emails: [email], ...more });
      return email;
    };
    const start = async (email: string): Promise<{ token: string; code: string }> => {
      const seen = program.sink.messages.length;
      const { json } = await post('/recovery', { identifier: email });
      await program.settled();
      const mail = program.sink.messages.slice(seen).find((message) => message.to === email);
      assert.ok(mail, 'a mail went out');
      return { token: json.token, code: codeIn(mail) };
    };
    const mailsTo = (email: string) => program.sink.messages.filter((message) => message.to === email);

    test('ask, verify, set, sign in: the old password is dead, the new one opens, every session is gone', async () => {
      const email = await someone();
      const before = await post('/sessions', { identifier: email, password: OLD_PASSWORD });
      assert.equal(before.status, 201);

      const asked = await post('/recovery', { identifier: email });
      assert.equal(asked.status, 202);
      assert.deepEqual(Object.keys(asked.json).sort(), [
        'channel', 'channels', 'codeFormat', 'codeLength', 'expiresAt', 'resendAt', 'state', 'token', 'triesLeft',
      ]); // biome-ignore format: one list
      assert.equal(asked.json.state, 'code_sent');
      assert.equal(Date.parse(asked.json.expiresAt), program.now() + CODE_LIFETIME_MS);
      assert.equal(asked.json.triesLeft, 5);
      assert.equal(
        (await api('GET', '/sessions/current', { token: before.json.token })).status,
        200,
        'asking changes nothing',
      );
      await program.settled();

      const { token } = asked.json;
      const mail = mailsTo(email)[0];
      assert.ok(mail);
      assert.equal((await api('GET', '/recovery', { token })).json.delivery, 'queued', 'at first nothing is told');
      await program.advance(FATE_SHOWN_AFTER_MS);
      assert.equal((await api('GET', '/recovery', { token })).json.delivery, 'sent');
      const verified = await post('/recovery/verify', { token, code: codeIn(mail) });
      assert.equal(verified.status, 200);
      assert.equal(verified.json.state, 'verified');
      const set = await post('/recovery/password', { token: verified.json.token, password: NEW_PASSWORD });
      assert.equal(set.status, 200);
      assert.equal(set.json.state, 'completed');

      assert.equal((await api('GET', '/sessions/current', { token: before.json.token })).status, 401);
      assert.equal((await post('/sessions', { identifier: email, password: OLD_PASSWORD })).status, 401);
      assert.equal((await post('/sessions', { identifier: email, password: NEW_PASSWORD })).status, 201);
      await program.settled();
      assert.match(mailsTo(email)[1]?.subject ?? '', /password was changed/i);
    });

    test('a wrong code costs a try; after five the code is dead, and a new one opens', async () => {
      const email = await someone();
      const { token, code } = await start(email);
      for (const left of [4, 3, 2, 1, 0]) {
        const answer = await post('/recovery/verify', { token, code: wrongCode(code) });
        assert.equal(answer.status, 422);
        assert.equal(answer.json.code, 'wrong_code');
        assert.equal(answer.json.triesLeft, left);
      }
      const dead = await post('/recovery/verify', { token, code });
      assert.equal(dead.status, 429);
      assert.equal(dead.json.code, 'too_many_tries');
      assert.ok(dead.headers.has('retry-after'));

      const again = await post('/recovery/resend', { token });
      assert.equal(again.status, 202, 'a dead code is replaced without waiting');
      assert.equal(again.json.codeLength, 8, 'wrong guesses make codes longer');
      await program.settled();
      const fresh = codeIn(mailsTo(email).at(-1)!);
      assert.equal((await post('/recovery/verify', { token, code })).json.code, 'invalid_request');
      assert.equal((await post('/recovery/verify', { token, code: fresh })).status, 200);
    });

    test('ten entries in one sitting: five wrong, a new code, four wrong, right', async () => {
      const email = await someone();
      const { token, code } = await start(email);
      for (let i = 0; i < 5; i += 1) await post('/recovery/verify', { token, code: wrongCode(code) });
      await post('/recovery/resend', { token });
      await program.settled();
      const fresh = codeIn(mailsTo(email).at(-1)!);
      for (let i = 0; i < 4; i += 1)
        assert.equal((await post('/recovery/verify', { token, code: wrongCode(fresh) })).status, 422);
      assert.equal((await post('/recovery/verify', { token, code: fresh })).status, 200);
    });

    test('send again waits, then repeats the same code, so late mails still work', async () => {
      const email = await someone();
      const { token, code } = await start(email);
      const early = await post('/recovery/resend', { token });
      assert.equal(early.status, 429);
      assert.equal(early.json.code, 'rate_limited');
      assert.equal(Number(early.headers.get('retry-after')), RESEND_WAITS_MS[0] / 1000);
      await program.advance(RESEND_WAITS_MS[0]);
      assert.equal((await post('/recovery/resend', { token })).status, 202);
      await program.settled();
      assert.equal(codeIn(mailsTo(email).at(-1)!), code);
      assert.notEqual(mailsTo(email)[0]?.headers.get('message-id'), mailsTo(email)[1]?.headers.get('message-id'));
      assert.equal((await post('/recovery/verify', { token, code })).status, 200);
    });

    test('a dying code is followed by a new one, and lives out its own time', async () => {
      const email = await someone();
      const { token, code } = await start(email);
      await program.advance(7 * MINUTE);
      await post('/recovery/resend', { token });
      await program.settled();
      const fresh = codeIn(mailsTo(email).at(-1)!);
      assert.notEqual(fresh, code);
      await program.advance(2 * MINUTE);
      assert.equal(
        (await post('/recovery/verify', { token, code })).status,
        200,
        'the old one, within its ten minutes',
      );

      const second = await start(await someone());
      await program.advance(7 * MINUTE);
      await post('/recovery/resend', { token: second.token });
      await program.settled();
      await program.advance(3 * MINUTE);
      assert.equal((await post('/recovery/verify', second)).json.code, 'wrong_code', 'the old one, after them');
    });

    test('a code dies with its last second; one press gives a new one', async () => {
      const email = await someone();
      const { token, code } = await start(email);
      await program.advance(CODE_LIFETIME_MS);
      const late = await post('/recovery/verify', { token, code });
      assert.equal(late.status, 410);
      assert.equal(late.json.code, 'code_expired');
      assert.equal((await post('/recovery/resend', { token })).status, 202);
      await program.settled();
      assert.equal((await post('/recovery/verify', { token, code: codeIn(mailsTo(email).at(-1)!) })).status, 200);
    });

    test('two recoveries of one account have two codes, each for its own', async () => {
      const email = await someone();
      const first = await start(email);
      const second = await start(email);
      assert.notEqual(first.code, second.code);
      assert.equal((await post('/recovery/verify', { token: second.token, code: first.code })).status, 422);
      assert.equal((await post('/recovery/verify', second)).status, 200);
      assert.equal((await post('/recovery/verify', first)).status, 200);
      assert.equal((await post('/recovery/password', { token: first.token, password: NEW_PASSWORD })).status, 200);
      const lost = await post('/recovery/password', { token: second.token, password: 'another lantern meadow 61' });
      assert.equal(lost.status, 404, 'the change voids the other one');
    });

    test('a weak password is refused with its reasons and spends nothing', async () => {
      const email = await someone({ name: 'Marguerite Lavoie', birthday: '1984-05-17' });
      const { token, code } = await start(email);
      await post('/recovery/verify', { token, code });
      for (const [password, reason] of [
        ['password', 'leaked'],
        ['abc', 'too_short'],
        ['marguerite 17/05!', 'contains_name'],
        ['hello 17-05-1984 you', 'contains_birthday'],
        ['x'.repeat(100_000 / 10), 'too_long'],
      ] as const) {
        const answer = await post('/recovery/password', { token, password });
        assert.equal(answer.status, 422, password.slice(0, 20));
        assert.equal(answer.json.code, 'weak_password');
        assert.ok(answer.json.reasons.includes(reason), `${answer.json.reasons} for ${password.slice(0, 20)}`);
      }
      assert.equal((await post('/recovery/password', { token, password: NEW_PASSWORD })).status, 200);
    });

    test('a password is case-sensitive, never trimmed, and the same in both Unicode forms', async () => {
      const email = await someone();
      const { token, code } = await start(email);
      await post('/recovery/verify', { token, code });
      await post('/recovery/password', { token, password: ' caf\u00e9 lantern Meadow 58 ' });
      const tryIn = async (password: string) => (await post('/sessions', { identifier: email, password })).status;
      assert.equal(await tryIn(' cafe\u0301 lantern Meadow 58 '), 201);
      assert.equal(await tryIn('caf\u00e9 lantern Meadow 58'), 401);
      assert.equal(await tryIn(' caf\u00e9 lantern meadow 58 '), 401);
    });

    test('the right to set a password ends, and so does the whole attempt', async () => {
      const { token, code } = await start(await someone());
      await post('/recovery/verify', { token, code });
      await program.advance(VERIFIED_LIFETIME_MS);
      assert.equal((await post('/recovery/password', { token, password: NEW_PASSWORD })).status, 404);
      const idle = await start(await someone());
      await program.advance(PROOF_LIFETIME_MS);
      assert.equal((await post('/recovery/resend', { token: idle.token })).status, 404);
      assert.equal((await api('GET', '/recovery', { token: idle.token })).status, 404);
    });

    test('no step can be skipped, and a code works once', async () => {
      const { token, code } = await start(await someone());
      assert.equal((await post('/recovery/password', { token, password: NEW_PASSWORD })).status, 404);
      assert.equal((await post('/registration/verify', { token, code })).status, 404, 'a recovery is no registration');
      assert.equal((await post('/recovery/verify', { token, code })).status, 200);
      assert.equal((await post('/recovery/verify', { token, code })).status, 404);
      assert.equal((await post('/recovery/password', { token, password: NEW_PASSWORD })).status, 200);
      assert.equal((await post('/recovery/password', { token, password: 'another lantern meadow 61' })).status, 404);
    });

    test('an unknown address walks through the same answers and gets one helpful mail a week', async () => {
      const email = 'nobody@example.net';
      const known = await post('/recovery', { identifier: await someone() });
      const unknown = await post('/recovery', { identifier: email });
      assert.equal(unknown.status, known.status);
      assert.deepEqual(Object.keys(unknown.json), Object.keys(known.json));
      assert.deepEqual({ ...unknown.json, token: '' }, { ...known.json, token: '' });
      await program.settled();
      assert.match(mailsTo(email)[0]?.subject ?? '', /no .*account/i);
      for (const left of [4, 3, 2, 1, 0]) {
        const answer = await post('/recovery/verify', { token: unknown.json.token, code: '123456' });
        assert.deepEqual([answer.status, answer.json.triesLeft], [422, left]);
      }
      assert.equal((await post('/recovery/verify', { token: unknown.json.token, code: '123456' })).status, 429);
      await post('/recovery', { identifier: email });
      await program.settled();
      assert.equal(mailsTo(email).length, 1);
      await program.advance(7 * 24 * 60 * MINUTE);
      await post('/recovery', { identifier: email });
      await program.settled();
      assert.equal(mailsTo(email).length, 2);
    });

    test('every confirmed address is told of the change; "this wasn\'t me" shuts the door and opens another', async () => {
      const email = await someone();
      const other = `other-${email}`;
      const unconfirmed = `unconfirmed-${email}`;
      await addPerson(program, { emails: [`a-${email}`, other], unconfirmed: [unconfirmed] });
      const stolen = await start(`a-${email}`);
      await post('/recovery/verify', stolen);
      await post('/recovery/password', { token: stolen.token, password: NEW_PASSWORD });
      const thief = await post('/sessions', { identifier: other, password: NEW_PASSWORD });
      assert.equal(thief.status, 201);
      await program.settled();
      assert.match(mailsTo(`a-${email}`).at(-1)?.subject ?? '', /changed/);
      assert.equal(mailsTo(unconfirmed).length, 0);
      const path = linkIn(mailsTo(other).at(-1)!, '/not-me/');

      const owner = new Visitor(
        (request) => program.regain.fetch(request, { peer: '127.0.0.1' }),
        program.regain.config.origin,
      );
      for (let i = 0; i < 20; i += 1) assert.equal((await owner.get(path)).status, 200, 'looking changes nothing');
      assert.equal((await api('GET', '/sessions/current', { token: thief.json.token })).status, 200);
      assert.equal((await owner.post(path)).status, 200);
      assert.equal((await api('GET', '/sessions/current', { token: thief.json.token })).status, 401);
      assert.equal((await post('/sessions', { identifier: other, password: NEW_PASSWORD })).status, 401);
      assert.equal((await owner.post(path)).status, 404, 'the link works once');
      await program.settled();

      const code = codeIn(mailsTo(other).find((mail) => /reset/i.test(mail.subject))!);
      const entered = await owner.post('/recover/code', { code });
      assert.equal(entered.url, '/recover/password');
      const set = await owner.post('/recover/password', {
        password: 'third lantern harbour 93',
        password2: 'third lantern harbour 93',
      });
      assert.equal(set.url, '/sign-in');
      assert.equal((await post('/sessions', { identifier: other, password: 'third lantern harbour 93' })).status, 201);
    });

    test('the cancel link of the mail stops the recovery, and only a press does', async () => {
      const email = await someone();
      const { token, code } = await start(email);
      const path = linkIn(mailsTo(email)[0]!, '/cancel/');
      const owner = new Visitor(
        (request) => program.regain.fetch(request, { peer: '127.0.0.1' }),
        program.regain.config.origin,
      );
      for (let i = 0; i < 20; i += 1) assert.equal((await owner.get(path)).status, 200);
      assert.equal(
        (await owner.get(path.slice(0, -1) + (path.endsWith('A') ? 'B' : 'A'))).status,
        200,
        'a forged link shows the same page',
      );
      assert.equal((await owner.post(`${path.slice(0, -3)}AAA`)).status, 404, '... and does nothing');
      assert.equal((await owner.post(path)).status, 200);
      assert.equal((await post('/recovery/verify', { token, code })).json.code, 'wrong_code');
      assert.equal((await owner.post(path)).status, 200, 'pressing twice is no error');
    });

    test('signing in voids codes that are on their way', async () => {
      const email = await someone();
      const { token, code } = await start(email);
      await post('/sessions', { identifier: email, password: OLD_PASSWORD });
      assert.equal((await post('/recovery/verify', { token, code })).json.code, 'wrong_code');
    });

    test('a phone number leads to the mailbox of its account, and a shared one to nobody', async () => {
      const email = await someone({ phones: ['+12125550101'] });
      const asked = await post('/recovery', { identifier: '+1 (212) 555-0101' });
      await program.settled();
      const mail = mailsTo(email).at(-1);
      assert.ok(mail);
      assert.equal((await post('/recovery/verify', { token: asked.json.token, code: codeIn(mail) })).status, 200);

      const first = await someone({ phones: ['+12125550102'] });
      const second = await someone({ phones: ['+12125550102'] });
      await post('/recovery', { identifier: '+12125550102' });
      await program.settled();
      assert.equal(mailsTo(first).length + mailsTo(second).length, 0);
    });

    test('an address that was never confirmed gets no code', async () => {
      const email = await someone({ unconfirmed: ['typed-by-a-stranger@example.com'] });
      const asked = await post('/recovery', { identifier: 'typed-by-a-stranger@example.com' });
      assert.equal(asked.status, 202);
      await program.settled();
      for (const mail of mailsTo('typed-by-a-stranger@example.com')) assert.throws(() => codeIn(mail));
      assert.equal(mailsTo(email).length, 0);
    });

    test('an account that came without a password gets one', async () => {
      const email = await someone({ password: null });
      assert.equal((await post('/sessions', { identifier: email, password: 'anything at all 1' })).status, 401);
      const { token, code } = await start(email);
      await post('/recovery/verify', { token, code });
      assert.equal((await post('/recovery/password', { token, password: NEW_PASSWORD })).status, 200);
      assert.equal((await post('/sessions', { identifier: email, password: NEW_PASSWORD })).status, 201);
    });

    test('one mailbox gets a bounded number of mails, known or not', async () => {
      for (const email of [await someone(), 'nobody-else@example.net']) {
        const statuses: number[] = [];
        for (let i = 0; i < SENDS_OF_STRANGERS + 2; i += 1)
          statuses.push((await post('/recovery', { identifier: email })).status);
        assert.deepEqual(statuses, [...Array(SENDS_OF_STRANGERS).fill(202), 429, 429], email);
      }
    });

    test('a host is told for a day that the password was recovered, and not of a new account', async () => {
      const email = await someone();
      const recent = async (password: string): Promise<unknown> => {
        const { token } = (await post('/sessions', { identifier: email, password })).json;
        return (await api('GET', '/sessions/current', { token })).json.recentRecovery;
      };
      assert.equal(await recent(OLD_PASSWORD), false);
      const { token, code } = await start(email);
      const verified = await post('/recovery/verify', { token, code });
      await post('/recovery/password', { token: verified.json.token, password: NEW_PASSWORD });
      assert.equal(await recent(NEW_PASSWORD), true);
      await program.advance(RECENT_RECOVERY_MS - 1);
      assert.equal(await recent(NEW_PASSWORD), true);
      await program.advance(1);
      assert.equal(await recent(NEW_PASSWORD), false);
    });

    test('signing out ends the session; a token that was never one is refused', async () => {
      const email = await someone();
      const { json } = await post('/sessions', { identifier: email, password: OLD_PASSWORD });
      assert.equal((await api('DELETE', '/sessions/current', { token: json.token })).status, 204);
      assert.equal((await api('GET', '/sessions/current', { token: json.token })).status, 401);
      assert.equal((await api('DELETE', '/sessions/current', { token: 'nonsense' })).status, 401);
      assert.equal((await api('GET', '/sessions/current')).status, 401);
    });

    test('registering proves the address first; a taken one looks the same and its owner is told', async () => {
      const email = 'newcomer@example.com';
      const taken = await someone();
      const asked = await post('/registration', { identifier: email });
      const askedTaken = await post('/registration', { identifier: taken });
      assert.deepEqual({ ...askedTaken.json, token: '' }, { ...asked.json, token: '' });
      await program.settled();
      assert.match(mailsTo(taken).at(-1)?.subject ?? '', /already/i);
      assert.throws(() => codeIn(mailsTo(taken).at(-1)!));
      const { token } = asked.json;
      const body = { token, name: 'New Comer', birthday: '1990-12-31', password: NEW_PASSWORD };
      assert.equal((await post('/registration/complete', body)).status, 404, 'not before the code');
      assert.equal((await post('/registration/verify', { token: askedTaken.json.token, code: '000000' })).status, 422);
      assert.equal((await post('/registration/verify', { token, code: codeIn(mailsTo(email)[0]!) })).status, 200);
      assert.equal((await post('/registration/complete', { ...body, birthday: '1990-02-31' })).status, 400);
      assert.equal((await post('/registration/complete', { ...body, password: 'newcomer 1990-12-31' })).status, 422);
      assert.equal((await post('/registration/complete', body)).status, 201);
      assert.equal((await post('/registration/complete', body)).status, 404);
      const session = await post('/sessions', { identifier: email, password: NEW_PASSWORD });
      assert.equal(session.status, 201);
      assert.equal((await api('GET', '/sessions/current', { token: session.json.token })).json.name, 'New Comer');
    });
  });
