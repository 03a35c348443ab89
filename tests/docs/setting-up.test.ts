/** Whoever sets a provider up learns from its page what it costs, how to try it, and what it needs beside it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ConfigError, parseConfig } from '../../src/config.ts';
import type { MailReports } from '../../src/rules/mail-reports.ts';
import { TEST_SECRET } from '../regain.ts';

const bounces = readFileSync('docs/how-to/bounces.md', 'utf8');

/** The heading of each, and its row in the table of costs. */
const SECTIONS: Record<MailReports['provider'], [heading: string, row: string]> = {
  inbound: ['With a mail server of your own', 'your own mail server'],
  ses: ['With Amazon SES', 'Amazon SES'],
  postmark: ['With Postmark', 'Postmark'],
  sendgrid: ['With SendGrid', 'SendGrid'],
};

for (const [provider, [heading, row]] of Object.entries(SECTIONS))
  test(`${provider}: what its reports and its mail cost, and how to make a mail bounce`, () => {
    assert.match(bounces, new RegExp(`^\\| ${row} \\| [^|]+ \\| [^|]+ \\| [^|]+ \\|$`, 'm'));
    const section = bounces.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
    assert.match(section ?? '', /\bTry it\b/);
  });

test('the page of Telegram says what the Gateway is refused without, as the program says it', () => {
  const gateway = readFileSync('docs/how-to/telegram.md', 'utf8')
    .split(/^## /m)
    .find((part) => part.startsWith('The Gateway\n'));
  assert.throws(
    () =>
      parseConfig({
        REGAIN_SECRET: TEST_SECRET,
        REGAIN_TELEGRAM_GATEWAY_URL: 'telegram-gateway://:TOKEN@gatewayapi.telegram.org',
      }),
    (error) => {
      assert.ok(error instanceof ConfigError);
      const said = error.message.split('\n').find((line) => line.includes('needs REGAIN_SMS_URL'));
      const why = /needs REGAIN_SMS_URL[^.]*/.exec(said ?? '')?.[0];
      assert.ok(why);
      assert.ok(gateway?.replace(/\s+/g, ' ').includes(`"${why}"`), why);
      return true;
    },
  );
});
