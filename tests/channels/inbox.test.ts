/** The phones of development: what arrives on them, what they report, and what their people do. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { createInbox, type Inbox } from '../../src/channels/inbox.ts';
import { createInboxChats, type InboxChats, type Phone } from '../../src/channels/inbox-chats.ts';
import { createTelegramChannel } from '../../src/channels/telegram.ts';
import { createViberChannel } from '../../src/channels/viber.ts';
import { createWhatsAppChannel } from '../../src/channels/whatsapp.ts';
import type { ChannelEvent, LinkedChannel, OutgoingText, TextChannel, WebhookCall } from '../../src/ports.ts';
import { CHANNELS, type Channel, MESSENGERS, type Messenger } from '../../src/rules/delivery.ts';
import { channelWorld } from '../provider-peer.ts';
import { testFolder } from '../regain.ts';
import { startTelegramPeer } from '../telegram-peer.ts';
import { startViberPeer } from '../viber-peer.ts';
import { startWhatsAppPeer } from '../whatsapp-peer.ts';

const NOW = 1_790_000_000_000;
const LINK = 'q1W2e3R4t5Y6u7I8o9P0a1S2d3F4g5H6';
const WEBHOOK = 'https://shop.example/webhooks/x';

interface Desk {
  inbox: Inbox;
  chats: InboxChats;
  phone: Phone;
  told: [channel: Channel, event: ChannelEvent][];
  file: string;
}

async function desk(t: TestContext): Promise<Desk> {
  const { folder, remove } = await testFolder();
  t.after(remove);
  return opened(join(folder, 'inbox.jsonl'));
}

function opened(file: string): Desk {
  const told: Desk['told'] = [];
  const tell = async (channel: Channel, event: ChannelEvent): Promise<void> => void told.push([channel, event]);
  const clock = { now: () => NOW };
  const inbox = createInbox(file, clock, { tell });
  const chats = createInboxChats(inbox, { clock, origin: 'http://localhost:3000', brand: 'Acme', tell });
  return { inbox, chats, phone: chats.phones[0] as Phone, told, file };
}

function textTo(to: string, id = 'message-1'): OutgoingText {
  return { id, to, text: 'Acme: 482913', code: '482913', kind: 'recovery-code', locale: 'en', usefulUntil: NOW + 1 };
}

describe('what is done in a chat becomes the event that the adapter of the provider makes of it', () => {
  const people = { first_name: 'Demo', last_name: 'Shopper' };
  const texts = [
    `/start ${LINK}`,
    '/start',
    '/start short',
    `LINK ${LINK}`,
    `hi!! ${LINK}, thanks`,
    `${LINK} ${LINK.toLowerCase()}`,
    'stop',
    '/stop',
    ' Stop. ',
    "please don't stop",
    'Yes, send them here',
    '/help',
  ];

  test('Telegram', async (t) => {
    const { chats, phone, told } = await desk(t);
    const peer = await startTelegramPeer('123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawk');
    t.after(async () => {
      await peer.stop();
      assert.deepEqual(peer.problems, []);
    });
    const settings = { api: peer.url, token: '123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawk', bot: 'shop_bot' };
    const adapter = createTelegramChannel(settings, Object.assign(channelWorld(NOW), { webhookUrl: WEBHOOK }));
    await adapter.register?.();
    const chat = Number(phone.chats.telegram);
    for (const text of texts) {
      await chats.act('telegram', phone, { kind: 'say', text, token: LINK });
      await assertSame(told, adapter, peer.says(chat, text, people));
    }
    await chats.act('telegram', phone, { kind: 'block' });
    await assertSame(told, adapter, peer.member(chat, 'kicked'));
    await chats.act('telegram', phone, { kind: 'unblock' });
    await assertSame(told, adapter, peer.member(chat, 'member'));
  });

  test('WhatsApp', async (t) => {
    const { chats, phone, told } = await desk(t);
    const credentials = { phoneNumberId: '106540352242922', token: 'EAAJB-token', appSecret: 'a secret of the app' };
    const more = { verifyToken: 'chosen-by-us', template: 'recovery_code', languages: ['en_US'], number: '15550100' };
    const peer = await startWhatsAppPeer({ ...credentials, ...more });
    t.after(async () => {
      await peer.stop();
      assert.deepEqual(peer.problems, []);
    });
    const adapter = createWhatsAppChannel({ ...credentials, ...more, api: peer.url }, channelWorld(NOW));
    const from = phone.chats.whatsapp.slice(1);
    for (const body of texts) {
      await chats.act('whatsapp', phone, { kind: 'say', text: body, token: LINK });
      const message = { id: 'wamid.1', from, timestamp: String(NOW / 1000), type: 'text', text: { body } };
      const contacts = [{ wa_id: from, profile: { name: phone.name } }];
      await assertSame(told, adapter, peer.batch({ contacts, messages: [message] }));
    }
    await chats.act('whatsapp', phone, { kind: 'block' });
    assert.deepEqual(told, [], 'WhatsApp tells nobody that he was blocked');
  });

  test('Viber', async (t) => {
    const { chats, phone, told } = await desk(t);
    const peer = await startViberPeer('445da6az1s345z78-dazcczb2542zv51a-e0vc5fva17480im9');
    t.after(async () => {
      await peer.stop();
      assert.deepEqual(peer.problems, []);
    });
    const settings = { api: peer.url, token: '445da6az1s345z78-dazcczb2542zv51a-e0vc5fva17480im9', uri: 'shop' };
    const surroundings = Object.assign(channelWorld(NOW), { brand: 'Acme', webhookUrl: WEBHOOK });
    const adapter = createViberChannel(settings, surroundings);
    const person = { id: phone.chats.viber, name: phone.name, language: 'en', country: 'US', api_version: 10 };
    const start = { event: 'conversation_started', type: 'open', context: LINK, user: person, subscribed: false };
    const received = await adapter.receive?.(peer.callback(start));
    assert.ok(received?.kind === 'received' && received.answer);
    const { text: ask, tracking_data, keyboard } = JSON.parse(received.answer.body);
    const opened = chats.opened('viber', LINK);
    assert.deepEqual(opened, {
      question: ask,
      press: { text: keyboard.Buttons[0].ActionBody, label: keyboard.Buttons[0].Text },
    });
    for (const token of [LINK, undefined])
      for (const text of texts) {
        await chats.act('viber', phone, { kind: 'say', text, token });
        const message = { type: 'text', text, ...(token ? { tracking_data } : {}) };
        await assertSame(told, adapter, peer.callback({ event: 'message', sender: person, message }));
      }
    await chats.act('viber', phone, { kind: 'block' });
    await assertSame(told, adapter, peer.callback({ event: 'unsubscribed', user_id: person.id }));
  });

  /** But for the id of the event, which is the provider's. */
  async function assertSame(told: Desk['told'], adapter: LinkedChannel, call: WebhookCall): Promise<void> {
    const received = await adapter.receive?.(call);
    assert.ok(received?.kind === 'received');
    const events = received.events.map(({ eventId: _, ...event }) => ({ ...event, at: NOW }));
    assert.deepEqual(
      told.splice(0).map(([, event]) => event),
      events,
    );
  }
});

