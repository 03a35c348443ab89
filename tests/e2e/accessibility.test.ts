/**
 * Nobody is shut out: axe finds nothing on any page in any state, light and dark, on a phone and on a desktop, from left
 * to right and from right to left; at 320 px nothing scrolls sideways, and everything that is pressed is large enough.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { openBrowser, type TestBrowser } from '../browser.ts';
import { walkEveryPage } from './every-page.ts';
import { startOnAPort } from './on-a-port.ts';

interface Look {
  width: number;
  colorScheme: 'light' | 'dark';
}
const PHONE: Look = { width: 360, colorScheme: 'light' };
const OTHER_LOOKS: Look[] = [
  { width: 360, colorScheme: 'dark' },
  { width: 1280, colorScheme: 'dark' },
  { width: 1280, colorScheme: 'light' },
];

/** Of the builder's own copy. Put into each page once: the builder does it twice for every analysis, which takes longer than that. */
const AXE = readFileSync(
  createRequire(import.meta.resolve('@axe-core/playwright')).resolve('axe-core/axe.min.js'),
  'utf8',
);

let browser: TestBrowser;
before(async () => {
  browser = await openBrowser();
});
after(() => browser.close());

test('axe finds nothing, light and dark, at 360 and 1280 px; every target is large enough at 320 px', () =>
  walk('en-GB', async (page) => [...(await axe(page)), ...(await contrast(page)), ...(await layout(page))]));

test('the same in a language that runs from right to left', () =>
  walk('ar-XB', async (page) => {
    const rightToLeft = (await page.locator('html').getAttribute('dir')) === 'rtl';
    return [...(rightToLeft ? [] : ['runs from left to right']), ...(await axe(page)), ...(await layout(page))];
  }));

/** Looks at every page in every state, and tells all findings at once. */
async function walk(locale: string, look: (page: Page) => Promise<string[]>): Promise<void> {
  const program = await startOnAPort({ REGAIN_COOL_OFF_HOURS: '24' });
  const visit = await browser.visit({ locale });
  const findings: string[] = [];
  try {
    await walkEveryPage(program, visit.page, async (state, page) => {
      findings.push(...(await look(page)).map((finding) => `${state}: ${finding}`));
    });
  } finally {
    await visit.close();
    await program.close();
  }
  assert.deepEqual(findings, []);
}

async function axe(page: Page): Promise<string[]> {
  await dress(page, PHONE);
  await page.evaluate(AXE);
  const { violations } = await new AxeBuilder({ page, axeSource: 'void 0' })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    // The only frame is a mail of ours, without script, whose markup has tests of its own.
    .setLegacyMode(true)
    .analyze();
  return violations.map((violation) => describe(violation, PHONE));
}

/** What else the look decides. */
async function contrast(page: Page): Promise<string[]> {
  const findings: string[] = [];
  for (const look of OTHER_LOOKS) {
    await dress(page, look);
    const { violations } = await page.evaluate(() =>
      (window as unknown as { axe: Axe }).axe.run({ runOnly: ['color-contrast', 'link-in-text-block'] }),
    );
    findings.push(...violations.map((violation) => describe(violation, look)));
  }
  return findings;
}

type Violations = Awaited<ReturnType<AxeBuilder['analyze']>>['violations'];
interface Axe {
  run(options: { runOnly: string[] }): Promise<{ violations: Violations }>;
}

async function dress(page: Page, { width, colorScheme }: Look): Promise<void> {
  await page.setViewportSize({ width, height: 800 });
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
}

function describe({ id, nodes }: Violations[number], { width, colorScheme }: Look): string {
  return `${width} px, ${colorScheme}, ${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`)}`;
}

/** WCAG 2.2: 1.4.10 reflow at 320 px, 2.5.8 target size; a link in a sentence is as high as the sentence. */
async function layout(page: Page): Promise<string[]> {
  await page.setViewportSize({ width: 320, height: 640 });
  return page.evaluate(() => {
    const findings: string[] = [];
    const { scrollWidth } = document.documentElement;
    if (scrollWidth > innerWidth) findings.push(`is ${scrollWidth} px wide`);
    for (const target of document.querySelectorAll<HTMLElement>('a, button, input:not([type="hidden"]), select')) {
      const { width, height, left, right } = target.getBoundingClientRect();
      const isSeen = target.checkVisibility() && !target.matches('.hidden-visually, .skip');
      if (!isSeen) continue;
      const name = target.outerHTML.slice(0, 80);
      if (left < 0 || right > innerWidth) findings.push(`${name} leaves the page`);
      if (getComputedStyle(target).display === 'inline') continue;
      const least = target.matches('a:not(.button)') ? 24 : 44;
      if (height < least || width < 24) findings.push(`${name} is ${width} x ${height} px`);
    }
    return findings;
  });
}
