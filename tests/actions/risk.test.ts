/** The host's risk hook (STANDARDS R17): it raises the bar, says nothing of why, and is asked about decoys as well. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { RiskQuestion } from '../../src/ports.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn } from '../people.ts';
import { startTextingShop, type TextingShop } from '../texting-shop.ts';
import type { ApiAnswer } from '../visitor.ts';

const OWNER = 'owner@example.com';

describe('a host that knows of risk', () => {
  let program: InProcess;
  const asked: RiskQuestion[] = [];
  let answer: () => Promise<'low' | 'high'>;
  before(async () => {
    const risk = (question: RiskQuestion): Promise<'low' | 'high'> => {
      asked.push(question);
      return answer();
    };
    program = await startInProcess('sqlite', {}, { risk });
    await addPerson(program, { emails: [OWNER] });
  });
  after(() => program.close());
  const post = (path: string, body: unknown): Promise<ApiAnswer> => program.api('POST', path, { body });
  const newestMail = (): { text: string } => program.sink.messages.findLast(({ to }) => to === OWNER)!;
  const start = async (identifier: string): Promise<ApiAnswer> => {
    const started = await post('/recovery', { identifier });
    await program.settled();
    return started;
  };
  const status = async (token: string): Promise<unknown> => {
    const { json } = await program.api('GET', '/recovery', { token });
    return { ...json, token: '' };
  };

  test('low: a code as ever', async () => {
    answer = async () => 'low';
    const { json } = await start(OWNER);
    const code = codeIn(newestMail());
    assert.equal((await post('/recovery/verify', { token: json.token, code })).status, 200);
  });

  test('high: a link alone, known and unknown tell the same, and no code opens it', async () => {
    answer = async () => 'high';
    const [known, unknown] = [await start(OWNER), await start('nobody@example.net')];
    assert.throws(() => codeIn(newestMail()));
    assert.match(newestMail().text, /\/recover\/confirm#/);
    assert.deepEqual(await status(known.json.token), await status(unknown.json.token));
    assert.deepEqual(
      asked.slice(-2).map(({ identifier, kind, channel, lane }) => ({ identifier, kind, channel, lane })),
      [
        { identifier: OWNER, kind: 'email', channel: 'email', lane: 'stranger' },
        { identifier: 'nobody@example.net', kind: 'email', channel: 'email', lane: 'stranger' },
      ],
    );
  });

  test('a hook that fails counts as high, and the operator hears of it', async () => {
    answer = async () => {
      throw new Error('the host is out of order');
    };
    await start(OWNER);
    assert.throws(() => codeIn(newestMail()));
    assert.ok(program.logged.some(({ event }) => event === 'risk-fault'));
  });
});

describe('a host that knows of a number that changed its SIM', () => {
  const [STOLEN, WITHOUT_MAILBOX, UNKNOWN] = ['+12125550101', '+12125550102', '+12125550103'];
  let shop: TextingShop;
  let answer: 'low' | 'high';
  before(async () => {
    shop = await startTextingShop('sqlite', {}, { risk: async ({ channel }) => (channel === 'sms' ? answer : 'low') });
    await addPerson(shop.program, { emails: [OWNER], phones: [STOLEN] });
    await addPerson(shop.program, { emails: [], phones: [WITHOUT_MAILBOX] });
  });
  after(() => shop.close());
  const post = async (path: string, body: unknown): Promise<ApiAnswer> => {
    const answered = await shop.program.api('POST', path, { body });
    await shop.program.settled();
    return answered;
  };
  const texted = (): string[] => shop.receiver.taken.map(({ to }) => to);

  test('no text goes there, and the mailbox gets the link', async () => {
    answer = 'high';
    const { json } = await post('/recovery', { identifier: STOLEN });
    assert.deepEqual(texted(), []);
    const mails = shop.program.sink.messages.filter(({ to }) => to === OWNER);
    assert.ok(mails.some(({ text }) => text.includes('/recover/confirm#')));
    for (const mail of mails) assert.throws(() => codeIn(mail));
    const unknown = await post('/recovery', { identifier: UNKNOWN });
    const masked = (answered: Record<string, unknown>): unknown => ({
      ...answered,
      token: '',
      number: '',
      expiresAt: '',
      resendAt: '',
    });
    assert.deepEqual(masked(json), masked(unknown.json));
  });

  test('nor when it is asked for again, or after a mail', async () => {
    answer = 'high';
    for (const identifier of [STOLEN, OWNER]) {
      const { token } = (await post('/recovery', { identifier })).json;
      for (let again = 0; again < 2; again += 1) {
        await shop.program.advance(120_000);
        assert.equal((await post('/recovery/resend', { token, channel: 'sms' })).status, 202);
      }
    }
    assert.deepEqual(texted(), []);
  });

  test('who has no mailbox still gets the text', async () => {
    answer = 'high';
    await post('/recovery', { identifier: WITHOUT_MAILBOX });
    assert.deepEqual(texted(), [WITHOUT_MAILBOX]);
  });

  test('low: the text as ever', async () => {
    answer = 'low';
    await post('/recovery', { identifier: STOLEN });
    assert.equal(texted().at(-1), STOLEN);
  });
});
