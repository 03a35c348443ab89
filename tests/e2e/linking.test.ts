/** Linking Telegram in a real browser: with the page open on a desktop and the phone in the hand, and without script. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import decodeQr from 'qr/decode.js';
import { openBrowser, type TestBrowser, tabTo } from '../browser.ts';
import { addPerson, OLD_PASSWORD } from '../people.ts';
import { startTelegramPeer, type TelegramPeer } from '../telegram-peer.ts';
import { type OnAPort, startOnAPort } from './on-a-port.ts';

const TELEGRAM_TOKEN = '123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw';

let browser: TestBrowser;
let program: OnAPort;
let telegram: TelegramPeer;
before(async () => {
  browser = await openBrowser();
  telegram = await startTelegramPeer(TELEGRAM_TOKEN);
  program = await startOnAPort({
    REGAIN_TELEGRAM_URL: `telegram://${TELEGRAM_TOKEN}@api.telegram.org/shop_bot?api=${telegram.url}`,
  });
});
after(async () => {
  await browser.close();
  await program.close();
  await telegram.stop();
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

  await startInTelegram(4_711, url!.split('=').at(-1)!, 'Jane Doe');
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

test('in development the button opens a phone of the inbox, and what is pressed there is heard here', async () => {
  const visit = await browser.visit();
  const { page } = visit;
  await signIn(page, 'developer@example.com');
  await page.getByRole('link', { name: 'Link WhatsApp' }).click();
  await page.fill('#password', OLD_PASSWORD);
  await page.getByRole('button', { name: 'Continue' }).click();
  const opened = visit.context.waitForEvent('page');
  await page.getByRole('link', { name: 'Open WhatsApp' }).click();
  const phone = await opened;
  await phone.locator('[data-look="whatsapp"] footer button').first().click();
  await page.getByRole('heading', { name: 'Is this you?' }).waitFor();
  await page.getByRole('button', { name: 'Yes, send my codes there' }).click();
  await page.getByText('Codes can be sent to this chat now').waitFor();
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
  await startInTelegram(4_712, url!.split('=').at(-1)!, 'Not Jane');
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

/** Somebody opens the link in Telegram, on whatever device, and presses "Start". */
async function startInTelegram(chat: number, token: string, name: string): Promise<void> {
  telegram.chats.set(chat, 'active');
  const { headers, body } = telegram.says(chat, `/start ${token}`, { first_name: name });
  headers.set('x-telegram-bot-api-secret-token', await webhookSecret());
  const answer = await fetch(`${program.origin}/webhooks/telegram`, {
    method: 'POST',
    headers,
    body: Buffer.from(body),
  });
  assert.equal(answer.status, 200);
  await program.settled();
}

/** Which Telegram was asked to show: it refuses an origin without https, so it is read from the call. */
async function webhookSecret(): Promise<string> {
  for (;;) {
    const call = telegram.calls.find(({ path }) => path.endsWith('/setWebhook'));
    if (call) return (JSON.parse(call.body.toString('utf8')) as { secret_token: string }).secret_token;
    await new Promise(setImmediate);
  }
}

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
