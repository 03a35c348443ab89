/** A flood of sign-ins keeps strangers waiting, not those who have proven something; and it tells nothing of accounts. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { PasswordHasher } from '../../src/ports.ts';
import { Refusal } from '../../src/rules/errors.ts';
import { LIMITS } from '../../src/rules/limits.ts';
import { ENGINES } from '../engines.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn, NEW_PASSWORD, OLD_PASSWORD } from '../people.ts';
import { type ApiAnswer, callApi, Visitor } from '../visitor.ts';

const HERE = '203.0.113.5';
const ELSEWHERE = '203.0.113.6';

for (const engine of Object.keys(ENGINES) as (keyof typeof ENGINES)[])
  describe(`while the strangers' lane is full, on ${engine}`, () => {
    let program: InProcess;
    let hasher: PasswordHasher;
    before(async () => {
      program = await startInProcess(engine);
      hasher = program.regain.context.hasher;
    });
    after(() => program.close());

    const fetchFrom = (peer: string) => (request: Request) => program.regain.fetch(request, { peer });
    const post = (peer: string, path: string, body: object): Promise<ApiAnswer> =>
      callApi(fetchFrom(peer), program.regain.config.origin, 'POST', `/api/v1${path}`, { body });
    const signIn = (peer: string, identifier: string, password: string): Promise<ApiAnswer> =>
      post(peer, '/sessions', { identifier, password });
    const flooded = async (work: () => Promise<void>): Promise<void> => {
      const full: PasswordHasher = {
        ...hasher,
        verify(hash, password, turn) {
          if (turn?.lane !== 'proven') throw new Refusal('unavailable', { retryAfterSeconds: 3 });
          return hasher.verify(hash, password, turn);
        },
      };
      program.regain.context.hasher = full;
      try {
        await work();
      } finally {
        program.regain.context.hasher = hasher;
      }
    };
    const recover = async (peer: string, identifier: string): Promise<void> => {
      const { token } = (await post(peer, '/recovery', { identifier })).json;
      await program.settled();
      const mail = program.sink.messages.findLast(({ to }) => to.includes(identifier));
      assert.ok(mail);
      assert.equal((await post(peer, '/recovery/verify', { token, code: codeIn(mail) })).status, 200);
      assert.equal((await post(peer, '/recovery/password', { token, password: NEW_PASSWORD })).status, 200);
    };

    test('who has just recovered signs in from there, for ten minutes, and from nowhere else', async () => {
      await addPerson(program, { emails: ['owner@example.com'] });
      await flooded(async () => {
        await recover(HERE, 'owner@example.com');
        assert.equal((await signIn(ELSEWHERE, 'owner@example.com', NEW_PASSWORD)).status, 503);
        assert.equal((await signIn(HERE, 'owner@example.com', NEW_PASSWORD)).status, 201);
        assert.equal((await signIn(HERE, 'another@example.com', NEW_PASSWORD)).status, 503);
        await program.advance(10 * 60_000);
        assert.equal((await signIn(HERE, 'owner@example.com', NEW_PASSWORD)).status, 503);
      });
    });

    test('a browser that has signed in before signs in again', async () => {
      await addPerson(program, { emails: ['regular@example.com'] });
      const browser = new Visitor(fetchFrom(HERE), program.regain.config.origin);
      const fields = { identifier: 'regular@example.com', password: OLD_PASSWORD };
      assert.equal((await browser.post('/sign-in', fields)).url, '/account');
      await flooded(async () => {
        assert.equal((await browser.post('/sign-in', fields)).url, '/account');
        assert.equal(
          (await new Visitor(fetchFrom(HERE), program.regain.config.origin).post('/sign-in', fields)).status,
          503,
        );
      });
    });

    test('known and unknown accounts are turned away alike, with the time to come back', async () => {
      await addPerson(program, { emails: ['known@example.com'] });
      await flooded(async () => {
        const known = await signIn(ELSEWHERE, 'known@example.com', OLD_PASSWORD);
        const unknown = await signIn(ELSEWHERE, 'unknown@example.com', OLD_PASSWORD);
        assert.equal(known.status, 503);
        assert.equal(known.headers.get('retry-after'), '3');
        assert.deepEqual([unknown.status, unknown.json, [...unknown.headers]], [503, known.json, [...known.headers]]);
      });
    });
  });

describe('an outdated hash', () => {
  let program: InProcess;
  before(async () => {
    program = await startInProcess('sqlite');
  });
  after(() => program.close());

  test('is not renewed while others wait for a hash, and its owner signs in all the same', async () => {
    await addPerson(program, { emails: ['old@example.com'] });
    const { hasher } = program.regain.context;
    let renewed = 0;
    program.regain.context.hasher = {
      ...hasher,
      verify: async (...given) => ({ ...(await hasher.verify(...given)), outdated: true }),
      async hashIfIdle() {
        renewed += 1;
        return undefined;
      },
      hash: () => assert.fail('a sign-in asks for no second hash that others have to wait for'),
    };
    const body = { identifier: 'old@example.com', password: OLD_PASSWORD };
    assert.equal((await program.api('POST', '/sessions', { body })).status, 201);
    assert.equal(renewed, 1);
  });
});

/** Costs some thirty times what a good password costs to judge, and is refused. */
const COSTLY = '1234567890'.repeat(25);

