/**
 * Providers that fail in every way: the code still arrives by some way within a minute of the program's clock, no way brings
 * it twice for one asking, and nothing is sent after the code has died.
 */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Settings } from '../../src/config.ts';
import { RECEIPT_WAIT_MS } from '../../src/rules/ladder.ts';
import { CODE_LIFETIME_MS } from '../../src/rules/limits.ts';
import { SPEND_LIMITS } from '../../src/rules/spend.ts';
import { IN_FLIGHT } from '../../src/rules/urgency.ts';
import { CARRIERS, type Carrier, type Fault, linkChat, MESSENGER_CARRIERS, PHONE } from '../carriers.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn } from '../people.ts';
import { receiptText, startSmsc } from '../smsc.ts';
import { startSmtpSink } from '../smtp-sink.ts';

const ALL = { ...CARRIERS, ...MESSENGER_CARRIERS };
const EMAIL = 'jane@example.com';
const MINUTE = 60_000;
type Engine = 'sqlite' | 'postgres';

for (const [name, startCarrier] of Object.entries(ALL))
  for (const engine of ['sqlite', 'postgres'] as const)
    describe(`${name}, on ${engine}`, () => {
      const faults: [Fault, number][] = [
        ['down', 50],
        ['slow', 1],
        ['refused', 50],
        ['lost', 1],
        ['proxied', 50],
      ];
      for (const [fault, times] of faults)
        test(`${fault}: the code comes by email within a minute, and by no way twice`, async (t) => {
          const { program, carrier } = await withCarrier(t, engine, startCarrier);
          carrier.fail(fault, times);
          const token = await ask(program, carrier);
          await seconds(program, 60);
          const mails = mailedCodes(program);
          assert.equal(mails.length, 1, 'one mail');
          assert.ok(carrier.codes().length <= 1, 'at most one text');
          await seconds(program, CODE_LIFETIME_MS / 1000);
          assert.deepEqual(mailedCodes(program), mails, 'nothing after it has died');
          assert.ok(carrier.codes().length <= 1);
          assert.deepEqual(carrier.complaints(), []);
          assert.equal(typeof token, 'string');
        });

      test('takes it and never reports: by the next way after the stated time, where it is one that reports', async (t) => {
        const { program, carrier } = await withCarrier(t, engine, startCarrier);
        const token = await ask(program, carrier);
        await program.advance(RECEIPT_WAIT_MS - 1_000);
        assert.deepEqual(mailedCodes(program), []);
        await seconds(program, 60 - RECEIPT_WAIT_MS / 1000);
        assert.equal(carrier.codes().length, 1);
        assert.deepEqual(mailedCodes(program), carrier.reports ? carrier.codes() : []);
        assert.equal(await verified(program, token, carrier.codes()[0]), 200);
      });

      test('reports that it arrived: no other way is gone, and the rung that stood ready says why', async (t) => {
        const { program, carrier } = await withCarrier(t, engine, startCarrier);
        if (!carrier.report) return;
        await ask(program, carrier);
        await carrier.report?.(program, 'delivered');
        await seconds(program, 90);
        assert.deepEqual(mailedCodes(program), []);
        const ready = await rungs(program);
        assert.deepEqual(ready, carrier.reports ? [['unneeded', 'arrived_before']] : []);
      });

      test('reports backwards and twice: what arrived has arrived', async (t) => {
        const { program, carrier } = await withCarrier(t, engine, startCarrier);
        if (!carrier.report) return;
        await ask(program, carrier);
        for (const status of ['delivered', 'sent', 'delivered', 'failed', 'sent', 'failed'] as const)
          await carrier.report?.(program, status);
        await seconds(program, 90);
        assert.deepEqual(mailedCodes(program), []);
      });

      test('reports that it failed, after it was taken, more than once: by the next way at once, and once', async (t) => {
        const { program, carrier } = await withCarrier(t, engine, startCarrier);
        if (!carrier.report) return;
        const token = await ask(program, carrier);
        await Promise.all([carrier.report?.(program, 'failed'), carrier.report?.(program, 'failed')]);
        await program.settled();
        assert.deepEqual(mailedCodes(program), carrier.codes(), 'without a second passed');
        await carrier.report?.(program, 'failed');
        await seconds(program, 90);
        assert.equal(mailedCodes(program).length, 1);
        assert.equal(await verified(program, token, mailedCodes(program)[0]), 200);
      });

      test('the code was entered meanwhile, or asked for again: the rung that stood ready is let go', async (t) => {
        const { program, carrier } = await withCarrier(t, engine, startCarrier);
        if (!carrier.reports) return;
        const entered = await ask(program, carrier);
        assert.equal(await verified(program, entered, carrier.codes()[0]), 200);
        await program.advance(RECEIPT_WAIT_MS);
        assert.deepEqual(mailedCodes(program), []);
        assert.deepEqual(await rungs(program), [['unneeded', 'code_entered']]);
        const again = await ask(program, carrier);
        await program.api('POST', '/recovery/resend', { body: { token: again, channel: 'email' } });
        await program.settled();
        assert.equal(mailedCodes(program).length, 1, 'as it was asked for');
        await seconds(program, 90);
        assert.equal(mailedCodes(program).length, 1, 'and not once more');
      });
    });

