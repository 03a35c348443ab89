/**
 * No secret leaves in a Referer (STANDARDS R31): in a real browser, with an image of another origin injected into every page whose
 * address or fragment holds a token, and with a link that leads there. The stranger writes down what it is told.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { openBrowser, type TestBrowser } from '../browser.ts';
import { type OnAPort, startOnAPort } from '../e2e/on-a-port.ts';
import { addPerson, codeIn, linkIn, NEW_PASSWORD } from '../people.ts';

const JANE = 'jane@example.com';
const ONE_PIXEL = Buffer.from('R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==', 'base64');

let browser: TestBrowser;
let program: OnAPort;
let stranger: Server;
let elsewhere = '';
const told: { url: string; headers: IncomingHttpHeaders }[] = [];
before(async () => {
  browser = await openBrowser();
  program = await startOnAPort();
  stranger = createServer((request, response) => {
    told.push({ url: request.url ?? '', headers: request.headers });
    response.writeHead(200, { 'Content-Type': 'image/gif' }).end(ONE_PIXEL);
  }).listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  elsewhere = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
  await addPerson(program, { emails: [JANE] });
});
after(async () => {
  await browser.close();
  stranger.closeAllConnections();
  stranger.close();
  await program.close();
});

/** Each opens a page by the link of a mail, and says the link's token. The last one needs script to read its fragment. */
const PAGES: [title: string, open: (page: Page) => Promise<string>][] = [
  [
    'stop this request',
    async (page) => {
      const path = linkIn(await mailOf(page), '/cancel/');
      await page.goto(program.origin + path);
      return tokenOf(path);
    },
  ],
  [
    'this wasn’t me',
    async (page) => {
      await page.goto(`${program.origin}/recover`);
      const code = codeIn(await mailOf(page));
      await page.fill('#code', code);
      await page.locator('form[action="/recover/code"] .primary').click();
      await page.waitForURL('**/recover/password');
      await page.fill('#password', NEW_PASSWORD);
      await page.fill('#password2', NEW_PASSWORD);
      await page.locator('form .primary').click();
      await page.waitForURL('**/sign-in');
      await program.settled();
      const path = linkIn(program.sink.messages.findLast(({ to }) => to === JANE)!, '/not-me/');
      await page.goto(program.origin + path);
      return tokenOf(path);
    },
  ],
  [
    'did you just ask for this?',
    async (page) => {
      const link = /\S+\/recover\/confirm#(\S+)/.exec((await mailOf(page)).text)?.[1] ?? '';
      await page.goto(`${program.origin}/recover/confirm#${link}`);
      await page.locator('[value="no"]').waitFor();
      assert.equal(new URL(page.url()).hash, '', 'the address is clean');
      return link;
    },
  ],
];

for (const script of [true, false])
  for (const [title, open] of PAGES.slice(0, script ? undefined : 2))
    test(`${title}, ${script ? 'with' : 'without'} script`, async () => {
      await program.advance(86_400_000);
      told.length = 0;
      // What keeps the image out is not what is asked for here.
      const visit = await browser.visit({ script, obeysPolicy: false });
      const { page } = visit;
      const ours: (string | undefined)[] = [];
      page.on('request', (request) => {
        if (request.url().startsWith(program.origin)) ours.push(request.headers().referer);
      });
      const token = await open(page);
      assert.ok(token.length >= 22, token);
      const loaded = once(stranger, 'request');
      await page.evaluate(
        (src) => void document.body.append(Object.assign(new Image(), { src })),
        `${elsewhere}/pixel`,
      );
      await loaded;
      await page.evaluate((href) => {
        const link = Object.assign(document.createElement('a'), { href, textContent: 'elsewhere' });
        document.body.append(link);
        link.click();
      }, `${elsewhere}/link`);
      await page.waitForURL(`${elsewhere}/link`);
      assert.deepEqual(
        told.filter(({ url }) => url !== '/favicon.ico').map(({ url }) => url),
        ['/pixel', '/link'],
      );
      for (const { url, headers } of told) {
        assert.equal(headers.referer, undefined, url);
        assert.ok(!JSON.stringify([url, headers]).includes(token), url);
      }
      assert.deepEqual(ours.filter(Boolean), [], 'not to ourselves, either');
      await visit.close();
    });

test('the browser itself lets the image in no more than it lets a Referer out', async () => {
  told.length = 0;
  const visit = await browser.visit();
  await visit.page.goto(program.origin + linkIn(await mailOf(visit.page), '/cancel/'));
  const refused = await visit.page.evaluate(
    (src) =>
      new Promise((resolve) => {
        document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => resolve(effectiveDirective));
        document.body.append(Object.assign(new Image(), { src }));
      }),
    `${elsewhere}/pixel`,
  );
  assert.deepEqual([refused, told], ['img-src', []]);
  await visit.close();
});

/** Asks for a recovery, and reads the mail. */
async function mailOf(page: Page) {
  await page.goto(`${program.origin}/recover`);
  await page.fill('#identifier', JANE);
  await page.locator('form[action="/recover"] .primary').click();
  await page.waitForURL('**/recover/code');
  await program.settled();
  const mail = program.sink.messages.findLast(({ to, text }) => to === JANE && text.includes('/recover/confirm#'));
  assert.ok(mail, 'a mail');
  return mail;
}

function tokenOf(path: string): string {
  return path.split('/').at(-1) ?? '';
}
