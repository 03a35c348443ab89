/**
 * A real browser for tests and pictures: Chromium from npm, headless, also as root. One browser per test file, one
 * context per visitor; each says what went wrong in it. `REGAIN_TEST_BROWSER` names another Chromium to use.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type BrowserContext, type ConsoleMessage, chromium, type Page, type Request } from 'playwright-core';

export interface VisitOptions {
  /** Default true. */
  script?: boolean;
  /** CSS pixels; default 1280. */
  width?: number;
  height?: number;
  colorScheme?: 'light' | 'dark';
  /** Becomes Accept-Language; default en-GB. */
  locale?: string;
  /** Device pixels for one CSS pixel, for pictures; default 1. */
  scale?: number;
  /** Whether the browser keeps to the pages' Content-Security-Policy; default true. */
  obeysPolicy?: boolean;
}

export interface Visit {
  context: BrowserContext;
  page: Page;
  /** Script errors, refused content (CSP) and failed requests of all its pages; the status of a page itself is no fault. */
  faults: string[];
  /** Every request that left for another origin than that of the page, by URL. */
  strangers: string[];
  close(): Promise<void>;
}

export interface TestBrowser {
  visit(options?: VisitOptions): Promise<Visit>;
  close(): Promise<void>;
}

/** Slow machines run these tests beside others; a step that takes longer than this hangs. */
const PATIENCE_MS = 20_000;

/**
 * @param options.fonts `bundled`: the one font that comes with the browser, so that every machine lays pages out alike;
 *   `system`: the fonts of this machine first, for pictures
 */
export async function openBrowser(options: { fonts?: 'bundled' | 'system' } = {}): Promise<TestBrowser> {
  const { executablePath, env } = await findBrowser(options.fonts ?? 'bundled');
  const browser = await chromium.launch({
    executablePath,
    env,
    // A container that runs as root has no user namespace to build a sandbox in, and no GPU.
    args: ['--headless=shell', '--no-sandbox', '--no-zygote', '--disable-gpu', '--font-render-hinting=none'],
    timeout: 60_000,
  });
  return {
    async visit({
      script = true,
      width = 1280,
      height = 800,
      colorScheme = 'light',
      locale = 'en-GB',
      scale = 1,
      obeysPolicy = true,
    } = {}) {
      const context = await browser.newContext({
        javaScriptEnabled: script,
        viewport: { width, height },
        colorScheme,
        locale,
        timezoneId: 'UTC',
        deviceScaleFactor: scale,
        bypassCSP: !obeysPolicy,
      });
      context.setDefaultTimeout(PATIENCE_MS);
      const page = await context.newPage();
      const faults: string[] = [];
      const strangers: string[] = [];
      context.on('console', (message) => noteFault(message, faults));
      context.on('weberror', (error) => faults.push(String(error.error())));
      context.on('request', (request) => noteStranger(request, page, strangers));
      return { context, page, faults, strangers, close: () => context.close() };
    },
    close: () => browser.close(),
  };
}

/** Presses Tab until the element has the focus, as somebody without a mouse does. */
export async function tabTo(page: Page, selector: string): Promise<void> {
  const target = page.locator(selector);
  for (let presses = 0; presses < 60; presses += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab never reaches ${selector}`);
}

/** The browser reports a page that answers 4xx as a failed resource; only what a page loads can fail. */
function noteFault(message: ConsoleMessage, faults: string[]): void {
  if (message.type() !== 'error') return;
  const { url } = message.location();
  const isPageItself = message.text().startsWith('Failed to load resource') && url === message.page()?.url();
  if (!isPageItself) faults.push(`${message.text()} (${url})`);
}

/** A window that was just opened asks for its parts before it has a frame, so every page is held against the first. */
function noteStranger(request: Request, page: Page, strangers: string[]): void {
  const url = new URL(request.url());
  if (url.protocol === 'data:' || request.isNavigationRequest()) return;
  if (url.origin !== new URL(page.url()).origin) strangers.push(request.url());
}

type Found = { executablePath: string; env: Record<string, string> };

async function findBrowser(fonts: 'bundled' | 'system'): Promise<Found> {
  const { PATH = '', HOME = '' } = process.env;
  const own = process.env.REGAIN_TEST_BROWSER;
  if (own) return { executablePath: own, env: { PATH, HOME } };
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(
      'The browser from npm is for Linux on x64. Set REGAIN_TEST_BROWSER to the path of a Chromium or Chrome.',
    );
  const folder = await unpackedBrowser();
  return {
    executablePath: join(folder, 'chromium'),
    env: {
      PATH,
      HOME,
      // What Chromium links against and small systems lack.
      LD_LIBRARY_PATH: join(folder, 'al2023/lib'),
      FONTCONFIG_FILE: join(folder, `fonts-${fonts}.conf`),
    },
  };
}

/** Unpacked once per version below node_modules; two processes that do it at once both succeed, and one of them wins. */
async function unpackedBrowser(): Promise<string> {
  const installed = resolve(import.meta.dirname, '../node_modules/@sparticuz/chromium');
  const { version } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as { version: string };
  const folder = resolve(import.meta.dirname, `../node_modules/.cache/regain/chromium-${version}`);
  if (existsSync(folder)) return folder;

  await mkdir(dirname(folder), { recursive: true });
  const staging = await mkdtemp(`${folder}.`);
  await unpack(staging);
  for (const fonts of ['bundled', 'system'] as const)
    await writeFile(join(staging, `fonts-${fonts}.conf`), fontConfiguration(fonts, folder));
  try {
    await rename(staging, folder);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/**
 * The package unpacks into the folder for temporary files, and brings its libraries along only where it believes to be
 * in a Lambda function; so it runs in a process of its own that says both.
 */
async function unpack(folder: string): Promise<void> {
  const script = "const { default: chromium } = await import('@sparticuz/chromium'); await chromium.executablePath();";
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: resolve(import.meta.dirname, '..'),
    env: { PATH: process.env.PATH ?? '', TMPDIR: folder, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`The browser could not be unpacked (exit code ${code}).`);
}

function fontConfiguration(fonts: 'bundled' | 'system', folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
${fonts === 'system' ? '<include ignore_missing="yes">/etc/fonts/fonts.conf</include>' : ''}
<dir>${folder}/fonts/fonts</dir>
<cachedir>${folder}/fonts-cache</cachedir>
</fontconfig>
`;
}