describe('what a link opens', () => {
  test('leads to the chat of its messenger, with the token', async (t) => {
    const { chats } = await desk(t);
    for (const messenger of MESSENGERS)
      assert.equal(
        chats.channel(messenger).deepLink(LINK),
        `http://localhost:3000/dev/inbox/chats/${messenger}?token=${LINK}`,
      );
  });

  test('Start with the token, a draft with it, or a question; without a token only Telegram has a button', async (t) => {
    const { chats } = await desk(t);
    assert.deepEqual(chats.opened('telegram', LINK), { press: { text: `/start ${LINK}`, label: 'Start' } });
    assert.deepEqual(chats.opened('whatsapp', LINK), { draft: `LINK ${LINK}` });
    assert.deepEqual(chats.opened('telegram', undefined), { press: { text: '/start', label: 'Start' } });
    for (const messenger of ['whatsapp', 'viber'] as const)
      for (const token of [undefined, 'short']) assert.deepEqual(chats.opened(messenger, token), {}, messenger);
  });
});

describe('a message to a phone', () => {
  test('is kept with the code that its button copies, once, and reported where there are receipts', async (t) => {
    const { chats, inbox, phone, told } = await desk(t);
    for (const messenger of MESSENGERS) {
      const channel = chats.channel(messenger);
      const text = textTo(phone.chats[messenger], messenger);
      for (let sends = 0; sends < 2; sends += 1)
        assert.deepEqual(await channel.send(text), { kind: 'accepted', providerId: messenger });
    }
    assert.deepEqual(
      inbox.messages().map(({ channel, to, text, code }) => [channel, to, text, code]),
      MESSENGERS.toReversed().map((messenger) => [messenger, phone.chats[messenger], 'Acme: 482913', '482913']),
    );
    const reported = told.map(([channel, event]) => [channel, event.type === 'receipt' && event.status]);
    assert.deepEqual(new Set(reported.map(String)), new Set(['whatsapp,delivered', 'viber,delivered']));
  });

  test('to a chat that no phone has is refused', async (t) => {
    const { chats, inbox } = await desk(t);
    for (const messenger of MESSENGERS)
      assert.deepEqual(await chats.channel(messenger).send(textTo('+491711234567')), {
        kind: 'unreachable',
        reason: 'chat_not_found',
      });
    assert.deepEqual(inbox.messages(), []);
  });

  test('of somebody who has blocked the shop is refused as an end; WhatsApp takes it and never shows it', async (t) => {
    const { chats, inbox, phone, told } = await desk(t);
    for (const messenger of MESSENGERS) await chats.act(messenger, phone, { kind: 'block' });
    told.length = 0;
    const send = (messenger: Messenger) => chats.channel(messenger).send(textTo(phone.chats[messenger], messenger));
    assert.deepEqual(await send('telegram'), { kind: 'unreachable', reason: '403', stopped: true });
    assert.deepEqual(await send('viber'), { kind: 'unreachable', reason: '6', stopped: true });
    assert.deepEqual(await send('whatsapp'), { kind: 'accepted', providerId: 'whatsapp' });
    assert.deepEqual(
      inbox.messages().map(({ channel, fate }) => [channel, fate]),
      [['whatsapp', 'withheld']],
    );
    assert.deepEqual(told, [], 'nothing is reported of what was not shown');
    const second = chats.phones[1] as Phone;
    const other = await chats.channel('telegram').send(textTo(second.chats.telegram, 'other'));
    assert.equal(other.kind, 'accepted', 'the other phone has blocked nobody');
    await chats.act('telegram', phone, { kind: 'say', text: 'hello again' });
    assert.equal((await send('telegram')).kind, 'accepted', 'who writes has ended the block');
  });
});

