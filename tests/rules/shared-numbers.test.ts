import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Named, tellApart, toldText } from '../../src/rules/shared-numbers.ts';

const told = (...accounts: [string | null, string | undefined][]): string[] =>
  tellApart(accounts.map(([name, email]): Named => ({ name, email }))).map(toldText);

describe('accounts with one number', () => {
  test('first name and masked address are enough, and nothing more is shown', () => {
    assert.deepEqual(told(['Jane Doe', 'jane@example.com'], ['John Doe', 'john@example.com']), [
      'Jane, j***@example.com',
      'John, j***@example.com',
    ]);
    assert.deepEqual(told([null, 'jane@example.com'], [null, 'mary@example.com']), [
      'j***@example.com',
      'm***@example.com',
    ]);
  });

  test('a letter more is shown only while two look the same', () => {
    assert.deepEqual(told([null, 'jane@example.com'], [null, 'john@example.com']), [
      'j***e@example.com',
      'j***n@example.com',
    ]);
    assert.deepEqual(told(['Ann', 'ann.smith1@example.com'], ['Ann', 'ann.smith2@example.com']), [
      'Ann, a***1@example.com',
      'Ann, a***2@example.com',
    ]);
  });

  test('two letters of an address always stay hidden; what nothing tells apart is numbered', () => {
    assert.deepEqual(told([null, 'abcd@example.com'], [null, 'abxd@example.com']), [
      'a***@example.com (1)',
      'a***@example.com (2)',
    ]);
    assert.deepEqual(told([null, undefined], [null, undefined], ['Ann', undefined]), ['(1)', '(2)', 'Ann']);
    assert.deepEqual(told([null, 'a@example.com'], [null, 'b@example.com']), ['a***@example.com', 'b***@example.com']);
  });

  test('a name that has no spaces is cut, one of spaces is none', () => {
    assert.deepEqual(told(['x'.repeat(90), undefined]), ['x'.repeat(30)]);
    assert.deepEqual(told(['  ', 'jane@example.com']), ['j***@example.com']);
  });
});
