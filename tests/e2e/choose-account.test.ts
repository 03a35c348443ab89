/** Two people with one phone number, in a real browser: by mouse and by keyboard, with and without script. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { openBrowser, type TestBrowser, tabTo } from '../browser.ts';
import { addPerson, NEW_PASSWORD } from '../people.ts';
import { type OnAPort, startOnAPort } from './on-a-port.ts';

let browser: TestBrowser;
let program: OnAPort;
let numbers = 160;
before(async () => {
  browser = await openBrowser();
  program = await startOnAPort();
});
after(async () => {
  await browser.close();
  await program.close();
});

for (const script of [true, false]) {
  const how = script ? 'with script' : 'without script';

  test(`the account is chosen after the code, and signs in with the number, ${how}`, async () => {
    const visit = await browser.visit({ width: 360, script });
    const { page } = visit;
    const phone = await enterCode(page);
    assert.deepEqual((await page.locator('.choice').allInnerTexts()).sort(), [
      'Jane\nj***@example.com',
      'John\nj***@example.com',
    ]);
    assert.equal(await page.locator(':checked').count(), 0, 'nobody is chosen beforehand');
    assert.match(await page.locator('.lead').innerText(), new RegExp(`has the number \\${phone}`));
    await page.getByLabel('John').check();
    await page.click('form .primary');
    await arriveAt(page, '/recover/password');
    assert.match(await page.locator('.lead').innerText(), /For your account John, j\*\*\*@example\.com\./);
    await page.goBack();
    await arriveAt(page, '/recover/password', 'what was chosen stays chosen');
    await page.fill('#password', NEW_PASSWORD);
    await page.fill('#password2', NEW_PASSWORD);
    await page.click('form .primary');
    await arriveAt(page, '/sign-in');
    assert.equal(await page.inputValue('#identifier'), phone);
    await page.fill('#password', NEW_PASSWORD);
    await page.click('form .primary');
    await arriveAt(page, '/account');
    assert.match(await page.locator('h1').innerText(), /John/);
    assert.deepEqual(visit.faults, []);
    await visit.close();
  });

  test(`whoever chooses nothing is told what to do, by keyboard, ${how}`, async () => {
    const visit = await browser.visit({ script });
    const { page } = visit;
    await enterCode(page);
    // A browser that checks `required` itself is not what is tested; the form says novalidate.
    await tabTo(page, 'form .primary');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#account-error');
    assert.match(await page.title(), /^Error: /);
    await page.click('#errors a');
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'account', 'the summary leads to the choice');
    await page.keyboard.press('ArrowDown');
    const chosen = await page.locator('.choice:has(:checked) strong').innerText();
    assert.equal(chosen, await page.locator('.choice strong').nth(1).innerText());
    await page.keyboard.press('Enter');
    await arriveAt(page, '/recover/password');
    assert.match(await page.locator('.lead').innerText(), new RegExp(`For your account ${chosen},`));
    assert.deepEqual(visit.faults, []);
    await visit.close();
  });
}

/** A number of their own for Jane and John, and the code of the text that came to it. Returns the number. */
async function enterCode(page: Page): Promise<string> {
  numbers += 1;
  const phone = `+12125550${numbers}`;
  for (const name of ['Jane', 'John'])
    await addPerson(program, { name: `${name} Doe`, emails: [`${name}.${numbers}@example.com`], phones: [phone] });
  await page.goto(`${program.origin}/recover`);
  await page.fill('#identifier', phone);
  await page.click('form .primary');
  await arriveAt(page, '/recover/code');
  await program.settled();
  const text = program.regain.inbox?.messages().find(({ to, channel }) => to === phone && channel === 'sms');
  await page.fill('#code', /#(\w+)$/.exec(text?.text ?? '')?.[1] ?? '');
  await page.click('form .primary');
  await arriveAt(page, '/recover/account');
  return phone;
}

async function arriveAt(page: Page, path: string, why?: string): Promise<void> {
  await page.waitForURL(`${program.origin}${path}`).catch((error: unknown) => {
    throw new Error(`${why ?? 'never arrived'}: at ${page.url()}, not at ${path}`, { cause: error });
  });
}