describe('the switch of a channel', () => {
  const send = ({ inbox, chats, phone }: Desk, channel: Channel) => {
    if (channel === 'email')
      return inbox.send({ id: 'message-1', to: 'demo@shop.example', subject: 'Code', text: '482913', html: '' });
    if (channel === 'sms') return inbox.texts().send(textTo('+12125550100'));
    return chats.channel(channel).send(textTo(phone.chats[channel]));
  };

  for (const channel of CHANNELS)
    test(`${channel} refuses, and works again`, async (t) => {
      const there = await desk(t);
      there.inbox.behave(channel, 'refuses');
      const refused = await send(there, channel);
      assert.equal(refused.kind, channel === 'email' ? 'permanent' : 'unreachable');
      assert.deepEqual(
        there.inbox.messages().map(({ fate }) => fate),
        ['refused'],
      );
      assert.deepEqual(there.told, []);
      for (const other of CHANNELS)
        assert.equal(there.inbox.behaviourOf(other), other === channel ? 'refuses' : 'works', other);
      there.inbox.behave(channel, 'works');
      assert.equal((await send(there, channel)).kind, 'accepted');
      assert.deepEqual(
        there.inbox.messages().map(({ fate }) => fate),
        [undefined],
      );
    });

  test('a message that was refused, and is taken on another try, arrives then', async (t) => {
    const there = await desk(t);
    there.inbox.behave('email', 'refuses');
    await send(there, 'email');
    await there.chats.channel('viber').send(textTo(there.phone.chats.viber, 'between'));
    there.inbox.behave('email', 'works');
    await send(there, 'email');
    assert.deepEqual(
      there.inbox.messages().map(({ id }) => id),
      ['message-1', 'between'],
    );
  });

  test('a silent channel takes messages, and reports them only by hand', async (t) => {
    const there = await desk(t);
    for (const channel of ['sms', 'whatsapp', 'viber'] as const) {
      there.inbox.behave(channel, 'silent');
      const [before] = there.inbox.messages();
      assert.equal((await send(there, channel)).kind, 'accepted');
      if (before) continue;
      assert.deepEqual(there.told, [], channel);
      assert.equal(await there.inbox.report('message-1', 'failed'), true);
      assert.deepEqual(there.told, [
        [
          'sms',
          {
            type: 'receipt',
            providerId: 'message-1',
            messageId: 'message-1',
            status: 'failed',
            at: NOW,
            reason: 'reported_by_phone',
          },
        ],
      ]);
    }
  });

  test('there is no receipt for mail, for Telegram, for what a person said, and for what is not there', async (t) => {
    const there = await desk(t);
    await send(there, 'email');
    await there.chats.act('viber', there.phone, { kind: 'say', text: 'hello' });
    await there.chats.channel('telegram').send(textTo(there.phone.chats.telegram, 'by-telegram'));
    there.told.length = 0;
    for (const { id } of there.inbox.messages()) assert.equal(await there.inbox.report(id, 'delivered'), false, id);
    assert.equal(await there.inbox.report('nothing', 'delivered'), false);
    assert.deepEqual(there.told, []);
  });
});

