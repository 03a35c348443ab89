/** Nobody learns from any answer who has an account: the same bytes, headers, cookies, limits and statements for all. */
import assert from 'node:assert/strict';
import { StatementSync } from 'node:sqlite';
import { after, before, describe, mock, test } from 'node:test';
import { Client } from 'pg';
import { ACCOUNT_GUESSES, LIMITS, TRIES_PER_CODE } from '../../src/rules/limits.ts';
import type { ENGINES } from '../engines.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, NEW_PASSWORD, SENDS_OF_STRANGERS } from '../people.ts';
import { openShop, type RunningShop } from '../running-shop.ts';
import { startSmtpSink } from '../smtp-sink.ts';
import { startTextingShop, type TextingShop } from '../texting-shop.ts';
import type { Visitor } from '../visitor.ts';

const NOBODY = 'nobody-here@example.com';
const WRONG_PASSWORD = 'certainly not this one 9';

const pgQuery = Client.prototype.query as (this: Client, ...given: unknown[]) => unknown;

/** The statements that reach the database's driver while `work` runs, in order. */
async function statementsOf(engine: keyof typeof ENGINES, work: () => Promise<unknown>): Promise<string[]> {
  const texts: string[] = [];
  const spies =
    engine === 'sqlite'
      ? (['run', 'all', 'get'] as const).map((name) => {
          const original = StatementSync.prototype[name] as (this: StatementSync, ...values: unknown[]) => unknown;
          return mock.method(StatementSync.prototype, name, function (this: StatementSync, ...values: unknown[]) {
            texts.push(this.sourceSQL);
            return original.apply(this, values);
          } as never);
        })
      : [
          mock.method(Client.prototype, 'query', function (this: Client, ...given: unknown[]) {
            const [query] = given as [string | { text: string }];
            texts.push(typeof query === 'string' ? query : query.text);
            return pgQuery.apply(this, given);
          } as never),
        ];
  try {
    await work();
  } finally {
    for (const spy of spies) spy.mock.restore();
  }
  return texts;
}

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`who exists on ${engine}`, () => {
    let shop: RunningShop;
    before(async () => {
      shop = await openShop(engine);
    });
    after(() => shop.close());

    /** One address of each kind, all of one length. */
    const everyKind = async (): Promise<Record<string, string>> => {
      const blocked = await shop.someone();
      await shop.sql(
        'update accounts set password_blocked_at = 1 where id in (select account_id from addresses where canonical = ?)',
        blocked,
      );
      const unverified = (await shop.someone()).replace('person', 'uncofd');
      await shop.someone({ emails: [], unconfirmed: [unverified] });
      return {
        known: await shop.someone(),
        unknown: (await shop.someone()).replace('person', 'nobody'),
        disabled: blocked,
        unverified,
        'without a password': await shop.someone({ password: null }),
      };
    };

    /** Everything that an onlooker could compare: what was typed, moments and random handles apart. */
    async function seen(response: Response, identifier: string): Promise<unknown> {
      const text = await response.text();
      const headers = [...response.headers].filter(([name]) => !['date', 'set-cookie', 'keep-alive'].includes(name));
      return {
        status: response.status,
        headers: headers.map(([name, value]) => [name, name === 'retry-after' ? 'SECONDS' : value]),
        cookies: response.headers.getSetCookie().map((line) => line.replace(/=[\w-]{43};/, '=HANDLE;')),
        length: text.length,
        text: text
          .replaceAll(identifier, 'IDENTIFIER')
          .replace(/"token":"[\w-]{43}"/, '"token":"HANDLE"')
          .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'MOMENT')
          .replace(/\b\d+ seconds?\b/g, 'SECONDS'),
      };
    }

    const ask = (method: string, path: string, body?: BodyInit, headers: Record<string, string> = {}) =>
      fetch(shop.program.origin + path, {
        method,
        // Compressed, the length also depends on the letters of what was typed.
        headers: { 'Accept-Encoding': 'identity', ...headers },
        redirect: 'manual',
        ...(body ? { body } : {}),
      });
    const form = (path: string, fields: Record<string, string>, cookie = '') =>
      ask('POST', path, new URLSearchParams(fields), { Cookie: cookie });
    const json = (path: string, fields: Record<string, unknown>) =>
      ask('POST', `/api/v1${path}`, JSON.stringify(fields), { 'Content-Type': 'application/json' });

    /** Every answer on the way of one identifier, in order. */
    async function walk(identifier: string, purpose: 'recovery' | 'registration'): Promise<Record<string, unknown>> {
      const base = purpose === 'recovery' ? '/recover' : '/register';
      const answers: Record<string, unknown> = {};
      const note = async (what: string, answer: Promise<Response>): Promise<Response> => {
        const response = await answer;
        answers[what] = await seen(response.clone(), identifier);
        return response;
      };
      const started = await note('asked by page', form(base, { identifier }));
      const cookie = started.headers.getSetCookie()[0]?.split(';')[0] ?? '';
      // Once the message has left or has not: what the pages say of it must not differ.
      await shop.drained();
      await note('the code page', ask('GET', `${base}/code`, undefined, { Cookie: cookie }));
      await note('its live line', ask('GET', `${base}/status`, undefined, { Cookie: cookie }));
      await note('a wrong code', form(`${base}/code`, { code: '000000' }, cookie));
      await note('sent again too early', form(`${base}/resend`, {}, cookie));
      await note('the step that was not reached', ask('GET', `${base}/password`, undefined, { Cookie: cookie }));

      const asked = (await (await note('asked by API', json(`/${purpose}`, { identifier }))).json()) as {
        token: string;
      };
      const { token } = asked;
      await shop.drained();
      await note('its state', ask('GET', `/api/v1/${purpose}`, undefined, { Authorization: `Bearer ${token}` }));
      await note('again too early', json(`/${purpose}/resend`, { token }));
      for (let tries = 0; tries < TRIES_PER_CODE; tries += 1)
        await note(`wrong code ${tries}`, json(`/${purpose}/verify`, { token, code: '000000' }));
      await note('no tries left', json(`/${purpose}/verify`, { token, code: '000000' }));
      await note('a password without proof', json('/recovery/password', { token, password: NEW_PASSWORD }));
      await note('replaced', json(`/${purpose}/resend`, { token }));
      await note('sign-in by API', json('/sessions', { identifier, password: WRONG_PASSWORD }));
      await note('sign-in by page', form('/sign-in', { identifier, password: WRONG_PASSWORD }));
      return answers;
    }

    for (const purpose of ['recovery', 'registration'] as const)
      test(`row 15, Zitadel CVE-2023-44399: ${purpose} answers alike for known, unknown, disabled, unverified and without a password`, async () => {
        const kinds = await everyKind();
        const unknown = await walk(kinds.unknown as string, purpose);
        for (const [kind, identifier] of Object.entries(kinds))
          if (kind !== 'unknown') assert.deepEqual(await walk(identifier, purpose), unknown, kind);
      });

    test('row 15, Zitadel CVE-2023-44399: the limit comes after the same count for all, with the same answer', async () => {
      const kinds = await everyKind();
      const first: Record<string, unknown> = {};
      for (const [kind, identifier] of Object.entries(kinds)) {
        for (let times = 0; times < SENDS_OF_STRANGERS; times += 1)
          assert.equal((await json('/recovery', { identifier })).status, 202, kind);
        const refused = await json('/recovery', { identifier });
        assert.equal(refused.status, 429, kind);
        const wait = Number(refused.headers.get('retry-after'));
        const refill = LIMITS['send-stranger'].refillMs / 1000;
        assert.ok(wait <= refill && wait > refill - 60, `${kind}: ${wait}`);
        first[kind] = await seen(refused, identifier);
      }
      for (const answer of Object.values(first)) assert.deepEqual(answer, first.unknown);
    });

    test('row 25, authentik CVE-2023-39522: no page and no problem says that somebody does not exist', async () => {
      const nobody = 'nobody-at-all@example.com';
      const guest: Visitor = shop.visitor();
      const texts = [
        (await guest.post('/recover', { identifier: nobody })).text,
        (await guest.post('/recover/code', { code: '000000' })).text,
        (await guest.get('/recover/another-way')).text,
        (await guest.post('/sign-in', { identifier: nobody, password: WRONG_PASSWORD })).text,
        JSON.stringify((await shop.post('/recovery', { identifier: nobody })).json),
        JSON.stringify((await shop.post('/sessions', { identifier: nobody, password: WRONG_PASSWORD })).json),
      ];
      for (const text of texts) {
        assert.ok(text.length > 0);
        assert.doesNotMatch(
          text,
          /not (exist|found|registered|known)|no (such )?(account|user)\b|unknown (user|account)/i,
        );
      }
    });

    test('row 16, Zitadel CVE-2026-23511: verify, resend and set-password answer alike for every handle that opens nothing', async () => {
      const [owner, another] = [await shop.someone(), await shop.someone()];
      const spent = await shop.proven(owner);
      assert.equal((await shop.post('/recovery/password', { token: spent, password: NEW_PASSWORD })).status, 200);
      const [row] = await shop.sql(
        'select id, account_id from proofs where account_id in (select account_id from addresses where canonical = ?)',
        owner,
      );
      const registered = (await shop.post('/registration', { identifier: 'new-here@example.com' })).json.token;
      const handles = {
        'never given': 'x'.repeat(43),
        'of a spent recovery': spent,
        'of a registration': registered,
        'id of a recovery': String(row?.id),
        'id of an account': String(row?.account_id),
        'an address with an account': another,
        'an address without one': NOBODY,
      };
      for (const [path, more] of [
        ['/recovery/verify', { code: '123456' }],
        ['/recovery/resend', {}],
        ['/recovery/password', { password: NEW_PASSWORD }],
        // Judged before it is known whether it may be set, a weak one would tell the handles apart.
        ['/recovery/password', { password: 'password' }],
      ] as const) {
        const expected = await seen(await json(path, { token: 'y'.repeat(43), ...more }), NOBODY);
        assert.match(JSON.stringify(expected), /recovery_not_found/);
        for (const [what, token] of Object.entries(handles))
          assert.deepEqual(await seen(await json(path, { token, ...more }), NOBODY), expected, `${path}, ${what}`);
      }
    });

    test('row 17, Zitadel CVE-2024-41952: status, headers, body, cookies and length of every sign-in refusal are one', async () => {
      const kinds = await everyKind();
      for (const send of [
        (identifier: string, password: string) => form('/sign-in', { identifier, password }),
        (identifier: string, password: string) => json('/sessions', { identifier, password }),
      ])
        for (const password of [WRONG_PASSWORD, 'x', ' ', 'p'.repeat(3_000)]) {
          const unknown = await seen(await send(kinds.unknown as string, password), kinds.unknown as string);
          assert.match(JSON.stringify(unknown), /"status":401/);
          for (const [kind, identifier] of Object.entries(kinds))
            assert.deepEqual(await seen(await send(identifier, password), identifier), unknown, kind);
        }
    });
  });

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`the work behind an answer on ${engine}`, () => {
    let program: InProcess;
    before(async () => {
      program = await startInProcess(engine);
      // A message that leaves meanwhile would run statements of its own.
      await program.worker.stop();
    });
    after(() => program.close());

    test('row 40, Silverstripe SS-2017-005, Keycloak #26625, Supabase #2398: known and unknown run the same statements in the same order (measured by `regain doctor timing`)', async () => {
      const known = 'person001@example.com';
      await addPerson(program, { emails: [known] });
      const walks: [string, string[]][][] = [];
      for (const identifier of [known, 'nobody001@example.com']) {
        const steps: [string, string[]][] = [];
        const step = async (path: string, body: Record<string, unknown>, status: number) => {
          let asked = { token: '', codeLength: 0 };
          const texts = await statementsOf(engine, async () => {
            const answer = await program.api('POST', path, { body });
            assert.equal(answer.status, status, path);
            asked = answer.json;
          });
          steps.push([path, texts]);
          return asked;
        };
        for (const purpose of ['recovery', 'registration']) {
          const { token, codeLength } = await step(`/${purpose}`, { identifier }, 202);
          const code = '0'.repeat(codeLength);
          await step(`/${purpose}/verify`, { token, code }, 422);
          await step(`/${purpose}/resend`, { token }, 429);
          for (let tries = 1; tries < TRIES_PER_CODE; tries += 1)
            await step(`/${purpose}/verify`, { token, code }, 422);
          await step(`/${purpose}/verify`, { token, code }, 429);
          await step(`/${purpose}/resend`, { token }, 202);
          steps.push(['status', await statementsOf(engine, () => program.api('GET', `/${purpose}`, { token }))]);
        }
        await step('/sessions', { identifier, password: WRONG_PASSWORD }, 401);
        walks.push(steps);
      }
      assert.ok(
        walks[0]?.every(([, texts]) => texts.length >= 3),
        'begin, at least one, commit',
      );
      assert.deepEqual(walks[0], walks[1]);
      const asked = walks[0]?.[0]?.[1].join('\n') ?? '';
      assert.doesNotMatch(asked, /from "?(accounts|addresses)/, 'whose address it is, is not asked before the answer');
    });
  });

