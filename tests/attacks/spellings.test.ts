/**
 * Many spellings of one mailbox (`jane+anything@`, quotation marks, dots where a provider ignores them) are as many identifiers, but
 * whoever names them all sends no more mails to it than its own budget has, and shuts out nobody but himself.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { solveChallenge } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2';
import { LIMITS, TRIES_PER_CODE, WAITED_MS } from '../../src/rules/limits.ts';
import { mailsADayBySpellings } from '../../src/rules/odds.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn, OLD_PASSWORD } from '../people.ts';
import type { ApiAnswer } from '../visitor.ts';

const SPELLINGS = 60;
const HOUR_MS = 3_600_000;
const { 'send-mailbox': MAILBOX, 'send-mailbox-share': SHARE, 'send-stranger': STRANGER } = LIMITS;

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`many spellings of one mailbox on ${engine}`, () => {
    let program: InProcess;
    let people = 0;
    before(async () => {
      program = await startInProcess(engine, { REGAIN_TRUST_PROXY: '1', REGAIN_BUSY_HOUR_SENDS: '100000' });
    });
    after(() => program.close());

    const post = (path: string, body: object, from: string): Promise<ApiAnswer> =>
      program.api('POST', path, { body, headers: { 'X-Forwarded-For': from } });
    /** One with an account, and its name in front of the @. */
    const someone = async (domain = 'example.com'): Promise<{ email: string; name: string }> => {
      people += 1;
      const name = `owner${people}`;
      const email = `${name}@${domain}`;
      await addPerson(program, { emails: [email] });
      return { email, name };
    };
    const flood = async (path: string, spelled: (at: number) => string, networks = SPELLINGS): Promise<number[]> => {
      const statuses: number[] = [];
      for (let at = 0; at < SPELLINGS; at += 1)
        statuses.push((await post(path, { identifier: spelled(at) }, `203.0.113.${at % networks}`)).status);
      await program.advance(WAITED_MS);
      return statuses;
    };
    const accepted = (statuses: number[]): number => statuses.filter((status) => status === 202).length;
    const mailsTo = (fits: (to: string) => boolean): number =>
      program.sink.messages.filter(({ to }) => fits(to.toLowerCase())).length;
    const solved = async (identifier: string, from: string): Promise<string> => {
      const { json: challenge } = await post('/work', { identifier }, from);
      const solution = await solveChallenge({ challenge, deriveKey });
      return Buffer.from(JSON.stringify({ challenge, solution })).toString('base64');
    };
    const recovers = async (email: string, from: string, means: object = {}): Promise<void> => {
      const before = program.sink.messages.length;
      const asked = await post('/recovery', { identifier: email, ...means }, from);
      assert.equal(asked.status, 202);
      await program.advance(WAITED_MS);
      const mail = program.sink.messages.slice(before).find(({ to }) => to === email);
      const verified = await post('/recovery/verify', { token: asked.json.token, code: codeIn(mail!) }, from);
      assert.equal(verified.status, 200);
    };

    test('registering: as many mails as the mailbox has, not as it has names', async () => {
      const name = 'flooded';
      const statuses = await flood('/registration', (at) => `${name}+${at}@example.com`);
      assert.equal(accepted(statuses), MAILBOX.burst);
      assert.equal(
        mailsTo((to) => to.startsWith(`${name}+`)),
        MAILBOX.burst,
      );
    });

    test('recovering: the same, whether or not there is an account, and from one budget with registering', async () => {
      const { name } = await someone();
      for (const box of [name, 'nobody']) {
        assert.equal(accepted(await flood('/recovery', (at) => `${box}+${at}@example.com`)), MAILBOX.burst, box);
        assert.equal(accepted(await flood('/registration', (at) => `${box}+r${at}@example.com`)), 0, box);
        assert.ok(mailsTo((to) => to.startsWith(`${box}+`)) <= MAILBOX.burst);
      }
    });

    test('quotation marks, dots and the other domain of a provider that ignores dots', async () => {
      const spellings = ['pine.apple', 'p.ineapple', 'pi.neapple', 'pineapple', '"pineapple"', '"pine.apple"'];
      const domains = ['gmail.com', 'googlemail.com', 'GMAIL.com'];
      const spelled = (at: number): string =>
        `${spellings[at % spellings.length]}${at % 2 ? '' : `+${at}`}@${domains[at % domains.length]}`.replace(
          /"(\+\d+)/,
          '$1"',
        );
      assert.equal(accepted(await flood('/registration', spelled)), MAILBOX.burst);
    });

    test('where dots count, and for names that only begin alike, nobody is charged for another', async () => {
      const statuses = await flood('/registration', (at) => `dot${'.x'.repeat(at % 20)}y${at}@example.com`);
      assert.equal(accepted(statuses), SPELLINGS);
    });

    test('the owner on a known device, and one who does the work, recover all the same', async () => {
      const { email, name } = await someone();
      const signedIn = await post('/sessions', { identifier: email, password: OLD_PASSWORD }, '198.51.100.7');
      await flood('/registration', (at) => `${name}+${at}@example.com`);
      assert.equal((await post('/recovery', { identifier: email }, '198.51.100.8')).status, 429);
      await recovers(email, '198.51.100.7', { device: signedIn.json.device });
      await recovers(email, '198.51.100.8', { work: await solved(email, '198.51.100.8') });
    });

    test('from one network: its share, and the owner at a browser that nobody knows recovers at once without work', async () => {
      const { email, name } = await someone();
      const statuses = await flood('/registration', (at) => `${name}+${at}@example.com`, 1);
      assert.ok(accepted(statuses) <= SHARE.burst, `${accepted(statuses)}`);
      await recovers(email, '198.51.100.9');
    });

    test('what is refused for the mailbox spends nothing else', async () => {
      const { email, name } = await someone();
      await flood('/registration', (at) => `${name}+${at}@example.com`);
      for (let times = 0; times < 3 * STRANGER.burst; times += 1)
        assert.equal((await post('/recovery', { identifier: email }, '198.51.100.10')).status, 429);
      await program.advance(MAILBOX.refillMs * STRANGER.burst);
      let sent = 0;
      while ((await post('/recovery', { identifier: email }, `198.51.100.${20 + sent}`)).status === 202) sent += 1;
      assert.equal(sent, STRANGER.burst);
    });

    test('a household and a tester: ten of them begin within an hour from one network, and each gets in', async () => {
      const household = Array.from({ length: SHARE.burst }, (_, at) => `smith+${at}@example.org`);
      for (const email of household) await addPerson(program, { emails: [email] });
      for (const email of household) await recovers(email, '198.51.100.60');
    });

    test('guesses stay with the spelling: those at one make no code of another longer', async () => {
      const name = 'guessed';
      const [first, second] = [`${name}+1@example.net`, `${name}+2@example.net`];
      const codeLength = async (identifier: string): Promise<number> =>
        (await post('/recovery', { identifier }, '198.51.100.61')).json.codeLength;
      const { token } = (await post('/recovery', { identifier: first }, '198.51.100.61')).json;
      for (let at = 0; at < TRIES_PER_CODE; at += 1)
        await post('/recovery/verify', { token, code: `00000${at}` }, '198.51.100.61');
      assert.equal(await codeLength(first), 8);
      assert.equal(await codeLength(second), 6);
    });
  });

