/** Linking a messenger on the account page, and unlinking it, on both engines. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { LIMITS } from '../../src/rules/limits.ts';
import { LINK_TOKEN_LIFETIME_MS } from '../../src/rules/link-tokens.ts';
import { messengersOf, startWithMessengers, tokenIn, type WithMessengers } from '../messengers.ts';
import { codeIn, OLD_PASSWORD } from '../people.ts';

const CONFIRM = '/account/messengers/confirm/telegram';
const LINK = '/account/messengers/link/telegram';
const UNLINK = '/account/messengers/unlink/telegram';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`the messengers of an account on ${engine}`, () => {
    let shop: WithMessengers;
    let chats = 4_000;
    before(async () => {
      shop = await startWithMessengers(engine);
    });
    after(async () => {
      await shop.close();
      assert.deepEqual([...shop.telegram.problems, ...shop.viber.problems], []);
    });
    const rows = async (owner: { get(path: string): Promise<{ text: string }> }): Promise<string[]> =>
      messengersOf((await owner.get('/account')).text);
    const newChat = (): number => {
      chats += 1;
      return chats;
    };

    test('the password, the link, a word in the chat, and a yes: everybody concerned is told', async () => {
      const { email, owner } = await shop.people.withTwo();
      assert.deepEqual(await rows(owner), ['Telegram not linked Link', 'Viber not linked Link']);
      const asked = await owner.get(LINK);
      assert.match(asked.text, /Step 1 of 3/);
      for (const password of ['', 'not this one']) {
        const refused = await owner.post(LINK, { password });
        assert.equal(refused.status, password === '' ? 400 : 401);
        assert.match(refused.text, /id="password-error"/);
      }

      const chat = newChat();
      const token = await shop.askToLink(owner);
      const waiting = await owner.get(CONFIRM);
      assert.match(waiting.text, /Step 2 of 3/);
      assert.match(waiting.text, /Press “Start” in the chat that opens/);
      assert.equal(tokenIn(waiting), token, 'the page can be loaded again');
      assert.deepEqual(JSON.parse((await owner.get('/account/messengers/status/telegram')).text), { state: 'waiting' });

      await shop.start(chat, token, { first_name: 'Jane', last_name: 'Doe & <b>Sons</b>' });
      assert.match(String(shop.telegram.sent.findLast(({ chat_id }) => chat_id === chat)?.text), /Say yes on/);
      assert.deepEqual(JSON.parse((await owner.get('/account/messengers/status/telegram')).text), { state: 'offered' });
      const question = await owner.get(CONFIRM);
      assert.match(question.text, /<bdi>Jane Doe &amp; &lt;b&gt;Sons&lt;\/b&gt;<\/bdi> on Telegram/);
      assert.ok(question.text.indexOf('value="no"') < question.text.indexOf('value="yes"'), 'the safe answer first');
      assert.match((await rows(owner))[0]!, /^Telegram not linked/);

      const done = await shop.answer(owner, 'yes');
      assert.equal(done.url, '/account?notice=messenger-linked');
      assert.match(done.text, /Codes can be sent to this chat now/);
      assert.match(messengersOf(done.text)[0]!, /^Telegram Jane Doe .* Linked 14 Mar 2026, 09:12 UTC Unlink$/);
      assert.match(done.text, /Linked for codes: <bdi>Telegram \(Jane Doe/);
      await shop.program.settled();
      for (const to of [email, email.replace('owner', 'newer')]) {
        const notice = shop.people.lastMail(to);
        assert.equal(notice.subject, 'Telegram was linked to your Shop account');
        assert.match(notice.text, /Telegram: +Jane Doe/);
        assert.match(notice.text, /Browser: +Firefox on Windows/);
        assert.match(notice.text, /Not you\? Act now/);
      }
      assert.match(
        String(shop.telegram.sent.findLast(({ chat_id }) => chat_id === chat)?.text),
        /can come to this chat/,
      );
    });

    test('whoever asks the bot what it is for is told, a few times; nobody else is answered', async () => {
      const chat = newChat();
      const answers = (): string[] =>
        shop.telegram.sent.filter(({ chat_id }) => chat_id === chat).map(({ text }) => String(text));
      shop.telegram.chats.set(chat, 'active');
      await shop.says(chat, 'good morning');
      assert.deepEqual(answers(), []);
      await shop.says(chat, '/help');
      assert.match(
        answers()[0] ?? 'none',
        /^Shop sends codes here to whoever linked this chat on accounts\.shop\.example\./,
      );
      for (let asked = 0; asked < 2 * LIMITS['chat-help'].burst; asked += 1) await shop.says(chat, '/start');
      assert.equal(answers().length, LIMITS['chat-help'].burst);
    });

    test('no, and cancel: nothing is linked, and the token is worth nothing any more', async () => {
      const { owner } = await shop.people.signedIn();
      const chat = newChat();
      await shop.start(chat, await shop.askToLink(owner));
      const refused = await shop.answer(owner, 'no');
      assert.equal(refused.url, '/account?notice=link-cancelled');
      assert.match(refused.text, /Nothing was linked/);

      const token = await shop.askToLink(owner);
      await owner.post(CONFIRM, { answer: 'no' });
      await shop.start(chat, token);
      const ended = await owner.get(CONFIRM);
      assert.match(ended.text, /Please start again/);
      assert.match((await rows(owner))[0]!, /not linked/);
    });

    test('a link lives ten minutes, and the page says that it is over', async () => {
      const { owner } = await shop.people.signedIn();
      const token = await shop.askToLink(owner);
      await shop.program.advance(LINK_TOKEN_LIFETIME_MS);
      assert.deepEqual(JSON.parse((await owner.get('/account/messengers/status/telegram')).text), { state: 'ended' });
      const ended = await owner.get(CONFIRM);
      assert.match(ended.text, /its time was over/);
      assert.doesNotMatch(ended.text, new RegExp(token));
      assert.match(ended.text, /href="\/account\/messengers\/link\/telegram"/);
    });

    test('unlinking: the password again, a notice to every mailbox, and codes on their way stop working', async () => {
      const { email, owner } = await shop.people.signedIn();
      await shop.link(owner, newChat());
      const guest = shop.people.visitor();
      await guest.post('/recover', { identifier: email });
      await shop.program.settled();
      const code = codeIn(shop.people.lastMail(email));

      assert.match((await owner.get(UNLINK)).text, /<bdi>Jane<\/bdi> on Telegram/);
      for (const password of ['', 'not this one']) {
        assert.match((await owner.post(UNLINK, { password })).text, /id="password-error"/);
        assert.match((await rows(owner))[0]!, /Linked/);
      }
      const done = await owner.post(UNLINK, { password: OLD_PASSWORD });
      assert.equal(done.url, '/account?notice=messenger-unlinked');
      assert.match(messengersOf(done.text)[0]!, /^Telegram not linked/);
      assert.match(done.text, /Unlinked: <bdi>Telegram \(Jane\)/);
      await shop.program.settled();
      assert.equal(shop.people.lastMail(email).subject, 'Telegram was unlinked from your Shop account');
      await guest.post('/recover/code', { code });
      assert.notEqual((await guest.get('/recover/password')).url, '/recover/password');
      assert.equal((await owner.get(UNLINK)).status, 404);
      assert.equal((await owner.post(UNLINK, { password: OLD_PASSWORD })).status, 404);
    });

    test('another chat takes the place of the one that is linked', async () => {
      const { owner } = await shop.people.signedIn();
      await shop.link(owner, newChat());
      assert.match((await owner.get(LINK)).text, /takes the place of the chat that is linked now/);
      await shop.start(newChat(), await shop.askToLink(owner), { first_name: 'Other phone' });
      await shop.answer(owner, 'yes');
      assert.match((await rows(owner))[0]!, /^Telegram Other phone Linked/);
    });

    test('a chat that was stopped says so on the account page, and can be linked again', async () => {
      const { owner } = await shop.people.signedIn();
      const chat = newChat();
      await shop.link(owner, chat);
      await shop.program.advance(60_000);
      await shop.says(chat, 'STOP');
      const [row = ''] = await rows(owner);
      assert.match(row, /^Telegram stopped Jane Since .* this chat takes no messages from us/);
      assert.match(row, /Link again Unlink$/);
      assert.match((await owner.get('/account')).text, /No longer takes our messages: <bdi>Telegram \(Jane\)/);
      await shop.program.advance(60_000);
      await shop.link(owner, chat);
      assert.match((await rows(owner))[0]!, /^Telegram Jane Linked .* Unlink$/);
    });

    test('what is not there is not found, and who is not signed in is led there', async () => {
      const { owner } = await shop.people.signedIn();
      for (const path of ['link/whatsapp', 'link/email', 'confirm/pigeon', 'status/pigeon', 'unlink/telegram'])
        assert.equal((await owner.get(`/account/messengers/${path}`)).status, 404, path);
      assert.equal((await owner.post('/account/messengers/link/whatsapp', { password: OLD_PASSWORD })).status, 404);
      const stranger = shop.people.visitor();
      for (const path of [LINK, CONFIRM, UNLINK, '/account/messengers/status/telegram'])
        assert.equal((await stranger.get(path)).url, '/sign-in', path);
    });

    test('guesses at the current password are limited for the account', async () => {
      const { owner } = await shop.people.signedIn();
      for (let tries = 0; tries < LIMITS['check-password'].burst; tries += 1)
        assert.equal((await owner.post(LINK, { password: `guess ${tries}` })).status, 401);
      const limited = await owner.post(LINK, { password: OLD_PASSWORD });
      assert.equal(limited.status, 429);
      assert.ok(Number(limited.headers.get('retry-after')) > 0);
    });
  });
