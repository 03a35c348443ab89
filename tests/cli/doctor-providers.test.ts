/** `regain doctor` on providers: it asks each what it thinks of us, with real servers at the network's edge. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { freePort } from '../regain.ts';
import { type Smsc, startSmsc } from '../smsc.ts';
import { startTelegramPeer, type TelegramPeer } from '../telegram-peer.ts';
import { startTwilioPeer, type TwilioPeer } from '../twilio-peer.ts';
import { startViberPeer, type ViberPeer } from '../viber-peer.ts';
import { startWhatsAppPeer, type WhatsAppPeer } from '../whatsapp-peer.ts';
import { openTerminal, type Terminal } from './terminal.ts';

const ACCOUNT = `AC${'0'.repeat(32)}`;
const TOKEN = '0123456789abcdef0123456789abcdef';
const BOT = '123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw';
const GATEWAY = 'AAEmAgAAmv8UJbzMlQyWyYbWZnzqXsFT3TbB4w1xEbA0Aw';
const VIBER = '445da6az1s345z78-dazcczb2542zv51a-e0vc5fva17480im9';
const PHONE = {
  phoneNumberId: '106540352242922',
  token: `EAAJB${'a'.repeat(40)}`,
  appSecret: '0123456789abcdef0123456789abcdef',
  verifyToken: 'a token that the shop made up',
  template: 'recovery_code',
  languages: ['en_US'],
  number: '15550100',
};

describe('doctor on providers', () => {
  let terminal: Terminal;
  let twilio: TwilioPeer;
  let telegram: TelegramPeer;
  let viber: ViberPeer;
  let whatsApp: WhatsAppPeer;
  before(async () => {
    [twilio, telegram, viber, whatsApp, terminal] = await Promise.all([
      startTwilioPeer({ account: ACCOUNT, authToken: TOKEN }),
      startTelegramPeer(BOT),
      startViberPeer(VIBER),
      startWhatsAppPeer(PHONE),
      openTerminal('sqlite'),
    ]);
    terminal.env.REGAIN_DATABASE_URL = 'sqlite:./shop.db';
    terminal.env.REGAIN_SMS_COUNTRIES = 'US';
  });
  after(() =>
    Promise.all(
      [terminal, twilio, telegram, viber, whatsApp].map((one) => ('close' in one ? one.close() : one.stop())),
    ),
  );

  const twilioUrl = (token: string): string =>
    `twilio://${ACCOUNT}:${token}@api.twilio.com?from=+15550100&api=${twilio.url}`;
  const botUrl = (name = 'shop_bot', token = BOT): string =>
    `telegram://${token}@api.telegram.org/${name}?api=${telegram.url}`;
  const viberUrl = (uri = 'shop'): string => `viber://:${VIBER}@chatapi.viber.com?uri=${uri}&api=${viber.url}`;
  const whatsAppUrl = (number: string): string =>
    `whatsapp://${PHONE.phoneNumberId}:${PHONE.token}@graph.facebook.com/v23.0?app_secret=${PHONE.appSecret}&verify_token=${encodeURIComponent(PHONE.verifyToken)}&template=recovery_code&languages=en_US&number=${number}&api=${whatsApp.url}`;
  /** The lines about providers alone. */
  const doctor = async (env: Record<string, string>): Promise<string[]> => {
    await terminal.transcript('$ regain doctor\n…', { env }).catch(() => undefined);
    return terminal.last.split('\n').filter((line) => /^\w+ +(Texts|Gateway|Telegram|WhatsApp|Viber) /.test(line));
  };

  test('all let us in, and nothing was sent', async () => {
    const origin = 'http://localhost:3000';
    telegram.webhook = { url: `${origin}/webhooks/telegram` };
    viber.webhook = { url: `${origin}/webhooks/viber` };
    const lines = await doctor({
      REGAIN_SMS_URL: twilioUrl(TOKEN),
      REGAIN_TELEGRAM_GATEWAY_URL: `telegram-gateway://:${GATEWAY}@gatewayapi.telegram.org`,
      REGAIN_TELEGRAM_URL: botUrl('Shop_Bot'),
      REGAIN_WHATSAPP_URL: whatsAppUrl('15550100'),
      REGAIN_VIBER_URL: viberUrl(),
    });
    assert.deepEqual(lines, [
      'ok    Texts        Twilio lets us in',
      'ok    Telegram     Telegram lets us in as @shop_bot and reports to us',
      'ok    WhatsApp     WhatsApp lets us in as +15550100',
      'ok    Viber        Viber lets us in as shop and reports to us',
      "skip  Gateway      Telegram's Gateway charges for every question; the first code tells whether REGAIN_TELEGRAM_GATEWAY_URL is right",
    ]);
    assert.deepEqual([twilio.taken, telegram.sent, whatsApp.sent, viber.sent], [[], [], [], []]);
    const problems = [twilio, telegram, whatsApp, viber].flatMap((peer) => peer.problems);
    assert.deepEqual(problems, []);
  });

  test('none knows us', async () => {
    const lines = await doctor({
      REGAIN_SMS_URL: twilioUrl('f'.repeat(32)),
      REGAIN_TELEGRAM_URL: botUrl('shop_bot', `123456789:${'A'.repeat(35)}`),
      REGAIN_WHATSAPP_URL: whatsAppUrl('15550100').replace(PHONE.token, `EAAX${'a'.repeat(40)}`),
      REGAIN_VIBER_URL: viberUrl().replace('445da6', '000000'),
    });
    assert.deepEqual(lines, [
      'FAIL  Texts        Twilio refuses our login (20003) -> correct the login in REGAIN_SMS_URL',
      'FAIL  Telegram     Telegram refuses our login (401) -> correct the login in REGAIN_TELEGRAM_URL',
      'FAIL  WhatsApp     WhatsApp refuses our login (190) -> correct the login in REGAIN_WHATSAPP_URL',
      'FAIL  Viber        Viber refuses our login (2) -> correct the login in REGAIN_VIBER_URL',
    ]);
    assert.doesNotMatch(terminal.last, /f{32}|A{35}|EAAX|000000/, 'no secret is printed');
  });

  test('Twilio’s test credentials, which list no messages, are not called a wrong login', async () => {
    // https://www.twilio.com/docs/iam/test-credentials
    const message = 'Resource not accessible with Test Account Credentials';
    twilio.misbehave({ status: 403, body: JSON.stringify({ code: 20008, message, status: 403 }) });
    const lines = await doctor({ REGAIN_SMS_URL: twilioUrl(TOKEN) });
    assert.deepEqual(lines, [
      'warn  Texts        Twilio lets us in with test credentials: it takes messages, and nobody gets them -> put the live login into REGAIN_SMS_URL before people need it',
    ]);
  });

  test('links of ours that would open somebody else’s chat', async () => {
    const lines = await doctor({
      REGAIN_TELEGRAM_URL: botUrl('other_bot'),
      REGAIN_WHATSAPP_URL: whatsAppUrl('15550199'),
      REGAIN_VIBER_URL: viberUrl('other'),
    });
    for (const [at, name] of [
      'REGAIN_TELEGRAM_URL says @other_bot',
      'REGAIN_WHATSAPP_URL says +15550199',
      'REGAIN_VIBER_URL says other',
    ].entries())
      assert.match(
        lines[at] ?? '',
        new RegExp(`^FAIL .* ${name.replace('+', '\\+')}, and .* calls us .*somebody else's chat`),
      );
  });

  test('reports that go to nobody, or do not reach us', async () => {
    Object.assign(telegram, { webhook: undefined, unheard: undefined });
    viber.webhook = { url: 'https://old.shop.example/webhooks/viber' };
    const env = { REGAIN_TELEGRAM_URL: botUrl(), REGAIN_VIBER_URL: viberUrl() };
    assert.deepEqual(await doctor(env), [
      'warn  Telegram     Telegram lets us in as @shop_bot, but reports to nobody -> start regain serve, which tells it http://localhost:3000/webhooks/telegram',
      "warn  Viber        Viber lets us in as shop, but reports to 'https://old.shop.example/webhooks/viber' -> start regain serve, which tells it http://localhost:3000/webhooks/viber",
    ]);
    telegram.webhook = { url: 'http://localhost:3000/webhooks/telegram' };
    telegram.unheard = 'Connection timed out';
    assert.match(
      (await doctor(env))[0] ?? '',
      /but its last report did not reach us: 'Connection timed out' -> see that http/,
    );
  });

  test('nobody is there', async () => {
    const port = await freePort();
    const lines = await doctor({ REGAIN_SMS_URL: `http://127.0.0.1:${port}/send?secret=of-the-shop-and-nobody-else` });
    assert.deepEqual(lines, [
      "FAIL  Texts        your service can't be reached (ECONNREFUSED) -> open the way out, or correct REGAIN_SMS_URL",
    ]);
  });

  describe('an SMS centre', () => {
    let smsc: Smsc;
    after(() => smsc.stop());
    const url = (password: string): string => `smpp://shop:${password}@127.0.0.1:${smsc.port}?from=Shop`;

    test('lets us in as a transmitter, so that receipts go on to the server', async () => {
      smsc = await startSmsc({ password: 'right', greeting: { text: 'a receipt' } as never });
      assert.deepEqual(await doctor({ REGAIN_SMS_URL: url('right') }), [
        'ok    Texts        the SMS centre lets us in as shop',
      ]);
      assert.deepEqual(smsc.heard, ['bind_transmitter', 'unbind']);
      assert.deepEqual(await doctor({ REGAIN_SMS_URL: url('wrong') }), [
        'FAIL  Texts        the SMS centre refuses our login (ESME_RINVPASWD) -> correct the login in REGAIN_SMS_URL',
      ]);
      assert.deepEqual(smsc.submitted, []);
    });
  });
});