describe('a provider that hangs', { concurrency: true }, () => {
  for (const [name, startCarrier] of Object.entries(ALL))
    test(`${name}: by email when the time for an answer is over, and not again by this way`, async (t) => {
      const { program, carrier } = await withCarrier(t, 'sqlite', startCarrier);
      carrier.fail('hang');
      await ask(program, carrier);
      await seconds(program, 90);
      assert.equal(mailedCodes(program).length, 1);
      assert.ok(carrier.codes().length <= 1);
    });
});

describe('a provider that hangs while a crowd asks', { concurrency: true }, () => {
  const crowd = Array.from({ length: 100 }, (_, index) => `+1${index % 2 ? 212 : 646}555${1000 + index}`);

  /** All places are taken when the first three come back without an answer, one after the other; then one at a time tries. */
  const FOUND_OUT_AFTER = IN_FLIGHT.asked + 3;

  for (const engine of ['sqlite', 'postgres'] as const)
    test(`on ${engine}: who comes after the first ones gets the code by email, without waiting for the provider`, async (t) => {
      const carrier = await CARRIERS.webhook();
      t.after(() => carrier.stop());
      const program = await startInProcess(engine, { ...carrier.env, REGAIN_BUSY_HOUR_SENDS: '10000' });
      t.after(() => program.close());
      carrier.fail('hang', 1_000);
      for (const phone of crowd) {
        await addPerson(program, { emails: [`${phone.slice(1)}@example.com`], phones: [phone] });
        assert.equal((await program.api('POST', '/recovery', { body: { identifier: phone } })).status, 202);
      }
      await program.settled();
      assert.equal(mailedCodes(program).length, crowd.length);
      assert.ok(carrier.codes().length <= FOUND_OUT_AFTER, `${carrier.codes().length} were handed over`);
      const { store } = program.regain.context;
      const texts = await store.transaction((tx) => tx.messages.list({ since: 0, channel: 'sms' }, 200));
      const spared = texts.filter(({ status, reason }) => status === 'failed' && reason === 'provider_hangs');
      assert.ok(spared.length >= crowd.length - FOUND_OUT_AFTER, `${spared.length} were spared`);
      const spent = await store.transaction((tx) => tx.spend.spentOn(Math.floor(program.now() / 86_400_000)));
      const micros = spent.reduce((sum, { micros }) => sum + micros, 0);
      assert.equal(micros, carrier.codes().length * 100_000, 'what was not handed over costs nothing');
    });
});

