/** The main job as people do it: in a real browser, against the real program, with and without script, by mouse and by keyboard. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { openBrowser, type TestBrowser, tabTo, type Visit, type VisitOptions } from '../browser.ts';
import { NEW_PASSWORD, SENDS_OF_STRANGERS, wrongCode } from '../people.ts';
import { type Running, regain, serve, TEST_SECRET } from '../regain.ts';
import { type SmtpSink, startSmtpSink } from '../smtp-sink.ts';
import { devMailbox, type Mailbox, sinkMailbox } from './mailbox.ts';

const DEMO = { email: 'demo@shop.example', password: 'sunny harbour walks 42' };

let browser: TestBrowser;
before(async () => {
  browser = await openBrowser();
});
after(() => browser.close());

describe('in development, from the shop on, with its inbox', () => {
  let program: Running;
  let demoPassword = DEMO.password;
  before(async () => {
    program = await serve();
  });
  after(() => program.stop());

  const journeys: [name: string, options: VisitOptions, hands: (page: Page) => Hands, newPassword: string][] = [
    ['on a phone, with script', { width: 360 }, mouse, 'quiet meadow lantern 58'],
    ['on a phone, without script', { width: 360, script: false }, mouse, 'amber willow compass 31'],
    ['on a desktop, with script', { width: 1280 }, mouse, 'copper thistle anchor 64'],
    ['on a desktop, without script', { width: 1280, script: false }, mouse, 'velvet orchard pebble 27'],
    ['with the keyboard alone', { width: 1280 }, keyboard, 'silent ferry blossom 83'],
    ['with the keyboard alone, without script', { width: 1280, script: false }, keyboard, 'crimson walnut harvest 46'],
  ];
  for (const [name, options, handsOf, newPassword] of journeys)
    test(`a forgotten password is recovered ${name}`, async () => {
      const visits = { here: await browser.visit(options), elsewhere: await browser.visit({ script: options.script }) };
      const mailbox = await devMailbox(visits.elsewhere.page, program.origin);
      await visits.here.page.goto(`${program.origin}/`);
      await handsOf(visits.here.page).press('.corner a');
      await recover(visits, handsOf(visits.here.page), mailbox, {
        email: DEMO.email,
        oldPassword: demoPassword,
        newPassword,
        script: options.script ?? true,
      });
      demoPassword = newPassword;
      await closeFaultless(visits.here, visits.elsewhere);
    });

  for (const script of [true, false])
    test(`a new account is opened ${script ? 'with' : 'without'} script`, async () => {
      const visit = await browser.visit({ width: 360, script });
      const reader = await browser.visit({ script });
      const mailbox = await devMailbox(reader.page, program.origin);
      await visit.page.goto(`${program.origin}/sign-in`);
      await register(visit.page, mailbox, `newcomer-${script}@example.com`);
      await closeFaultless(visit, reader);
    });

  test('a mistyped address is asked about, and either answer goes on', async () => {
    for (const [answer, goesOnWith] of [
      ['suggested', 'jane@gmail.com'],
      ['typed', 'jane@gmial.com'],
    ]) {
      const visit = await browser.visit({ script: answer === 'suggested' });
      await visit.page.goto(`${program.origin}/recover`);
      await visit.page.fill('#identifier', 'jane@gmial.com');
      await visit.page.click('form .primary');
      assert.equal(await visit.page.textContent('h1'), 'Did you mean jane@gmail.com?');
      await visit.page.click(`[value="${answer}"]`);
      await arriveAt(visit.page, '/recover/code');
      assert.match((await visit.page.textContent('.lead')) ?? '', new RegExp(`If ${goesOnWith} belongs`));
      await closeFaultless(visit);
    }
  });

  test('a phone number without a country is asked for its country', async () => {
    const visit = await browser.visit({ locale: 'de-DE' });
    const { page } = visit;
    await page.goto(`${program.origin}/recover`);
    await page.fill('#identifier', '020 7946');
    await page.click('form .primary');
    assert.equal(await page.inputValue('#country'), 'DE', 'the country of the browser is chosen already');
    await page.fill('#identifier', '020 7946 0018');
    await page.selectOption('#country', { label: 'United Kingdom' });
    await page.click('form .primary');
    await arriveAt(page, '/recover/code');
    assert.match(
      (await page.textContent('.lead')) ?? '',
      /\+442079460018/,
      'with its country, so that signing in finds it',
    );
    await closeFaultless(visit);
  });

  test('where strangers have spent the budget, the browser of the owner works for a moment and goes on', async () => {
    const identifier = 'flooded@example.com';
    for (let sends = 0; sends < SENDS_OF_STRANGERS; sends += 1)
      await fetch(`${program.origin}/api/v1/recovery`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ identifier }),
      });
    const [owner, without] = [await browser.visit(), await browser.visit({ script: false })];
    for (const { page } of [owner, without]) {
      await page.goto(`${program.origin}/recover`);
      await page.fill('#identifier', identifier);
      await page.click('form .primary');
      await page.waitForSelector('#identifier-error');
    }
    await owner.page.click('form .primary');
    await arriveAt(owner.page, '/recover/code');
    assert.equal(await without.page.isVisible('[data-working]'), false, 'nothing is promised that needs a script');
    assert.match((await without.page.textContent('#identifier-error')) ?? '', /wait/i);
    await closeFaultless(owner, without);
  });

  test('the link of the mail goes on in the browser that opens it, with and without script', async () => {
    for (const script of [true, false]) {
      const [owner, reader] = [await browser.visit({ script }), await browser.visit()];
      const mailbox = await devMailbox(reader.page, program.origin);
      const asked = await browser.visit();
      await asked.page.goto(`${program.origin}/recover`);
      await asked.page.fill('#identifier', DEMO.email);
      await asked.page.click('form .primary');
      await arriveAt(asked.page, '/recover/code');
      const link = await mailbox.nextLink(DEMO.email, '/recover/confirm');
      await owner.page.goto(link);
      if (!script) {
        await owner.page.fill('#link', link);
        await owner.page.click('form .primary');
      }
      await owner.page.waitForSelector('[value="yes"]');
      assert.equal(new URL(owner.page.url()).hash, '', 'the address bar is clean');
      await owner.page.click('[value="yes"]');
      await arriveAt(owner.page, '/recover/password');
      // Whoever asked is not told that somebody went on, or there would have to be somebody.
      await asked.page.reload();
      assert.equal(new URL(asked.page.url()).pathname, '/recover/code');
      await closeFaultless(owner, reader, asked);
    }
  });

  test('"this wasn\'t me" locks the account, and its owner gets back in with the help of support', async () => {
    const [thief, owner, reader] = [await browser.visit(), await browser.visit(), await browser.visit()];
    const mailbox = await devMailbox(reader.page, program.origin);
    const { page } = thief;
    const email = 'wary@example.com';
    await page.goto(`${program.origin}/sign-in`);
    await register(page, mailbox, email);
    await page.goto(`${program.origin}/recover`);
    await ask(page, email);
    await enterCode(page, await mailbox.nextCode(email));
    await choosePassword(page, 'a password of the thief 77');
    await signIn(page, 'a password of the thief 77');

    await owner.page.goto(await mailbox.nextLink(email, '/not-me/'));
    assert.match((await owner.page.textContent('h1')) ?? '', /did not change your password/);
    await page.reload();
    assert.equal(new URL(page.url()).pathname, '/account', 'looking at the link changes nothing');
    await owner.page.click('main form .primary');
    await seeHeading(owner.page, 'Your account is locked');
    await page.reload();
    await arriveAt(page, '/sign-in');
    await page.fill('#identifier', email);
    await page.fill('#password', 'a password of the thief 77');
    await page.click('form .primary');
    assert.match((await page.textContent('#errors')) ?? '', /not right/);

    // His only address was the one that was used: support helps, and then he recovers by it as ever.
    const unfreeze = ['accounts', 'unfreeze', '--email', email];
    const helped = await regain(unfreeze, { cwd: program.folder, env: { REGAIN_SECRET: TEST_SECRET } });
    assert.equal(helped.code, 0, helped.stderr);
    await owner.page.goto(`${program.origin}/recover`);
    await ask(owner.page, email);
    await enterCode(owner.page, await mailbox.nextCode(email));
    await choosePassword(owner.page, NEW_PASSWORD);
    await signIn(owner.page, NEW_PASSWORD);
    await closeFaultless(thief, owner, reader);
  });

  test('the cancel link of the mail stops the request', async () => {
    const [visit, reader] = [await browser.visit({ script: false }), await browser.visit({ script: false })];
    const mailbox = await devMailbox(reader.page, program.origin);
    await visit.page.goto(`${program.origin}/recover`);
    await ask(visit.page, DEMO.email);
    const code = await mailbox.nextCode(DEMO.email);
    await reader.page.click(`pre a[href*="/cancel/"]`);
    await reader.page.click('main form .primary');
    await seeHeading(reader.page, 'The request is stopped');
    await visit.page.fill('#code', code);
    await visit.page.click('form .primary');
    assert.match((await visit.page.textContent('#errors')) ?? '', /not right/, 'and no code opens anything');
    await closeFaultless(visit, reader);
  });

  test('the inbox shows a message as it arrives, and keeps the place of its reader', async () => {
    const [visit, reader] = [await browser.visit(), await browser.visit()];
    await visit.page.goto(`${program.origin}/recover`);
    await reader.page.goto(`${program.origin}/dev/inbox`);
    const messages = reader.page.locator('.messages a');
    const newest = await messages.first().getAttribute('href');
    await messages.first().focus();
    await ask(visit.page, 'somebody.new@example.com');
    await reader.page.locator('.messages li:first-child a', { hasText: 'somebody.new@example.com' }).waitFor();
    assert.equal(await reader.page.locator(':focus').getAttribute('href'), newest);
    await closeFaultless(visit, reader);
  });

  test('the time until "send it again" is counted down, and then the button works', async () => {
    const visit = await browser.visit();
    const { page } = visit;
    await page.clock.install();
    await page.goto(`${program.origin}/recover`);
    await ask(page, 'patient@example.com');
    assert.ok(await page.isDisabled('#resend'));
    assert.match((await page.textContent('#resend-wait')) ?? '', /again in 0:(30|29)\.$/);
    await page.clock.runFor(10_000);
    assert.match((await page.textContent('#resend-wait')) ?? '', /again in 0:(20|19)\.$/);
    await page.clock.runFor(20_000);
    assert.ok(await page.isEnabled('#resend'));
    assert.equal(await page.locator('#resend-wait').count(), 0);
    await closeFaultless(visit);
  });

  test('a password is judged while it is typed, compared, and shown on request', async () => {
    const [visit, reader] = [await browser.visit(), await browser.visit()];
    const mailbox = await devMailbox(reader.page, program.origin);
    const { page } = visit;
    await page.goto(`${program.origin}/recover`);
    await ask(page, DEMO.email);
    await enterCode(page, await mailbox.nextCode(DEMO.email));
    const met = () => page.locator('[data-rule].met').evaluateAll((rules) => rules.map(({ dataset }) => dataset.rule));

    await page.fill('#password', 'demo');
    await page.locator('[data-verdict]', { hasText: 'too short' }).waitFor();
    assert.deepEqual(await met(), []);
    await page.fill('#password', 'shopper 1990-12-31 !');
    await page.locator('[data-verdict]', { hasText: /name|birthday/ }).waitFor();
    assert.deepEqual(await met(), ['length', 'mix', 'leaked', 'strength'], 'all but the personal one');
    await page.fill('#password', NEW_PASSWORD);
    await page.locator('[data-verdict].right').waitFor();
    assert.deepEqual(await met(), ['length', 'mix', 'personal', 'leaked', 'strength']);

    await page.fill('#password2', NEW_PASSWORD.slice(0, 5));
    assert.equal(await page.textContent('[data-match]'), '', 'nothing to say while the beginning is right');
    await page.fill('#password2', 'quick');
    assert.match((await page.textContent('[data-match]')) ?? '', /not the same/);
    await page.fill('#password2', NEW_PASSWORD);
    assert.match((await page.textContent('[data-match]')) ?? '', /are the same/);

    const show = page.getByRole('button', { name: 'Show password' });
    await show.click();
    assert.equal(await page.getAttribute('#password', 'type'), 'text');
    assert.equal(await show.getAttribute('aria-pressed'), 'true');
    assert.equal(await page.getAttribute('#password2', 'type'), 'password');
    await show.click();
    assert.equal(await page.getAttribute('#password', 'type'), 'password');
    await closeFaultless(visit, reader);
  });
});

describe('in production, against a mail server', () => {
  test('registering, recovering and signing in, with and without script', async (t) => {
    const sink = await startSmtpSink();
    t.after(() => sink.stop());
    const program = await serveInProduction(sink);
    t.after(() => program.stop());
    for (const script of [true, false]) {
      const visits = { here: await browser.visit({ script }), elsewhere: await browser.visit({ script }) };
      const { page } = visits.here;
      const email = `shopper-${script}@example.com`;
      const mailbox = sinkMailbox(sink);
      await page.goto(`${program.origin}/`);
      await arriveAt(page, '/sign-in');
      await register(page, mailbox, email);
      await page.click('[action="/sign-out"] button');
      const passwords = { oldPassword: NEW_PASSWORD, newPassword: 'copper thistle anchor 64' };
      await recover(visits, mouse(page), mailbox, { email, script, ...passwords });
      await closeFaultless(visits.here, visits.elsewhere);
    }
  });

  test('the page tells when the message leaves, by itself or at the press of a link', async (t) => {
    let isOpen = false;
    const sink = await startSmtpSink({ onRcpt: () => (isOpen ? undefined : { code: 451, message: 'not now' }) });
    t.after(() => sink.stop());
    const program = await serveInProduction(sink);
    t.after(() => program.stop());
    const [visit, plain] = [await browser.visit(), await browser.visit({ script: false })];
    for (const [{ page }, email] of [[visit, 'jane@example.com'] as const, [plain, 'joan@example.com'] as const]) {
      await page.goto(`${program.origin}/recover`);
      await ask(page, email);
      assert.match((await page.textContent('.delivery [role="status"]')) ?? '', /waiting to leave/);
    }
    isOpen = true;
    await visit.page.locator('.delivery [role="status"]', { hasText: 'has left us' }).waitFor();
    await sink.waitFor(({ to }) => to === 'joan@example.com', 'the mail without script');
    // The mail is there a moment before its sender knows.
    for (let presses = 0; presses < 20 && (await plain.page.locator('.delivery a').count()) > 0; presses += 1)
      await plain.page.click('.delivery a');
    assert.match((await plain.page.textContent('.delivery [role="status"]')) ?? '', /has left us/);
    await closeFaultless(visit, plain);
  });
});

/** How somebody uses a page. */
interface Hands {
  type(field: string, text: string): Promise<void>;
  press(button: string): Promise<void>;
  /** From the field that was typed into last. */
  send(button: string): Promise<void>;
}

