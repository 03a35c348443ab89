/** Guessing: what is compared is counted first, on every branch, and nothing but a success on that channel forgives it. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { SETTINGS } from '../../src/config.ts';
import { CODE_LADDER, LIMITS, TRIES_PER_CODE } from '../../src/rules/limits.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn, NEW_PASSWORD, OLD_PASSWORD, SENDS_OF_STRANGERS } from '../people.ts';
import { openShop, type RunningShop } from '../running-shop.ts';
import { withoutLimits } from '../without-limits.ts';

/** Another code of the same shape: `at` steps away, and never the right one for `at` from 1 to 200. */
function guess(code: string, at: number): string {
  if (/^\d+$/.test(code)) return String((Number(code) + at) % 10 ** code.length).padStart(code.length, '0');
  return code.slice(0, -1) + (code.endsWith('7') ? '8' : '7');
}

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`guessing on ${engine}`, () => {
    let shop: RunningShop;
    before(async () => {
      shop = await openShop(engine);
    });
    after(() => shop.close());

    test('row 12, Keycloak GHSA-85v8-vx4w-q684: pages and API count against the same tries of a code', async () => {
      const owner = await shop.someone();
      const guest = shop.visitor();
      await guest.post('/recover', { identifier: owner });
      const code = codeIn(await shop.mail(owner));
      const token = guest.cookies.get('__Host-regain-recovery');
      for (let at = 1; at <= TRIES_PER_CODE; at += 1) {
        const left = TRIES_PER_CODE - at;
        if (at % 2 === 0) {
          const { json } = await shop.post('/recovery/verify', { token, code: guess(code, at) });
          assert.equal(json.triesLeft, left);
        } else assert.equal((await guest.post('/recover/code', { code: guess(code, at) })).status, 422);
      }
      assert.equal((await shop.post('/recovery/verify', { token, code })).status, 429);
      assert.equal((await guest.post('/recover/code', { code })).status, 429);
    });

    for (const [branch, path, known] of [
      ['a recovery', 'recovery', true],
      ['a recovery of nobody', 'recovery', false],
      ['a registration', 'registration', false],
      ['a registration of a taken address', 'registration', true],
    ] as const)
      test(`row 12, Keycloak GHSA-85v8-vx4w-q684: ${branch} ends after ${TRIES_PER_CODE} wrong codes, and so does the code that replaces it`, async () => {
        const email = known ? await shop.someone() : `${branch.replaceAll(' ', '-')}@example.com`;
        const { token } = (await shop.post(`/${path}`, { identifier: email })).json;
        // Where nobody gets a code, every code is wrong.
        const isReal = known === (path === 'recovery');
        for (const { length } of [CODE_LADDER[0], CODE_LADDER[1]]) {
          const code = isReal ? codeIn(await shop.mail(email)) : '0'.repeat(length);
          assert.equal(code.length, length);
          for (let at = 1; at <= TRIES_PER_CODE; at += 1) {
            const wrong = await shop.post(`/${path}/verify`, { token, code: guess(code, at) });
            assert.deepEqual([wrong.status, wrong.json.triesLeft], [422, TRIES_PER_CODE - at]);
          }
          assert.equal((await shop.post(`/${path}/verify`, { token, code })).json.code, 'too_many_tries');
          assert.equal((await shop.post(`/${path}/resend`, { token })).status, 202, 'a dead code is replaced at once');
        }
      });

    test('row 12, Keycloak GHSA-85v8-vx4w-q684: wrong guesses follow the address from one recovery into the next and into registering', async () => {
      const owner = await shop.someone();
      const first = await shop.recovery(owner);
      assert.equal(first.code.length, CODE_LADDER[0].length);
      for (let at = 1; at <= CODE_LADDER[1].fromWrongGuesses; at += 1)
        await shop.post('/recovery/verify', { token: first.token, code: guess(first.code, at) });
      assert.equal((await shop.recovery(owner)).code.length, CODE_LADDER[1].length, 'longer for everybody');
      assert.equal((await shop.post('/registration', { identifier: owner })).json.codeLength, CODE_LADDER[1].length);
      assert.match((await shop.mail(owner)).subject, /already have an account/);
      await shop.post('/sessions', { identifier: owner, password: OLD_PASSWORD });
      assert.equal((await shop.recovery(owner)).code.length, CODE_LADDER[1].length, 'a sign-in forgives nothing');
      const { token, code } = await shop.recovery(owner);
      assert.equal((await shop.post('/recovery/verify', { token, code })).status, 200);
      assert.equal((await shop.recovery(owner)).code.length, CODE_LADDER[0].length, 'a right code does');
    });

    test('row 13, Zitadel CVE-2025-64102: with no setting at all, passwords and codes are bounded on pages and API alike', async () => {
      const owner = await shop.someone();
      const burst = LIMITS['sign-in'].burst;
      const statuses: number[] = [];
      for (let at = 0; at < burst + 4; at += 1) {
        const wrong = { identifier: owner, password: `wrong guess number ${at}` };
        const answer = at % 2 === 0 ? shop.post('/sessions', wrong) : shop.visitor().post('/sign-in', wrong);
        statuses.push((await answer).status);
      }
      assert.deepEqual(statuses, [...Array(burst).fill(401), ...Array(4).fill(429)]);
      const right = { identifier: owner, password: OLD_PASSWORD };
      assert.equal((await shop.post('/sessions', right)).status, 429, 'refused before it is looked at');
    });

    test('row 14, Zitadel CVE-2023-47111: 200 parallel guesses, exactly 5 comparisons', async () => {
      const owner = await shop.someone();
      const { token, code } = await shop.recovery(owner);
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, at) => shop.post('/recovery/verify', { token, code: guess(code, at + 1) })),
      );
      const compared = answers.filter(({ json }) => json.code === 'wrong_code');
      assert.deepEqual(compared.map(({ json }) => json.triesLeft).sort(), [0, 1, 2, 3, 4]);
      assert.equal(answers.filter(({ json }) => json.code === 'too_many_tries').length, 195);
      assert.equal((await shop.post('/recovery/verify', { token, code })).status, 429, 'the right one comes too late');
      const [counted] = await shop.sql(
        'select sum(wrong) as wrong from guesses where identifier_mac = (select max(identifier_mac) from proofs where identifier = ?)',
        owner,
      );
      assert.equal(Number(counted?.wrong), TRIES_PER_CODE);
    });

    test('row 14, Zitadel CVE-2023-47111: nor do two nodes at once compare more', async () => {
      const owner = await shop.someone();
      const { token, code } = await shop.recovery(owner);
      const nodes = [shop.program, await shop.secondNode()];
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, at) =>
          shop.post('/recovery/verify', { token, code: guess(code, at + 1) }, nodes[at % 2]),
        ),
      );
      assert.equal(answers.filter(({ json }) => json.code === 'wrong_code').length, TRIES_PER_CODE);
      assert.ok(answers.every(({ status }) => status === 422 || status === 429));
    });
  });

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`guessing without any limiter on ${engine}`, () => {
    let program: InProcess;
    before(async () => {
      program = await startInProcess(engine);
      withoutLimits(program.regain);
      await addPerson(program, { emails: ['owner@example.com'] });
    });
    after(() => program.close());

    test('row 37, Outline CVE-2026-33640: a code dies after its tries by itself, every time, and codes grow', async () => {
      const shapes: string[] = [];
      for (let codes = 0; codes < 8; codes += 1) {
        const { status, json } = await program.api('POST', '/recovery', { body: { identifier: 'owner@example.com' } });
        assert.equal(status, 202);
        await program.settled();
        const code = codeIn(program.sink.messages.at(-1)!);
        shapes.push(`${json.codeFormat} ${code.length}`);
        const verify = (typed: string) =>
          program.api('POST', '/recovery/verify', { body: { token: json.token, code: typed } });
        for (let at = 1; at <= TRIES_PER_CODE; at += 1) assert.equal((await verify(guess(code, at))).status, 422);
        for (let more = 0; more < 20; more += 1)
          assert.equal((await verify(guess(code, 10 + more))).json.code, 'too_many_tries');
        assert.equal((await verify(code)).json.code, 'too_many_tries', 'even the right one');
      }
      assert.deepEqual(shapes, ['digits 6', ...Array(5).fill('digits 8'), ...Array(2).fill('letters 10')]);
    });

    test('row 37, Outline CVE-2026-33640: the limiter really is off: far more codes and sign-ins than any budget', async () => {
      for (let times = 0; times < SENDS_OF_STRANGERS + 15; times += 1) {
        const { status } = await program.api('POST', '/recovery', { body: { identifier: 'flooded@example.com' } });
        assert.equal(status, 202);
      }
      for (let times = 0; times < LIMITS['sign-in'].burst + 5; times += 1) {
        const body = { identifier: 'flooded@example.com', password: NEW_PASSWORD };
        assert.equal((await program.api('POST', '/sessions', { body })).status, 401);
      }
    });
  });