describe('a mail server that takes mails and loses its answers', () => {
  for (const engine of ['sqlite', 'postgres'] as const)
    test(`on ${engine}: the code leaves by text at once, and by mail once; without a number by mail a second time and no more`, async (t) => {
      const lossy = await startSmtpSink({ losesAnswers: true });
      t.after(() => lossy.stop());
      for (const [phones, texts, mails] of [
        [[PHONE], 1, 1],
        [[], 0, 2],
      ] as const) {
        const carrier = await CARRIERS.webhook();
        t.after(() => carrier.stop());
        const program = await startInProcess(engine, { ...carrier.env, REGAIN_SMTP_URL: lossy.url });
        t.after(() => program.close());
        await addPerson(program, { emails: [EMAIL], phones: [...phones] });
        const before = lossy.messages.length;
        const { json } = await program.api('POST', '/recovery', { body: { identifier: EMAIL } });
        await program.settled();
        await seconds(program, 5);
        assert.equal(carrier.codes().length, texts);
        assert.equal(
          (await program.api('GET', '/recovery', { token: json.token })).json.delivery,
          'sent',
          'as a decoy',
        );
        await seconds(program, CODE_LIFETIME_MS / 1000);
        const codes = lossy.messages.slice(before).filter(({ text }) => /^\s*\d{6}\s*$/m.test(text));
        assert.equal(codes.length, mails);
        assert.equal(new Set(codes.map(({ headers }) => headers.get('message-id'))).size, 1);
      }
    });
});

describe('with every way there is', () => {
  const WAYS = [CARRIERS.gateway, CARRIERS.twilio, MESSENGER_CARRIERS.whatsapp, MESSENGER_CARRIERS.viber];

  test('all take it and stay silent: the mail leaves within a minute, and each way brings the code once', async (t) => {
    const carriers = await Promise.all(WAYS.map((startCarrier) => startCarrier()));
    for (const carrier of carriers) t.after(() => carrier.stop());
    const program = await startInProcess('sqlite', Object.assign({}, ...carriers.map(({ env }) => env)));
    t.after(() => program.close());
    const account = await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
    for (const { chat } of carriers) if (chat) await linkChat(program, account, chat);
    const { json } = await program.api('POST', '/recovery', { body: { identifier: PHONE } });
    await program.settled();
    await seconds(program, 55);
    for (const { codes } of carriers) assert.deepEqual(codes(), mailedCodes(program));
    assert.equal(await verified(program, json.token, mailedCodes(program)[0]), 200);
  });
});

describe('a centre that reports before it answers, and writes the number in its national form', () => {
  test('the text arrived: no mail brings the code again', async (t) => {
    const of = (id: string) => ({ source: PHONE.slice(2), esmClass: 4, message: receiptText(id, 'DELIVRD') });
    const smsc = await startSmsc({ receiptWith: { when: 'before', of } });
    t.after(() => smsc.stop());
    const env = { REGAIN_SMS_URL: `smpp://user:password@127.0.0.1:${smsc.port}?from=Shop`, REGAIN_SMS_COUNTRIES: 'US' };
    const program = await startInProcess('sqlite', env);
    t.after(() => program.close());
    await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
    await program.api('POST', '/recovery', { body: { identifier: PHONE } });
    await program.settled();
    await smsc.waitFor('the receipt’s answer', () => smsc.heard.includes('deliver_sm_resp'));
    await seconds(program, 60);
    assert.equal(smsc.submitted.length, 1);
    assert.deepEqual(mailedCodes(program), []);
  });
});

