/** Floods and guesses of strangers against an owner: budgets by lane, the breaker, links instead of codes. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { solveChallenge } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2';
import { digestToken } from '../../src/actions/tokens.ts';
import { breakerLimit } from '../../src/rules/breakers.ts';
import { WAITED_MS, WORK } from '../../src/rules/limits.ts';
import type { Message } from '../../src/store/store.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn, NEW_PASSWORD, OLD_PASSWORD, SENDS_OF_STRANGERS, wrongCode } from '../people.ts';
import type { SinkMessage } from '../smtp-sink.ts';
import { startTextingShop } from '../texting-shop.ts';
import { type ApiAnswer, Visitor } from '../visitor.ts';

const DAY_MS = 86_400_000;

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`lanes on ${engine}`, () => {
    let program: InProcess;
    let people = 0;
    before(async () => {
      program = await startInProcess(engine);
    });
    after(() => program.close());

    const post = (path: string, body: unknown): Promise<ApiAnswer> => program.api('POST', path, { body });
    const someone = async (): Promise<string> => {
      people += 1;
      const email = `owner${people}@example.com`;
      await addPerson(program, { emails: [email] });
      return email;
    };
    const mailsTo = (email: string): SinkMessage[] => program.sink.messages.filter(({ to }) => to === email);
    const deviceOf = async (email: string): Promise<string> =>
      (await post('/sessions', { identifier: email, password: OLD_PASSWORD })).json.device;
    const flood = async (email: string): Promise<void> => {
      for (let sends = 0; sends < SENDS_OF_STRANGERS; sends += 1)
        assert.equal((await post('/recovery', { identifier: email })).status, 202);
      assert.equal((await post('/recovery', { identifier: email })).status, 429);
      await program.settled();
    };
    const recover = async (email: string, start: ApiAnswer): Promise<void> => {
      assert.equal(start.status, 202, JSON.stringify(start.json));
      await program.settled();
      const { token } = start.json;
      assert.equal((await post('/recovery/verify', { token, code: codeIn(mailsTo(email).at(-1)!) })).status, 200);
      assert.equal((await post('/recovery/password', { token, password: NEW_PASSWORD })).status, 200);
    };
    const work = async (identifier: string): Promise<string> => {
      const { status, json: challenge } = await post('/work', { identifier });
      assert.equal(status, 200);
      const solution = await solveChallenge({ challenge, deriveKey });
      return Buffer.from(JSON.stringify({ challenge, solution })).toString('base64');
    };

    const lastMessageOf = async ({ json }: ApiAnswer): Promise<Message> => {
      const message = await program.regain.context.store.transaction(async (tx) => {
        const proof = await tx.proofs.byToken('recovery', digestToken(json.token));
        return tx.outbox.latestCodeOf(proof!.id);
      });
      return message!;
    };

    test('row 9, Keycloak CVE-2024-1722: a flooded owner on a known device recovers at once', async () => {
      const email = await someone();
      const device = await deviceOf(email);
      await flood(email);
      await recover(email, await post('/recovery', { identifier: email, device }));
    });

    test('the same on pages: the device cookie of a past sign-in has a budget of its own', async () => {
      const email = await someone();
      const owner = new Visitor(
        (request) => program.regain.fetch(request, { peer: '127.0.0.1' }),
        'https://accounts.shop.example',
      );
      await owner.post('/sign-in', { identifier: email, password: OLD_PASSWORD });
      await owner.post('/sign-out');
      await flood(email);
      assert.equal((await owner.post('/recover', { identifier: email })).url, '/recover/code');
    });

    test('a flooded owner in a new browser buys a budget with work, once for each piece of work', async () => {
      const email = await someone();
      await flood(email);
      const solved = await work(email);
      await recover(email, await post('/recovery', { identifier: email, work: solved }));
      assert.equal((await post('/recovery', { identifier: email, work: solved })).status, 429, 'spent');
      const foreign = await work('somebody-else@example.com');
      assert.equal((await post('/recovery', { identifier: email, work: foreign })).status, 429, 'for somebody else');
      assert.equal((await post('/recovery', { identifier: email, work: 'bm9uc2Vuc2U=' })).status, 429, 'nonsense');
    });

    test('work gets harder each time, also where it buys texts', async (t) => {
      const texting = await startTextingShop(engine);
      t.after(() => texting.close());
      const { program: shop } = texting;
      for (const identifier of ['+12125550101', await someone()]) {
        const efforts: number[] = [];
        for (const channel of ['sms', 'email', 'sms']) {
          const { json: challenge } = await shop.api('POST', '/work', { body: { identifier } });
          const solution = await solveChallenge({ challenge, deriveKey });
          efforts.push(solution?.counter ?? 0);
          const work = Buffer.from(JSON.stringify({ challenge, solution })).toString('base64');
          const { status } = await shop.api('POST', '/recovery', { body: { identifier, work, channel } });
          assert.equal(status, 202);
        }
        // Nothing is drawn in these tests: half of the rounds.
        assert.deepEqual(
          efforts,
          [1, 2, 4].map((times) => (times * WORK.rounds) / 2),
        );
      }
    });

    test('old work is worth nothing', async () => {
      const email = await someone();
      await flood(email);
      const solved = await work(email);
      await program.advance(11 * 60_000);
      assert.equal((await post('/recovery', { identifier: email, work: solved })).status, 429);
    });

    test('any mail of the flood lets the owner in, in the browser that opens its link', async () => {
      const email = await someone();
      await flood(email);
      const link =
        mailsTo(email)
          .at(-1)!
          .text.match(/\S+\/recover\/confirm#(\S+)/)?.[1] ?? '';
      const owner = new Visitor(
        (request) => program.regain.fetch(request, { peer: '127.0.0.1' }),
        'https://accounts.shop.example',
      );
      const asked = await owner.post('/recover/confirm', { link });
      assert.match(asked.text, /Did you just ask for this\?/);
      assert.equal((await owner.post('/recover/confirm', { link, answer: 'yes' })).url, '/recover/password');
      assert.equal((await owner.post('/recover/confirm', { link, answer: 'yes' })).status, 404, 'one use');
      const set = await owner.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
      assert.equal(set.url, '/sign-in');
    });

    test('strangers send one mailbox at most the stated number of messages a day', async () => {
      const email = await someone();
      const before = mailsTo(email).length;
      for (let hour = 0; hour < 24; hour += 1) {
        for (let asked = 0; asked < 14; asked += 1) await post('/recovery', { identifier: email });
        await program.advance(3_600_000);
      }
      const stated = 16 + 7;
      assert.ok(mailsTo(email).length - before <= stated, `${mailsTo(email).length - before} messages`);
    });

    test('guesses of a stranger do not shorten the life of the codes of a known device', async () => {
      await program.advance(DAY_MS);
      const email = await someone();
      const device = await deviceOf(email);
      const owners = await post('/recovery', { identifier: email, device });
      await program.settled();
      const code = codeIn(mailsTo(email).at(-1)!);
      for (let flow = 0; flow < 3; flow += 1) {
        const { json } = await post('/recovery', { identifier: email });
        const zeros = '0'.repeat(json.codeLength);
        for (let guess = 0; guess < 5; guess += 1) await post('/recovery/verify', { token: json.token, code: zeros });
      }
      assert.equal((await post('/recovery', { identifier: email })).json.codeLength, 8, 'for strangers');
      assert.equal((await post('/recovery', { identifier: email, device })).json.codeLength, 6, 'for the owner');
      assert.equal((await post('/recovery/verify', { token: owners.json.token, code })).status, 200);
    });

    test('ten codes asked for beforehand give no more guesses at six digits than one ladder', async () => {
      await program.advance(DAY_MS);
      const email = await someone();
      const flows: { token: string; code: string }[] = [];
      for (let flow = 0; flow < 10; flow += 1) {
        const { json } = await post('/recovery', { identifier: email });
        await program.settled();
        assert.equal(json.codeLength, 6);
        flows.push({ token: json.token, code: codeIn(mailsTo(email).at(-1)!) });
      }
      let compared = 0;
      for (const { token, code } of flows.slice(0, 9))
        for (let guess = 0; guess < 5; guess += 1) {
          const { json } = await post('/recovery/verify', { token, code: wrongCode(code) });
          if (json.code === 'wrong_code') compared += 1;
        }
      assert.equal(compared, 6);
      const { token, code } = flows[9]!;
      const late = await post('/recovery/verify', { token, code });
      assert.equal(late.json.code, 'too_many_tries', 'the right code of the tenth comes too late');
      assert.equal((await post('/recovery/resend', { token })).json.codeLength, 8, 'and is replaced at once');
    });

    test('five wrong guesses of a stranger leave a code that is on its way one guess', async () => {
      await program.advance(DAY_MS);
      const email = await someone();
      const owners = await post('/recovery', { identifier: email });
      await program.settled();
      const code = codeIn(mailsTo(email).at(-1)!);
      const { json } = await post('/recovery', { identifier: email });
      for (let guess = 0; guess < 5; guess += 1)
        await post('/recovery/verify', { token: json.token, code: wrongCode(code) });
      assert.equal((await post('/recovery/verify', { token: owners.json.token, code })).status, 200);
    });

    test('guesses sprayed over many accounts open the breaker: strangers get links, known devices codes', async () => {
      await program.advance(2 * DAY_MS);
      const email = await someone();
      const device = await deviceOf(email);
      const { burst } = breakerLimit('guesses-6');
      for (let account = 0; account < burst / 2 / 5; account += 1) {
        const { json } = await post('/recovery', { identifier: `sprayed${account}-${people}@example.com` });
        for (let guess = 0; guess < 5; guess += 1)
          await post('/recovery/verify', { token: json.token, code: String(guess).padStart(6, '0') });
      }
      assert.ok(
        program.logged.some(({ event, fields }) => event === 'breaker-opened' && fields?.breaker === 'guesses-6'),
      );
      const unknown = await post('/recovery', { identifier: 'unknown@example.net' });
      const known = await post('/recovery', { identifier: email });
      assert.deepEqual({ ...known.json, token: '' }, { ...unknown.json, token: '' });
      assert.deepEqual([known.json.codeLength, known.json.carries], [8, undefined], 'an app gets a longer code');
      await recover(email, known);

      const page = new Visitor(
        (request) => program.regain.fetch(request, { peer: '127.0.0.1' }),
        'https://accounts.shop.example',
      );
      assert.match((await page.post('/recover', { identifier: email })).text, /Open the link we sent/);
      await program.settled();
      const mail = mailsTo(email).findLast(({ subject }) => /reset/.test(subject))!;
      assert.throws(() => codeIn(mail), 'nothing in it could be read out to a stranger');
      assert.match(mail.text, /\/recover\/confirm#/);
      await recover(email, await post('/recovery', { identifier: email, device }));
    });

    test('a link survives the scanner that fetches it a hundred times', async () => {
      await program.advance(3 * DAY_MS);
      const email = await someone();
      await post('/recovery', { identifier: email });
      await program.settled();
      const link =
        mailsTo(email)
          .at(-1)!
          .text.match(/\S+\/recover\/confirm#(\S+)/)?.[1] ?? '';
      const scanner = new Visitor(
        (request) => program.regain.fetch(request, { peer: '127.0.0.1' }),
        'https://accounts.shop.example',
      );
      for (let times = 0; times < 100; times += 1) await scanner.get(`/recover/confirm?link=${link}&answer=yes`);
      assert.equal((await scanner.post('/recover/confirm', { link, answer: 'yes' })).url, '/recover/password');
    });

    test('in a flood no unknown address is written to, and the known device is served first', async () => {
      const flooding = (await post('/recovery', { identifier: `nobody-${people}@example.net` })).json;
      assert.equal(flooding.codeLength, 6);
      const email = await someone();
      const device = await deviceOf(email);
      for (let sends = 0; sends < breakerLimit('sends').burst / 2; sends += 1)
        await post('/recovery', { identifier: `early${sends}-${people}@example.net` });
      await program.settled();
      const before = program.sink.messages.length;
      for (let sends = 0; sends < 20; sends += 1)
        await post('/recovery', { identifier: `late${sends}-${people}@example.net` });
      await program.advance(WAITED_MS);
      assert.equal(program.sink.messages.length, before);
      const { urgency, dueAt, createdAt } = await lastMessageOf(await post('/recovery', { identifier: email, device }));
      assert.deepEqual([urgency, dueAt - createdAt], ['proven', 0], 'before all that wait');
      await program.advance(3 * DAY_MS);
    });

    test('the link of a used-up code dies when a new code takes its place', async () => {
      await program.advance(3 * DAY_MS);
      const email = await someone();
      const { json } = await post('/recovery', { identifier: email });
      await program.settled();
      const old = mailsTo(email).at(-1)!;
      for (let guess = 0; guess < 5; guess += 1)
        await post('/recovery/verify', { token: json.token, code: wrongCode(codeIn(old)) });
      assert.equal((await post('/recovery/resend', { token: json.token })).status, 202);
      await program.settled();
      const confirm = async ({ text }: SinkMessage): Promise<string> => {
        const link = /\/recover\/confirm#(\S+)/.exec(text)?.[1] ?? '';
        const owner = new Visitor(
          (request) => program.regain.fetch(request, { peer: '127.0.0.1' }),
          'https://accounts.shop.example',
        );
        return (await owner.post('/recover/confirm', { link, answer: 'yes' })).url;
      };
      assert.equal(await confirm(old), '/recover/confirm');
      assert.equal(await confirm(mailsTo(email).at(-1)!), '/recover/password');
    });

    test('a flood of sends makes strangers wait and codes longer, and nobody is refused for it', async () => {
      await program.advance(3 * DAY_MS);
      const email = await someone();
      const device = await deviceOf(email);
      for (let sends = 0; sends < breakerLimit('sends').burst / 2; sends += 1)
        await post('/recovery', { identifier: `flood${sends}-${people}@example.com` });
      await program.settled();
      const before = mailsTo(email).length;
      const { status, json } = await post('/recovery', { identifier: email });
      assert.deepEqual([status, json.codeLength], [202, 8]);
      await program.settled();
      assert.equal(mailsTo(email).length, before, 'not yet');
      await program.advance(WAITED_MS);
      assert.equal(mailsTo(email).length, before + 1);
      assert.equal(
        (await post('/recovery/verify', { token: json.token, code: codeIn(mailsTo(email).at(-1)!) })).status,
        200,
      );
      const atOnce = await post('/recovery', { identifier: email, device });
      assert.equal(atOnce.json.codeLength, 6);
      await recover(email, atOnce);
    });
  });
