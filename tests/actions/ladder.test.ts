/** A code that goes on by another way than was asked for, and who may know of it. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { recordReceipt } from '../../src/actions/record-receipt.ts';
import { dayOf, SPEND_LIMITS } from '../../src/rules/spend.ts';
import { bucketKey } from '../../src/rules/spend-buckets.ts';
import { priceOf } from '../../src/rules/spend-settings.ts';
import { CARRIERS, type Carrier, linkChat, MESSENGER_CARRIERS, PHONE } from '../carriers.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn, OLD_PASSWORD } from '../people.ts';
import { type SinkMessage, type SmtpSinkOptions, startSmtpSink } from '../smtp-sink.ts';
import { startTelegramGatewayPeer } from '../telegram-peer.ts';
import type { ApiAnswer } from '../visitor.ts';

const EMAIL = 'jane@example.com';
const OTHER = 'other@example.com';
const NOBODY = 'nobody@example.com';
const GATEWAY_TOKEN = 'AAEYJQAAh43tuSpLbRnlRl9pHYqzeN6gCVSHd9OB';
const REFUSED = { code: 550, message: '5.1.1 no such mailbox' };

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`asked for by email, on ${engine}`, () => {
    test('a mailbox that refuses: the code goes by text, the other mailbox hears of it, and the line is that of nobody', async (t) => {
      const { program, carrier, mails } = await withMailbox(t, engine, (to) => (to === OTHER ? undefined : REFUSED));
      await addPerson(program, { emails: [EMAIL, OTHER], phones: [PHONE] });
      const known = await ask(program, EMAIL);
      const unknown = await ask(program, NOBODY);
      assert.equal(carrier.codes().length, 1);
      assert.deepEqual(
        mails().map(({ to, subject }) => [to, /asked for by text message/.test(subject)]),
        [[OTHER, true]],
      );
      await program.advance(5_000);
      assert.deepEqual(await line(program, known), await line(program, unknown));
      assert.equal((await line(program, known)).delivery, 'failed');
      assert.equal(await verified(program, known, carrier.codes()[0]), 200);
    });

    test('a mail that comes back later: the code goes by text, once, and the line stays', async (t) => {
      const { program, carrier, mails } = await withMailbox(t, engine);
      await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
      const token = await ask(program, EMAIL);
      await program.advance(30_000);
      assert.equal(carrier.codes().length, 0);
      const before = await line(program, token);
      await Promise.all([bounce(program), bounce(program)]);
      await program.advance(0);
      assert.deepEqual(carrier.codes(), [codeIn(mails()[0] as never)]);
      assert.deepEqual(await line(program, token), before);
      await bounce(program);
      await program.advance(90_000);
      assert.equal(carrier.codes().length, 1);
      assert.equal(mails().length, 1);
    });

    test('a mail that is held up goes on being tried, and the code goes by text after 15 seconds', async (t) => {
      let holds = true;
      const { program, carrier, mails } = await withMailbox(t, engine, () =>
        holds ? { code: 451, message: '4.7.1 come back later' } : undefined,
      );
      await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
      const known = await ask(program, EMAIL);
      const unknown = await ask(program, NOBODY);
      for (let second = 1; second <= 20; second += 1) {
        await program.advance(1_000);
        assert.deepEqual(await line(program, known), await line(program, unknown), `after ${second} s`);
        assert.equal(carrier.codes().length, second < 15 ? 0 : carrier.codes().length);
      }
      assert.equal(carrier.codes().length, 1);
      holds = false;
      await program.advance(60_000);
      assert.deepEqual(
        mails()
          .filter(({ to }) => to === EMAIL)
          .map((mail) => codeIn(mail)),
        carrier.codes(),
      );
      assert.equal(carrier.codes().length, 1);
    });

    test('an account with a number alone, asked by email: by text, and in an outage it looks like nobody', async (t) => {
      const { program, carrier } = await withMailbox(t, engine);
      await addPerson(program, { emails: [], phones: [PHONE] });
      const known = await ask(program, PHONE, { channel: 'email' });
      assert.equal(carrier.codes().length, 1);
      assert.equal(await verified(program, known, carrier.codes()[0]), 200);
      await program.sink.stop();
      const again = await ask(program, PHONE, { channel: 'email' });
      const unknown = await ask(program, '+12125550188', { channel: 'email' });
      for (const ms of [0, 2_000, 10_000]) {
        await program.advance(ms);
        assert.deepEqual(await line(program, again), await line(program, unknown));
      }
    });

    test('a way that this code was tried by before is not gone again, unless it is asked for', async (t) => {
      const { program, carrier, mails } = await withMailbox(t, engine);
      await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
      const token = await ask(program, EMAIL);
      carrier.fail('refused', 50);
      await resend(program, token, 'sms');
      await program.advance(90_000);
      const codes = () => codeMails({ messages: mails() }).length;
      assert.equal(codes(), 1, 'the mailbox has this code');
      await resend(program, token, 'email');
      assert.equal(codes(), 2);
    });
  });

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`a text that is asked for again, with the Gateway above it, on ${engine}`, () => {
    const startWithGateway = async (t: TestContext) => {
      const texts = await CARRIERS.twilio();
      const gateway = await startTelegramGatewayPeer(GATEWAY_TOKEN);
      for (const { stop } of [texts, gateway]) t.after(() => stop());
      const program = await startInProcess(engine, {
        ...texts.env,
        REGAIN_TELEGRAM_GATEWAY_URL: `telegram-gateway://:${GATEWAY_TOKEN}@gatewayapi.telegram.org?api=${gateway.url}`,
      });
      t.after(() => program.close());
      await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
      return { program, texts, gateway };
    };

    test('leaves at once; the Gateway, which took it and stayed silent, is neither asked nor paid again', async (t) => {
      const { program, texts, gateway } = await startWithGateway(t);
      gateway.numbers.add(PHONE);
      const tokens = [await ask(program, PHONE), await ask(program, '+12125550188')];
      for (let second = 0; second < 35; second += 1) await program.advance(1_000);
      assert.deepEqual([gateway.sent.length, gateway.fees, texts.codes().length], [1, 1, 1]);
      for (const token of tokens) await resend(program, token, 'sms');
      assert.deepEqual([gateway.sent.length, gateway.fees, texts.codes().length], [1, 1, 2]);
      const asked = await program.regain.context.store.transaction((tx) => tx.messages.list({ since: 0 }, 100));
      const first = asked.filter(({ ask, follows }) => ask === 1 && follows === null).map(({ channel }) => channel);
      assert.deepEqual(first, ['sms', 'sms'], 'for nobody as for somebody');
    });

    test('the fee of the Gateway is charged once, however often the code behind its question is tried', async (t) => {
      const { program, texts, gateway } = await startWithGateway(t);
      gateway.numbers.add(PHONE);
      gateway.failAt(/sendVerificationMessage/, { status: 503 }, { status: 503 });
      await ask(program, PHONE);
      const askedAt = program.now();
      for (let second = 0; second < 10; second += 1) await program.advance(1_000);
      assert.deepEqual([gateway.sent.length, gateway.fees, texts.codes().length], [1, 1, 0]);
      const { context } = program.regain;
      const micros = priceOf('telegram', 'US', context.settings.spend);
      const number = bucketKey(
        'number',
        'stranger',
        'telegram',
        context.keys.identifierMac({ kind: 'phone', canonical: PHONE }),
      );
      const prefix = bucketKey('prefix', 'stranger', 'telegram', PHONE.slice(0, -4));
      await context.store.transaction(async (tx) => {
        const spent = (await tx.spend.spentOn(dayOf(askedAt))).map(({ channel, micros }) => ({ channel, micros }));
        assert.deepEqual(spent, [{ channel: 'telegram', micros }]);
        const tallies = (await tx.spend.tallies(0)).map(({ channel, outcome, messages, micros }) => ({
          channel,
          outcome,
          messages,
          micros,
        }));
        assert.deepEqual(tallies, [{ channel: 'telegram', outcome: 'sent', messages: 1, micros }]);
        const fullAt = await tx.limits.fullAt([number, prefix]);
        assert.equal(fullAt.get(number), askedAt + SPEND_LIMITS.number.stranger.refillMs);
        assert.equal(fullAt.get(prefix), askedAt + SPEND_LIMITS.prefix.stranger.refillMs);
      });
    });

    test('who has no Telegram is not looked for there again', async (t) => {
      const { program, texts, gateway } = await startWithGateway(t);
      const token = await ask(program, PHONE);
      const calls = gateway.calls.length;
      await program.advance(35_000);
      await resend(program, token, 'sms');
      assert.deepEqual([gateway.calls.length, texts.codes().length], [calls, 2]);
    });
  });

describe('a link', () => {
  test('goes nowhere else, whatever becomes of its mail', async (t) => {
    const { program, carrier } = await withMailbox(t, 'sqlite', () => REFUSED, { risk: async () => 'high' });
    await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
    const token = await ask(program, EMAIL);
    await program.advance(60_000);
    assert.equal((await program.api('GET', '/recovery', { token })).json.carries, 'link');
    assert.equal(carrier.codes().length, 0);
  });
});

describe('a text that was held back', () => {
  test('from an account with no other way: it leaves when a new day begins, while the code lives; it counts once', async (t) => {
    const { program, carrier } = await withMailbox(t, 'sqlite', undefined, {
      env: { REGAIN_PRICES: 'sms:US=0.05', REGAIN_SPEND_PER_DAY: 'sms=0.0625' },
    });
    await addPerson(program, { emails: [], phones: [PHONE] });
    // Five minutes before midnight, UTC.
    await program.advance(Date.parse('2026-03-14T23:55:00Z') - program.now());
    const first = await ask(program, PHONE);
    assert.equal(await verified(program, first, carrier.codes()[0]), 200);
    const token = await ask(program, PHONE);
    for (let minute = 0; minute < 4; minute += 1) await program.advance(60_000);
    assert.equal(carrier.codes().length, 1, 'the day has spent what it may');
    const heldBack = await program.regain.context.store.transaction((tx) => tx.spend.tallies(0));
    assert.deepEqual(
      heldBack.filter(({ outcome }) => outcome === 'budget').map(({ messages }) => messages),
      [1],
    );
    for (let minute = 0; minute < 3; minute += 1) await program.advance(60_000);
    assert.equal(carrier.codes().length, 2);
    assert.equal(await verified(program, token, carrier.codes()[1]), 200);
  });
});

test('a code by the Gateway costs what it costs, also to a number that two accounts share', async (t) => {
  for (const people of [1, 2]) {
    const carrier = await CARRIERS.gateway();
    t.after(() => carrier.stop());
    const program = await startInProcess('sqlite', { ...carrier.env, REGAIN_PRICES: 'sms:US=0.05,telegram:*=0.01' });
    t.after(() => program.close());
    for (let at = 0; at < people; at += 1)
      await addPerson(program, { emails: [`p${at}@example.com`], phones: [PHONE] });
    await ask(program, PHONE);
    assert.equal(carrier.codes().length, 1);
    const tallies = await program.regain.context.store.transaction((tx) => tx.spend.tallies(0));
    assert.deepEqual(
      tallies.map(({ channel, outcome, micros }) => [channel, outcome, micros]),
      [['telegram', 'sent', 10_000]],
      `${people} accounts`,
    );
  }
});

test('what the Gateway took for its question counts, also where it then refuses the code', async (t) => {
  const peer = await startTelegramGatewayPeer(GATEWAY_TOKEN);
  t.after(() => peer.stop());
  const texts = await CARRIERS.twilio();
  t.after(() => texts.stop());
  const program = await startInProcess('sqlite', {
    ...texts.env,
    REGAIN_TELEGRAM_GATEWAY_URL: `telegram-gateway://:${GATEWAY_TOKEN}@gatewayapi.telegram.org?api=${peer.url}`,
    REGAIN_PRICES: 'sms:US=0.05,telegram:*=0.01',
    REGAIN_SPEND_PER_DAY: 'telegram=0.05',
  });
  t.after(() => program.close());
  const phones = Array.from({ length: 12 }, (_, at) => `+121255501${10 + at}`);
  peer.failAt(/sendVerificationMessage/, ...phones.map(() => ({ status: 200, json: { ok: false, error: 'FLOOD' } })));
  for (const phone of phones) {
    peer.numbers.add(phone);
    await addPerson(program, { emails: [], phones: [phone] });
    await ask(program, phone);
  }
  // A stranger's share of the day.
  assert.equal(peer.fees, 4);
  assert.equal(texts.codes().length, phones.length);
});

describe('the truth', () => {
  test('is told to a browser that has signed in to this account, and to nobody else', async (t) => {
    const { program, carrier } = await withTwilio(t);
    await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
    await addPerson(program, { emails: ['somebody@example.com'] });
    const device = await deviceOf(program, PHONE);
    const elsewhere = await deviceOf(program, 'somebody@example.com');
    const owner = await ask(program, PHONE, { device });
    await carrier.report?.(program, 'failed');
    await program.settled();
    assert.deepEqual(await line(program, owner), { delivery: 'sent', by: 'email' });

    const strangers = [await ask(program, PHONE), await ask(program, PHONE, { device: elsewhere })];
    const nobody = [await ask(program, '+12125550188'), await ask(program, '+12125550188', { device: elsewhere })];
    await carrier.report?.(program, 'failed');
    await program.advance(3_000);
    for (const token of [...strangers, ...nobody]) assert.deepEqual(await line(program, token), { delivery: 'sent' });
  });

  test('what arrived, what came back, and by which way', async (t) => {
    const { program, carrier } = await withTwilio(t);
    await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
    const device = await deviceOf(program, PHONE);
    const byText = await ask(program, PHONE, { device });
    assert.deepEqual(await line(program, byText), { delivery: 'sent' });
    await carrier.report?.(program, 'delivered');
    assert.deepEqual(await line(program, byText), { delivery: 'delivered' });

    const byMail = await ask(program, EMAIL, { device: await deviceOf(program, EMAIL) });
    await bounce(program);
    await program.settled();
    assert.deepEqual(await line(program, byMail), { delivery: 'sent', by: 'sms' });
    await carrier.report?.(program, 'failed');
    assert.deepEqual(await line(program, byMail), { delivery: 'failed', by: 'sms' });
  });
});

describe('linked messengers', () => {
  const start = async (t: TestContext, person: Person, more: Record<string, string> = {}) => {
    const [whatsapp, viber] = [await MESSENGER_CARRIERS.whatsapp(), await MESSENGER_CARRIERS.viber()];
    const bot = await MESSENGER_CARRIERS.bot();
    for (const { stop } of [whatsapp, viber, bot]) t.after(stop);
    const env = { ...whatsapp.env, ...viber.env, ...bot.env, ...more };
    const sink = await startSmtpSink({ onRcpt: (to) => (to.startsWith('refuses') ? REFUSED : undefined) });
    t.after(() => sink.stop());
    const program = await startInProcess('sqlite', { ...env, REGAIN_SMTP_URL: sink.url });
    t.after(() => program.close());
    const account = await addPerson(program, person);
    return { program, sink, account, whatsapp, viber, bot };
  };
  type Person = Parameters<typeof addPerson>[1];

  test('are offered to everybody; only who linked one gets a code there, anybody else the mail', async (t) => {
    const { program, sink, account, whatsapp, viber } = await start(t, { emails: [EMAIL], phones: [PHONE] });
    if (viber.chat) await linkChat(program, account, viber.chat);
    const offered = ['email', 'whatsapp', 'telegram', 'viber'];
    for (const identifier of [EMAIL, NOBODY, PHONE, '+12125550188'])
      assert.deepEqual((await program.api('POST', '/recovery', { body: { identifier } })).json.channels, offered);
    await program.settled();
    const mails = codeMails(sink).length;
    const linked = await ask(program, EMAIL, { channel: 'viber' });
    assert.deepEqual([viber.codes().length, codeMails(sink).length], [1, mails]);
    assert.equal(await verified(program, linked, viber.codes()[0]), 200);
    assert.ok(sink.messages.some(({ to, text }) => to === EMAIL && /a messenger that you have linked/.test(text)));

    const unlinked = await ask(program, EMAIL, { channel: 'whatsapp' });
    assert.equal(whatsapp.codes().length, 0);
    assert.equal(await verified(program, unlinked, codeMails(sink).at(-1)), 200);
    const nobody = await ask(program, NOBODY, { channel: 'whatsapp' });
    await program.advance(3_000);
    assert.deepEqual(await line(program, await ask(program, EMAIL, { channel: 'viber' })), { delivery: 'queued' });
    assert.deepEqual(await line(program, nobody), { delivery: 'sent' });
  });

  test('an account with a landline and a chat alone is reached there when it asks by email', async (t) => {
    const { program, account, bot } = await start(t, { emails: [], phones: ['+442079460123'] });
    if (bot.chat) await linkChat(program, account, bot.chat);
    const token = await ask(program, '+442079460123');
    assert.equal(bot.codes().length, 1);
    assert.equal(await verified(program, token, bot.codes()[0]), 200);
  });

  test('a mailbox that refuses: by each chat in turn, until one is left that takes it', async (t) => {
    const { program, account, whatsapp, viber, bot } = await start(t, { emails: ['refuses@example.com'] });
    for (const { chat } of [whatsapp, viber, bot]) if (chat) await linkChat(program, account, chat);
    whatsapp.fail('refused', 50);
    bot.fail('refused');
    const token = await ask(program, 'refuses@example.com');
    assert.deepEqual([whatsapp.codes(), bot.codes(), viber.codes().length], [[], [], 1]);
    assert.equal(await verified(program, token, viber.codes()[0]), 200);
  });

  test('a chat that nobody has linked, and no mailbox that takes it: by the ways that are left', async (t) => {
    const texts = await CARRIERS.twilio();
    t.after(() => texts.stop());
    const { program, account, whatsapp } = await start(
      t,
      { emails: ['refuses@example.com'], phones: [PHONE] },
      texts.env,
    );
    const token = await ask(program, 'refuses@example.com', { channel: 'viber' });
    assert.equal(await verified(program, token, texts.codes()[0]), 200);
    if (whatsapp.chat) await linkChat(program, account, whatsapp.chat);
    await ask(program, 'refuses@example.com', { channel: 'viber' });
    assert.deepEqual([whatsapp.codes().length, texts.codes().length], [1, 1]);
  });

  describe("a bot's chat, which reports nothing, and that was not asked for", () => {
    const startWithTexts = async (t: TestContext, emails: string[], more: Record<string, string> = {}) => {
      const texts = await CARRIERS.twilio();
      t.after(() => texts.stop());
      const world = await start(t, { emails, phones: [PHONE] }, { ...texts.env, ...more });
      if (world.bot.chat) await linkChat(world.program, world.account, world.bot.chat);
      return { ...world, texts };
    };
    const seconds = async (program: InProcess, count: number): Promise<void> => {
      for (let second = 0; second < count; second += 1) await program.advance(1_000);
    };

    for (const emails of [[EMAIL], []])
      test(`in the place of the Gateway, with ${emails.length} mailboxes: the text that was asked for still comes`, async (t) => {
        const gateway = await startTelegramGatewayPeer(GATEWAY_TOKEN);
        t.after(() => gateway.stop());
        const url = `telegram-gateway://:${GATEWAY_TOKEN}@gatewayapi.telegram.org?api=${gateway.url}`;
        const { program, bot, texts } = await startWithTexts(t, emails, { REGAIN_TELEGRAM_GATEWAY_URL: url });
        await ask(program, PHONE, { channel: 'sms' });
        await seconds(program, 20);
        assert.deepEqual([bot.codes().length, gateway.calls.length], [1, 0]);
        assert.deepEqual(texts.codes(), bot.codes());
      });

    test('below a text that nobody reads: the mailbox has the code within a minute', async (t) => {
      const { program, sink, bot, texts } = await startWithTexts(t, [EMAIL]);
      await ask(program, PHONE);
      await seconds(program, 60);
      assert.deepEqual([bot.codes(), codeMails(sink)], [texts.codes(), texts.codes()]);
    });

    test('is not followed once the code was entered; and asked for, it is not followed at all', async (t) => {
      const { program, sink, bot, texts } = await startWithTexts(t, [EMAIL]);
      const asked = await ask(program, PHONE, { channel: 'telegram' });
      await seconds(program, 60);
      assert.deepEqual([bot.codes().length, texts.codes().length, codeMails(sink).length], [1, 0, 0]);
      assert.equal(await verified(program, asked, bot.codes()[0]), 200);
      const token = await ask(program, PHONE);
      await seconds(program, 25);
      assert.equal(await verified(program, token, bot.codes()[1]), 200);
      await seconds(program, 60);
      assert.deepEqual([bot.codes().length, texts.codes().length, codeMails(sink).length], [2, 1, 0]);
    });
  });

  test('who blocked the bot is found out once, and the account page says so', async (t) => {
    const { program, account, bot } = await start(t, { emails: [EMAIL] });
    if (bot.chat) await linkChat(program, account, bot.chat);
    bot.fail('refused');
    await ask(program, EMAIL, { channel: 'telegram' });
    const { store } = program.regain.context;
    const [chat] = await store.transaction((tx) => tx.chats.ofAccount(account));
    assert.equal(chat?.stoppedAt, program.now());
    const events = await store.transaction((tx) => tx.audit.ofAccount(account, 50));
    assert.ok(events.some(({ name }) => name === 'stop-messenger'));
  });

  test('share the door of the phone: another messenger is no guess more, and no message a day', async (t) => {
    const { program, account, viber } = await start(t, { emails: [EMAIL] });
    if (viber.chat) await linkChat(program, account, viber.chat);
    for (const channel of ['viber', 'whatsapp', 'telegram', 'viber', 'telegram']) {
      const token = await ask(program, EMAIL, { channel });
      assert.equal(await verified(program, token, '000000'), 422);
    }
    const { json } = await program.api('POST', '/recovery', { body: { identifier: EMAIL, channel: 'whatsapp' } });
    assert.equal(json.codeLength, 8);
    const byMail = await program.api('POST', '/recovery', { body: { identifier: EMAIL } });
    assert.equal(byMail.json.codeLength, 6, 'the mailbox is a door of its own');
    const statuses: number[] = [];
    for (let at = 0; at < 12; at += 1) {
      const channel = at % 2 ? 'viber' : 'telegram';
      statuses.push((await program.api('POST', '/recovery', { body: { identifier: EMAIL, channel } })).status);
    }
    assert.equal(statuses.at(-1), 429);
    await program.settled();
  });
});

/** Codes that came by mail. */
function codeMails({ messages }: { messages: readonly SinkMessage[] }): string[] {
  return messages.filter(({ text }) => /^\s*\d{6,8}\s*$/m.test(text)).map((mail) => codeIn(mail));
}

