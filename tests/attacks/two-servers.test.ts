/** Two server processes, each with its own worker, on one PostgreSQL: what one may do once, both together do once. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CODE_LADDER, TRIES_PER_CODE } from '../../src/rules/limits.ts';
import { NEW_PASSWORD, wrongCode } from '../people.ts';
import type { Running } from '../regain.ts';
import { openShop, type RunningShop } from '../running-shop.ts';
import type { ApiAnswer } from '../visitor.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../webhook-receiver.ts';

const SECRET = 'a key of the shop';

describe('two servers on one database', () => {
  let shop: RunningShop;
  let other: Running;
  let receiver: WebhookReceiver;
  let phones = 0;
  before(async () => {
    receiver = await startWebhookReceiver(SECRET, () => Math.floor(Date.now() / 1000));
    shop = await openShop('postgres', {
      REGAIN_SMS_URL: `${receiver.url}/send?secret=${encodeURIComponent(SECRET)}`,
      REGAIN_SMS_COUNTRIES: 'US',
    });
    other = await shop.secondNode();
  });
  after(async () => {
    await shop.close();
    await receiver.stop();
  });

  /** The first, the second, the first ... */
  const nodeOf = (at: number): Running => (at % 2 === 0 ? shop.program : other);
  const atBoth = (times: number, ask: (node: Running, at: number) => Promise<ApiAnswer>): Promise<ApiAnswer[]> =>
    Promise.all(Array.from({ length: times }, (_, at) => ask(nodeOf(at), at)));
  const statusesOf = (answers: ApiAnswer[], status: number): ApiAnswer[] =>
    answers.filter((answer) => answer.status === status);

  test('a right code is taken once, and one new password is stored', async () => {
    const { token, code } = await shop.recovery(await shop.someone());
    const taken = await atBoth(20, (node) => shop.post('/recovery/verify', { token, code }, node));
    assert.equal(statusesOf(taken, 200).length, 1);
    const set = await atBoth(12, (node, at) =>
      shop.post('/recovery/password', { token, password: `${NEW_PASSWORD} ${at}` }, node),
    );
    assert.equal(statusesOf(set, 200).length, 1);
  });

  test('guesses are counted together, and none is given back', async () => {
    const email = await shop.someone();
    const { token, code } = await shop.recovery(email);
    const wrong = wrongCode(code);
    const guessed = await atBoth(30, (node) => shop.post('/recovery/verify', { token, code: wrong }, node));
    assert.equal(statusesOf(guessed, 422).length, TRIES_PER_CODE);
    assert.equal(statusesOf(guessed, 429).length, 30 - TRIES_PER_CODE);
    for (const node of [shop.program, other])
      assert.equal(
        (await shop.post('/recovery/verify', { token, code }, node)).status,
        429,
        'the right one comes too late',
      );
    for (const node of [shop.program, other])
      assert.equal((await shop.post('/recovery', { identifier: email }, node)).json.codeLength, CODE_LADDER[1].length);
  });

  test('whatever is asked for leaves once by each way, whichever worker takes it', async () => {
    const people = await Promise.all(
      Array.from({ length: 12 }, async () => {
        phones += 1;
        const phone = `+1212555${String(1000 + phones)}`;
        return { phone, email: await shop.someone({ phones: [phone] }) };
      }),
    );
    // Every third provider's answer is a refusal: then the mailbox is the next rung, and once as well.
    receiver.misbehave(...people.map((_, at) => ({ status: at % 3 === 0 ? 400 : 202 })));
    const started = await Promise.all(
      people.map(({ phone }, at) => shop.post('/recovery', { identifier: phone }, nodeOf(at))),
    );
    assert.equal(statusesOf(started, 202).length, people.length);
    await shop.drained();
    const asked = receiver.requests.map(({ body }) => JSON.parse(body) as { id: string; to: string });
    assert.equal(new Set(asked.map(({ id }) => id)).size, asked.length, 'no message left twice');
    assert.deepEqual(asked.map(({ to }) => to).sort(), people.map(({ phone }) => phone).sort());
    const codes = people.map(({ email }) =>
      shop.sink.messages.filter(({ to, text }) => to === email && /^\s*\d{6}\s*$/m.test(text)),
    );
    assert.equal(codes.filter((mails) => mails.length === 1).length, people.length / 3, 'a refused text went by mail');
    assert.ok(codes.every((mails) => mails.length <= 1));
    assert.deepEqual(receiver.complaints, []);
  });
});
