/**
 * Takes the pictures of the README from the running program, in a real browser: three screens of a recovery side by side,
 * light and dark. `node scripts/screenshots.ts` writes docs/images/recovery.png and recovery-dark.png; on one machine the
 * same pages give the same bytes, because the program's clock stands still.
 */
import { mkdir, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { FATE_SHOWN_AFTER_MS } from '../src/rules/limits.ts';
import { openBrowser, type TestBrowser } from '../tests/browser.ts';
import { startOnAPort } from '../tests/e2e/on-a-port.ts';
import { addPerson, codeIn, NEW_PASSWORD } from '../tests/people.ts';

const FOLDER = resolve(import.meta.dirname, '../docs/images');
const EMAIL = 'jane@example.com';
/** CSS pixels of one screen, and device pixels for each of them. */
const SCREEN = { width: 400, height: 730, scale: 1 };
const MAX_BYTES = 200_000;

type Scheme = 'light' | 'dark';
/** The wall that the screens hang on. */
const WALLS: Record<Scheme, string> = { light: '#e9dfd3', dark: '#0d0a08' };

await mkdir(FOLDER, { recursive: true });
const browser = await openBrowser({ fonts: 'system' });
try {
  for (const scheme of ['light', 'dark'] as const) {
    const file = resolve(FOLDER, scheme === 'light' ? 'recovery.png' : 'recovery-dark.png');
    await hang(browser, await recoveryScreens(browser, scheme), scheme, file);
    const { size } = await stat(file);
    process.stdout.write(`${file}  ${size} bytes\n`);
    if (size > MAX_BYTES) throw new Error(`${file} is larger than ${MAX_BYTES} bytes.`);
  }
} finally {
  await browser.close();
}

/** Sign in, enter the code, choose a new password. */
async function recoveryScreens(browser: TestBrowser, colorScheme: Scheme): Promise<Buffer[]> {
  const program = await startOnAPort();
  const { page, close } = await browser.visit({ ...SCREEN, colorScheme });
  const screens: Buffer[] = [];
  try {
    await addPerson(program, { emails: [EMAIL] });
    await page.clock.install();
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.goto(`${program.origin}/sign-in`);
    await type(page, '#identifier', EMAIL);
    screens.push(await picture(page));

    await page.click('[data-forgot]');
    await page.click('form .primary');
    await page.waitForURL('**/recover/code');
    await program.advance(FATE_SHOWN_AFTER_MS);
    await page.reload();
    const code = codeIn(program.sink.messages[0]!);
    // Any code of this form; the real one would change with every picture.
    await type(page, '#code', '482913');
    screens.push(await picture(page));

    await type(page, '#code', code);
    await page.click('[data-code-form] .primary');
    await page.waitForURL('**/recover/password');
    await type(page, '#password', NEW_PASSWORD);
    await page.clock.runFor(1_000);
    await page.locator('[data-verdict].right').waitFor();
    await type(page, '#password2', NEW_PASSWORD);
    screens.push(await picture(page));
  } finally {
    await close();
    await program.close();
  }
  return screens;
}

/** Typed without giving the field the focus, whose ring leaves traces in the pixels around it. */
async function type(page: Page, field: string, text: string): Promise<void> {
  await page.locator(field).evaluate((input, value) => {
    (input as HTMLInputElement).value = value;
    input.dispatchEvent(new Event('input'));
  }, text);
}

/** Painted anew as a whole: where a page was painted in parts, the edges of the parts differ from run to run. */
async function picture(page: Page): Promise<Buffer> {
  await page.setViewportSize({ width: SCREEN.width + 40, height: SCREEN.height });
  await page.screenshot();
  await page.setViewportSize(SCREEN);
  return page.screenshot();
}

/** Side by side, each with the corners of a phone, fading where its page goes on. */
async function hang(browser: TestBrowser, screens: Buffer[], scheme: Scheme, file: string): Promise<void> {
  const gap = 36;
  const width = screens.length * (SCREEN.width + gap) + gap;
  const { page, close } = await browser.visit({ width, height: SCREEN.height + 2 * gap, scale: SCREEN.scale });
  const images = screens.map((screen) => `<img src="data:image/png;base64,${screen.toString('base64')}">`);
  await page.setContent(`<style>
body { margin: 0; padding: ${gap}px; display: flex; gap: ${gap}px; background: ${WALLS[scheme]} }
img { width: ${SCREEN.width}px; height: ${SCREEN.height}px; border-radius: 28px; mask: linear-gradient(#000 92%, #0000) }
</style>${images.join('')}`);
  await page.evaluate(() => Promise.all([...document.images].map((image) => image.decode())));
  await page.screenshot({ path: file });
  await close();
}
