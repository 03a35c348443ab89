/** Walks through every page in every state that the program has, and lets a test look at each. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { recordChatEvent } from '../../src/actions/record-chat-event.ts';
import { ACTIVITY_PAGE } from '../../src/rules/activity.ts';
import { MESSENGERS } from '../../src/rules/delivery.ts';
import {
  CODE_LADDER,
  CODE_LIFETIME_MS,
  FATE_SHOWN_AFTER_MS,
  LIMITS,
  LINK_FROM_WRONG_GUESSES,
  RESEND_WAITS_MS,
  STALE_NUMBER,
  TRIES_PER_CODE,
} from '../../src/rules/limits.ts';
import { addPerson, codeIn, linkIn, NEW_PASSWORD, OLD_PASSWORD, SENDS_OF_STRANGERS, wrongCode } from '../people.ts';
import type { OnAPort } from './on-a-port.ts';

export type Look = (state: string, page: Page) => Promise<void>;

const LONG = 'maximiliane.theodora.featherstonehaugh-montgomery@mail.example';

/** @param look called with the name of the state, when the page is there in it */
export async function walkEveryPage(program: OnAPort, page: Page, look: Look): Promise<void> {
  const walk = new Walk(program, page, look);
  await walk.shopAndEmptyInbox();
  await walk.signIn();
  await walk.identifierForm('/recover');
  await walk.code();
  await walk.newPassword();
  await walk.account();
  await walk.linksOfMails();
  await walk.heldPassword();
  await walk.identifierForm('/register');
  await walk.registration();
  await walk.help();
  await walk.inbox();
  await walk.chooseAccount();
  await walk.chats();
  await walk.staleNumber();
  await walk.problems();
}

class Walk {
  readonly #program: OnAPort;
  readonly #page: Page;
  readonly #look: Look;

  constructor(program: OnAPort, page: Page, look: Look) {
    this.#program = program;
    this.#page = page;
    this.#look = look;
  }

  async shopAndEmptyInbox(): Promise<void> {
    await this.#go('/');
    await this.#at('shop', '.products');
    await this.#go('/dev/inbox');
    await this.#at('inbox, empty', '.empty');
  }

  async signIn(): Promise<void> {
    await this.#go('/sign-in');
    await this.#at('sign in', '#identifier:not([aria-invalid])');
    await this.#post('/sign-in', { identifier: 'jane@', password: 'x' });
    await this.#at('sign in, malformed address', '#identifier[aria-invalid]');
    await this.#post('/sign-in', { identifier: LONG, password: 'not this one' });
    await this.#at('sign in, refused', '#errors');
    for (let tries = 0; tries < LIMITS['sign-in'].burst; tries += 1)
      await this.#quietPost('/sign-in', guess('mallory'));
    await this.#post('/sign-in', guess('mallory'));
    await this.#at('sign in, too often', '#errors');
  }

  /** The first screen of recovering and of registering. */
  async identifierForm(path: '/recover' | '/register'): Promise<void> {
    await this.#go(path);
    await this.#at(`${path}`, `form[action="${path}"]`);
    await this.#post(path, { identifier: '' });
    await this.#at(`${path}, nothing typed`, '#identifier-error');
    await this.#post(path, { identifier: '020 7946' });
    await this.#at(`${path}, national number`, path === '/recover' ? '#country' : '#identifier-error');
    await this.#post(path, { identifier: LONG.replace('mail.example', 'gmial.com') });
    await this.#at(`${path}, did you mean`, '[name="identifier-choice"]');
    for (let tries = 0; tries < SENDS_OF_STRANGERS; tries += 1)
      await this.#quietPost(path, { identifier: 'flooded@example.com' });
    await this.#post(path, { identifier: 'flooded@example.com' });
    await this.#at(`${path}, too often`, '#identifier-error');
  }

