/** The host's risk hook (STANDARDS R17): it raises the bar, says nothing of why, and is asked about decoys as well. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { RiskQuestion } from '../../src/ports.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { owners } from '../owners.ts';
import { addPerson, codeIn, linkIn } from '../people.ts';
import type { SinkMessage } from '../smtp-sink.ts';
import { startTextingShop, type TextingShop } from '../texting-shop.ts';
import type { ApiAnswer } from '../visitor.ts';

const OWNER = 'owner@example.com';
const OTHER = 'other@example.com';
const UNCONFIRMED = 'unconfirmed@example.com';

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
    assert.equal(asked.at(-1)?.network, undefined, 'loopback is everybody');
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

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`the other mailboxes of an account at risk, on ${engine}`, () => {
    const NUMBER = '+12125550104';
    let shop: TextingShop;
    const asked: RiskQuestion[] = [];
    let risky: RiskQuestion['channel'][];
    before(async () => {
      shop = await startTextingShop(
        engine,
        { REGAIN_TRUST_PROXY: '1' },
        {
          risk: async (question) => {
            asked.push(question);
            return risky.includes(question.channel) ? 'high' : 'low';
          },
        },
      );
      await addPerson(shop.program, { emails: [OWNER, OTHER], phones: [NUMBER], unconfirmed: [UNCONFIRMED] });
    });
    after(() => shop.close());
    const post = async (path: string, body: unknown, from = '203.0.113.7'): Promise<ApiAnswer> => {
      await shop.program.advance(120_000);
      const answered = await shop.program.api('POST', path, { body, headers: { 'X-Forwarded-For': from } });
      await shop.program.settled();
      return answered;
    };
    const told = (to: string, since = 0): SinkMessage[] =>
      shop.program.sink.messages
        .slice(since)
        .filter((mail) => mail.to === to && /password reset was asked for/.test(mail.subject));
    const mailsSoFar = (): number => shop.program.sink.messages.length;

    test('are told once, and each can stop it; the one with the link is not told twice', async () => {
      risky = ['email'];
      const { token } = (await post('/recovery', { identifier: OWNER })).json;
      await post('/recovery/resend', { token });
      assert.equal(told(OTHER).length, 1);
      assert.deepEqual([told(OWNER), told(UNCONFIRMED)], [[], []]);
      assert.match(
        told(OTHER)[0]!.text.replaceAll(/\s+/g, ' '),
        /a message goes to o\*\*\*@example.com, another mailbox/,
      );
      const cancel = linkIn(told(OTHER)[0]!, '/cancel/');
      assert.equal((await owners(shop.program).visitor().post(cancel)).status, 200);
      const before = mailsSoFar();
      assert.equal((await post('/recovery/resend', { token })).status, 202, 'whoever asked is told nothing');
      assert.equal(mailsSoFar(), before, 'and nobody is written to');
    });

    test('are told although wrong guesses have made the mail carry a link already', async () => {
      risky = ['email'];
      const since = mailsSoFar();
      const { store, keys } = shop.program.regain.context;
      const identifierMac = keys.identifierMac({ kind: 'email', canonical: OWNER });
      await store.transaction((tx) =>
        tx.guesses.charge({ identifierMac, channel: 'email', lane: 'stranger' }, 100, shop.program.now()),
      );
      await post('/recovery', { identifier: OWNER });
      await store.transaction((tx) => tx.guesses.clear({ identifierMac, channel: 'email', lane: 'stranger' }));
      assert.equal(told(OTHER, since).length, 1);
    });

    test('are told of a text that was left out, and not of what the host says nothing against', async () => {
      risky = ['sms'];
      const since = mailsSoFar();
      const { token } = (await post('/recovery', { identifier: OWNER })).json;
      assert.deepEqual(told(OTHER, since), []);
      await post('/recovery/resend', { token, channel: 'sms' });
      await post('/recovery/resend', { token, channel: 'sms' });
      assert.deepEqual(shop.receiver.taken, []);
      assert.equal(told(OTHER, since).length, 1);
      assert.equal(told(OWNER, since).length, 0);
    });

    test('the host is told the network that limits count, of whoever asked first, for known and unknown alike', async () => {
      risky = [];
      for (const [from, network] of [
        ['198.51.100.9', '198.51.100.9'],
        ['2001:db8:1:2:3::4', '2001:db8:1:2::/64'],
      ] as const)
        for (const identifier of [OWNER, 'nobody@example.net']) {
          const { token } = (await post('/recovery', { identifier }, from)).json;
          await post('/recovery/resend', { token }, '192.0.2.1');
          assert.deepEqual(
            asked.slice(-2).map((question) => [question.identifier, question.network]),
            [
              [identifier, network],
              [identifier, network],
            ],
          );
        }
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
