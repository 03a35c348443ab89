/**
 * What a page costs and whom it asks: all that the first paint needs comes within 14,000 bytes, headers included, and from
 * our own origin; nothing in it is refused by its own policy, and no script fails.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page, Request, Response } from 'playwright-core';
import { openBrowser, type TestBrowser } from '../browser.ts';
import { walkEveryPage } from './every-page.ts';
import { type OnAPort, startOnAPort } from './on-a-port.ts';

/** The first flight of a TCP connection is ten segments (RFC 6928), some 14,600 bytes. */
const FIRST_PAINT_MAX_BYTES = 14_000;

let browser: TestBrowser;
let program: OnAPort;
before(async () => {
  browser = await openBrowser();
  program = await startOnAPort({ REGAIN_COOL_OFF_HOURS: '24' });
});
after(async () => {
  await browser.close();
  await program.close();
});

test('every page paints within one round trip, asks nobody else, and obeys its own policy', async () => {
  const visit = await browser.visit({ width: 360 });
  const transfers = new Transfers(visit.page);
  const findings: string[] = [];
  let states = 0;
  await walkEveryPage(program, visit.page, async (state, page) => {
    states += 1;
    const bytes = await transfers.firstPaint();
    if (bytes > FIRST_PAINT_MAX_BYTES) findings.push(`${state}: ${bytes} bytes`);
    findings.push(...(await inlineParts(page)).map((part) => `${state}: ${part}`));
    findings.push(...[...visit.faults.splice(0), ...visit.strangers.splice(0)].map((fault) => `${state}: ${fault}`));
  });
  assert.deepEqual(findings, []);
  assert.ok(states > 70, `${states} states were seen`);
});

test('a refused request, a refused style and a failing script would be seen', async () => {
  const visit = await browser.visit();
  await visit.page.goto(`${program.origin}/help`);
  const failed = visit.page.waitForEvent('pageerror');
  await visit.page.evaluate(async () => {
    document.body.append(Object.assign(document.createElement('style'), { textContent: 'p { color: red }' }));
    setTimeout(() => {
      throw new Error('a failing script');
    });
    await fetch('http://127.0.0.1:9/').catch(() => {});
  });
  await failed;
  const faults = visit.faults.join('\n');
  assert.match(faults, /inline style violates/);
  assert.match(faults, /a failing script/);
  assert.match(faults, /connect-src/);
  assert.deepEqual(await inlineParts(visit.page), ['<style>p { color: red }</style>']);
});

/** Bytes on the wire, headers and bodies, of the page in view and of what it waits for before it paints. */
class Transfers {
  readonly #styles = new Map<string, Request>();
  readonly #page: Page;
  #document: Response | undefined;

  constructor(page: Page) {
    this.#page = page;
    page.on('response', (response) => {
      const request = response.request();
      const isDocument = request.isNavigationRequest() && request.frame() === page.mainFrame();
      if (isDocument && !isRedirect(response)) this.#document = response;
      // Later pages have it from the cache.
      if (request.resourceType() === 'stylesheet' && !this.#styles.has(request.url()))
        this.#styles.set(request.url(), request);
    });
  }

  async firstPaint(): Promise<number> {
    assert.ok(this.#document);
    const blocking = await this.#page
      .locator('link[rel="stylesheet"], script[src]:not([type="module"], [async], [defer])')
      .evaluateAll((elements) => elements.map((element) => ('href' in element ? element.href : element) as string));
    let bytes = await transferred(this.#document.request());
    for (const url of blocking) {
      const request = this.#styles.get(url);
      assert.ok(request, `${url} was not seen`);
      bytes += await transferred(request);
    }
    return bytes;
  }
}

async function transferred(request: Request): Promise<number> {
  const { responseHeadersSize, responseBodySize } = await request.sizes();
  return responseHeadersSize + responseBodySize;
}

function isRedirect(response: Response): boolean {
  return response.status() >= 300 && response.status() < 400;
}

/** What a strict policy has no place for: style and script that stand in the page itself. */
function inlineParts(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('*')]
      .filter(
        (element) =>
          element.matches('style, script:not([src]), [style]') ||
          element.getAttributeNames().some((name) => name.startsWith('on')),
      )
      .map((element) => element.outerHTML.slice(0, 120)),
  );
}