function mouse(page: Page): Hands {
  return {
    type: (field, text) => page.fill(field, text),
    press: (button) => page.click(button),
    send: (button) => page.click(button),
  };
}

function keyboard(page: Page): Hands {
  return {
    async type(field, text) {
      await tabTo(page, field);
      await page.keyboard.type(text);
    },
    async press(button) {
      await tabTo(page, button);
      await page.keyboard.press('Enter');
    },
    send: () => page.keyboard.press('Enter'),
  };
}

/** From the sign-in page to signed out again, past every mistake that a person makes. */
async function recover(
  { here, elsewhere }: { here: Visit; elsewhere: Visit },
  hands: Hands,
  mailbox: Mailbox,
  person: { email: string; oldPassword: string; newPassword: string; script: boolean },
): Promise<void> {
  const { page } = here;
  const { email, oldPassword, newPassword, script } = person;

  await arriveAt(page, '/sign-in');
  await hands.type('#identifier', email);
  await hands.press('[data-forgot]');
  await seeHeading(page, 'Find your account');
  assert.equal(await page.inputValue('#identifier'), email, 'the identifier is carried over');
  await hands.press('form .primary');
  await arriveAt(page, '/recover/code');
  assert.match((await page.textContent('.lead')) ?? '', new RegExp(`If ${email} belongs to an account`));

  const code = await mailbox.nextCode(email);
  await hands.type('#code', wrongCode(code));
  await hands.send('[data-code-form] .primary');
  await page.locator('#errors', { hasText: 'That code is not right. 4 tries left' }).waitFor();
  assert.match(await page.title(), /^Error: /);
  if (script) await hasFocus(page, 'errors');
  await hands.press('#errors a');
  await hasFocus(page, 'code'); // the error leads to its field
  // Pasted, as it stands in many mails.
  await page.keyboard.insertText(` ${code.slice(0, 3)} ${code.slice(3)} `);
  await page.keyboard.press('Enter');
  await arriveAt(page, '/recover/password');

  for (const [first, second, reason] of [
    ['password1!', 'password1!', /public list of leaked passwords/],
    [newPassword, `${newPassword}.`, /not the same/],
  ] as const) {
    await hands.type('#password', first);
    await hands.type('#password2', second);
    await hands.send('form .primary');
    await page.locator('#errors', { hasText: reason }).waitFor();
    if (script) await hasFocus(page, 'errors');
    assert.equal(await page.inputValue('#password'), '', 'a password is never filled back in');
  }
  await hands.type('#password', newPassword);
  await hands.type('#password2', newPassword);
  await hands.send('form .primary');
  await arriveAt(page, '/sign-in');
  assert.match((await page.textContent('.notice')) ?? '', /Your password was changed/);
  assert.equal(await page.inputValue('#identifier'), email);
  assert.deepEqual(await sessionCookies(here), [], 'nobody is signed in by recovering');

  await hands.type('#password', oldPassword);
  await hands.send('form .primary');
  await page.locator('#errors', { hasText: 'not right' }).waitFor();
  await hands.type('#password', newPassword);
  await hands.send('form .primary');
  await arriveAt(page, '/account');
  assert.equal(await sessionsShown(page), 1, 'every other session is gone');

  await elsewhere.page.goto(new URL('/sign-in', page.url()).href);
  await elsewhere.page.fill('#identifier', email);
  await signIn(elsewhere.page, newPassword);
  await page.reload();
  assert.equal(await sessionsShown(page), 2);
  await hands.press('[action="/account/sign-out-elsewhere"] button');
  await page.locator('.notice', { hasText: 'All other devices are signed out' }).waitFor();
  await elsewhere.page.reload();
  await arriveAt(elsewhere.page, '/sign-in');

  await hands.press('[action="/sign-out"] button');
  await page.locator('.notice', { hasText: 'You are signed out' }).waitFor();
  await page.goto(new URL('/account', page.url()).href);
  await arriveAt(page, '/sign-in');
}