for (const engine of Object.keys(ENGINES) as (keyof typeof ENGINES)[])
  describe(`whoever has proven something and sends passwords that are refused, on ${engine}`, () => {
    let program: InProcess;
    before(async () => {
      program = await startInProcess(engine);
    });
    after(() => program.close());

    const post = (path: string, body: object): Promise<ApiAnswer> => program.api('POST', path, { body });
    const proven = async (purpose: 'recovery' | 'registration', identifier: string): Promise<string> => {
      const { token } = (await post(`/${purpose}`, { identifier })).json;
      await program.settled();
      const mail = program.sink.messages.findLast(({ to }) => to === identifier);
      assert.ok(mail, `a mail to ${identifier}`);
      assert.equal((await post(`/${purpose}/verify`, { token, code: codeIn(mail) })).status, 200);
      return token;
    };
    const browserWith = (cookie: string, token: string): Visitor => {
      const { fetch, config } = program.regain;
      const browser = new Visitor((request) => fetch(request, { peer: '127.0.0.1' }), config.origin);
      browser.cookies.set(`__Host-regain-${cookie}`, token);
      return browser;
    };
    const { burst, refillMs } = LIMITS['judge-password'];

    test('has one budget for setting and for judging, on pages and API, and still sets a good one', async () => {
      await addPerson(program, { emails: ['weak@example.com'] });
      const token = await proven('recovery', 'weak@example.com');
      const browser = browserWith('recovery', token);
      for (let sent = 0; sent < burst - 2; sent += 1)
        assert.equal((await post('/recovery/password', { token, password: COSTLY })).json.code, 'weak_password');
      assert.equal((await browser.post('/recover/password/judge', { password: COSTLY })).status, 200);
      const form = { password: COSTLY, password2: COSTLY };
      assert.equal((await browser.post('/recover/password', form)).status, 422);
      const limited = await post('/recovery/password', { token, password: COSTLY });
      assert.deepEqual([limited.status, limited.headers.get('retry-after')], [429, '1']);
      assert.equal((await browser.post('/recover/password', form)).status, 429);
      assert.equal((await browser.post('/recover/password/judge', { password: COSTLY })).status, 429);
      await program.advance(refillMs);
      assert.equal((await post('/recovery/password', { token, password: NEW_PASSWORD })).status, 200);
    });

    test('so does completing a registration', async () => {
      const token = await proven('registration', 'new@example.com');
      const complete = (password: string) => post('/registration/complete', { token, name: 'Jane', password });
      for (let sent = 0; sent < burst; sent += 1) assert.equal((await complete(COSTLY)).json.code, 'weak_password');
      assert.equal((await complete(COSTLY)).status, 429);
      await program.advance(refillMs);
      assert.equal((await complete(NEW_PASSWORD)).status, 201);
    });
  });
