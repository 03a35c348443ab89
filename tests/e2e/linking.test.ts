/** Linking Telegram in a real browser: with the page open on a desktop and the phone in the hand, and without script. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import decodeQr from 'qr/decode.js';
import { openBrowser, type TestBrowser, tabTo } from '../browser.ts';
import { addPerson, OLD_PASSWORD } from '../people.ts';
import { type OnAPort, startOnAPort } from './on-a-port.ts';

let browser: TestBrowser;
let program: OnAPort;
before(async () => {
  browser = await openBrowser();
  program = await startOnAPort();
});
after(async () => {
  await browser.close();
  await program.close();
});

test('the phone reads the code from the screen, the page notices by itself, and the keyboard says yes', async () => {
  const visit = await browser.visit();
  const { page } = visit;
  await signIn(page, 'desktop@example.com');
  await page.getByRole('link', { name: 'Link Telegram' }).click();
  await page.fill('#password', OLD_PASSWORD);
  await page.getByRole('button', { name: 'Continue' }).click();
  const button = page.getByRole('link', { name: 'Open Telegram' });
  const url = await button.getAttribute('href');
  assert.match(url ?? '', /^https:\/\/t\.me\/shop_bot\?start=[\w-]{32}$/);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    assert.equal(await readQr(page), url, colorScheme);
  }

  await program.startInTelegram(4_711, url!.split('=').at(-1)!, 'Jane Doe');
  // Nobody touches the page.
  await page.getByRole('heading', { name: 'Is this you?' }).waitFor();
  assert.match((await page.textContent('main')) ?? '', /Jane Doe on Telegram/);
  await tabTo(page, '[value="yes"]');
  await page.keyboard.press('Enter');
  await page.getByText('Codes can be sent to this chat now').waitFor();
  assert.match((await page.textContent('#messengers ~ ul')) ?? '', /Telegram\s*Jane Doe\s*Linked/);
  assert.deepEqual([...visit.faults, ...visit.strangers], []);
  await visit.close();
});

test('without script: a button asks again, and the safe answer is the first that the keyboard reaches', async () => {
  const visit = await browser.visit({ script: false, width: 360 });
  const { page } = visit;
  await signIn(page, 'plain@example.com');
  await page.getByRole('link', { name: 'Link Telegram' }).click();
  await page.fill('#password', OLD_PASSWORD);
  await page.getByRole('button', { name: 'Continue' }).click();
  const url = await page.getByRole('link', { name: 'Open Telegram' }).getAttribute('href');
  const done = page.getByRole('link', { name: 'I have done that in Telegram' });
  await done.click();
  assert.equal(await page.getByRole('link', { name: 'Open Telegram' }).getAttribute('href'), url, 'not yet');
  await program.startInTelegram(4_712, url!.split('=').at(-1)!, 'Not Jane');
  await done.click();
  await page.getByRole('heading', { name: 'Is this you?' }).waitFor();
  assert.equal(await page.locator('main button').first().textContent(), 'No, that isn’t me');
  await page.locator('main button').first().click();
  await page.getByText('Nothing was linked.').waitFor();
  await visit.close();
});

test('signed out elsewhere while the page waits: it leads to the sign-in by itself', async () => {
  const visit = await browser.visit();
  const { page } = visit;
  await signIn(page, 'leaves@example.com');
  await page.getByRole('link', { name: 'Link Telegram' }).click();
  await page.fill('#password', OLD_PASSWORD);
  await page.getByRole('button', { name: 'Continue' }).click();
  const other = await visit.context.newPage();
  await other.goto(`${program.origin}/account`);
  await other.getByRole('button', { name: 'Sign out', exact: true }).click();
  await other.waitForURL('**/sign-in*');
  await other.close();
  await page.waitForURL('**/sign-in');
  await visit.close();
});

async function signIn(page: Page, email: string): Promise<void> {
  await addPerson(program, { emails: [email] });
  await page.goto(`${program.origin}/sign-in`);
  await page.fill('#identifier', email);
  await page.fill('#password', OLD_PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.waitForURL('**/account');
}

/** As a camera sees it: the drawn symbol, read by a library that did not write it. */
async function readQr(page: Page): Promise<string> {
  const image = await page.evaluate(async () => {
    const svg = document.querySelector('.qr')!.cloneNode(true) as SVGElement;
    svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
    for (const name of ['width', 'height']) svg.setAttribute(name, '400');
    const picture = new Image(400, 400);
    picture.src = `data:image/svg+xml,${encodeURIComponent(svg.outerHTML)}`;
    await picture.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: 400, height: 400 });
    const context = canvas.getContext('2d')!;
    context.drawImage(picture, 0, 0);
    return [...context.getImageData(0, 0, 400, 400).data];
  });
  return decodeQr({ width: 400, height: 400, data: new Uint8ClampedArray(image) });
}