for (const engine of ['sqlite', 'postgres'] as const)
  test(`the worker runs as many statements behind a recovery by email, whether or not somebody has the address, ${engine}`, async (t) => {
    const program = await startInProcess(engine);
    t.after(() => program.close());
    await program.worker.stop();
    const addresses = { known: 'person001@example.com', unknown: 'nobody001@example.com' };
    await addPerson(program, { emails: [addresses.known] });
    // The second one comes within the week in which nobody is told again that there is no account.
    for (const asking of ['the first', 'the second']) {
      const behind: Record<string, string[]> = {};
      for (const [what, identifier] of Object.entries(addresses)) {
        assert.equal((await program.api('POST', '/recovery', { body: { identifier } })).status, 202);
        const texts = await statementsOf(engine, async () => {
          const worker = await program.regain.startWorker({ otherProcesses: false });
          await worker.idle();
          await worker.stop();
        });
        behind[what] = texts.filter((text) => /"(?:no_account_mails|outbox|proofs|accounts|limits)"/.test(text)).sort();
      }
      assert.deepEqual(behind.known, behind.unknown, asking);
    }
  });

for (const engine of ['sqlite', 'postgres'] as const)
  test(`the worker runs as many statements behind a mailbox that is refused, once support was told of the week, ${engine}`, async (t) => {
    const sink = await startSmtpSink({ onRcpt: () => ({ code: 550, message: '5.1.1 no such mailbox' }) });
    t.after(() => sink.stop());
    const program = await startInProcess(engine, { REGAIN_SMTP_URL: sink.url });
    t.after(() => program.close());
    await program.worker.stop();
    const addresses = { known: 'person001@example.com', unknown: 'nobody001@example.com' };
    await addPerson(program, { emails: [addresses.known] });
    const seen: Record<string, string[]> = {};
    for (const asking of ['the first', 'the second'])
      for (const [what, identifier] of Object.entries(addresses)) {
        program.jump(60_000);
        assert.equal((await program.api('POST', '/recovery', { body: { identifier } })).status, 202);
        const texts = await statementsOf(engine, async () => {
          const worker = await program.regain.startWorker({ otherProcesses: false });
          await worker.idle();
          await worker.stop();
        });
        seen[`${asking} ${what}`] = texts
          .filter((text) => /"(?:no_account_mails|outbox|proofs|accounts|limits|suppressions|audit_events)"/.test(text))
          .sort();
      }
    assert.ok(seen['the second known']?.some((text) => /"suppressions"/.test(text)));
    assert.deepEqual(seen['the second known'], seen['the second unknown']);
  });