/** From the sign-in page to the account page of a new account with NEW_PASSWORD. */
async function register(page: Page, mailbox: Mailbox, email: string): Promise<void> {
  await page.click('a[href="/register"]');
  await page.fill('#identifier', email);
  await page.click('form .primary');
  await arriveAt(page, '/register/code');
  await enterCode(page, await mailbox.nextCode(email));
  await arriveAt(page, '/register/complete');
  await page.fill('#name', 'Mara Lindqvist');
  await page.fill('#birthday_day', '31');
  await page.fill('#birthday_month', '2');
  await page.fill('#birthday_year', '1985');
  await choosePassword(page, NEW_PASSWORD);
  await page.locator('#errors', { hasText: 'real date' }).waitFor();
  assert.equal(await page.inputValue('#name'), 'Mara Lindqvist', 'what is no secret is filled back in');
  await page.fill('#birthday_month', '3');
  await choosePassword(page, NEW_PASSWORD);
  await arriveAt(page, '/sign-in');
  assert.match((await page.textContent('.notice')) ?? '', /Your account is ready/);
  assert.equal(await page.inputValue('#identifier'), email);
  await signIn(page, NEW_PASSWORD);
  assert.equal(await page.textContent('h1'), 'Hello, Mara Lindqvist');
}

async function ask(page: Page, email: string): Promise<void> {
  await page.fill('#identifier', email);
  await page.click('form .primary');
  await arriveAt(page, '/recover/code');
}

