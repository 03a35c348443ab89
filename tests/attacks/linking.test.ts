/**
 * Whoever links a chat to an account receives its codes. Stolen, forwarded and replayed link tokens, a yes in the wrong
 * session, a stop out of order, and what a password's new owner inherits (decisions 0017 and 0027).
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { LINK_TOKEN_LIFETIME_MS } from '../../src/rules/link-tokens.ts';
import {
  LINK_COOKIE,
  messengersOf,
  offerIn,
  startWithMessengers,
  tokenIn,
  type WithMessengers,
} from '../messengers.ts';
import { codeIn, linkIn, NEW_PASSWORD, OLD_PASSWORD } from '../people.ts';
import { sqlOn } from '../sql-on.ts';
import type { Visitor } from '../visitor.ts';

const SESSION = '__Host-regain-session';
const CONFIRM = '/account/messengers/confirm/telegram';
const LINK = '/account/messengers/link/telegram';
const UNLINK = '/account/messengers/unlink/telegram';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`linking on ${engine}`, () => {
    let shop: WithMessengers;
    let chats = 7_000;
    before(async () => {
      shop = await startWithMessengers(engine, { REGAIN_COOL_OFF_HOURS: '24' });
    });
    after(() => shop.close());
    const newChat = (): number => {
      chats += 1;
      return chats;
    };
    const linked = async (owner: Visitor): Promise<string> => messengersOf((await owner.get('/account')).text)[0] ?? '';
    const state = async (owner: Visitor): Promise<string> =>
      JSON.parse((await owner.get('/account/messengers/status/telegram')).text).state;
    const signedInAgain = async (email: string): Promise<Visitor> => {
      const other = shop.people.visitor();
      assert.equal((await other.post('/sign-in', { identifier: email, password: OLD_PASSWORD })).url, '/account');
      return other;
    };
    /** What the bot wrote into a chat. */
    const wroteTo = (chat: number): string[] =>
      shop.telegram.sent.filter(({ chat_id }) => chat_id === chat).map(({ text }) => text);

    test('a stolen token links nothing by itself: its owner is shown whose chat it is, and says no', async () => {
      const { owner } = await shop.people.signedIn();
      const thief = newChat();
      await shop.start(thief, await shop.askToLink(owner), { first_name: 'Mallory' });
      assert.match((await owner.get(CONFIRM)).text, /<bdi>Mallory<\/bdi> on Telegram/);
      assert.match(await linked(owner), /not linked/);
      await shop.answer(owner, 'no');
      assert.match(await linked(owner), /not linked/);
      assert.equal(await state(owner), 'ended');
    });

    test('a forwarded link: the yes of whoever made it is needed, and the chat that was talked into it is told so', async () => {
      const attacker = await shop.people.signedIn();
      const victim = newChat();
      await shop.start(victim, await shop.askToLink(attacker.owner), { first_name: 'Victim' });
      assert.match(wroteTo(victim).join('\n'), /Did someone else send you this link\? Then do nothing\./);
      await shop.says(victim, 'stop');
      assert.equal(await state(attacker.owner), 'ended', 'a stop before the yes withdraws it');
      assert.match((await shop.answer(attacker.owner, 'yes')).text, /Please start again/);
      assert.match(await linked(attacker.owner), /not linked/);
    });

    test('the token of another session: neither a second session of the account nor another account can say yes', async () => {
      const { email, owner } = await shop.people.signedIn();
      const [second, stranger] = [await signedInAgain(email), (await shop.people.signedIn()).owner];
      await shop.start(newChat(), await shop.askToLink(owner));
      const offer = offerIn(await owner.get(CONFIRM));
      assert.notEqual(offer, '');
      for (const other of [second, stranger]) {
        other.cookies.set(LINK_COOKIE, owner.cookies.get(LINK_COOKIE)!);
        assert.equal(await state(other), 'ended');
        assert.equal((await other.post(CONFIRM, { offer, answer: 'yes' })).status, 404);
        await other.post(CONFIRM, { offer, answer: 'no' });
        assert.match(await linked(other), /not linked/);
      }
      assert.equal(await state(owner), 'offered', 'nor can they take it away');
    });

    test('a stolen cookie of the link without the session shows no link', async () => {
      const { email, owner } = await shop.people.signedIn();
      const token = await shop.askToLink(owner);
      const other = await signedInAgain(email);
      other.cookies.set(LINK_COOKIE, token);
      assert.doesNotMatch((await other.get(CONFIRM)).text, /t\.me/);
      const planted = await shop.people.signedIn();
      await shop.askToLink(planted.owner);
      planted.owner.cookies.set(LINK_COOKIE, token);
      assert.doesNotMatch((await planted.owner.get(CONFIRM)).text, /t\.me/, 'nor does a planted one');
    });

    test('a session without the password begins no link and ends none', async () => {
      const { owner } = await shop.people.signedIn();
      const thief = shop.people.visitor();
      thief.cookies.set(SESSION, owner.cookies.get(SESSION)!);
      assert.equal((await thief.post(LINK, { password: 'a guess' })).status, 401);
      assert.equal(await state(owner), 'ended');
      await shop.link(owner, newChat());
      assert.equal((await thief.post(UNLINK, { password: 'a guess' })).status, 401);
      assert.match(await linked(owner), /Linked/);
    });

    test('a session that is ended while it says yes links nothing', async () => {
      const { email, owner } = await shop.people.signedIn();
      await shop.start(newChat(), await shop.askToLink(owner), { first_name: 'Mallory' });
      const offer = offerIn(await owner.get(CONFIRM));
      const { store } = shop.program.regain.context;
      const ended = Promise.withResolvers<void>();
      const committing = Promise.withResolvers<void>();
      const ending = store.transaction(async (tx) => {
        const [account] = await tx.accounts.byConfirmedAddress('email', email);
        assert.equal(await tx.sessions.deleteAllOf(account!.id), 1);
        ended.resolve();
        await committing.promise;
      });
      await ended.promise;
      let answered = false;
      const saying = owner.post(CONFIRM, { offer, answer: 'yes' }).finally(() => {
        answered = true;
      });
      // SQLite's transactions are alone: the yes waits for its turn.
      while (engine === 'postgres' && !answered && !(await somebodyWaits(shop))) await new Promise(setImmediate);
      committing.resolve();
      await ending;
      assert.equal((await saying).url, '/sign-in');
      assert.match(await linked(await signedInAgain(email)), /not linked/);
    });

    test('two chats with one token: the first in time is asked about, and the second changes nothing', async () => {
      const { owner } = await shop.people.signedIn();
      const token = await shop.askToLink(owner);
      const [first, second] = [newChat(), newChat()];
      await shop.start(first, token, { first_name: 'First' });
      const offer = offerIn(await owner.get(CONFIRM));
      await shop.start(second, token, { first_name: 'Second' });
      assert.equal(offerIn(await owner.get(CONFIRM)), offer);
      assert.deepEqual(wroteTo(second), []);
      await shop.answer(owner, 'yes');
      assert.match(await linked(owner), /^Telegram First Linked/);
    });

    test('two chats at once: exactly one is asked about', async () => {
      const { owner } = await shop.people.signedIn();
      const token = await shop.askToLink(owner);
      const rivals = [newChat(), newChat(), newChat()];
      await Promise.all(rivals.map((chat) => shop.start(chat, token)));
      await shop.program.settled();
      assert.equal(rivals.filter((chat) => wroteTo(chat).length > 0).length, 1);
    });

    test('replay: a token that linked, was refused or was replaced by a newer one does nothing', async () => {
      const { owner } = await shop.people.signedIn();
      const used = await shop.askToLink(owner);
      await shop.start(newChat(), used, { first_name: 'Owner' });
      const offer = offerIn(await owner.get(CONFIRM));
      await shop.answer(owner, 'yes');
      await shop.start(newChat(), used, { first_name: 'Late' });
      assert.equal(await state(owner), 'ended');
      assert.equal((await owner.post(CONFIRM, { offer, answer: 'yes' })).status, 404, 'a yes counts once');

      const replaced = await shop.askToLink(owner);
      const newer = await shop.askToLink(owner);
      await shop.start(newChat(), replaced, { first_name: 'Late' });
      assert.equal(await state(owner), 'waiting');
      await shop.start(newChat(), newer, { first_name: 'Newer' });
      await shop.answer(owner, 'yes');
      assert.match(await linked(owner), /^Telegram Newer Linked/);
    });

    test('the yes of a page that lies open goes to the chat that it showed, not to a later one', async () => {
      const { owner } = await shop.people.signedIn();
      await shop.start(newChat(), await shop.askToLink(owner), { first_name: 'Shown' });
      const shown = offerIn(await owner.get(CONFIRM));
      await shop.start(newChat(), await shop.askToLink(owner), { first_name: 'Later' });
      assert.equal((await owner.post(CONFIRM, { offer: shown, answer: 'yes' })).status, 404);
      assert.match(await linked(owner), /not linked/);
    });

    test('expired: neither the token nor the offer outlives its ten minutes', async () => {
      const { owner } = await shop.people.signedIn();
      const token = await shop.askToLink(owner);
      await shop.program.advance(LINK_TOKEN_LIFETIME_MS);
      await shop.start(newChat(), token);
      assert.equal(await state(owner), 'ended');
      await shop.start(newChat(), await shop.askToLink(owner));
      const offer = offerIn(await owner.get(CONFIRM));
      await shop.program.advance(LINK_TOKEN_LIFETIME_MS);
      assert.equal((await owner.post(CONFIRM, { offer, answer: 'yes' })).status, 404);
      assert.match(await linked(owner), /not linked/);
    });

    test('a token is for one messenger: a chat of another does not bring it back', async () => {
      const { owner } = await shop.people.signedIn();
      const token = await shop.askToLink(owner, 'viber');
      await shop.start(newChat(), token);
      const answer = await owner.get('/account/messengers/status/viber');
      assert.deepEqual(JSON.parse(answer.text), { state: 'waiting' });
      const ours = await shop.askToLink(owner);
      await shop.start(newChat(), ours);
      const offer = offerIn(await owner.get(CONFIRM));
      assert.equal(
        (await owner.post('/account/messengers/confirm/viber', { offer, answer: 'yes' })).status,
        404,
        'nor is the yes of another page a yes',
      );
      assert.equal(await state(owner), 'offered');
    });

    test('a stop that arrives late never undoes a younger link, and one that arrives first withdraws an older word', async () => {
      const { owner } = await shop.people.signedIn();
      const chat = newChat();
      await shop.link(owner, chat);
      const before = shop.program.now();
      await shop.program.advance(60_000);
      await shop.says(chat, 'stop');
      assert.match(await linked(owner), /^Telegram stopped/);
      const stoppedAt = shop.program.now();
      await shop.program.advance(60_000);
      await shop.link(owner, chat);
      for (const at of [before, stoppedAt]) await shop.says(chat, 'stop', at);
      assert.match(await linked(owner), /^Telegram Jane Linked/);
      await shop.says(chat, 'stop');
      assert.match(await linked(owner), /^Telegram stopped/);
    });

    test('a forged call of a messenger changes nothing', async () => {
      const { owner } = await shop.people.signedIn();
      const token = await shop.askToLink(owner);
      const forged = shop.telegram.says(newChat(), `/start ${token}`);
      forged.headers.set('x-telegram-bot-api-secret-token', 'guessed');
      assert.equal((await shop.call('telegram', forged)).status, 401);
      assert.equal(await state(owner), 'waiting');
    });

    test('another site can neither begin a link, nor say yes, nor unlink', async () => {
      const { owner } = await shop.people.signedIn();
      const elsewhere = { 'Sec-Fetch-Site': 'cross-site' };
      assert.equal((await owner.post(LINK, { password: OLD_PASSWORD }, elsewhere)).status, 403);
      await shop.start(newChat(), await shop.askToLink(owner));
      const offer = offerIn(await owner.get(CONFIRM));
      assert.equal((await owner.post(CONFIRM, { offer, answer: 'yes' }, elsewhere)).status, 403);
      assert.equal((await owner.post(CONFIRM, { answer: 'no' }, elsewhere)).status, 403);
      await shop.answer(owner, 'yes');
      assert.equal((await owner.post(UNLINK, { password: OLD_PASSWORD }, elsewhere)).status, 403);
      assert.match(await linked(owner), /Linked/);
    });

    test('a link that was begun before the password was changed links nothing: its session is gone', async () => {
      const { email, owner } = await shop.people.signedIn();
      await shop.start(newChat(), await shop.askToLink(owner));
      const offer = offerIn(await owner.get(CONFIRM));
      const rightful = shop.people.visitor();
      await rightful.post('/recover', { identifier: email });
      await shop.program.settled();
      await rightful.post('/recover/code', { code: codeIn(shop.people.lastMail(email)) });
      await rightful.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
      assert.equal((await owner.post(CONFIRM, { offer, answer: 'yes' })).url, '/sign-in');
      const again = shop.people.visitor();
      await again.post('/sign-in', { identifier: email, password: NEW_PASSWORD });
      assert.match(await linked(again), /not linked/);
    });

    test('a recovery that was begun before a chat was linked or replaced changes no password', async () => {
      const { email, owner } = await shop.people.signedIn();
      const guest = shop.people.visitor();
      await guest.post('/recover', { identifier: email });
      await shop.program.settled();
      const code = codeIn(shop.people.lastMail(email));
      await shop.link(owner, newChat());
      await guest.post('/recover/code', { code });
      assert.notEqual((await guest.get('/recover/password')).url, '/recover/password');
    });

    test('soon after a link, a password that an unknown browser sets has to wait; "this wasn’t me" unlinks the chat', async () => {
      const { email, owner } = await shop.people.signedIn();
      await shop.program.advance(1);
      await shop.link(owner, newChat());
      const recover = async (guest: Visitor): Promise<string> => {
        await guest.post('/recover', { identifier: email });
        await shop.program.settled();
        await guest.post('/recover/code', { code: codeIn(shop.people.lastMail(email)) });
        const form = { password: NEW_PASSWORD, password2: NEW_PASSWORD };
        return (await guest.post('/recover/password', form)).text;
      };
      assert.match(await recover(shop.people.visitor()), /Your new password is waiting/);
      assert.doesNotMatch(await recover(owner), /Your new password is waiting/, 'a browser that is known');
      await owner.post('/sign-in', { identifier: email, password: NEW_PASSWORD });
      await shop.program.advance(1);
      await owner.post(LINK, { password: NEW_PASSWORD });
      const intruder = newChat();
      await shop.start(intruder, tokenIn(await owner.get(CONFIRM)), { first_name: 'Intruder' });
      await shop.answer(owner, 'yes');
      await shop.program.settled();
      const changed = shop.program.sink.messages.findLast(
        ({ to, subject }) => to === email && /password was changed/.test(subject),
      )!;
      await shop.people.visitor().post(linkIn(changed, '/not-me/'));
      await shop.program.settled();
      const { store } = shop.program.regain.context;
      const left = await store.transaction(async (tx) => {
        const [account] = await tx.accounts.byConfirmedAddress('email', email);
        return tx.chats.ofAccount(account!.id);
      });
      assert.deepEqual(left, []);
      const blocked = shop.people.lastMail(email);
      assert.match(blocked.subject, /closed until it has a new password/);
      assert.match(blocked.text, /^Unlinked: +Telegram; no code is sent there until you link yours again$/m);
    });
  });

/** On PostgreSQL: for a row that another transaction holds. */
async function somebodyWaits({ program }: WithMessengers): Promise<boolean> {
  const waiting = "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  return (await sqlOn(program.regain.config.database, waiting)).length > 0;
}