describe('Twilio takes a text, reports on it, and then its answer is lost', () => {
  for (const engine of ['sqlite', 'postgres'] as const)
    for (const [status, mailedAfterS] of [
      ['sent', RECEIPT_WAIT_MS / 1000],
      ['failed', 0],
      ['delivered', undefined],
    ] as const)
      test(`on ${engine}: "${status}" counts as after an answer, for when the mail leaves`, async (t) => {
        const carrier = await CARRIERS.twilio();
        t.after(() => carrier.stop());
        const losing: typeof fetch = async (input, init) => {
          await (await fetch(input, init)).body?.cancel();
          await carrier.report?.(program, status);
          throw new TypeError('fetch failed', { cause: { code: 'UND_ERR_SOCKET' } });
        };
        const program = await startInProcess(engine, carrier.env, {}, { fetch: losing });
        t.after(() => program.close());
        await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
        await ask(program, carrier);
        let mailedAfter = mailedCodes(program).length > 0 ? 0 : undefined;
        for (let second = 1; second <= 60; second += 1) {
          await program.advance(1_000);
          if (mailedCodes(program).length > 0) mailedAfter ??= second;
        }
        assert.equal(mailedAfter, mailedAfterS);
        assert.equal(carrier.codes().length, 1);
        assert.deepEqual(carrier.complaints(), []);
      });
});

describe('with one way alone', () => {
  test('a lost answer: Twilio is given the time to report before it is asked again', async (t) => {
    const { program, carrier } = await withCarrier(t, 'sqlite', CARRIERS.twilio, []);
    carrier.fail('lost');
    const token = await ask(program, carrier);
    await program.advance(RECEIPT_WAIT_MS - 1_000);
    assert.equal(carrier.codes().length, 1);
    await carrier.report?.(program, 'delivered');
    await seconds(program, 90);
    assert.equal(carrier.codes().length, 1, 'it said that the message arrived');
    assert.equal(await verified(program, token, carrier.codes()[0]), 200);
  });

  test('a lost answer: WhatsApp is given the time as well, and its report names our message', async (t) => {
    const carrier = await MESSENGER_CARRIERS.whatsapp();
    t.after(() => carrier.stop());
    const program = await startInProcess('sqlite', carrier.env);
    t.after(() => program.close());
    const account = await addPerson(program, { emails: [], phones: [PHONE] });
    if (carrier.chat) await linkChat(program, account, carrier.chat);
    carrier.fail('lost');
    const body = { identifier: PHONE, channel: 'whatsapp' };
    const { json } = await program.api('POST', '/recovery', { body });
    await program.settled();
    await program.advance(RECEIPT_WAIT_MS - 1_000);
    await carrier.report?.(program, 'delivered');
    await seconds(program, 90);
    assert.equal(carrier.codes().length, 1);
    assert.equal(await verified(program, json.token, carrier.codes()[0]), 200);
  });

  for (const engine of ['sqlite', 'postgres'] as const)
    test(`a lost answer, on ${engine}: a report that comes while the host thinks about the second try is heard, and pays for one`, async (t) => {
      let asked = 0;
      const risk = async (): Promise<'low'> => {
        asked += 1;
        if (asked === 2) await carrier.report?.(program, 'delivered');
        return 'low';
      };
      const { program, carrier } = await withCarrier(t, engine, CARRIERS.twilio, [], { risk });
      carrier.fail('lost');
      await ask(program, carrier);
      await seconds(program, 60);
      assert.equal(asked, 2);
      assert.equal(carrier.codes().length, 1);
      const { store } = program.regain.context;
      const [message] = await store.transaction((tx) => tx.messages.list({ since: 0, channel: 'sms' }, 10));
      assert.equal(message?.status, 'delivered');
      const spent = await store.transaction((tx) => tx.spend.spentOn(Math.floor(program.now() / 86_400_000)));
      assert.deepEqual(
        spent.map(({ micros }) => micros),
        [100_000],
      );
    });

  for (const engine of ['sqlite', 'postgres'] as const) {
    for (const name of ['twilio', 'smpp'] as const)
      test(`${name}, on ${engine}, takes each text and loses its answer, below a mailbox that refuses: two texts, and no more`, async (t) => {
        const carrier = await CARRIERS[name]();
        const refusing = await startSmtpSink({ onRcpt: () => ({ code: 550, message: '5.1.1 no such mailbox' }) });
        for (const { stop } of [carrier, refusing]) t.after(() => stop());
        const program = await startInProcess(engine, { ...carrier.env, REGAIN_SMTP_URL: refusing.url });
        t.after(() => program.close());
        await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
        carrier.fail('proxied', 50);
        await program.api('POST', '/recovery', { body: { identifier: EMAIL } });
        await program.settled();
        await seconds(program, CODE_LIFETIME_MS / 1000);
        assert.equal(carrier.codes().length, 2);
        const texts = await program.regain.context.store.transaction((tx) =>
          tx.messages.list({ since: 0, channel: 'sms' }, 10),
        );
        assert.deepEqual(
          texts.map(({ status, attempts }) => [status, attempts]),
          [['sent', 2]],
        );
      });

    test(`on ${engine}, a provider that answered 502 for a minute keeps its number from nothing afterwards: a message is one`, async (t) => {
      const { program, carrier } = await withCarrier(t, engine, CARRIERS.twilio, []);
      const { burst } = SPEND_LIMITS.number.stranger;
      for (let asked = 0; asked < burst; asked += 1) {
        const before = carrier.codes().length;
        carrier.fail('proxied');
        await ask(program, carrier);
        await seconds(program, 60);
        assert.equal(carrier.codes().length, before + 2, 'it was tried once more');
      }
      const spent = await program.regain.context.store.transaction((tx) =>
        tx.spend.spentOn(Math.floor(program.now() / 86_400_000)),
      );
      assert.deepEqual(
        spent.map(({ micros }) => micros),
        [2 * burst * 100_000],
        'all of them may have to be paid',
      );
    });
  }

  test('perhaps taken, then refused for some time, and perhaps taken again: that is twice, and no third time', async (t) => {
    const { program, carrier } = await withCarrier(t, 'sqlite', CARRIERS.twilio, []);
    carrier.fail('proxied');
    carrier.fail('down', 2);
    carrier.fail('proxied', 50);
    await ask(program, carrier);
    await seconds(program, CODE_LIFETIME_MS / 1000);
    assert.equal(carrier.codes().length, 2);
  });
});

