/** How long a session lives, what ends it, and that a flood of strangers' passwords does not keep its owner from one. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { LIMITS, SESSION_IDLE_MS, SESSION_LIFETIME_MS } from '../../src/rules/limits.ts';
import { ENGINES } from '../engines.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn, NEW_PASSWORD, OLD_PASSWORD } from '../people.ts';
import { type ApiAnswer, callApi, Visitor } from '../visitor.ts';

const DAY_MS = 86_400_000;
const SESSION = '__Host-regain-session';

for (const engine of Object.keys(ENGINES) as (keyof typeof ENGINES)[])
  describe(`sessions on ${engine}`, () => {
    let program: InProcess;
    let people = 0;
    before(async () => {
      program = await startInProcess(engine);
    });
    after(() => program.close());

    const someone = async (): Promise<string> => {
      people += 1;
      const email = `owner${people}@example.com`;
      await addPerson(program, { emails: [email] });
      return email;
    };
    const callFrom = (peer: string, path: string, body: object): Promise<ApiAnswer> =>
      callApi(
        (request) => program.regain.fetch(request, { peer }),
        program.regain.config.origin,
        'POST',
        `/api/v1${path}`,
        { body },
      );
    const signIn = async (email: string): Promise<string> =>
      (await callFrom('127.0.0.1', '/sessions', { identifier: email, password: OLD_PASSWORD })).json.token;
    const isAlive = async (token: string): Promise<boolean> =>
      (await program.api('GET', '/sessions/current', { token })).status === 200;
    const browser = (): Visitor =>
      new Visitor((request) => program.regain.fetch(request, { peer: '127.0.0.1' }), program.regain.config.origin);

    test('a session that is not used ends, and one that is used ends with its lifetime', async () => {
      const email = await someone();
      const [used, left] = [await signIn(email), await signIn(email)];
      await program.advance(SESSION_IDLE_MS - 1);
      assert.ok(await isAlive(used));
      await program.advance(1);
      assert.ok(!(await isAlive(left)));
      assert.equal((await program.api('DELETE', '/sessions/current', { token: left })).status, 401);
      assert.ok(await isAlive(used));
      for (let day = SESSION_IDLE_MS / DAY_MS; day < SESSION_LIFETIME_MS / DAY_MS - 1; day += 1) {
        await program.advance(DAY_MS);
        assert.ok(await isAlive(used), `day ${day}`);
      }
      await program.advance(DAY_MS);
      assert.ok(!(await isAlive(used)), 'however often it is used');
    });

    test('the account page lists what is alive, ends all others at a press, and has a button to sign out', async () => {
      const email = await someone();
      await signIn(email);
      const own = browser();
      await program.advance(SESSION_IDLE_MS);
      const other = await signIn(email);
      const page = await own.post('/sign-in', { identifier: email, password: OLD_PASSWORD });
      assert.equal(page.url, '/account');
      assert.equal(page.text.match(/Last used/g)?.length, 2, 'the one that was left is not among them');
      assert.match(page.text, /<form method="post" action="\/sign-out"><button/);
      await own.post('/account/sign-out-elsewhere');
      assert.ok(!(await isAlive(other)));
      assert.equal((await own.get('/account')).url, '/account');
      const ended = own.cookies.get(SESSION) ?? '';
      await own.post('/sign-out');
      own.cookies.set(SESSION, ended);
      assert.equal((await own.get('/account')).url, '/sign-in', 'the cookie of before opens nothing');
    });

    test('signing in again ends the session that the browser had, also one of somebody else', async () => {
      const [email, others] = [await someone(), await someone()];
      const elsewhere = await signIn(email);
      const own = browser();
      const tokens: string[] = [];
      for (const identifier of [email, email, others]) {
        await own.post('/sign-in', { identifier, password: OLD_PASSWORD });
        tokens.push(own.cookies.get(SESSION) ?? '');
      }
      assert.equal(new Set(tokens).size, 3);
      assert.deepEqual(await Promise.all(tokens.map(isAlive)), [false, false, true]);
      assert.ok(await isAlive(elsewhere));
      await own.post('/sign-in', { identifier: others, password: 'a wrong password 1' });
      assert.ok(await isAlive(tokens[2] ?? ''), 'a wrong password ends nothing');
    });

    test('the session of an account that is gone opens nothing', async () => {
      const token = await signIn(await someone());
      const { context } = program.regain;
      const { accounts } = context;
      context.accounts = { ...accounts, get: async () => undefined };
      try {
        assert.ok(!(await isAlive(token)));
      } finally {
        context.accounts = accounts;
      }
      assert.ok(await isAlive(token));
    });

    test('who has just recovered signs in, although strangers have spent the budget of sign-ins', async () => {
      const email = await someone();
      const [here, elsewhere] = ['203.0.113.5', '203.0.113.6'];
      for (let tries = 0; tries < LIMITS['sign-in'].burst; tries += 1)
        await callFrom('127.0.0.1', '/sessions', { identifier: email, password: 'a wrong password 1' });
      const started = await callFrom(here, '/recovery', { identifier: email });
      await program.settled();
      const mail = program.sink.messages.findLast(({ to }) => to === email);
      assert.ok(mail);
      const { token } = started.json;
      await callFrom(here, '/recovery/verify', { token, code: codeIn(mail) });
      assert.equal((await callFrom(here, '/recovery/password', { token, password: NEW_PASSWORD })).status, 200);
      const fields = { identifier: email, password: NEW_PASSWORD };
      assert.equal((await callFrom(elsewhere, '/sessions', fields)).status, 429);
      assert.equal((await callFrom(here, '/sessions', fields)).status, 201);
    });
  });