describe('where a provider is configured', () => {
  test('messages leave by it, and the inbox shows a copy; receipts and links are its own', async (t) => {
    const { chats, inbox, told } = await desk(t);
    const sent: OutgoingText[] = [];
    const carrier: LinkedChannel = {
      provider: 'telegram',
      reports: false,
      send: async (text) => {
        sent.push(text);
        return text.id === 'bad' ? { kind: 'temporary', reason: '500' } : { kind: 'accepted', providerId: 'p-1' };
      },
      receive: async () => ({ kind: 'received', events: [] }),
      deepLink: (token) => `https://t.me/shop_bot?start=${token}`,
      close: async () => {},
    };
    const channel = chats.channel('telegram', carrier);
    assert.equal(channel.provider, 'telegram and inbox');
    assert.equal(channel.deepLink(LINK), `https://t.me/shop_bot?start=${LINK}`);
    assert.ok(channel.receive);
    assert.deepEqual(await channel.send(textTo('40000000001')), { kind: 'accepted', providerId: 'p-1' });
    assert.deepEqual(await channel.send(textTo('40000000001', 'bad')), { kind: 'temporary', reason: '500' });
    assert.equal(sent.length, 2);
    assert.deepEqual(
      inbox.messages().map(({ id, channel: by, to }) => [id, by, to]),
      [['message-1', 'telegram', '40000000001']],
    );
    assert.equal(inbox.carrierOf('telegram'), 'telegram');

    const texts: TextChannel = { ...carrier, provider: 'twilio' };
    await inbox.texts(texts).send(textTo('+12125550100', 'text'));
    assert.equal(inbox.hasReceipts('sms'), false);
    assert.equal(await inbox.report('text', 'delivered'), false);
    assert.deepEqual(told, []);
  });
});

test('a restart loses neither messages, receipts nor who has blocked us; a line cut off by a crash is dropped', async (t) => {
  const before = await desk(t);
  const { chats, inbox, phone, file } = before;
  await chats.act('telegram', phone, { kind: 'say', text: 'hello' });
  await chats.channel('whatsapp').send(textTo(phone.chats.whatsapp));
  await inbox.report('message-1', 'read');
  await chats.act('telegram', phone, { kind: 'block' });
  await chats.act('viber', phone, { kind: 'block' });
  await chats.act('viber', phone, { kind: 'unblock' });
  await writeFile(file, `${await readFile(file, 'utf8')}{"id":"cut`);
  for (let starts = 0; starts < 2; starts += 1) {
    const after = opened(file);
    assert.deepEqual(after.inbox.messages(), inbox.messages());
    assert.equal(after.inbox.messages()[0]?.reported, 'read');
    assert.equal(after.inbox.isBlocked('telegram', phone.chats.telegram), true);
    assert.equal(after.inbox.isBlocked('viber', phone.chats.viber), false);
  }
});
