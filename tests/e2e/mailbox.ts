/** Where a person reads the mails that the program sent. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { codeIn } from '../people.ts';
import type { SinkMessage, SmtpSink } from '../smtp-sink.ts';

export interface Mailbox {
  /** Of the next mail to this address that was not read before and has a code. */
  nextCode(email: string): Promise<string>;
  /** The next link whose path contains `part`, as a URL. */
  nextLink(email: string, part: string): Promise<string>;
}

const PATIENCE_MS = 20_000;

/** The development inbox, read in a browser. Mails that are there already count as read. */
export async function devMailbox(page: Page, origin: string): Promise<Mailbox> {
  const read = new Set(await messages(page, origin));
  const next = async <T>(email: string, find: () => Promise<T | undefined>): Promise<T> => {
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (;;) {
      for (const path of (await messages(page, origin)).filter((message) => !read.has(message))) {
        await page.goto(origin + path);
        const isTo = (await page.textContent('.to'))?.includes(email);
        const found = isTo ? await find() : undefined;
        if (found === undefined) continue;
        read.add(path);
        return found;
      }
      assert.ok(performance.now() < giveUpAt, `no such mail to ${email} in the inbox`);
    }
  };
  return {
    nextCode: (email) =>
      next(email, async () => {
        const code = page.locator('output');
        return (await code.count()) > 0 ? ((await code.textContent()) ?? undefined) : undefined;
      }),
    nextLink: (email, part) =>
      next(email, async () => {
        const link = page.locator(`pre a[href*="${part}"]`);
        return (await link.count()) > 0 ? ((await link.getAttribute('href')) ?? undefined) : undefined;
      }),
  };
}

/** Newest first. */
async function messages(page: Page, origin: string): Promise<string[]> {
  await page.goto(`${origin}/dev/inbox`);
  return page.locator('.messages a').evaluateAll((links) => links.map((link) => link.getAttribute('href') as string));
}

/** What reached a real mail server. */
export function sinkMailbox(sink: SmtpSink): Mailbox {
  const read = new Set<SinkMessage>(sink.messages);
  const next = async <T>(
    email: string,
    description: string,
    find: (mail: SinkMessage) => T | undefined,
  ): Promise<T> => {
    const fits = (mail: SinkMessage): boolean => !read.has(mail) && mail.to === email && find(mail) !== undefined;
    const mail = await sink.waitFor(fits, `${description} for ${email}`);
    read.add(mail);
    return find(mail) as T;
  };
  return {
    nextCode: (email) =>
      next(email, 'a code', (mail) => (/^\s*[0-9A-Z]{6,10}\s*$/m.test(mail.text) ? codeIn(mail) : undefined)),
    nextLink: (email, part) =>
      next(email, part, (mail) => mail.text.match(/https?:\/\/\S+/g)?.find((url) => url.includes(part))),
  };
}