async function enterCode(page: Page, code: string): Promise<void> {
  await page.fill('#code', code);
  await page.click('[data-code-form] .primary');
}

async function choosePassword(page: Page, password: string): Promise<void> {
  await page.fill('#password', password);
  await page.fill('#password2', password);
  await page.click('form .primary');
}

/** With the identifier filled in. */
async function signIn(page: Page, password: string): Promise<void> {
  await page.fill('#password', password);
  await page.click('form .primary');
  await arriveAt(page, '/account');
}

async function arriveAt(page: Page, path: string): Promise<void> {
  await page.waitForURL((url) => url.pathname === path);
}

async function seeHeading(page: Page, text: string): Promise<void> {
  await page.locator('h1', { hasText: text }).waitFor();
}

/** The script runs after the page is read, so the focus may arrive a moment after the words. */
async function hasFocus(page: Page, id: string): Promise<void> {
  await page.locator(`#${id}:focus`).waitFor();
}

function sessionsShown(page: Page): Promise<number> {
  return page.locator('h2:has-text("Where you are signed in") + .rows > li').count();
}

async function sessionCookies({ context }: Visit): Promise<string[]> {
  return (await context.cookies()).map(({ name }) => name).filter((name) => name.includes('session'));
}

async function closeFaultless(...visits: Visit[]): Promise<void> {
  for (const { faults, strangers, close } of visits) {
    assert.deepEqual([...faults, ...strangers], []);
    await close();
  }
}

function serveInProduction(sink: SmtpSink): Promise<Running> {
  return serve({
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    REGAIN_SMTP_URL: sink.url,
    REGAIN_MAIL_FROM: 'Shop <no-reply@shop.example>',
    REGAIN_LOG_LEVEL: 'warn',
  });
}
