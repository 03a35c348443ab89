import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mailboxOf } from '../../src/rules/mailboxes.ts';

describe('the mailbox of an address', () => {
  const cases: [string, string][] = [
    ['jane@example.com', 'jane@example.com'],
    ['jane+shop@example.com', 'jane@example.com'],
    ['jane+a+b@example.com', 'jane@example.com'],
    ['jane+@example.com', 'jane@example.com'],
    ['"jane"@example.com', 'jane@example.com'],
    ['"jane+x"@example.com', 'jane@example.com'],
    ['"ja\\ne"@example.com', 'jane@example.com'],
    ['"jane\\+x"@example.com', 'jane@example.com'],
    // What a provider's other addresses begin with is no subaddress.
    ['+jane@example.com', '+jane@example.com'],
    ['"@"@example.com', '@@example.com'],
    ['j.ane@example.com', 'j.ane@example.com'],
    ['jane-x@example.com', 'jane-x@example.com'],
    ['j.a.n.e@gmail.com', 'jane@gmail.com'],
    ['j.ane+x.y@googlemail.com', 'jane@gmail.com'],
    ['"j.ane"@gmail.com', 'jane@gmail.com'],
    ['j.ane@gmail.com.example', 'j.ane@gmail.com.example'],
    ['j.ane@mail.gmail.com', 'j.ane@mail.gmail.com'],
  ];
  for (const [address, mailbox] of cases)
    test(`${address} is ${mailbox}`, () => {
      assert.equal(mailboxOf(address), mailbox);
    });
});
