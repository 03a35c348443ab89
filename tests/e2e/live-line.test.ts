/** The line under "enter the code" in a real browser: it changes by itself, and it asks where no stream can be had. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { FATE_SHOWN_AFTER_MS } from '../../src/rules/limits.ts';
import { openBrowser, type TestBrowser, type Visit } from '../browser.ts';
import { addPerson, codeIn } from '../people.ts';
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

/** The addresses below /recover/status that a page asked for, by how it asked. */
interface Asked extends Visit {
  kinds: string[];
}

async function visitAsking(): Promise<Asked> {
  const visit = await browser.visit({ width: 360 });
  const kinds: string[] = [];
  visit.page.on('request', (request) => {
    if (request.url().endsWith('/recover/status')) kinds.push(request.resourceType());
  });
  return { ...visit, kinds };
}

async function askForCode(page: Page, email: string): Promise<void> {
  await page.goto(`${program.origin}/recover`);
  await page.fill('#identifier', email);
  await page.click('button[type=submit]');
  await page.waitForURL(`${program.origin}/recover/code`);
  await page.waitForSelector('[data-delivery="queued"]');
}

async function codeFor(email: string): Promise<string> {
  await program.settled();
  const mail = program.sink.messages.findLast(({ to }) => to === email);
  assert.ok(mail, `a mail to ${email}`);
  return codeIn(mail);
}

describe('the live line in a browser', () => {
  test('changes when the message has left, by one stream and no question', async () => {
    const { page, kinds, faults } = await visitAsking();
    await askForCode(page, 'line@example.com');
    await program.advance(FATE_SHOWN_AFTER_MS);
    await page.waitForSelector('[data-delivery="sent"]');
    assert.deepEqual(kinds, ['eventsource']);
    assert.deepEqual(faults, []);
  });

  test('a code that was entered in another tab brings this one to the new password', async () => {
    const email = 'tabs@example.com';
    await addPerson(program, { emails: [email] });
    const { page } = await visitAsking();
    await askForCode(page, email);
    const other = await page.context().newPage();
    await other.goto(`${program.origin}/recover/code`);
    await other.fill('#code', await codeFor(email));
    await other.click('.primary');
    await page.waitForURL(`${program.origin}/recover/password`);
  });

  test('where there is no place for a stream, it asks', async () => {
    const { page, kinds } = await visitAsking();
    await page.route('**/recover/status', (route) =>
      route.request().resourceType() === 'eventsource' ? route.fulfill({ status: 503, body: '' }) : route.continue(),
    );
    await askForCode(page, 'asking@example.com');
    await program.advance(FATE_SHOWN_AFTER_MS);
    await page.waitForSelector('[data-delivery="sent"]');
    assert.equal(kinds.filter((kind) => kind === 'eventsource').length, 1);
    assert.ok(kinds.includes('fetch'));
  });

  test('where a proxy holds the stream back, it asks', async () => {
    const { page, kinds } = await visitAsking();
    await page.route('**/recover/status', (route) =>
      route.request().resourceType() === 'eventsource' ? undefined : route.continue(),
    );
    await askForCode(page, 'held-back@example.com');
    await program.advance(FATE_SHOWN_AFTER_MS);
    await page.waitForSelector('[data-delivery="sent"]');
    assert.deepEqual(new Set(kinds), new Set(['eventsource', 'fetch']));
  });
});
