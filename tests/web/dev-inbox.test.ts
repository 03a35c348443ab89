/** The development inbox as a person without script uses it: lists, phones, chats, switches and receipts. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { MESSENGERS, type Messenger } from '../../src/rules/delivery.ts';
import { DEVELOPMENT_ROUTES } from '../../src/web/routes.ts';
import { type OnAPort, startOnAPort } from '../e2e/on-a-port.ts';
import { startInProcess } from '../in-process.ts';
import { addPerson } from '../people.ts';
import { type Answer, Visitor } from '../visitor.ts';

const LINK = 'q1W2e3R4t5Y6u7I8o9P0a1S2d3F4g5H6';
const PHONE = '+12125550100';

describe('in development', () => {
  let program: OnAPort;
  let guest: Visitor;
  before(async () => {
    program = await startOnAPort();
    guest = new Visitor((request) => program.regain.fetch(request, { peer: '127.0.0.1' }), program.origin);
    await addPerson(program, { emails: ['demo@shop.example'], phones: [PHONE] });
  });
  after(() => program.close());

  const say = (messenger: Messenger, fields: Record<string, string>): Promise<Answer> =>
    guest.post(`/dev/inbox/chats/${messenger}`, { phone: 'first', act: 'say', ...fields });
  /** What the shop writes to the first or second phone. */
  const write = async (messenger: Messenger, id: string, phone: 0 | 1 = 0): Promise<void> => {
    const chats = program.regain.chats;
    assert.ok(chats);
    await chats.channel(messenger).send({
      id,
      to: chats.phones[phone]?.chats[messenger] ?? '',
      text: 'Regain: your code <b>is</b> 482913',
      code: '482913',
      kind: 'recovery-code',
      locale: 'en',
      usefulUntil: program.now() + 1,
    });
  };
  /** Titles of the rows, in order. */
  const rows = ({ text }: Answer): string[] =>
    [...text.matchAll(/<strong dir="auto">([^<]*)<\/strong>/g)].map((match) => match[1] ?? '');

  test('a link to Telegram shows Start alone; pressing it sends the token and leaves a field to write in', async () => {
    const opened = await guest.get(`/dev/inbox/chats/telegram?token=${LINK}`);
    assert.match(opened.text, new RegExp(`value="/start ${LINK}"><button[^>]*>Start<`));
    assert.doesNotMatch(opened.text, /id="say"/);
    assert.match(opened.text, /<a href="\/account\/messengers\/confirm\/telegram">/);
    const started = await say('telegram', { text: `/start ${LINK}`, token: LINK });
    assert.equal(started.url, '/dev/inbox/chats/telegram?phone=first&from=link');
    assert.match(started.text, /<a href="\/account\/messengers\/confirm\/telegram">/, 'the way back');
    assert.match(started.text, new RegExp(`class="mine"[^>]*><p[^>]*>/start ${LINK}<`));
    assert.match(started.text, /id="say"/);
    assert.match(started.text, /value="\/stop"/);
    assert.doesNotMatch(started.text, />Start</);
  });

  test('a link to WhatsApp puts a draft into the field, until it is sent', async () => {
    const opened = await guest.get(`/dev/inbox/chats/whatsapp?token=${LINK}`);
    assert.match(opened.text, new RegExp(`id="say" name="text" value="LINK ${LINK}"`));
    const sent = await say('whatsapp', { text: `LINK ${LINK}`, token: LINK });
    assert.match(sent.text, new RegExp(`<p[^>]*>LINK ${LINK}<`));
    assert.match(sent.text, /id="say" name="text" value=""/);
  });

  test('a link to Viber shows the question with its button, until it is answered', async () => {
    const question = /<p[^>]*>Shall Regain send your sign-in codes to this chat\?</g;
    const opened = await guest.get(`/dev/inbox/chats/viber?token=${LINK}`);
    assert.equal(opened.text.match(question)?.length, 1);
    assert.match(opened.text, /<button[^>]*>Yes, send them here</);
    const answered = await say('viber', { text: 'Yes, send them here', token: LINK });
    assert.equal(answered.text.match(question)?.length, 1, 'asked once');
    assert.match(answered.text, /class="mine"[^>]*><p[^>]*>Yes, send them here</);
    assert.doesNotMatch(answered.text, /<button[^>]*>Yes, send them here</);
    assert.doesNotMatch(
      (await guest.get('/dev/inbox/chats/viber')).text,
      /<button[^>]*>Yes, send/,
      'no link, no question',
    );
    const again = await guest.get(`/dev/inbox/chats/viber?token=${LINK}`);
    assert.equal(again.text.match(question)?.length, 2, 'each link asks anew');
  });

  test('each messenger shows a code as it does: with the code on its button, with its own words, or as it is', async () => {
    for (const messenger of MESSENGERS) await write(messenger, `code-${messenger}`);
    const [whatsapp, telegram, viber] = await Promise.all(
      MESSENGERS.map(async (messenger) => (await guest.get(`/dev/inbox/chats/${messenger}`)).text),
    );
    assert.match(whatsapp ?? '', /<b>482913<\/b> is your verification code\./);
    assert.match(whatsapp ?? '', /data-copy="482913"[^>]*>Copy code</);
    assert.match(telegram ?? '', /data-copy="482913"[^>]*>482913</);
    for (const text of [telegram, viber]) assert.match(text ?? '', /your code &lt;b&gt;is&lt;\/b&gt; 482913/);
    for (const text of [whatsapp, telegram, viber]) assert.match(text ?? '', /<output>482913<\/output>/);
    assert.doesNotMatch(
      (viber ?? '').replace(/class="found".*?<\/div>/s, ''),
      /data-copy/,
      'no button of Viber copies',
    );
  });

  test('what is said on one phone is not on the other', async () => {
    await say('viber', { phone: 'second', text: 'only here <script>' });
    assert.doesNotMatch((await guest.get('/dev/inbox/chats/viber')).text, /<p[^>]*>only here/);
    const second = (await guest.get('/dev/inbox/chats/viber?phone=second')).text;
    assert.match(second, /<p[^>]*>only here &lt;script&gt;</);
    assert.match(second, /Second phone<\/p>/);
  });

  test('the list has all channels in time order, and each tab its own', async () => {
    await guest.post('/recover', { identifier: PHONE });
    await program.settled();
    const all = rows(await guest.get('/dev/inbox'));
    assert.equal(all.at(-1), `Demo Shopper: /start ${LINK}`);
    assert.ok(all.findIndex((title) => title.startsWith('Regain: someone asked')) < 2, 'the text is new');
    assert.ok(all.indexOf('Second Shopper: only here &lt;script&gt;') > 1);
    const sms = await guest.get('/dev/inbox?channel=sms');
    assert.equal(rows(sms).length, 1);
    assert.match(sms.text, /SMS · <time/);
    assert.match(sms.text, /<header>.*<strong>Regain<\/strong>/s, 'the sender');
    assert.match(sms.text, /<span class="bound">@localhost #\d{6}<\/span>/);
    assert.match(sms.text, /phones offer it on localhost only/);
    assert.match(sms.text, /aria-current="page"[^>]*>.*SMS/s);
    const mails = rows(await guest.get('/dev/inbox?channel=email'));
    assert.ok(mails.length > 0 && mails.length < all.length);
    assert.deepEqual(
      (await guest.get('/dev/inbox/list?channel=sms')).text.match(/<strong dir="auto">/g)?.length,
      1,
      'the part that the script asks for is of the same channel',
    );
    const [newest] = all;
    const chat = await guest.get('/dev/inbox?message=code-telegram');
    assert.deepEqual(rows(chat)[0], newest, 'an open message leaves the list as it was');
    assert.match(chat.text, /Chat with Regain by Telegram/);
  });

  test('a receipt by hand becomes the status of the message, and a failure is none of a delivered one', async () => {
    await guest.post('/dev/inbox/behaviour', { channel: 'sms', behaviour: 'silent' });
    await program.advance(10 * 60_000);
    await guest.post('/recover', { identifier: PHONE });
    await program.settled();
    const page = await guest.get('/dev/inbox?channel=sms');
    const id = /name="message" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    const status = async (): Promise<string | undefined> =>
      (await program.regain.context.store.transaction((tx) => tx.outbox.byId(id)))?.status;
    assert.equal(await status(), 'sent');
    assert.match(page.text, /reported nothing of this message/);
    const reported = await guest.post('/dev/inbox/report', { message: id, status: 'failed' });
    assert.match(reported.text, /reported this message as failed/);
    assert.equal(await status(), 'bounced');
    await guest.post('/dev/inbox/report', { message: id, status: 'delivered' });
    assert.equal(await status(), 'delivered');
  });

  test('a phone that refuses: the next rung of the ladder has the code', async () => {
    const switched = await guest.post('/dev/inbox/behaviour', { channel: 'sms', behaviour: 'refuses' });
    assert.equal(switched.url, '/dev/inbox?channel=sms');
    assert.match(switched.text, /value="refuses" aria-pressed="true"/);
    await program.advance(10 * 60_000);
    const before = program.sink.messages.length;
    await guest.post('/recover', { identifier: PHONE });
    await program.settled();
    await program.settled();
    assert.match((await guest.get('/dev/inbox?channel=sms')).text, /Refused: it did not arrive\./);
    const mails = program.sink.messages.slice(before).map(({ text }) => text);
    assert.ok(mails.some((text) => /^\s*\d{6}\s*$/m.test(text)));
    const works = await guest.post('/dev/inbox/behaviour', { channel: 'sms', behaviour: 'works' });
    assert.match(works.text, /value="works" aria-pressed="true"/);
  });

  test('who blocks the shop can end that again; a channel with a real provider has no switch', async () => {
    const blocked = await guest.post('/dev/inbox/chats/telegram', { phone: 'first', act: 'block' });
    assert.match(blocked.text, /You have blocked the bot/);
    assert.doesNotMatch(blocked.text, /id="say"/);
    assert.doesNotMatch((await guest.get('/dev/inbox/chats/telegram?phone=second')).text, /You have blocked/);
    const again = await guest.post('/dev/inbox/chats/telegram', { phone: 'first', act: 'unblock' });
    assert.match(again.text, /id="say"/);
    const mail = (await guest.get('/dev/inbox?channel=email')).text;
    assert.doesNotMatch(mail, /aria-pressed/);
    assert.match(mail, /leave by smtp for real/);
  });

  test('what makes no sense is refused and changes nothing', async () => {
    const revision = program.regain.inbox?.revision();
    const wrong: [path: string, fields: Record<string, string>, status: number][] = [
      ['/dev/inbox/chats/signal', { phone: 'first', act: 'say', text: 'x' }, 404],
      ['/dev/inbox/chats/email', { phone: 'first', act: 'say', text: 'x' }, 404],
      ['/dev/inbox/chats/telegram', { phone: 'third', act: 'say', text: 'x' }, 404],
      ['/dev/inbox/chats/telegram', { phone: 'first', act: 'say', text: '  ' }, 400],
      ['/dev/inbox/chats/telegram', { phone: 'first', act: 'shout', text: 'x' }, 400],
      ['/dev/inbox/chats/telegram', {}, 404],
      ['/dev/inbox/report', { message: 'code-telegram', status: 'delivered' }, 404],
      ['/dev/inbox/report', { message: 'nothing', status: 'delivered' }, 404],
      ['/dev/inbox/report', { message: 'code-viber', status: 'lost' }, 400],
      ['/dev/inbox/behaviour', { channel: 'pigeon', behaviour: 'works' }, 400],
      ['/dev/inbox/behaviour', { channel: 'sms', behaviour: 'explodes' }, 400],
    ];
    for (const [path, fields, status] of wrong)
      assert.equal((await guest.post(path, fields)).status, status, `${path} ${JSON.stringify(fields)}`);
    for (const path of ['/dev/inbox/chats/signal', '/dev/inbox/chats/sms'])
      assert.equal((await guest.get(path)).status, 404, path);
    for (const [method, path] of DEVELOPMENT_ROUTES.filter(([method]) => method === 'POST')) {
      const foreign = await guest.post(
        path.replace(':messenger', 'telegram'),
        { phone: 'first', act: 'block' },
        {
          'Sec-Fetch-Site': 'cross-site',
        },
      );
      assert.equal(foreign.status, 403, `${method} ${path}`);
    }
    assert.equal(program.regain.inbox?.revision(), revision);
  });
});

test('in production there is none of it', async (t) => {
  const program = await startInProcess('sqlite');
  t.after(() => program.close());
  const guest = new Visitor(
    (request) => program.regain.fetch(request, { peer: '127.0.0.1' }),
    'https://accounts.shop.example',
  );
  assert.equal(program.regain.chats, undefined);
  for (const [method, pattern] of DEVELOPMENT_ROUTES.filter(([, pattern]) => pattern !== '/')) {
    const path = pattern.replace(':messenger', 'telegram').replace(':id', '1');
    const answer = await (method === 'GET' ? guest.get(path) : guest.post(path, { phone: 'first', act: 'block' }));
    assert.equal(answer.status, 404, `${method} ${path}`);
  }
});
