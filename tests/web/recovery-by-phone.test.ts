/** Recovering by phone, through the whole program: a provider of texts on the one side, a person or app on the other. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { CODE_LIFETIME_MS } from '../../src/rules/limits.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn, linkIn, NEW_PASSWORD, OLD_PASSWORD, wrongCode } from '../people.ts';
import { startSmsc } from '../smsc.ts';
import { startTelegramGatewayPeer } from '../telegram-peer.ts';
import { startTextingShop, TEXTS_SECRET } from '../texting-shop.ts';
import { startTwilioPeer } from '../twilio-peer.ts';
import { type ApiAnswer, Visitor } from '../visitor.ts';
import { reportSignature, type WebhookReceiver } from '../webhook-receiver.ts';

const MINUTE = 60_000;
const EMAIL = 'jane@example.com';
const PHONE = '+12125550101';
const STRANGER = '+12125550188';
const OTHER = '+12125550102';
const GATEWAY_TOKEN = 'AAEYJQAAh43tuSpLbRnlRl9pHYqzeN6gCVSHd9OB';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`recovery by phone, on ${engine}`, () => {
    test('a person without email types a phone number and recovers by the text message', async (t) => {
      const { program, receiver } = await withReceiver(t, engine);
      await addPerson(program, { emails: [], phones: [OTHER, PHONE] });
      const started = await start(program, { identifier: '+1 (212) 555-0101' });
      assert.equal(started.status, 202);
      assert.deepEqual([started.json.channel, started.json.channels], ['sms', ['email', 'sms']]);
      await program.settled();
      assert.deepEqual(
        receiver.taken.map(({ to, kind }) => [to, kind]),
        [[PHONE, 'recovery-code']],
      );
      const text = receiver.taken[0]?.text ?? '';
      assert.match(text, /RESET/);
      assert.equal(text.split('\n').at(-1), `@accounts.shop.example #${codeOf(text)}`);
      const { token } = started.json;
      assert.equal((await verify(program, token, wrongCode(codeOf(text)))).status, 422);
      assert.equal((await verify(program, token, codeOf(text))).status, 200);
      const set = await program.api('POST', '/recovery/password', { body: { token, password: NEW_PASSWORD } });
      assert.equal(set.json.state, 'completed');
      const signedIn = await program.api('POST', '/sessions', { body: { identifier: PHONE, password: NEW_PASSWORD } });
      assert.equal(signedIn.status, 201);
      assert.deepEqual(receiver.complaints, []);
    });

    test('an app’s national number is read with the region of its locale, else of Accept-Language, else with the shop’s', async (t) => {
      const { program, receiver } = await withReceiver(t, engine, { REGAIN_SMS_COUNTRIES: 'US,FR,GB' });
      await addPerson(program, { emails: [], phones: ['+33612345678'] });
      await addPerson(program, { emails: [], phones: ['+447400123456'] });
      const french = '06 12 34 56 78';
      const call = (path: string, body: object, language?: string) =>
        program.api('POST', path, { body, headers: language === undefined ? {} : { 'Accept-Language': language } });
      for (const [identifier, locale, language, to] of [
        [french, 'fr-FR', undefined, '+33612345678'],
        [french, 'fr-Latn-FR', 'en-GB', '+33612345678'],
        [french, 'fr', 'fr-FR', '+33612345678'],
        [french, undefined, 'fr-FR', '+33612345678'],
        ['07400 123456', 'en-GB', 'fr-FR', '+447400123456'],
        // No country, whatever the tag looks like.
        ['07400 123456', 'en-UK', 'en-GB', '+447400123456'],
      ] as const) {
        const { status } = await call('/recovery', { identifier, ...(locale ? { locale } : {}) }, language);
        assert.equal(status, 202, `${identifier} in ${locale}`);
        await program.settled();
        assert.equal(receiver.taken.at(-1)?.to, to, `${identifier} in ${locale}, ${language}`);
      }
      assert.equal(receiver.taken.length, 6);
      for (const locale of ['fr', 'en-UK', 'ar-XB', 'en-US'])
        assert.equal((await call('/recovery', { identifier: french, locale })).json.code, 'invalid_identifier', locale);

      const locale = 'fr-FR';
      assert.equal((await call('/registration', { identifier: '06 12 34 56 79', locale })).status, 202);
      await program.settled();
      assert.equal(receiver.taken.at(-1)?.to, '+33612345679');
      const password = OLD_PASSWORD;
      assert.equal((await call('/sessions', { identifier: french, password, locale }, 'en-GB')).status, 201);
      assert.equal((await call('/sessions', { identifier: french, password })).status, 400);
      assert.equal((await call('/work', { identifier: french, locale })).status, 200);
      assert.equal((await call('/work', { identifier: french })).status, 400);
    });

    test('a national number is shown as it was read, and where to mend it: the same for known and unknown', async (t) => {
      const { program } = await withReceiver(t, engine);
      await addPerson(program, { emails: [], phones: ['+12015550101', '+442015550101'] });
      const lead = async (identifier: string, language: string): Promise<string[]> => {
        const visitor = new Visitor((request) => program.regain.fetch(request), program.regain.config.origin, {
          'Accept-Language': language,
        });
        await visitor.post('/recover', { identifier });
        await program.settled();
        const { url, text } = await visitor.get('/recover/code');
        assert.equal(url, '/recover/code');
        assert.equal((await visitor.get('/recover')).status, 200);
        const [, shown = '', link = ''] =
          /<p class="hint">(We read that as.*?) <a href="([^"]*)">Not your number\?/.exec(text) ?? [];
        return [shown.replaceAll(/<[^>]*>/g, ''), link];
      };
      for (const [typed, language, read] of [
        ['201 555 0101', 'en-GB', 'We read that as +44 20 1555 0101 (United Kingdom).'],
        ['201 555 0199', 'en-GB', 'We read that as +44 20 1555 0199 (United Kingdom).'],
        ['201 555 0101', 'de-DE', 'We read that as +49 201 5550101 (Germany).'],
        ['201 555 0101', 'en-US', 'We read that as +1 201 555 0101 (United States).'],
        ['201 555 0199', 'en-US', 'We read that as +1 201 555 0199 (United States).'],
        ['001 65 8234 5678', 'en-SG', 'We read that as +65 8234 5678 (Singapore).'],
        ['001 65 8234 5678', 'en-US', 'We read that as +1 658 234 5678 (Jamaica).'],
      ] as const)
        assert.deepEqual(await lead(typed, language), [read, '/recover'], `${typed} in ${language}`);
      assert.deepEqual(
        await lead('+12015550101', 'en-GB'),
        ['', ''],
        'with its country code there is nothing to mistake',
      );
      assert.deepEqual(await lead(EMAIL, 'en-GB'), ['', '']);
    });

    test('from email to a text message and back: the same code each time', async (t) => {
      const { program, receiver } = await withReceiver(t, engine);
      await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
      const { token, channel } = (await start(program, { identifier: EMAIL })).json;
      assert.equal(channel, 'email');
      await program.settled();
      const byText = await resend(program, token, 'sms');
      assert.deepEqual([byText.status, byText.json.channel], [202, 'sms']);
      await program.settled();
      const code = codeIn(program.sink.messages[0] as never);
      assert.deepEqual(
        receiver.taken.map(({ to, text }) => [to, codeOf(text)]),
        [[PHONE, code]],
      );
      const early = await resend(program, token, 'sms');
      assert.deepEqual([early.status, early.json.code], [429, 'rate_limited'], 'the same way again takes its time');
      const back = await resend(program, token, 'email');
      assert.deepEqual([back.status, back.json.channel], [202, 'email']);
      await program.settled();
      assert.deepEqual(
        codeMails(program).map((mail) => codeIn(mail)),
        [code, code],
      );
      assert.equal(receiver.taken.length, 1);
      assert.equal((await verify(program, token, code)).status, 200);
    });

    test('a provider that fails: the code comes by email within the minute, and never twice by one way', async (t) => {
      const { program, receiver } = await withReceiver(t, engine);
      await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
      const faults = {
        'is down': [{ status: 503 }, { status: 503 }, { status: 503 }],
        'asks to wait': [{ status: 429, headers: { 'Retry-After': '120' } }],
        'refuses this number': [{ status: 400 }],
        closes: ['close'],
      } as const;
      for (const [fault, how] of Object.entries(faults)) {
        const [mails, asked] = [codeMails(program).length, receiver.requests.length];
        receiver.misbehave(...how);
        const { token } = (await start(program, { identifier: PHONE })).json;
        for (let waitedMs = 0; waitedMs < MINUTE; waitedMs += 1_000) await program.advance(1_000);
        assert.equal(receiver.requests.length - asked, how.length, fault);
        const sent = codeMails(program).slice(mails);
        assert.deepEqual(
          sent.map(({ to }) => to),
          [EMAIL],
          fault,
        );
        assert.equal((await verify(program, token, codeIn(sent[0] as never))).status, 200, fault);
      }
    });

    test('the mailbox hears of a text at once, and can stop what was asked for', async (t) => {
      const { program, receiver } = await withReceiver(t, engine);
      await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
      const { token } = (await start(program, { identifier: PHONE })).json;
      await program.settled();
      const [notice, ...more] = program.sink.messages;
      assert.deepEqual([notice?.to, more], [EMAIL, []]);
      assert.match(notice?.text ?? '', /goes to \+1\*+01 by text message/);
      const visitor = new Visitor((request) => program.regain.fetch(request), program.regain.config.origin);
      assert.equal((await visitor.post(linkIn(notice as never, '/recover/cancel/'))).status, 200);
      const late = await verify(program, token, codeOf(receiver.taken[0]?.text ?? ''));
      assert.equal(late.json.code, 'wrong_code');
    });

    test('"this wasn’t me" stops recovery by every way that a code went', async (t) => {
      const { program, receiver } = await withReceiver(t, engine);
      await addPerson(program, { emails: [EMAIL, 'other@example.com'], phones: [PHONE] });
      const { token } = (await start(program, { identifier: PHONE })).json;
      await program.settled();
      // Whoever reads the texts tries to lay the blame on the mailbox alone.
      assert.equal((await resend(program, token, 'email')).status, 202);
      await program.settled();
      assert.equal((await verify(program, token, codeOf(receiver.taken[0]?.text ?? ''))).status, 200);
      await program.api('POST', '/recovery/password', { body: { token, password: NEW_PASSWORD } });
      await program.settled();
      const notice = program.sink.messages.find(({ text }) => text.includes('/recover/not-me/'));
      const visitor = new Visitor((request) => program.regain.fetch(request), program.regain.config.origin);
      assert.equal((await visitor.post(linkIn(notice as never, '/recover/not-me/'))).status, 200);
      await program.settled();
      const texts = receiver.taken.length;
      const again = (await start(program, { identifier: PHONE, channel: 'sms' })).json.token;
      await program.settled();
      assert.equal(receiver.taken.length, texts, 'a stopped number is not texted');
      assert.equal((await status(program, again)).status, 200);
      // The other mailbox recovers the account, and leads to no stopped number.
      const mails = codeMails(program).length;
      const byOther = (await start(program, { identifier: 'other@example.com', channel: 'sms' })).json.token;
      await program.settled();
      assert.equal(receiver.taken.length, texts);
      assert.equal((await verify(program, byOther, codeIn(codeMails(program)[mails] as never))).status, 200);
    });

    test('texts are paid for as they are taken; what is held back goes to the mailbox at once', async (t) => {
      const { program, receiver } = await withReceiver(t, engine, { REGAIN_PRICES: 'sms:US=0.05' });
      await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
      const spent = async (): Promise<number> => {
        const day = Math.floor(program.now() / 86_400_000);
        const rows = await program.regain.context.store.transaction((tx) => tx.spend.spentOn(day));
        return rows.reduce((sum, { micros }) => sum + micros, 0);
      };
      receiver.misbehave({ status: 400 });
      await start(program, { identifier: PHONE });
      await program.settled();
      assert.equal(await spent(), 0, 'a refused text is given back');
      await start(program, { identifier: PHONE });
      await program.settled();
      assert.equal(await spent(), 50_000);
      receiver.misbehave('close');
      await start(program, { identifier: PHONE });
      await program.settled();
      assert.equal(await spent(), 100_000, 'a text that may have been taken is paid for');

      const { program: poor, receiver: unused } = await withReceiver(t, engine, { REGAIN_SPEND_PER_DAY: 'sms=0' });
      await addPerson(poor, { emails: [EMAIL], phones: [PHONE] });
      const { token } = (await start(poor, { identifier: PHONE })).json;
      await poor.settled();
      assert.equal(unused.requests.length, 0);
      assert.equal((await verify(poor, token, codeIn(codeMails(poor)[0] as never))).status, 200);
    });

    test('a signed report becomes the status of the message, a forged one is refused, and the line says what it said', async (t) => {
      const { program, receiver } = await withReceiver(t, engine);
      await addPerson(program, { emails: [], phones: [PHONE] });
      const { token } = (await start(program, { identifier: PHONE })).json;
      await program.settled();
      const id = receiver.taken[0]?.id ?? '';
      const body = JSON.stringify({ id, status: 'delivered' });
      const report = async (secret: string): Promise<number> => {
        const headers = { 'Regain-Signature': reportSignature(secret, Math.floor(program.now() / 1000), body) };
        const url = `${program.regain.config.origin}/webhooks/sms`;
        return (await program.regain.fetch(new Request(url, { method: 'POST', headers, body }))).status;
      };
      const statusOf = async (): Promise<string | undefined> =>
        (await program.regain.context.store.transaction((tx) => tx.outbox.byId(id)))?.status;
      assert.equal(await report('another key'), 401);
      assert.equal(await statusOf(), 'sent');
      assert.equal(await report(TEXTS_SECRET), 200);
      assert.equal(await statusOf(), 'delivered');
      assert.equal((await status(program, token)).json.delivery, 'queued');
    });

    test('after the code is of no use nothing leaves, by no way', async (t) => {
      const { program, receiver } = await withReceiver(t, engine);
      await addPerson(program, { emails: [], phones: [PHONE] });
      receiver.misbehave({ status: 503 });
      const { token } = (await start(program, { identifier: PHONE })).json;
      await program.settled();
      await program.advance(CODE_LIFETIME_MS);
      assert.equal(receiver.requests.length, 1);
      assert.equal(receiver.taken.length, 0);
      assert.equal((await status(program, token)).json.state, 'code_sent');
    });

    test('an account without a number that asks for a text gets a mail; a landline leads to the mailbox', async (t) => {
      const { program, receiver } = await withReceiver(t, engine, { REGAIN_SMS_COUNTRIES: 'US,GB' });
      await addPerson(program, { emails: [EMAIL], phones: ['+442079460123'] });
      assert.equal((await start(program, { identifier: EMAIL, channel: 'sms' })).json.channel, 'sms');
      await program.settled();
      const byLandline = (await start(program, { identifier: '+442079460123' })).json;
      assert.deepEqual([byLandline.channel, byLandline.channels], ['email', ['email']]);
      await program.settled();
      assert.equal(receiver.requests.length, 0);
      assert.deepEqual(
        program.sink.messages.map(({ to }) => to),
        [EMAIL, EMAIL],
      );
    });
  });

describe('which ways there are', () => {
  test('a channel that is not configured is refused, for known and unknown alike', async (t) => {
    const program = await startInProcess('sqlite');
    t.after(() => program.close());
    await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
    for (const identifier of [EMAIL, PHONE, STRANGER])
      for (const channel of ['sms', 'whatsapp', 'pigeon']) {
        const refused = await start(program, { identifier, channel });
        assert.deepEqual([refused.status, refused.json.code], [400, 'invalid_request'], channel);
      }
    assert.deepEqual((await start(program, { identifier: PHONE })).json.channels, ['email']);
  });

  test('a country that is not allowed gets no text, whoever asks', async (t) => {
    const { program, receiver } = await withReceiver(t, 'sqlite', { REGAIN_SMS_COUNTRIES: 'FR' });
    await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
    const started = await start(program, { identifier: PHONE });
    assert.deepEqual([started.json.channel, started.json.channels], ['email', ['email']]);
    assert.equal((await start(program, { identifier: PHONE, channel: 'sms' })).status, 400);
    assert.equal((await start(program, { identifier: EMAIL, channel: 'sms' })).status, 202);
    await program.settled();
    assert.equal(receiver.requests.length, 0);
    assert.equal(program.sink.messages.length, 2);
  });

  test('an account is opened with an email address, however texts are configured', async (t) => {
    const { program } = await withReceiver(t, 'sqlite');
    const body = { identifier: 'new@example.com', channel: 'sms' };
    assert.equal((await program.api('POST', '/registration', { body })).status, 400);
  });
});

describe('what provider carries it', () => {
  test('Twilio', async (t) => {
    const login = { account: 'AC00000000000000000000000000000001', authToken: 'token' };
    const peer = await startTwilioPeer(login);
    t.after(async () => {
      await peer.stop();
      assert.deepEqual(peer.problems, []);
    });
    const url = `twilio://${login.account}:${login.authToken}@api.twilio.com?from=%2B12125550199&api=${peer.url}`;
    const program = await startInProcess('sqlite', { REGAIN_SMS_URL: url, REGAIN_SMS_COUNTRIES: 'US' });
    t.after(() => program.close());
    await addPerson(program, { emails: [EMAIL], phones: [PHONE, '+15005550006'] });
    const { token } = (await start(program, { identifier: PHONE })).json;
    await program.settled();
    const [taken] = peer.taken;
    assert.equal(taken?.form.To, PHONE);
    assert.match(taken?.form.StatusCallback ?? '', /^https:\/\/accounts\.shop\.example\/webhooks\/twilio/);
    assert.equal((await verify(program, token, codeOf(taken?.form.Body ?? ''))).status, 200);
  });

  test('a lost answer of Twilio: the mailbox gets the code, and Twilio is not asked twice', async (t) => {
    const login = { account: 'AC00000000000000000000000000000001', authToken: 'token' };
    const peer = await startTwilioPeer(login);
    t.after(async () => {
      await peer.stop();
      assert.deepEqual(peer.problems, []);
    });
    const url = `twilio://${login.account}:${login.authToken}@api.twilio.com?from=%2B12125550199&api=${peer.url}`;
    const program = await startInProcess('sqlite', { REGAIN_SMS_URL: url, REGAIN_SMS_COUNTRIES: 'US' });
    t.after(() => program.close());
    await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
    peer.misbehave('close');
    await start(program, { identifier: PHONE });
    await program.settled();
    await program.advance(MINUTE);
    assert.equal(peer.requests, 1);
    assert.deepEqual(
      codeMails(program).map((mail) => codeIn(mail)),
      [codeOf(peer.taken[0]?.form.Body ?? '')],
    );
  });

  test('Telegram Gateway goes first; who has no Telegram gets a text, and who has no number a mail: one code', async (t) => {
    const gateway = await startTelegramGatewayPeer(GATEWAY_TOKEN);
    t.after(() => gateway.stop());
    gateway.numbers.add(PHONE);
    const { program, receiver } = await withReceiver(t, 'sqlite', {
      REGAIN_TELEGRAM_GATEWAY_URL: `telegram-gateway://:${GATEWAY_TOKEN}@gatewayapi.telegram.org?api=${gateway.url}`,
    });
    await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
    await addPerson(program, { emails: ['no-telegram@example.com'], phones: [OTHER] });
    const byTelegram = (await start(program, { identifier: PHONE })).json.token;
    await program.settled();
    const sent = gateway.calls.filter(({ path }) => path.endsWith('/sendVerificationMessage'));
    assert.deepEqual([sent.length, receiver.requests.length], [1, 0]);
    assert.equal((await verify(program, byTelegram, JSON.parse(String(sent[0]?.body)).code)).status, 200);

    const byText = (await start(program, { identifier: OTHER })).json.token;
    await program.settled();
    assert.deepEqual(
      receiver.taken.map(({ to }) => to),
      [OTHER],
    );
    assert.deepEqual(codeMails(program), []);
    assert.equal((await verify(program, byText, codeOf(receiver.taken[0]?.text ?? ''))).status, 200);
    assert.deepEqual(gateway.problems, []);
  });

  test('a provider that hangs: the code comes by email when the time for an answer is over', async (t) => {
    const { program, receiver } = await withReceiver(t, 'sqlite');
    await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
    receiver.misbehave('hang');
    const { token } = (await start(program, { identifier: PHONE })).json;
    await program.settled();
    assert.equal(receiver.requests.length, 1);
    assert.equal(codeIn(codeMails(program)[0] as never), codeOf(receiver.taken[0]?.text ?? ''));
    assert.equal((await verify(program, token, codeIn(codeMails(program)[0] as never))).status, 200);
  });

  test('where the risk is high a link turns to a long code in a text, and the mailbox gets links alone', async (t) => {
    const shop = await startTextingShop(
      'sqlite',
      {},
      { risk: async ({ channel }) => (channel === 'email' ? 'high' : 'low') },
    );
    t.after(() => shop.close());
    const { program, receiver } = shop;
    await addPerson(program, { emails: [EMAIL], phones: [PHONE] });
    const { token } = (await start(program, { identifier: EMAIL })).json;
    await program.settled();
    assert.equal((await status(program, token)).json.carries, 'link');
    const byText = (await resend(program, token, 'sms')).json;
    assert.deepEqual([byText.carries, byText.codeFormat, byText.codeLength], [undefined, 'letters', 10]);
    await program.settled();
    assert.doesNotMatch(receiver.taken[0]?.text ?? '', /https?:/);
    assert.equal((await verify(program, token, codeOf(receiver.taken[0]?.text ?? ''))).status, 200);

    receiver.misbehave('close');
    const fallen = (await start(program, { identifier: PHONE })).json.token;
    await program.settled();
    assert.equal((await status(program, fallen)).json.carries, undefined, 'the page waits for the code of the text');
    assert.deepEqual(codeMails(program), [], 'the mailbox, which was not asked for, gets a link');
    assert.match(program.sink.messages.at(-1)?.text ?? '', /\/recover\/confirm#/);
    assert.equal((await verify(program, fallen, codeOf(receiver.taken[1]?.text ?? ''))).status, 200);

    for (let wrong = 0; wrong < 5; wrong += 1) {
      const guess = (await start(program, { identifier: PHONE })).json.token;
      assert.equal((await verify(program, guess, '000000')).status, 422);
    }
    await program.settled();
    assert.equal((await start(program, { identifier: PHONE })).json.codeLength, 8);
  });

  test('SMPP: bound when the worker starts, before anybody asks', async (t) => {
    const smsc = await startSmsc();
    t.after(() => smsc.stop());
    const url = `smpp://user:password@127.0.0.1:${smsc.port}?from=Shop`;
    const program = await startInProcess('sqlite', { REGAIN_SMS_URL: url, REGAIN_SMS_COUNTRIES: 'US' });
    t.after(() => program.close());
    await smsc.waitFor('a bind', () => smsc.binds.length === 1);
    await addPerson(program, { emails: [], phones: [PHONE] });
    const { token } = (await start(program, { identifier: PHONE })).json;
    await program.settled();
    const [submitted] = smsc.submitted;
    assert.equal(`+${submitted?.destination}`, PHONE);
    assert.equal((await verify(program, token, codeOf(submitted?.bytes.toString('latin1') ?? ''))).status, 200);
    assert.deepEqual(smsc.complaints, []);
  });
});

async function withReceiver(
  t: TestContext,
  engine: 'sqlite' | 'postgres',
  env: Record<string, string> = {},
): Promise<{ program: InProcess; receiver: WebhookReceiver }> {
  const shop = await startTextingShop(engine, env);
  t.after(() => shop.close());
  const { program, receiver } = shop;
  return { program, receiver };
}

const start = (program: InProcess, body: object): Promise<ApiAnswer> => program.api('POST', '/recovery', { body });
const resend = (program: InProcess, token: string, channel: string): Promise<ApiAnswer> =>
  program.api('POST', '/recovery/resend', { body: { token, channel } });
const verify = (program: InProcess, token: string, code: string): Promise<ApiAnswer> =>
  program.api('POST', '/recovery/verify', { body: { token, code } });
const codeMails = ({ sink }: InProcess) => sink.messages.filter(({ text }) => /^\s*\d{6}\s*$/m.test(text));
const status = (program: InProcess, token: string): Promise<ApiAnswer> => program.api('GET', '/recovery', { token });

function codeOf(text: string): string {
  return /#([0-9A-Z]+)$/.exec(text)?.[1] ?? 'none';
}
