/** The phones of development in a real browser: what arrives by itself, what is copied, what is being typed. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { MESSENGERS, type Messenger } from '../../src/rules/delivery.ts';
import { openBrowser, type TestBrowser } from '../browser.ts';
import { type OnAPort, startOnAPort } from './on-a-port.ts';

const LINK = 'q1W2e3R4t5Y6u7I8o9P0a1S2d3F4g5H6';

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

async function write(messenger: Messenger, code: string): Promise<void> {
  const { chats } = program.regain;
  const to = chats?.phones[0]?.chats[messenger] ?? '';
  const usefulUntil = program.now() + 1;
  const message = {
    id: `${messenger}-${code}`,
    to,
    text: `Regain: ${code}`,
    code,
    kind: 'recovery-code',
    locale: 'en',
  };
  assert.deepEqual(await chats?.channel(messenger).send({ ...message, usefulUntil }), {
    kind: 'accepted',
    providerId: `${messenger}-${code}`,
  });
}

test('a code arrives in the open chat by itself, what is being typed stays, and its button copies it', async () => {
  const visit = await browser.visit({ width: 360 });
  const { page } = visit;
  await visit.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: program.origin });
  for (const [messenger, button] of [
    ['telegram', '.thread [data-copy="482913"]'],
    ['whatsapp', '.thread [data-copy="482913"]'],
    ['viber', '.found [data-copy="482913"]'],
  ] as const) {
    await page.goto(`${program.origin}/dev/inbox/chats/${messenger}`);
    if (messenger === 'telegram') await page.click('text=Start');
    await page.fill('#say', 'half a sent');
    await write(messenger, '482913');
    await page.click(button);
    await page.waitForSelector(`${button} >> text=Copied`);
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), '482913', messenger);
    assert.equal(await page.inputValue('#say'), 'half a sent');
    await page.fill('#say', 'thank you');
    await page.press('#say', 'Enter');
    await page.waitForSelector('.mine >> text=thank you');
    assert.equal(await page.inputValue('#say'), '');
    await page.evaluate(() => navigator.clipboard.writeText(''));
  }
  assert.deepEqual([...visit.faults, ...visit.strangers], []);
  await visit.close();
});

test('the newest words are in sight, with and without script', async () => {
  for (let number = 100_000; number < 100_012; number += 1) await write('telegram', String(number));
  for (const script of [true, false]) {
    const visit = await browser.visit({ width: 360, script });
    await visit.page.goto(`${program.origin}/dev/inbox/chats/telegram#phone`);
    const [thread, last] = await Promise.all(
      ['.thread', '.thread li:last-child'].map((part) => visit.page.locator(part).boundingBox()),
    );
    assert.ok(thread && last && last.y > thread.y && last.y + last.height <= thread.y + thread.height + 1);
    assert.deepEqual(visit.faults, []);
    await visit.close();
  }
});

test('every link is followed by its button, without script too', async () => {
  for (const script of [true, false])
    for (const messenger of MESSENGERS) {
      const visit = await browser.visit({ width: 360, script });
      const { page } = visit;
      await page.goto(`${program.origin}/dev/inbox/chats/${messenger}?phone=second&token=${LINK}`);
      await page.click('.phone > footer button');
      await page.waitForSelector('.mine');
      assert.equal(new URL(page.url()).hash, '#phone');
      await page.click('summary');
      await page.click('[value="block"]');
      await page.click('[value="unblock"]');
      await page.waitForSelector('#say');
      assert.deepEqual([...visit.faults, ...visit.strangers], []);
      await visit.close();
    }
});