describe('the guard that every comparison goes through', () => {
  const files = globSync('src/**/*.ts').map((file) => file.replaceAll('\\', '/'));
  const usersOf = (call: RegExp): string[] => files.filter((file) => call.test(readFileSync(file, 'utf8'))).sort();

  test('row 13, Zitadel CVE-2025-64102: codes are compared in one action, passwords in two, bytes where keys, codes and signatures are', () => {
    assert.deepEqual(usersOf(/\bcodesMatch\(/), ['src/actions/verify-code.ts', 'src/rules/codes.ts']);
    const passwords = ['src/actions/check-password.ts', 'src/actions/sign-in.ts'];
    assert.deepEqual(usersOf(/hasher\.verify\(/), passwords);
    // Channels compare signatures of providers: nobody guesses at an account there.
    const comparing = usersOf(/\btimingSafeEqual\(/).filter((file) => !file.startsWith('src/channels/'));
    const bytes = ['src/keys.ts', 'src/rules/bounce-addresses.ts', 'src/rules/codes.ts', 'src/rules/signatures.ts'];
    assert.deepEqual(comparing, bytes);
    // Whoever compares has charged before.
    const verify = readFileSync('src/actions/verify-code.ts', 'utf8');
    assert.ok(verify.indexOf('chargeTry(') > 0 && verify.indexOf('chargeTry(') < verify.indexOf('matches(context'));
    for (const action of passwords) {
      const text = readFileSync(action, 'utf8');
      assert.ok(text.indexOf('chargeLimits(') > 0 && text.indexOf('chargeLimits(') < text.indexOf('hasher.verify('));
    }
  });

  test('row 13, Zitadel CVE-2025-64102: no setting switches a guard off', () => {
    const settings = Object.values(SETTINGS).map(({ variable }) => variable);
    assert.deepEqual(
      settings.filter((variable) => /LIMIT|LOCK|BRUTE|THROTTL|_TRIES|ATTEMPT|GUESS|BREAKER/.test(variable)),
      [],
    );
  });
});