async function withTwilio(t: TestContext): Promise<{ program: InProcess; carrier: Carrier }> {
  const carrier = await CARRIERS.twilio();
  t.after(() => carrier.stop());
  const program = await startInProcess('sqlite', carrier.env);
  t.after(() => program.close());
  return { program, carrier };
}

/** Texts go to a webhook; the mail server answers each recipient as told. */
async function withMailbox(
  t: TestContext,
  engine: 'sqlite' | 'postgres',
  onRcpt?: NonNullable<SmtpSinkOptions['onRcpt']>,
  { risk, env = {} }: { risk?: () => Promise<'high'>; env?: Record<string, string> } = {},
) {
  const nowS = (): number => Math.floor(program.now() / 1000);
  const carrier = await CARRIERS.webhook(nowS);
  t.after(() => carrier.stop());
  const sink = onRcpt && (await startSmtpSink({ onRcpt }));
  if (sink) t.after(() => sink.stop());
  const mail: Record<string, string> = sink ? { REGAIN_SMTP_URL: sink.url } : {};
  const program: InProcess = await startInProcess(engine, { ...carrier.env, ...mail, ...env }, risk ? { risk } : {});
  t.after(() => program.close());
  return { program, carrier, mails: () => (sink ?? program.sink).messages };
}

async function ask(program: InProcess, identifier: string, more: object = {}): Promise<string> {
  const { json, status } = await program.api('POST', '/recovery', { body: { identifier, ...more } });
  assert.equal(status, 202);
  await program.settled();
  return json.token;
}