  async code(): Promise<void> {
    await addPerson(this.#program, { emails: [JANE] });
    await this.#post('/recover', { identifier: 'busy@example.com' });
    await this.#at('code, message waits', '[data-delivery="queued"]');
    await this.#post('/recover', { identifier: 'refused@example.com' });
    await this.#program.advance(FATE_SHOWN_AFTER_MS);
    await this.#go('/recover/code');
    await this.#at('code, message failed', '[data-delivery="failed"]');
    await this.#post('/recover', { identifier: '+44 20 7946 0018' });
    await this.#at('code, by phone number', '#code');
    await this.#post('/recover', { identifier: LONG });
    await this.#at('code, long address', '#code');

    await this.#startRecovery();
    await this.#program.advance(FATE_SHOWN_AFTER_MS);
    await this.#go('/recover/code');
    await this.#at('code, message sent', '[data-delivery="sent"]');
    await this.#post('/recover/code', { code: '' });
    await this.#at('code, empty', '#code-error');
    await this.#post('/recover/code', { code: '12' });
    await this.#at('code, not a code', '#code-error');
    await this.#post('/recover/resend');
    await this.#at('code, sent again too early', '#errors a[href="#resend"]');
    await this.#program.advance(RESEND_WAITS_MS[0]);
    await this.#post('/recover/resend');
    await this.#at('code, sent again', '.notice');
    await this.#go('/recover/another-way');
    await this.#at('another way', '.choices');
    await this.#wrongCode();
    await this.#at('code, wrong', '#code-error');
    await this.#go('/recover/code');
    await this.#at('code, fewer tries left', '#code-hint');
    for (let tries = 1; tries < TRIES_PER_CODE; tries += 1) await this.#wrongCode();
    await this.#at('code, used up by this try', '.warning');
    await this.#go('/recover/code');
    await this.#at('code, used up', '.warning');

    await this.#startRecovery();
    await this.#program.advance(CODE_LIFETIME_MS);
    await this.#go('/recover/code');
    await this.#at('code, expired', '.warning');
    await this.#post('/recover/code', { code: this.#code() });
    await this.#at('code, entered too late', '.warning');

    await this.#chargeGuesses(JANE, CODE_LADDER[2].fromWrongGuesses);
    await this.#startRecovery();
    await this.#at('code, letters', '#code:not([inputmode])');
    await this.#chargeGuesses('risky@example.com', LINK_FROM_WRONG_GUESSES);
    await this.#post('/recover', { identifier: 'risky@example.com' });
    await this.#at('code, a link in its place', '[data-code-page]:not(:has(#code))');
  }

  async newPassword(): Promise<void> {
    await this.#startRecovery();
    await this.#post('/recover/code', { code: this.#code() });
    await this.#at('new password', '#password2');
    await this.#page.fill('#password', 'password1!');
    await this.#at('new password, judged weak', '[data-verdict]:not(:empty):not(.right)');
    await this.#page.fill('#password2', 'something else');
    await this.#at('new password, repeated wrong', '[data-match]:not(:empty):not(.right)');
    await this.#page.fill('#password', NEW_PASSWORD);
    await this.#page.fill('#password2', NEW_PASSWORD);
    await this.#page.locator('[data-show]').first().click();
    await this.#at('new password, judged good and shown', '[data-verdict].right');
    await this.#post('/recover/password', { password: '', password2: '' });
    await this.#at('new password, empty', '#password-error');
    await this.#post('/recover/password', { password: 'password1!', password2: 'password1!' });
    await this.#at('new password, refused', '#password-error');
    await this.#post('/recover/password', { password: NEW_PASSWORD, password2: 'other' });
    await this.#at('new password, not repeated', '#password2-error');
    await this.#post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
    await this.#at('sign in, password changed', '.notice');
  }

  /** Two people share a number, and one of them has an address as long as they get. */
  async chooseAccount(): Promise<void> {
    const phones = ['+12125550171'];
    await addPerson(this.#program, { name: 'Maximiliane', emails: [`m.${LONG}`], phones });
    await addPerson(this.#program, { emails: [], phones });
    await this.#post('/recover', { identifier: '+1 212 555 0171' });
    await this.#program.settled();
    const text = this.#program.regain.inbox?.messages().find(({ channel }) => channel === 'sms');
    await this.#post('/recover/code', { code: /#(\w+)$/.exec(text?.text ?? '')?.[1] ?? '' });
    await this.#at('choose account', '#account:not(:checked)');
    await this.#post('/recover/account', {});
    await this.#at('choose account, nothing chosen', '#account-error');
    await this.#page.locator('[name="account"]').last().check();
    await this.#at('choose account, chosen', '.choice :checked');
    await this.#page.locator('form .primary').click();
    await this.#at('new password, of the chosen account', '#password2');
  }

  async account(): Promise<void> {
    await this.#post('/sign-in', { identifier: JANE, password: NEW_PASSWORD });
    await this.#at('account', '.rows');
    await this.#quietPost('/sign-in', { identifier: JANE, password: NEW_PASSWORD });
    await this.#go('/account');
    await this.#at('account, two devices', '[action="/account/sign-out-elsewhere"]');
    await this.#post('/account/sign-out-elsewhere');
    await this.#at('account, signed out elsewhere', '.notice');
    for (let tries = 0; tries < ACTIVITY_PAGE; tries += 1)
      await this.#quietPost('/sign-in', { identifier: JANE, password: 'a guess' });
    await this.#quietPost('/recover', { identifier: JANE });
    await this.#program.settled();
    await this.#go('/account');
    await this.#at('account, an unfinished recovery and older activity', '.callout [action="/recover/from-sign-in"]');
    await this.#page.locator('[href^="/account/activity?before="]').click();
    await this.#at('account activity, older', '[href="/account/activity"]');
    await this.#go('/account/activity');
    await this.#at('account activity, newest', '[href^="/account/activity?before="]');
    await this.addresses();
    await this.messengers();
    await this.#go('/');
    await this.#at('shop, signed in', '.corner .secondary');
    await this.#post('/sign-out');
    await this.#at('sign in, signed out', '.notice');
  }

  /** Of somebody who is signed in. */
  async addresses(): Promise<void> {
    const add = (identifier: string, password = NEW_PASSWORD): Promise<void> =>
      this.#post('/account/addresses/add', { identifier, password });
    await this.#go('/account/addresses/add');
    await this.#at('add address', '#password');
    await add('', '');
    await this.#at('add address, nothing typed', '#identifier-error');
    await add('second@gmial.com');
    await this.#at('add address, did you mean', 'form:has([name="asked"])');
    await add(JANE);
    await this.#at('add address, already there', '#identifier-error');
    await add(LONG, 'not this one');
    await this.#at('add address, wrong password', '#password-error');
    await this.#go('/account/addresses/add?notice=ended');
    await this.#at('add address, attempt ended', '.warning');
    await add(SECOND);
    await this.#program.settled();
    await this.#at('add address, code', 'form[action="/account/addresses/code"]');
    await this.#post('/account/addresses/code', { code: '1' });
    await this.#at('add address, not a code', '#code-error');
    await this.#post('/account/addresses/code', { code: this.#code(SECOND) });
    await this.#at('account, address added', '.notice');
    await this.#page.locator('[href^="/account/addresses/remove/"]').last().click();
    await this.#at('remove address', '#password');
    const action = new URL(this.#page.url()).pathname;
    await this.#post(action, { password: 'not this one' });
    await this.#at('remove address, wrong password', '#password-error');
    await this.#go('/account');
    const first = await this.#page.locator('[href^="/account/addresses/remove/"]').first().getAttribute('href');
    await this.#post(action, { password: NEW_PASSWORD });
    await this.#at('account, address removed', '.notice');
    await this.#go(first!);
    await this.#at('remove address, the last one', 'a[href="/account/addresses/add"].primary');
    await this.numbers(first!);
  }

  /** @param mailbox where the page leads to remove the only one */
  async numbers(mailbox: string): Promise<void> {
    const add = (identifier: string): Promise<void> =>
      this.#post('/account/addresses/add', { identifier, password: NEW_PASSWORD });
    await add('+44 20 7946 0018');
    await this.#at('add number, a landline', '#identifier-error');
    await add('020 7946');
    await this.#at('add number, of which country', '#country');
    await add(NUMBER);
    await this.#program.settled();
    await this.#at('add number, code', 'form[action="/account/addresses/code"]');
    await this.#post('/account/addresses/code', { code: this.#textedCode(NUMBER) });
    await this.#at('account, number added', '.notice');
    for (const name of ['a', 'b', 'c'])
      await addPerson(this.#program, { emails: [`family.${name}@example.com`], phones: [NUMBER] });
    await this.#go(mailbox);
    await this.#at('remove address, a shared number would be left', 'a[href="/account/addresses/add"].primary');
    await this.#go('/account');
    await this.#page.locator('[href^="/account/addresses/remove/"]').last().click();
    await this.#at('remove number', '#password');
    await this.#post(new URL(this.#page.url()).pathname, { password: NEW_PASSWORD });
    await this.#at('account, number removed', '.notice');
  }

  /** Of somebody who is signed in. */
  async messengers(): Promise<void> {
    const [link, confirm] = ['/account/messengers/link/telegram', '/account/messengers/confirm/telegram'];
    const begin = async (name?: string): Promise<void> => {
      await this.#post(link, { password: NEW_PASSWORD });
      const url = await this.#page.locator('a[target="_blank"]').getAttribute('href');
      if (name !== undefined) await this.#startInTelegram(url!.split('=').at(-1)!, name);
    };
    // The password was given often enough for a while.
    await this.#program.advance(LIMITS['check-password'].refillMs * LIMITS['check-password'].burst);
    await this.#go(link);
    await this.#at('link messenger', '#password');
    await this.#post(link, { password: 'not this one' });
    await this.#at('link messenger, wrong password', '#password-error');
    await begin();
    await this.#at('link messenger, waiting', '.qr');
    await this.#post(confirm, { answer: 'no' });
    await this.#at('account, nothing linked', '.notice');
    await this.#go(confirm);
    await this.#at('link messenger, ended', `.warning + a[href="${link}"]`);
    await begin('');
    await this.#go(confirm);
    await this.#at('link messenger, asked about a chat without a name', '[value="yes"]');
    await begin('Maximiliane Theodora_Featherstonehaugh-Montgomery_of_the_Old_Harbour_Bridge');
    await this.#go(confirm);
    await this.#at('link messenger, asked', '[value="yes"]');
    const offer = await this.#page.locator('[name="offer"]').inputValue();
    await this.#post(confirm, { offer, answer: 'yes' });
    await this.#at('account, messenger linked', '.notice');
    await this.#go(link);
    await this.#at('link messenger, another chat', '.head ~ p:not(.lead)');
    await this.#go('/account/messengers/unlink/telegram');
    await this.#at('unlink messenger', '#password');
    await this.#post('/account/messengers/unlink/telegram', { password: 'not this one' });
    await this.#at('unlink messenger, wrong password', '#password-error');
    await this.#stopInTelegram();
    await this.#go('/account');
    await this.#at('account, messenger stopped', `a[href="${link}"]`);
    await this.#post('/account/messengers/unlink/telegram', { password: NEW_PASSWORD });
    await this.#at('account, messenger unlinked', '.notice');
  }

  async linksOfMails(): Promise<void> {
    const { sink } = this.#program;
    await this.#startRecovery();
    const cancel = linkIn(sink.messages.findLast(({ to }) => to === JANE)!, '/cancel/');
    await this.#go(cancel);
    await this.#at('cancel', `form[action="${cancel}"]`);
    await this.#post(cancel);
    await this.#at('cancelled', 'a[href="/sign-in"]');
    await this.#post(`${cancel.slice(0, -4)}AAAA`);
    await this.#at('cancel, forged link', 'a[href="/"].primary');

    await this.#startRecovery();
    const link = /\/recover\/confirm#(\S+)/.exec(sink.messages.findLast(({ to }) => to === JANE)!.text)?.[1] ?? '';
    await this.#go('/recover/confirm');
    await this.#at('confirm, link not opened', '#link');
    await this.#post('/recover/confirm', { link: 'no link' });
    await this.#at('confirm, not a link', '#link-error');
    await this.#post('/recover/confirm', { link });
    await this.#at('confirm, asked', '[value="no"]');
    await this.#post('/recover/confirm', { link, answer: 'no' });
    await this.#at('confirm, no', 'a[href="/sign-in"]');
    await this.#post('/recover/confirm', { link });
    await this.#at('confirm, gone', 'a[href="/recover"].primary');

    await this.#completeRecovery(JANE);
    await this.#pressNotMe(JANE, 'not me, no other address', 'a[href^="mailto:"].primary');
    const [first, second] = ['two.addresses@example.com', 'other.address@example.com'] as const;
    await addPerson(this.#program, { emails: [first, second] });
    await this.#completeRecovery(first);
    await this.#pressNotMe(first, 'not me, code sent', 'a[href="/recover/code"]');
    const [used, flooded] = ['used.address@example.com', 'flooded.address@example.com'] as const;
    await addPerson(this.#program, { emails: [used, flooded] });
    await this.#completeRecovery(used);
    for (let tries = 0; tries < SENDS_OF_STRANGERS; tries += 1)
      await this.#quietPost('/recover', { identifier: flooded });
    await this.#pressNotMe(used, 'not me, other mailbox is full', 'a[href="/recover"].primary');
  }

  /** An unknown browser, soon after an address came to the account. */
  async heldPassword(): Promise<void> {
    const [email, newer] = ['waits@example.com', 'waits.too@example.com'] as const;
    const id = await addPerson(this.#program, { emails: [email] });
    await this.#program.advance(1);
    const now = this.#program.now();
    const address = { kind: 'email', value: newer, canonical: newer, confirmedAt: now } as const;
    await this.#program.regain.context.store.transaction((tx) => tx.accounts.addAddress(id, address, now));
    await this.#completeRecovery(email);
    await this.#at('new password, waiting', 'main .points');
    await this.#go('/recover/code');
    await this.#at('new password, still waiting', 'main .points');
  }

  async registration(): Promise<void> {
    await this.#post('/register', { identifier: 'newcomer@example.com' });
    await this.#program.settled();
    await this.#at('registration code', 'form[action="/register/code"]');
    await this.#post('/register/code', { code: '1' });
    await this.#at('registration code, not a code', '#code-error');
    await this.#post('/register/code', { code: this.#code('newcomer@example.com') });
    await this.#at('registration details', '#birthday_day');
    const details = { name: '', birthday_day: '31', birthday_month: '2', birthday_year: '1990' };
    const password = { password: NEW_PASSWORD, password2: NEW_PASSWORD };
    await this.#post('/register/complete', { ...details, ...password });
    await this.#at('registration details, no name', '#name-error');
    await this.#post('/register/complete', { ...details, ...password, name: 'New Comer' });
    await this.#at('registration details, no such day', '#birthday_day-error');
    await this.#post('/register/complete', { name: 'New Comer', password: 'newcomer', password2: 'newcomer' });
    await this.#at('registration details, weak password', '#password-error');
    await this.#post('/register/complete', { name: 'New Comer', ...password });
    await this.#at('sign in, registered', '.notice');
    await this.registrationByPhone();
  }

  async registrationByPhone(): Promise<void> {
    await this.#post('/register', { identifier: '+44 20 7946 0018' });
    await this.#at('register, a landline', '#identifier-error');
    await this.#post('/register', { identifier: '+1 (212) 555-0144' });
    await this.#program.settled();
    await this.#at('registration code, by number', '.delivery');
    await this.#post('/register/code', { code: this.#textedCode('+12125550144') });
    await this.#at('registration details, by number', '#birthday_day');
  }

  async help(): Promise<void> {
    await this.#go('/help');
    await this.#at('help', '#contact');
  }

  async inbox(): Promise<void> {
    await this.#go('/dev/inbox');
    await this.#at('inbox', '.messages');
    await this.#page.locator('.messages a', { hasText: LONG }).first().click();
    await this.#at('inbox, long address', '.messages [aria-current]');
  }

  /** The phones of development: each messenger as its link opens it, and with a code in it. */
  async chats(): Promise<void> {
    const { chats, inbox } = this.#program.regain;
    const token = 'q1W2e3R4t5Y6u7I8o9P0a1S2d3F4g5H6';
    const code = { code: '482913', kind: 'recovery-code', locale: 'en', usefulUntil: this.#program.now() + 1 };
    const text = 'Regain: your code is 482913\n@localhost #482913';
    await inbox?.texts().send({ id: 'text', to: '+12125550100', text, ...code });
    await this.#go('/dev/inbox?channel=sms');
    await this.#at('inbox, text message', '[data-look="sms"] .bound');
    for (const messenger of MESSENGERS) {
      const path = `/dev/inbox/chats/${messenger}`;
      await this.#go(`${path}?token=${token}`);
      await this.#at(`chat by ${messenger}, opened by a link`, `[data-look="${messenger}"] footer button`);
      const to = chats?.phones[0]?.chats[messenger] ?? '';
      await chats?.channel(messenger).send({ id: `code-${messenger}`, to, text, ...code });
      inbox?.behave(messenger, 'refuses');
      await chats?.channel(messenger).send({ id: `refused-${messenger}`, to, text, ...code });
      await this.#post(path, { phone: 'first', act: 'say', text: LONG });
      await this.#at(`chat by ${messenger}, with a code`, '.mine');
      await this.#post(path, { phone: 'first', act: 'block' });
      await this.#at(`chat by ${messenger}, blocked`, '[value="unblock"]');
    }
  }

  /** Of somebody who signs in with the old password, and of somebody who forgot it. */
  async staleNumber(): Promise<void> {
    const [email, number] = ['old.number@example.com', '+12125550155'];
    const numbersProvenAt = this.#program.now() - STALE_NUMBER.afterMs - 1;
    await addPerson(this.#program, { emails: [email], phones: [number], numbersProvenAt });
    await this.#page.context().clearCookies();
    await this.#post('/recover', { identifier: number });
    await this.#program.advance(RESEND_WAITS_MS[0]);
    await this.#post('/recover/resend');
    await this.#program.settled();
    await this.#post('/recover/code', { code: this.#textedCode(number) });
    await this.#post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
    await this.#at('new password, waiting for a number', 'main .points ~ a.primary[href="/recover"]');
    await this.#post('/sign-in', { identifier: email, password: OLD_PASSWORD });
    await this.#at('account, number not confirmed for long', '[href^="/account/addresses/confirm/"]');
    await this.#page.locator('[href^="/account/addresses/confirm/"]').click();
    await this.#at('confirm number again', '#password');
    const action = new URL(this.#page.url()).pathname;
    await this.#post(action, { password: 'not this one' });
    await this.#at('confirm number again, wrong password', '#password-error');
    await this.#post(action, { password: OLD_PASSWORD });
    await this.#program.settled();
    await this.#at('confirm number again, code', 'form[action="/account/addresses/code"]');
    await this.#post('/account/addresses/code', { code: this.#textedCode(number) });
    await this.#at('account, number confirmed again', '.notice');
  }

  async problems(): Promise<void> {
    await this.#go('/nowhere');
    await this.#at('problem, not found', 'main .primary');
    await this.#post('/help');
    await this.#at('problem, method not allowed', 'main .primary');
    await this.#post('/sign-in', { password: 'x'.repeat(20_000) });
    await this.#at('problem, body too large', 'main .primary');
    await this.#post('/sign-in', { identifier: 'x' }, 'text/plain');
    await this.#at('problem, unsupported media type', 'main .primary');
    await this.#post('/sign-in', [
      ['identifier', 'a'],
      ['identifier', 'b'],
    ]);
    await this.#at('problem, invalid request', 'main .primary');
    await this.#page.goto('about:blank');
    await this.#post('/sign-in', { identifier: 'x' });
    await this.#at('problem, forbidden', 'main .primary');
    const { sink, regain } = this.#program;
    const mail = sink.messages.findLast(({ to, subject }) => to === JANE && /reset/i.test(subject))!;
    await this.#post(linkIn(mail, '/cancel/'));
    await this.#at('problem, recovery not found', 'a[href="/recover"].primary');
    await regain.context.store.close();
    await this.#post('/recover', { identifier: JANE });
    await this.#at('problem, unavailable', 'main .primary');
  }

  async #pressNotMe(email: string, state: string, proof: string): Promise<void> {
    const path = linkIn(this.#program.sink.messages.findLast(({ to }) => to === email)!, '/not-me/');
    await this.#go(path);
    await this.#at('not me', `form[action="${path}"]`);
    await this.#post(path);
    await this.#at(state, proof);
    await this.#go(path);
    await this.#at('not me, link used up', 'a[href="/recover"].primary');
  }

  /** What a person does in the messenger, on a device that nobody looks at here. */
  async #startInTelegram(token: string, name: string): Promise<void> {
    const said = { chat: '42', token, name: name === '' ? null : name, at: this.#program.now() };
    await recordChatEvent(this.#program.regain.context, 'telegram', { type: 'linked', ...said });
    await this.#program.settled();
  }

  async #stopInTelegram(): Promise<void> {
    const event = { type: 'stopped', chat: '42', at: this.#program.now() } as const;
    await recordChatEvent(this.#program.regain.context, 'telegram', event);
  }

  async #startRecovery(email = JANE): Promise<void> {
    await this.#post('/recover', { identifier: email });
    await this.#program.settled();
    await this.#go('/recover/code');
  }

  async #completeRecovery(email: string): Promise<void> {
    await this.#startRecovery(email);
    await this.#post('/recover/code', { code: this.#code(email) });
    await this.#post('/recover/password', { password: OLD_PASSWORD, password2: OLD_PASSWORD });
    await this.#program.settled();
  }

  #code(email = JANE): string {
    return codeIn(this.#program.sink.messages.findLast(({ to }) => to === email)!);
  }

  #textedCode(number: string): string {
    const text = this.#program.regain.inbox?.messages().find(({ to }) => to === number)?.text ?? '';
    return /#([0-9A-Z]+)$/.exec(text)?.[1] ?? assert.fail(`a code for ${number}`);
  }

  async #wrongCode(): Promise<void> {
    await this.#post('/recover/code', { code: wrongCode(this.#code()) });
  }

  async #chargeGuesses(email: string, count: number): Promise<void> {
    const { store, keys } = this.#program.regain.context;
    const mac = keys.identifierMac({ kind: 'email', canonical: email });
    await store.transaction(async (tx) => {
      for (let guesses = 0; guesses < count; guesses += 1)
        await tx.guesses.charge({ identifierMac: mac, channel: 'email', lane: 'stranger' }, 1, this.#program.now());
    });
  }

  async #go(path: string): Promise<void> {
    await this.#page.goto(this.#program.origin + path);
  }

  /** Sends a form that the page need not show, as a browser sends it. */
  async #post(
    path: string,
    fields: Record<string, string> | [string, string][] = {},
    enctype = 'application/x-www-form-urlencoded',
  ): Promise<void> {
    const entries = Array.isArray(fields) ? fields : Object.entries(fields);
    const loaded = this.#page.waitForEvent('load');
    await this.#page.evaluate(
      ([action, type, inputs]) => {
        const form = Object.assign(document.createElement('form'), { method: 'post', action, enctype: type });
        for (const [name, value] of inputs)
          form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
        document.body.append(form);
        form.submit();
      },
      [this.#program.origin + path, enctype, entries] as const,
    );
    await loaded;
  }

  /** The same from elsewhere: another browser, whose page nobody looks at. */
  async #quietPost(path: string, fields: Record<string, string>): Promise<void> {
    const request = new Request(this.#program.origin + path, { method: 'POST', body: new URLSearchParams(fields) });
    const response = await this.#program.regain.fetch(request, { peer: '127.0.0.1' });
    assert.ok(response.status < 500, `${path} answers ${response.status}`);
  }

  /** @param proof what stands in the page only in this state */
  async #at(state: string, proof: string): Promise<void> {
    await this.#page
      .locator(proof)
      .first()
      .waitFor()
      .catch(async () => {
        assert.fail(`${state}: ${proof} is not at ${this.#page.url()}: ${await this.#page.textContent('main')}`);
      });
    await this.#look(state, this.#page);
  }
}

const JANE = 'jane@example.com';
const SECOND = 'second@example.com';
const NUMBER = '+12125550133';

function guess(name: string): Record<string, string> {
  return { identifier: `${name}@example.com`, password: 'a guess' };
}
