import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readMailReports } from '../../src/rules/mail-reports.ts';

const KEY =
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEDr2LjtURuePQzplybdC+u4CwrqDqBaWjcMMsTbhdbcwHBcepxo7yAQGhHPTnlvFYPAZFceEu/1FwCM/QmGUhA==';
const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:regain';

function read(text: string): { reports: ReturnType<typeof readMailReports>; problems: string[] } {
  const problems: string[] = [];
  return { reports: readMailReports(text, (problem) => problems.push(problem)), problems };
}

describe('REGAIN_MAIL_REPORTS', () => {
  test('all four, with what needs escapes', () => {
    const { reports, problems } = read(
      `inbound://:an%2Cinbound%40secret-of-20@, ses://?topic=${TOPIC},postmark://hook:a%20password%20of%20twenty@,sendgrid://?key=${KEY}`,
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(reports, [
      { provider: 'inbound', secret: 'an,inbound@secret-of-20' },
      { provider: 'ses', topics: [TOPIC] },
      { provider: 'postmark', user: 'hook', password: 'a password of twenty' },
      { provider: 'sendgrid', keys: [KEY] },
    ]);
  });

  test('nothing is nothing', () => {
    assert.deepEqual(read(''), { reports: [], problems: [] });
  });

  for (const [text, problem] of [
    ['inbound', /not a URL/],
    ['mailgun://key@', /mailgun:\/\/; known are/],
    ['inbound://:short@', /secret of 20 characters/],
    ['inbound://user:a-secret-of-twenty-ch@', /secret of 20 characters/],
    ['inbound://:a-secret-of-%E0twenty@', /broken %-escape/],
    ['postmark://:a-password-of-twenty-c@', /postmark:\/\/user:password@/],
    ['ses://', /topic=arn/],
    [`ses://?topic=${TOPIC}&topic=https://evil.example`, /topic=arn/],
    ['sendgrid://?key=short', /verification key/],
    [`ses://?topic=${TOPIC},ses://?topic=${TOPIC}`, /twice/],
  ] as const)
    test(`${text} is refused, without a secret in the sentence`, () => {
      const { problems } = read(text);
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? '', problem);
      assert.doesNotMatch(problems[0] ?? '', /a-secret|a-password/);
    });
});
