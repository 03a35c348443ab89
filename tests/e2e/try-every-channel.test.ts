/** docs/how-to/try-every-channel.md, as a newcomer does it in a real browser: every step of it, and what it says is seen. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { MESSENGER_NAMES, type Messenger } from '../../src/rules/delivery.ts';
import { openBrowser, type TestBrowser, type Visit } from '../browser.ts';
import { type Running, serve } from '../regain.ts';

const EMAIL = 'demo@shop.example';
const PHONE = '+12125550100';
const PRESSED: Record<Messenger, string> = {
  telegram: '/start',
  whatsapp: 'LINK',
  viber: 'Yes, send them here',
};

let browser: TestBrowser;
before(async () => {
  browser = await openBrowser();
});
after(() => browser.close());

const journeys: [messenger: Messenger, script: boolean, width: number, newPassword: string][] = [
  ['telegram', true, 1280, 'quiet meadow lantern 58'],
  ['telegram', false, 360, 'amber willow compass 31'],
  ['whatsapp', true, 360, 'copper thistle anchor 64'],
  ['viber', false, 1280, 'velvet orchard pebble 27'],
];

describe('linked by its button, a messenger brings the code', () => {
  for (const [messenger, script, width, newPassword] of journeys)
    test(`${messenger} at ${width} px, ${script ? 'with' : 'without'} script`, async (t) => {
      const program = await serve();
      t.after(() => program.stop());
      const visit = await browser.visit({ script, width });
      const { page } = visit;
      await signIn(program, page, /stop working: (.*)\)/.exec(program.output())?.[1] ?? '');

      // 2. Link
      await page.click(`a[href="/account/messengers/link/${messenger}"]`);
      await page.fill('#password', /stop working: (.*)\)/.exec(program.output())?.[1] ?? '');
      await page.click('form .primary');
      await page.waitForSelector('main svg[role="img"], main [role="img"] svg, main img');
      const [chat] = await Promise.all([visit.context.waitForEvent('page'), page.click('a.primary')]);
      assert.ok(chat.url().startsWith(`${program.origin}/dev/inbox/chats/${messenger}?token=`), chat.url());
      await chat.click('.phone > footer button');
      await chat.locator('.mine', { hasText: PRESSED[messenger] }).waitFor();
      if (!script) await page.click('a[data-without-script]');
      await page.locator('h1 ~ .callout', { hasText: `Demo Shopper on ${MESSENGER_NAMES[messenger]}` }).waitFor();
      await page.click('[name="answer"][value="yes"]');
      await page.locator('.notice').waitFor();
      assert.equal(new URL(page.url()).pathname, '/account');

      // 3. Recover
      await page.click('[action="/sign-out"] button');
      await ask(program, page, EMAIL);
      await page.goto(`${program.origin}/recover/another-way`);
      await page.locator(`form:has([name="channel"][value="${messenger}"]) button`).click();
      await page.waitForURL('**/recover/code*');
      await page.fill('#code', await codeOn(program, `/dev/inbox/chats/${messenger}`));
      await page.click('form[data-code-form] .primary, form[action="/recover/code"] .primary');
      await page.waitForURL('**/recover/password');
      await page.fill('#password', newPassword);
      await page.fill('#password2', newPassword);
      await page.click('form .primary');
      await page.waitForURL('**/sign-in*');
      await signIn(program, page, newPassword);
      await faultless(visit);
    });
});

describe('a phone that fails', () => {
  let program: Running;
  before(async () => {
    program = await serve();
  });
  after(() => program.stop());

  for (const [behaviour, arrives] of [
    ['works', true],
    ['refuses', false],
  ] as const)
    test(`SMS ${behaviour}: the code is ${arrives ? 'on the phone' : 'in the mailbox'}`, async () => {
      const [visit, reader] = [await browser.visit(), await browser.visit()];
      await reader.page.goto(`${program.origin}/dev/inbox?channel=sms`);
      await reader.page.click(`[name="behaviour"][value="${behaviour}"]`);
      await reader.page.waitForSelector(`[value="${behaviour}"][aria-pressed="true"]`);
      const texts = reader.page.locator('.messages a');
      const before = await texts.count();
      await ask(program, visit.page, PHONE);
      await texts.nth(before).waitFor();
      assert.equal(await reader.page.locator('.phone li:last-child[data-fate="refused"]').count(), arrives ? 0 : 1);
      const code = await codeOn(program, `/dev/inbox?channel=${arrives ? 'sms' : 'email'}`);
      await visit.page.fill('#code', code);
      await visit.page.click('form[action="/recover/code"] .primary');
      await visit.page.waitForURL('**/recover/password');
      await faultless(visit, reader);
    });
});

async function signIn(program: Running, page: Page, password: string): Promise<void> {
  await page.goto(`${program.origin}/sign-in`);
  await page.fill('#identifier', EMAIL);
  await page.fill('#password', password);
  await page.click('form .primary');
  await page.waitForURL('**/account');
}

async function ask(program: Running, page: Page, identifier: string): Promise<void> {
  await page.goto(`${program.origin}/recover`);
  await page.fill('#identifier', identifier);
  await page.click('form .primary');
  await page.waitForURL('**/recover/code');
}

/** Waits, in a window of its own, until the part of the inbox shows one. */
async function codeOn(program: Running, path: string): Promise<string> {
  const { page, close } = await browser.visit();
  await page.goto(program.origin + path);
  const code = await page.locator('.found output').first().textContent();
  await close();
  return code ?? '';
}

async function faultless(...visits: Visit[]): Promise<void> {
  for (const visit of visits) {
    assert.deepEqual([...visit.faults, ...visit.strangers], []);
    await visit.close();
  }
}