async function resend(program: InProcess, token: string, channel: string): Promise<ApiAnswer> {
  const answer = await program.api('POST', '/recovery/resend', { body: { token, channel } });
  await program.settled();
  return answer;
}

/** The newest mail with a code that left comes back. */
async function bounce({ regain: { context }, now }: InProcess): Promise<void> {
  const mails = await context.store.transaction((tx) =>
    tx.messages.list({ since: 0, channel: 'email', kind: 'recovery-code' }, 100),
  );
  const mail = mails.find(({ sentAt }) => sentAt !== null);
  const messageId = mail?.id ?? '';
  const receipt = { type: 'receipt', providerId: '', messageId, status: 'failed', at: now(), reason: '5.2.2' } as const;
  await recordReceipt(context, 'email', receipt);
}

async function line(program: InProcess, token: string): Promise<{ delivery: string; by?: string }> {
  const { json } = await program.api('GET', '/recovery', { token });
  return { delivery: json.delivery, ...(json.by === undefined ? {} : { by: json.by }) };
}

async function verified(program: InProcess, token: string, code: string | undefined): Promise<number> {
  return (await program.api('POST', '/recovery/verify', { body: { token, code } })).status;
}

async function deviceOf(program: InProcess, identifier: string): Promise<string> {
  const { json } = await program.api('POST', '/sessions', { body: { identifier, password: OLD_PASSWORD } });
  return json.device;
}
