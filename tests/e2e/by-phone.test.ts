/** A phone number as an address of one's own, in a real browser, with and without script. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { openBrowser, type TestBrowser, type Visit } from '../browser.ts';
import { addPerson, NEW_PASSWORD, OLD_PASSWORD } from '../people.ts';
import { type OnAPort, startOnAPort } from './on-a-port.ts';

let browser: TestBrowser;
let program: OnAPort;
before(async () => {
  browser = await openBrowser();
  program = await startOnAPort();
});
after(async () => {
  await program.close();
  await browser.close();
});

for (const [at, script] of [true, false].entries()) {
  const how = script ? 'with script' : 'without script';
  test(`an account is opened with a mobile number of home, ${how}`, async () => {
    const number = `+44740012345${at}`;
    const visit = await browser.visit({ width: 360, script });
    const { page } = visit;
    await page.goto(`${program.origin}/register`);
    await page.fill('#identifier', `07400 12345${at}`);
    await page.click('form .primary');
    await page.waitForURL('**/register/code');
    await enterCode(page, await textedCode(number));
    await page.waitForURL('**/register/complete');
    await page.fill('#name', 'Mara Lindqvist');
    await page.fill('#password', NEW_PASSWORD);
    await page.fill('#password2', NEW_PASSWORD);
    await page.click('form .primary');
    await page.waitForURL('**/sign-in');
    assert.equal(await page.inputValue('#identifier'), `07400 12345${at}`);
    await page.fill('#password', NEW_PASSWORD);
    await page.click('form .primary');
    await page.waitForURL('**/account');
    assert.match((await page.textContent('.rows')) ?? '', new RegExp(`\\${number}`));
    assert.deepEqual(visit.faults, []);
    await visit.close();
  });

  test(`a number is added to an account and taken away again, ${how}`, async () => {
    const [number, email] = [`+1212555013${at}`, `adds-${at}@example.com`];
    await addPerson(program, { emails: [email] });
    const visit = await browser.visit({ width: 360, script });
    const { page } = visit;
    await page.goto(`${program.origin}/sign-in`);
    await page.fill('#identifier', email);
    await page.fill('#password', OLD_PASSWORD);
    await page.click('form .primary');
    await page.click('a[href="/account/addresses/add"]');
    await page.fill('#identifier', '020 7946');
    await page.fill('#password', OLD_PASSWORD);
    await page.click('form .primary');
    assert.equal(await page.inputValue('#country'), 'GB');
    await page.fill('#identifier', `212 555 013${at}`);
    await page.selectOption('#country', { label: 'United States' });
    await page.fill('#password', OLD_PASSWORD);
    await page.click('form .primary');
    await page.waitForURL('**/account/addresses/code');
    assert.match((await page.textContent('.lead')) ?? '', new RegExp(`\\${number}`));
    await enterCode(page, await textedCode(number));
    await page.waitForURL('**/account?notice=address-added');
    await page.locator('a[href^="/account/addresses/remove/"]').last().click();
    await page.fill('#password', OLD_PASSWORD);
    await page.click('form .primary');
    await page.waitForURL('**/account?notice=address-removed');
    assert.doesNotMatch((await page.textContent('.rows')) ?? '', new RegExp(`\\${number}`));
    assert.deepEqual(visit.faults, []);
    await visit.close();
  });
}

test('the browser reads the code from the text message: it is filled in and sent, and nothing is typed', async () => {
  const number = '+12125550141';
  const visit = await atCodePage(number);
  const { page } = visit;
  assert.deepEqual(await page.evaluate('window.asked'), { otp: { transport: ['sms'] } });
  await page.evaluate(`window.textArrives(${JSON.stringify(await textedCode(number))})`);
  await page.waitForURL('**/recover/password');
  assert.deepEqual(visit.faults, []);
  await visit.close();
});

test('who types the code is not asked by the browser any more, and who declines can still type it', async () => {
  const number = '+12125550142';
  const visit = await atCodePage(number);
  const { page } = visit;
  await enterCode(page, '000000');
  await page.waitForSelector('#errors');
  assert.equal(await page.evaluate(`sessionStorage.getItem('asking')`), 'ended');
  await page.waitForFunction(() => 'decline' in window);
  await page.evaluate('window.decline()');
  await enterCode(page, await textedCode(number));
  await page.waitForURL('**/recover/password');
  assert.deepEqual(
    visit.faults.filter((fault) => !fault.includes('422')),
    [],
  );
  await visit.close();
});

/** A person with this number in a browser with WebOTP, who was sent a code and is asked for it. */
async function atCodePage(number: string): Promise<Visit> {
  await addPerson(program, { emails: [], phones: [number] });
  const visit = await browser.visit({ width: 360 });
  const { page } = visit;
  await page.addInitScript(stubWebOtp);
  await page.goto(`${program.origin}/recover`);
  await page.fill('#identifier', number);
  await page.click('form .primary');
  await page.waitForURL('**/recover/code');
  await page.waitForFunction(() => 'textArrives' in window);
  return visit;
}

/** A browser with WebOTP, in which the test says when a text arrives or the person declines. Runs in the page. */
function stubWebOtp(): void {
  const get = ({ signal, ...asked }: CredentialRequestOptions): Promise<unknown> =>
    new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => sessionStorage.setItem('asking', 'ended'));
      const textArrives = (code: string): void => resolve({ type: 'otp', code });
      const decline = (): void => reject(new DOMException('declined', 'NotAllowedError'));
      Object.assign(window, { asked, textArrives, decline });
    });
  Object.assign(window, { OTPCredential: class {} });
  Object.defineProperty(navigator, 'credentials', { value: { get } });
}

async function enterCode(page: Page, code: string): Promise<void> {
  await page.fill('#code', code);
  await page.click('[data-code-form] .primary');
}

async function textedCode(number: string): Promise<string> {
  await program.settled();
  const text = program.regain.inbox?.messages().find(({ to }) => to === number)?.text ?? '';
  return /#([0-9A-Z]+)$/.exec(text)?.[1] ?? assert.fail(`a code for ${number}`);
}