for (const engine of ['sqlite', 'postgres'] as const)
  test(`the worker asks as much of the same tables behind a recovery by text, whether or not somebody has the number, ${engine}`, async (t) => {
    const shop = await startTextingShop(engine);
    t.after(() => shop.close());
    const { program } = shop;
    await program.worker.stop();
    const people = {
      known: { number: '+12125550111', email: 'person001@example.com' },
      unknown: { number: '+12125550110', email: 'nobody001@example.com' },
    };
    await addPerson(program, { emails: [people.known.email], phones: [people.known.number] });
    const behind = async (ask: () => Promise<{ status: number }>): Promise<string[]> => {
      assert.equal((await ask()).status, 202);
      const texts = await statementsOf(engine, async () => {
        const worker = await program.regain.startWorker({ otherProcesses: false });
        await worker.idle();
        await worker.stop();
      });
      // How often the worker looks for messages is a matter of moments.
      const about = texts.filter((text) => !/^with|case when leased_until/.test(text));
      // An account is found by its number or by its id, and nobody by his number alone.
      const asked = about.map((text) => /^(\w+).*?(?:from|into|update) "(\w+)"/s.exec(text)?.slice(1).join(' ') ?? '');
      return asked.filter((what) => what !== '' && !/ audit_/.test(what)).sort();
    };
    const walks = ['the first', 'the second', 'another way'] as const;
    const seen = new Map<string, string[]>();
    for (const walk of walks)
      for (const [who, { number, email }] of Object.entries(people)) {
        const asked = await behind(async () => {
          if (walk !== 'another way')
            return program.api('POST', '/recovery', { body: { identifier: number, channel: 'sms' } });
          const { json } = await program.api('POST', '/recovery', { body: { identifier: email } });
          await behind(async () => ({ status: 202 }));
          return program.api('POST', '/recovery/resend', { body: { token: json.token, channel: 'sms' } });
        });
        seen.set(`${walk} ${who}`, asked);
      }
    for (const walk of walks) assert.deepEqual(seen.get(`${walk} known`), seen.get(`${walk} unknown`), walk);
    assert.equal(shop.receiver.taken.length, walks.length);
  });

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`the work behind a wrong code on ${engine}`, () => {
    let shop: TextingShop;
    before(async () => {
      shop = await startTextingShop(engine);
    });
    after(() => shop.close());

    const asked = async (identifier: string, channel: string): Promise<string> => {
      const { status, json } = await shop.program.api('POST', '/recovery', { body: { identifier, channel } });
      assert.equal(status, 202);
      await shop.program.settled();
      return json.token;
    };
    const guess = (token: string, code: string) =>
      shop.program.api('POST', '/recovery/verify', { body: { token, code } });

    test('is the same for a number that nobody has, one person has, or several share, and where an account is guessed at by its other doors', async () => {
      const [nobodys, one, two, three] = ['+12125550110', '+12125550111', '+12125550112', '+12125550113'] as const;
      for (const [at, phone] of [one, two, two, three, three, three].entries())
        await addPerson(shop.program, { emails: [`person${at}@example.com`], phones: [phone] });
      const [besieged, others] = ['jane@example.com', ['jane@work.example', 'jane@home.example', 'jd@example.com']];
      await addPerson(shop.program, { emails: [besieged, ...others], phones: ['+12125550114'] });
      assert.equal(others.length * 2 * TRIES_PER_CODE, ACCOUNT_GUESSES.burst);
      for (const identifier of others)
        for (const channel of ['email', 'sms']) {
          const token = await asked(identifier, channel);
          for (let tries = 0; tries < TRIES_PER_CODE; tries += 1)
            assert.equal((await guess(token, `00000${tries}`)).status, 422);
        }
      const walks: [what: string, token: string, like: string][] = [
        ['nobody', await asked(nobodys, 'sms'), 'nobody'],
        ['one person', await asked(one, 'sms'), 'nobody'],
        ['two people', await asked(two, 'sms'), 'nobody'],
        ['three people', await asked(three, 'sms'), 'nobody'],
        ['nobody by mail', await asked(NOBODY, 'email'), 'nobody by mail'],
        ['besieged by its other doors', await asked(besieged, 'email'), 'nobody by mail'],
      ];
      // Nothing of the background runs meanwhile.
      await shop.program.worker.stop();
      const seen: Record<string, string[]> = {};
      for (const [what, token, like] of walks) {
        seen[what] = await statementsOf(engine, async () => {
          assert.equal((await guess(token, '000000')).status, 422);
          assert.equal((await guess(token, '000000000000')).status, 422);
        });
        assert.deepEqual(seen[what], seen[like], what);
      }
    });
  });
