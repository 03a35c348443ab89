/** Every right ends with its last moment, on every path that looks at it, whatever the clock or the row says afterwards. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CODE_LIFETIME_MS,
  CODE_RENEWED_BELOW_MS,
  LIMITS,
  NOT_ME_LIFETIME_MS,
  PROOF_LIFETIME_MS,
  SESSION_LIFETIME_MS,
  TRIES_PER_CODE,
  VERIFIED_LIFETIME_MS,
} from '../../src/rules/limits.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn, linkIn, NEW_PASSWORD, OLD_PASSWORD, wrongCode } from '../people.ts';
import { sqlOn } from '../sql-on.ts';
import { type ApiAnswer, Visitor } from '../visitor.ts';

const RECOVERY = '__Host-regain-recovery';
const SECOND = 1_000;

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`what has ended on ${engine}`, () => {
    let program: InProcess;
    let people = 0;
    before(async () => {
      program = await startInProcess(engine);
    });
    after(() => program.close());

    const post = (path: string, body: unknown): Promise<ApiAnswer> => program.api('POST', path, { body });
    const visitor = (): Visitor =>
      new Visitor((request) => program.regain.fetch(request, { peer: '127.0.0.1' }), program.regain.config.origin);
    const someone = async (): Promise<string> => {
      people += 1;
      const email = `late${people}@example.com`;
      await addPerson(program, { emails: [email] });
      return email;
    };
    const ask = async (purpose: 'recovery' | 'registration', identifier: string) => {
      const { json } = await post(`/${purpose}`, { identifier });
      await program.settled();
      const mail = program.sink.messages.findLast(({ to }) => to === identifier)!;
      return { token: json.token as string, code: codeIn(mail) };
    };
    const set = (token: string) => post('/recovery/password', { token, password: NEW_PASSWORD });
    const form = { password: NEW_PASSWORD, password2: NEW_PASSWORD };

    for (const purpose of ['recovery', 'registration'] as const)
      test(`row 33, TYPO3 CVE-2022-36106, osTicket CVE-2026-18363: a ${purpose} code is good in its last second and dead in the next, on pages and API`, async () => {
        const addresses = [`late-${purpose}-1@example.com`, `late-${purpose}-2@example.com`] as const;
        if (purpose === 'recovery') for (const email of addresses) await addPerson(program, { emails: [email] });
        const [early, late] = addresses;
        const [good, dead] = [await ask(purpose, early), await ask(purpose, late)];
        await program.advance(CODE_LIFETIME_MS - SECOND);
        assert.equal((await post(`/${purpose}/verify`, good)).status, 200);
        await program.advance(SECOND + SECOND);
        const answer = await post(`/${purpose}/verify`, dead);
        assert.deepEqual([answer.status, answer.json.code], [410, 'code_expired']);
        const guest = visitor();
        guest.cookies.set(`__Host-regain-${purpose}`, dead.token);
        const base = purpose === 'recovery' ? '/recover' : '/register';
        assert.equal((await guest.post(`${base}/code`, { code: dead.code })).status, 410);
        assert.equal((await post(`/${purpose}/resend`, { token: dead.token })).status, 202);
        assert.equal((await post(`/${purpose}/verify`, dead)).json.code, 'wrong_code', 'the new one counts');
      });

    test('row 33, TYPO3 CVE-2022-36106, osTicket CVE-2026-18363: the code that was followed by a new one dies at its own time, not at the new one’s', async () => {
      const email = await someone();
      const old = await ask('recovery', email);
      await program.advance(CODE_LIFETIME_MS - CODE_RENEWED_BELOW_MS + SECOND);
      assert.equal((await post('/recovery/resend', { token: old.token })).status, 202);
      await program.advance(CODE_RENEWED_BELOW_MS);
      assert.equal((await post('/recovery/verify', old)).json.code, 'wrong_code');
      const fresh = codeIn(program.sink.messages.findLast(({ to }) => to === email)!);
      assert.notEqual(fresh, old.code);
      assert.equal((await post('/recovery/verify', { token: old.token, code: fresh })).status, 200);
    });

    test('row 33, TYPO3 CVE-2022-36106, osTicket CVE-2026-18363: the permission to set a password ends on every path that uses it', async () => {
      const emails = [await someone(), await someone()];
      const [good, dead] = [await proven(emails[0] as string), await proven(emails[1] as string)];
      await program.advance(VERIFIED_LIFETIME_MS - SECOND);
      assert.equal((await set(good)).status, 200);
      await program.advance(SECOND + SECOND);
      assert.equal((await set(dead)).status, 404);
      assert.equal((await program.api('GET', '/recovery', { token: dead })).status, 404);
      const guest = visitor();
      guest.cookies.set(RECOVERY, dead);
      assert.equal((await guest.get('/recover/password')).url, '/recover');
      assert.equal((await guest.post('/recover/password', form)).url, '/recover');
      assert.equal((await guest.post('/recover/password/judge', form)).status, 404);
      assert.equal((await guest.get('/recover/code')).url, '/recover');
      assert.equal((await post('/recovery/resend', { token: dead })).status, 404);
      assert.equal((await post('/sessions', { identifier: emails[1], password: OLD_PASSWORD })).status, 201);
    });

    const proven = async (email: string): Promise<string> => {
      const { token, code } = await ask('recovery', email);
      assert.equal((await post('/recovery/verify', { token, code })).status, 200);
      return token;
    };

    test('row 33, TYPO3 CVE-2022-36106, osTicket CVE-2026-18363: the permission to complete a registration, and a whole attempt, end as well', async () => {
      const { token, code } = await ask('registration', 'ends@example.com');
      await post('/registration/verify', { token, code });
      await program.advance(VERIFIED_LIFETIME_MS + SECOND);
      const body = { token, name: 'Late', password: NEW_PASSWORD };
      assert.equal((await post('/registration/complete', body)).status, 404);
      const old = await ask('recovery', await someone());
      await program.advance(PROOF_LIFETIME_MS + SECOND);
      assert.equal((await post('/recovery/verify', old)).status, 404);
      assert.equal((await post('/recovery/resend', { token: old.token })).status, 404);
    });

    test('row 33, TYPO3 CVE-2022-36106, osTicket CVE-2026-18363: the links of mails and the session end', async () => {
      const email = await someone();
      const { token } = (await post('/sessions', { identifier: email, password: OLD_PASSWORD })).json;
      // Used often enough, so that it is the lifetime that ends it.
      const use = async (): Promise<number> => (await program.api('GET', '/sessions/current', { token })).status;
      const third = SESSION_LIFETIME_MS / 3;
      for (const waitMs of [third, third, third - SECOND]) {
        await program.advance(waitMs);
        assert.equal(await use(), 200);
      }
      await program.advance(SECOND + SECOND);
      assert.equal((await program.api('GET', '/sessions/current', { token })).status, 401);

      await set(await proven(email));
      await program.settled();
      const link = linkIn(program.sink.messages.findLast(({ to }) => to === email)!, '/not-me/');
      await program.advance(NOT_ME_LIFETIME_MS - SECOND);
      assert.equal((await visitor().get(link)).status, 200);
      await program.advance(SECOND + SECOND);
      assert.equal((await visitor().get(link)).status, 404);
      assert.equal((await visitor().post(link)).status, 404);
      assert.equal((await post('/sessions', { identifier: email, password: NEW_PASSWORD })).status, 201, 'not blocked');
    });

    test('row 33, TYPO3 CVE-2022-36106, osTicket CVE-2026-18363: a moment that is missing from the row is over, not endless', async () => {
      const { database } = program.regain.config;
      const token = await proven(await someone());
      await sqlOn(database, "update proofs set verified_expires_at = null where state = 'verified'");
      assert.equal((await set(token)).status, 404);
      assert.equal((await program.api('GET', '/recovery', { token })).status, 404);
      const waiting = await ask('recovery', await someone());
      for (const column of ['code_expires_at', 'expires_at', 'tries_left', 'token_digest'])
        await assert.rejects(
          sqlOn(database, `update proofs set ${column} = null`),
          /null/i,
          `${column} can't be missing`,
        );
      for (const column of ['code_expires_at', 'expires_at']) {
        await sqlOn(database, `update proofs set ${column} = 0 where state = 'code_sent'`);
        assert.notEqual((await post('/recovery/verify', waiting)).status, 200);
      }
    });

    test('row 33, TYPO3 CVE-2022-36106, osTicket CVE-2026-18363: a clock that goes backwards gives nothing back: not a spent code, not a try, not a budget', async () => {
      const emails = [await someone(), await someone(), await someone()];
      const spent = await ask('recovery', emails[0] as string);
      await post('/recovery/verify', spent);
      await set(spent.token);
      const guessed = await ask('recovery', emails[1] as string);
      for (let tries = 0; tries < TRIES_PER_CODE; tries += 1)
        await post('/recovery/verify', { token: guessed.token, code: wrongCode(guessed.code) });
      for (let times = 0; times < LIMITS['sign-in'].burst; times += 1)
        await post('/sessions', { identifier: emails[2], password: 'not the right one 1' });
      for (const back of [-SECOND, -PROOF_LIFETIME_MS, -30 * 24 * 3_600_000]) {
        await program.advance(back);
        assert.equal((await post('/recovery/verify', spent)).status, 404);
        assert.equal((await set(spent.token)).status, 404);
        assert.equal((await post('/recovery/verify', guessed)).json.code, 'too_many_tries');
        const limited = await post('/sessions', { identifier: emails[2], password: OLD_PASSWORD });
        assert.equal(limited.status, 429);
        await program.advance(-back);
      }
    });
  });