test('a day of it: the mails that the security budget states, and no more', async (t) => {
  const program = await startInProcess('sqlite', { REGAIN_TRUST_PROXY: '1', REGAIN_BUSY_HOUR_SENDS: '100000' });
  t.after(() => program.close());
  let spelling = 0;
  let sent = 0;
  const ask = async (works: boolean): Promise<boolean> => {
    spelling += 1;
    assert.ok(spelling < 1_000, 'the flood is refused at some time');
    const identifier = `jane+${spelling}@example.com`;
    const headers = { 'X-Forwarded-For': `203.0.${spelling >> 8}.${spelling & 255}` };
    const call = (path: string, body: object): Promise<ApiAnswer> => program.api('POST', path, { body, headers });
    let work = {};
    if (works) {
      const { json: challenge } = await call('/work', { identifier });
      const solution = await solveChallenge({ challenge, deriveKey });
      work = { work: Buffer.from(JSON.stringify({ challenge, solution })).toString('base64') };
    }
    const { status } = await call('/registration', { identifier, ...work });
    if (status === 202) sent += 1;
    return status === 202;
  };
  for (let hour = 0; hour <= 24; hour += 1) {
    while (await ask(false));
    while (await ask(true));
    await program.settled();
    program.jump(HOUR_MS);
  }
  await program.settled();
  assert.equal(sent, mailsADayBySpellings());
  assert.equal(program.sink.messages.length, sent);
});