async function withCarrier(
  t: TestContext,
  engine: Engine,
  startCarrier: () => Promise<Carrier>,
  emails: string[] = [EMAIL],
  file: Settings = {},
): Promise<{ program: InProcess; carrier: Carrier }> {
  const carrier = await startCarrier();
  t.after(() => carrier.stop());
  const program = await startInProcess(engine, carrier.env, file);
  t.after(() => program.close());
  const account = await addPerson(program, { emails, phones: carrier.chat ? [] : [PHONE] });
  if (carrier.chat) await linkChat(program, account, carrier.chat);
  return { program, carrier };
}

async function ask(program: InProcess, { chat }: Carrier): Promise<string> {
  const body = chat ? { identifier: EMAIL, channel: chat.channel } : { identifier: PHONE };
  const { json } = await program.api('POST', '/recovery', { body });
  await program.settled();
  return json.token;
}

async function seconds(program: InProcess, count: number): Promise<void> {
  const step = count > MINUTE / 1000 ? 5 : 1;
  for (let passed = 0; passed < count; passed += step) await program.advance(step * 1_000);
}

async function verified(program: InProcess, token: string, code: string | undefined): Promise<number> {
  return (await program.api('POST', '/recovery/verify', { body: { token, code } })).status;
}

/** Notices are mails as well, and carry none. */
function mailedCodes({ sink }: InProcess): string[] {
  return sink.messages.filter(({ text }) => /^\s*\d{6}\s*$/m.test(text)).map((mail) => codeIn(mail));
}

/** What became of the rungs below the first, by channels that were not tried. */
async function rungs(program: InProcess): Promise<(string | null)[][]> {
  const messages = await program.regain.context.store.transaction((tx) => tx.messages.list({ since: 0 }, 100));
  return messages.filter(({ follows }) => follows !== null).map(({ status, reason }) => [status, reason]);
}
