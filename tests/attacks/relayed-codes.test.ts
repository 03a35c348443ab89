/**
 * A mail of a time of high risk carries a link, because a code can be talked out of its owner. Whoever wants a code all the
 * same asks for a text, or for a text where none can be sent: he gets no short code, and no mail with a code.
 */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { breakerLimit, LONGEST_CODE } from '../../src/rules/breakers.ts';
import { LINK_FROM_WRONG_GUESSES } from '../../src/rules/limits.ts';
import type { InProcess } from '../in-process.ts';
import { addPerson } from '../people.ts';
import { startTextingShop } from '../texting-shop.ts';
import { Visitor } from '../visitor.ts';
import type { WebhookReceiver } from '../webhook-receiver.ts';

const PHONE = '+12125550101';
const EMAIL = 'jane@example.com';
const NUMBERLESS = 'numberless@example.com';

describe('relayed codes', () => {
  test('while guesses are sprayed over everybody, "another way" by text is a long code, and back a link', async (t) => {
    const { program, receiver } = await begin(t);
    await spray(program);
    const visitor = visitorOf(program);
    await visitor.post('/recover', { identifier: EMAIL });
    await program.settled();
    assertLinkAlone(program, EMAIL);
    await visitor.post('/recover/resend', { channel: 'sms' });
    await program.settled();
    assert.equal(codeOf(receiver.taken[0]?.text ?? '').length, LONGEST_CODE.length);
    const sent = program.sink.messages.length;
    await visitor.post('/recover/resend', { channel: 'email' });
    await program.settled();
    assert.ok(program.sink.messages.length > sent);
    assertLinkAlone(program, EMAIL);
    const late = await visitor.post('/recover/code', { code: codeOf(receiver.taken[0]?.text ?? '') });
    assert.doesNotMatch(late.url, /password/, 'a code that was read out opens nothing once the mailbox has the link');
  });

  test('a text that was asked for at once, by number or by address, and one that can’t be sent', async (t) => {
    const { program, receiver } = await begin(t);
    await spray(program);
    for (const identifier of [PHONE, EMAIL]) {
      const visitor = visitorOf(program);
      await visitor.post('/recover', { identifier });
      if (identifier === EMAIL) await visitor.post('/recover/resend', { channel: 'sms' });
      await program.settled();
      const code = codeOf(receiver.taken.at(-1)?.text ?? '');
      assert.equal(code.length, LONGEST_CODE.length, identifier);
      assert.match((await visitor.post('/recover/code', { code })).url, /password/, 'its reader gets in');
    }
    const texts = receiver.requests.length;
    const visitor = visitorOf(program);
    await visitor.post('/recover', { identifier: NUMBERLESS });
    await visitor.post('/recover/resend', { channel: 'sms' });
    await program.settled();
    receiver.misbehave({ status: 400 });
    await visitorOf(program).post('/recover', { identifier: PHONE });
    await program.settled();
    assert.equal(receiver.requests.length, texts + 1);
    assertLinkAlone(program, NUMBERLESS);
    assertLinkAlone(program, EMAIL);
  });

  test('an address that was long guessed at is at risk by text as well, known or not', async (t) => {
    const { program } = await begin(t);
    const { keys, store } = program.regain.context;
    for (const identifier of [EMAIL, 'nobody@example.com']) {
      const guessed = {
        identifierMac: keys.identifierMac({ kind: 'email', canonical: identifier }),
        channel: 'email',
        lane: 'stranger',
      } as const;
      await store.transaction((tx) => tx.guesses.charge(guessed, LINK_FROM_WRONG_GUESSES, program.now()));
      const { json } = await program.api('POST', '/recovery', { body: { identifier, channel: 'sms' } });
      assert.deepEqual([json.carries, json.codeFormat, json.codeLength], [undefined, 'letters', LONGEST_CODE.length]);
    }
  });
});

async function begin(t: TestContext): Promise<{ program: InProcess; receiver: WebhookReceiver }> {
  const shop = await startTextingShop('sqlite');
  t.after(() => shop.close());
  const { program, receiver } = shop;
  await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
  await addPerson(program, { emails: [NUMBERLESS] });
  return { program, receiver };
}

/** Wrong guesses at numbers that nobody has, until the breaker opens. */
async function spray(program: InProcess): Promise<void> {
  const { burst } = breakerLimit('guesses-6');
  for (let account = 0; account < burst / 2 / 5; account += 1) {
    const { json } = await program.api('POST', '/recovery', { body: { identifier: `sprayed${account}@example.net` } });
    for (let guess = 0; guess < 5; guess += 1)
      await program.api('POST', '/recovery/verify', { body: { token: json.token, code: `00000${guess}` } });
  }
  assert.ok(program.logged.some(({ event }) => event === 'breaker-opened'));
}

function visitorOf(program: InProcess): Visitor {
  return new Visitor((request) => program.regain.fetch(request, { peer: '127.0.0.1' }), program.regain.config.origin);
}

/** No mail to this address has had a code, and the newest that begins a recovery has a link. */
function assertLinkAlone({ sink }: InProcess, email: string): void {
  const mails = sink.messages.filter(({ to }) => to === email);
  for (const { text } of mails) assert.doesNotMatch(text, /^\s*([0-9]{6,8}|[0-9A-HJKMNP-TV-Z]{10})\s*$/m);
  assert.ok(mails.some(({ text }) => text.includes('/recover/confirm#')));
}

const codeOf = (text: string): string => /#([0-9A-Z]+)$/.exec(text)?.[1] ?? '';
