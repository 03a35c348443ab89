/** Many requests at one moment (ADVISORIES rows 14, 30; STANDARDS R21, R26). */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { solveChallenge } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2';
import { digestToken } from '../../src/actions/tokens.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn, linkIn, NEW_PASSWORD, OLD_PASSWORD, SENDS_OF_STRANGERS, wrongCode } from '../people.ts';
import { type ApiAnswer, Visitor } from '../visitor.ts';

const ORIGIN = 'https://accounts.shop.example';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`requests at one moment on ${engine}`, () => {
    let program: InProcess;
    let people = 0;
    before(async () => {
      program = await startInProcess(engine);
    });
    after(() => program.close());

    const post = (path: string, body: unknown): Promise<ApiAnswer> => program.api('POST', path, { body });
    const start = async (): Promise<{ email: string; token: string; code: string }> => {
      people += 1;
      const email = `parallel${people}@example.com`;
      await addPerson(program, { emails: [email] });
      const { json } = await post('/recovery', { identifier: email });
      await program.settled();
      return { email, token: json.token, code: codeIn(program.sink.messages.findLast(({ to }) => to === email)!) };
    };
    const sessionsAlive = async (answers: ApiAnswer[]): Promise<number> => {
      const opened = answers.filter(({ status }) => status === 201);
      const shown = await Promise.all(
        opened.map(({ json }) => program.api('GET', '/sessions/current', { token: json.token })),
      );
      return shown.filter(({ status }) => status === 200).length;
    };
    /** 200 different wrong guesses, the right one hidden at a place. */
    const guesses = (code: string, rightAt: number | undefined): string[] =>
      Array.from({ length: 200 }, (_, at) =>
        at === rightAt ? code : String((Number(code) + at + 1) % 1_000_000).padStart(6, '0'),
      );

    test('200 wrong guesses at once: exactly 5 are compared', async () => {
      const { token, code } = await start();
      const answers = await Promise.all(
        guesses(code, undefined).map((guess) => post('/recovery/verify', { token, code: guess })),
      );
      const compared = answers.filter(({ json }) => json.code === 'wrong_code');
      assert.equal(compared.length, 5);
      assert.deepEqual(compared.map(({ json }) => json.triesLeft).sort(), [0, 1, 2, 3, 4]);
      assert.equal(answers.filter(({ json }) => json.code === 'too_many_tries').length, 195);
      assert.equal((await post('/recovery/verify', { token, code })).status, 429, 'the right one comes too late');
    });

    test('the right code among 200 is accepted only as one of the five', async () => {
      for (const rightAt of [0, 3, 100, 199]) {
        const { token, code } = await start();
        const answers = await Promise.all(
          guesses(code, rightAt).map((guess) => post('/recovery/verify', { token, code: guess })),
        );
        const right = answers.filter(({ status }) => status === 200).length;
        const wrong = answers.filter(({ json }) => json.code === 'wrong_code').length;
        assert.ok(right + wrong <= 5, `${right} right and ${wrong} wrong at ${rightAt}`);
        assert.ok(right <= 1);
      }
    });

    test('50 redemptions of one right code at once: one success', async () => {
      const { token, code } = await start();
      const answers = await Promise.all(Array.from({ length: 50 }, () => post('/recovery/verify', { token, code })));
      assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    });

    test('50 new passwords for one proof at once: one is stored, and it is the one that was confirmed', async () => {
      const { email, token, code } = await start();
      await post('/recovery/verify', { token, code });
      const passwords = Array.from({ length: 50 }, (_, at) => `${NEW_PASSWORD} number ${at}`);
      const answers = await Promise.all(passwords.map((password) => post('/recovery/password', { token, password })));
      const winners = passwords.filter((_, at) => answers[at]?.status === 200);
      assert.equal(winners.length, 1);
      assert.equal((await post('/sessions', { identifier: email, password: winners[0] })).status, 201);
    });

    test('signing in with the old password while a new one is set: no session of the old one is left', async () => {
      for (let round = 0; round < 8; round += 1) {
        const { email, token, code } = await start();
        await post('/recovery/verify', { token, code });
        const [set, ...entered] = await Promise.all([
          post('/recovery/password', { token, password: NEW_PASSWORD }),
          ...Array.from({ length: 6 }, () => post('/sessions', { identifier: email, password: OLD_PASSWORD })),
        ]);
        const alive = await sessionsAlive(entered);
        // Whoever is first voids the other: a sign-in the recovery, a new password every session.
        assert.equal(set.status === 200 ? alive : 0, 0, `${alive} sessions of the old password`);
        if (set.status !== 200) assert.ok(alive > 0, 'one of them was first');
      }
    });

    test('signing in while the owner says "this wasn’t me": no session is left', async () => {
      for (let round = 0; round < 8; round += 1) {
        const { email, token, code } = await start();
        await post('/recovery/verify', { token, code });
        await post('/recovery/password', { token, password: NEW_PASSWORD });
        await program.settled();
        const notMe = linkIn(program.sink.messages.findLast(({ to }) => to === email)!, '/recover/not-me/');
        const owner = new Visitor((request) => program.regain.fetch(request, { peer: '127.0.0.1' }), ORIGIN);
        const signIn = () => post('/sessions', { identifier: email, password: NEW_PASSWORD });
        // The password is compared for a while, the block comes in between.
        const early = Array.from({ length: 6 }, signIn);
        await Promise.race(early);
        const [blocked, ...entered] = await Promise.all([owner.post(notMe), ...early, signIn(), signIn()]);
        assert.equal(blocked.status, 200);
        assert.equal(await sessionsAlive(entered), 0);
      }
    });

    test('the owner says stop while the right code is entered: it is stopped, whichever came first', async () => {
      for (let round = 0; round < 12; round += 1) {
        const { email, token, code } = await start();
        const cancel = linkIn(program.sink.messages.findLast(({ to }) => to === email)!, '/recover/cancel/');
        const owner = new Visitor((request) => program.regain.fetch(request, { peer: '127.0.0.1' }), ORIGIN);
        const [stopped] = await Promise.all([owner.post(cancel), post('/recovery/verify', { token, code })]);
        assert.equal(stopped.status, 200, 'the owner is told that it is stopped');
        assert.equal((await post('/recovery/password', { token, password: NEW_PASSWORD })).status, 404, 'and so it is');
      }
    });

    test('a code that is replaced while it is being typed opens nothing', async () => {
      const { token, code } = await start();
      const { store } = program.regain.context;
      const typing: Promise<ApiAnswer>[] = [];
      await store.transaction(async (tx) => {
        const proof = await tx.proofs.byToken('recovery', digestToken(token));
        // As "send again" does where the old code is used up.
        await tx.proofs.update(proof!.id, { epoch: proof!.epoch + 1 });
        typing.push(post('/recovery/verify', { token, code }));
        // While these are answered, the other request reads the proof, and waits.
        for (let looks = 0; looks < 50; looks += 1) await tx.proofs.byId(proof!.id);
      });
      const [typed] = await Promise.all(typing);
      assert.equal(typed?.status, 422);
    });

    test('one piece of work at ten requests at once buys one budget', async () => {
      const email = 'flooded@example.com';
      for (let sends = 0; sends < SENDS_OF_STRANGERS; sends += 1) await post('/recovery', { identifier: email });
      const { json: challenge } = await post('/work', { identifier: email });
      const solution = await solveChallenge({ challenge, deriveKey });
      const work = Buffer.from(JSON.stringify({ challenge, solution })).toString('base64');
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => post('/recovery', { identifier: email, work })),
      );
      assert.equal(answers.filter(({ status }) => status === 202).length, 1);
      assert.equal(answers.filter(({ status }) => status === 429).length, 9);
    });

    test('50 presses of "send again" at once on a used-up code give one new code, with its five tries', async () => {
      const { email, token, code } = await start();
      for (let i = 0; i < 5; i += 1) await post('/recovery/verify', { token, code: wrongCode(code) });
      const answers = await Promise.all(Array.from({ length: 50 }, () => post('/recovery/resend', { token })));
      assert.equal(answers.filter(({ status }) => status === 202).length, 1);
      await program.settled();
      const fresh = codeIn(program.sink.messages.findLast(({ to }) => to === email)!);
      for (let i = 0; i < 5; i += 1)
        assert.equal((await post('/recovery/verify', { token, code: wrongCode(fresh) })).status, 422);
      assert.equal((await post('/recovery/verify', { token, code: fresh })).status, 429);
    });

    test('five registrations of one address, finished 50 times at once, end in one account', async () => {
      const email = 'crowd@example.com';
      const proofs: { token: string; code: string }[] = [];
      for (let i = 0; i < 5; i += 1) {
        const { json } = await post('/registration', { identifier: email });
        await program.settled();
        proofs.push({ token: json.token, code: codeIn(program.sink.messages.findLast(({ to }) => to === email)!) });
      }
      assert.equal(program.sink.messages.filter(({ to }) => to === email).length, 5);
      // Each its own code: guesses at each other's would use up the address's, in an order that nobody chose.
      const verified = await Promise.all(proofs.map((proof) => post('/registration/verify', proof)));
      assert.deepEqual(
        verified.map(({ status }) => status),
        [200, 200, 200, 200, 200],
      );
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, at) =>
          post('/registration/complete', { token: proofs[at % 5]!.token, name: 'Crowd', password: NEW_PASSWORD }),
        ),
      );
      assert.equal(answers.filter(({ status }) => status === 201).length, 1);
      assert.equal(answers.filter(({ json }) => json.code === 'recovery_not_found').length, 49);
    });

    test('100 wrong passwords at once for one account: the budget holds, and the owner’s own browser is not shut out', async () => {
      const { email } = await start();
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, at) =>
          post('/sessions', { identifier: email, password: `wrong number ${at}` }),
        ),
      );
      assert.equal(answers.filter(({ status }) => status === 401).length, 20);
      assert.equal(answers.filter(({ status }) => status === 429).length, 80);
    });
  });
