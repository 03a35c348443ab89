/**
 * Every page in every state at 360 px, as people who need it read it: with more space between letters, words and lines nothing is
 * lost (WCAG 1.4.12), and whoever goes through it with Tab sees where he is (2.4.7, 2.4.11; STANDARDS R43).
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { openBrowser, type TestBrowser } from '../browser.ts';
import { walkEveryPage } from './every-page.ts';
import { startOnAPort } from './on-a-port.ts';

/** More than this no page has. */
const TAB_STOPS_MAX = 120;
/** The least that must be borne (WCAG 1.4.12). */
const SPACING = `* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }
  p { margin-block-end: 2em !important }`;

let browser: TestBrowser;
before(async () => {
  browser = await openBrowser();
});
after(() => browser.close());

test('with the spacing that some people need no text is lost, and whatever has the focus is seen to have it', async () => {
  const program = await startOnAPort({ REGAIN_COOL_OFF_HOURS: '24' });
  const visit = await browser.visit({ width: 360, height: 640 });
  await visit.page.emulateMedia({ reducedMotion: 'reduce' });
  const findings: string[] = [];
  let states = 0;
  try {
    await walkEveryPage(program, visit.page, async (state, page) => {
      states += 1;
      const found = [...(await lostBySpacing(page)), ...(await unseenStops(page))];
      findings.push(...found.map((finding) => `${state}: ${finding}`));
    });
  } finally {
    await visit.close();
    await program.close();
  }
  assert.deepEqual(findings, []);
  assert.ok(states > 70, `${states} states were seen`);
});

async function lostBySpacing(page: Page): Promise<string[]> {
  const before = await lostText(page);
  await page.evaluate((text) => {
    // A sheet that is made by script is none that the page's policy is asked about.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    document.adoptedStyleSheets = [sheet];
  }, SPACING);
  const findings = (await lostText(page)).filter((finding) => !before.includes(finding));
  await page.evaluate(() => {
    document.adoptedStyleSheets = [];
  });
  return findings;
}

/** Text that a box cuts off, that leaves the page at its side, or that other text lies on. */
function lostText(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const findings: string[] = [];
    const lines: { owner: Element; text: string; rect: DOMRect }[] = [];
    const cuts = (overflow: string): boolean => overflow === 'hidden' || overflow === 'clip';
    /** The box that cuts the line off; 'scrolled' where it is to be had by scrolling one; undefined where it is seen. */
    const cutterOf = (owner: Element, { left, right, top, bottom }: DOMRect): Element | 'scrolled' | undefined => {
      for (let box: Element | null = owner; box && box !== document.body; box = box.parentElement) {
        const { overflowX, overflowY } = getComputedStyle(box);
        const edge = box.getBoundingClientRect();
        const [isBeside, isBeyond] = [
          left < edge.left - 1 || right > edge.right + 1,
          top < edge.top - 1 || bottom > edge.bottom + 1,
        ];
        if ((isBeside && cuts(overflowX)) || (isBeyond && cuts(overflowY))) return box;
        if ((isBeside && overflowX === 'auto') || (isBeyond && overflowY === 'auto')) return 'scrolled';
      }
      return undefined;
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const owner = node.parentElement;
      const text = node.textContent?.trim() ?? '';
      if (!owner || text === '' || owner.closest('.hidden-visually, .skip, script, style, option')) continue;
      if (!owner.checkVisibility()) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const rect of range.getClientRects()) {
        const cutter = cutterOf(owner, rect);
        if (rect.width === 0 || cutter === 'scrolled') continue;
        if (cutter) findings.push(`cut off by ${cutter.tagName}.${cutter.className}: ${text}`);
        else lines.push({ owner, text, rect });
        if (!cutter && (rect.left < -1 || rect.right > innerWidth + 1)) findings.push(`leaves the page: ${text}`);
      }
    }
    for (const [at, one] of lines.entries())
      for (const other of lines.slice(at + 1)) {
        if (one.owner.contains(other.owner) || other.owner.contains(one.owner)) continue;
        const width = Math.min(one.rect.right, other.rect.right) - Math.max(one.rect.left, other.rect.left);
        const height = Math.min(one.rect.bottom, other.rect.bottom) - Math.max(one.rect.top, other.rect.top);
        // Lines of one paragraph may touch; letters that lie on letters share more.
        if (width > 2 && height > 6) findings.push(`lies on "${other.text}": ${one.text}`);
      }
    return [...new Set(findings)];
  });
}

/** Presses Tab through the whole page. */
async function unseenStops(page: Page): Promise<string[]> {
  const findings: string[] = [];
  await page.evaluate(() => {
    (document.activeElement as HTMLElement | null)?.blur();
    scrollTo(0, 0);
  });
  const seen = new Set<string>();
  for (let presses = 0; presses < TAB_STOPS_MAX; presses += 1) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(describeStop);
    if (stop === undefined || seen.has(stop.id)) return findings;
    seen.add(stop.id);
    findings.push(...stop.problems.map((problem) => `${stop.name} ${problem}`));
  }
  return [...findings, 'Tab never comes to an end'];
}

function describeStop(): { id: string; name: string; problems: string[] } | undefined {
  const target = document.activeElement as HTMLElement | null;
  if (!target || target === document.body || target === document.documentElement) return undefined;
  target.dataset.stop ??= String(document.querySelectorAll('[data-stop]').length);
  const name = target.outerHTML.slice(0, 90);
  const problems: string[] = [];
  const { left, right, top, bottom, width, height } = target.getBoundingClientRect();
  if (left < -1 || right > innerWidth + 1) problems.push('leaves the page');
  if (height <= innerHeight && (top < -1 || bottom > innerHeight + 1)) problems.push('is not scrolled to');
  const shares = [0.1, 0.5, 0.9];
  const covered = shares.flatMap((x) =>
    shares.flatMap((y) => {
      const [px, py] = [left + width * x, top + height * y];
      if (px < 0 || py < 0 || px >= innerWidth || py >= innerHeight) return [];
      const hit = document.elementFromPoint(px, py);
      const isSeen = hit !== null && (target.closest('label') ?? target).contains(hit);
      return [!isSeen];
    }),
  );
  if (covered.length === 0 || covered.every(Boolean)) problems.push('is covered');
  const shown = target.closest('label') ?? target;
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(target);
  const parent = getComputedStyle(shown);
  const hasRing =
    (outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 0) ||
    boxShadow !== 'none' ||
    (shown !== target && parent.outlineStyle !== 'none');
  if (!hasRing && target.tagName !== 'IFRAME') problems.push('does not show that it has the focus');
  return { id: target.dataset.stop, name, problems };
}
