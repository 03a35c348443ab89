import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  canonicalEmail,
  maskIdentifier,
  readIdentifier,
  sendableAddress,
  suggestEmail,
} from '../../src/rules/identifiers.ts';

const read = (text: string, country = 'US'): string => {
  const result = readIdentifier(text, country);
  return result.ok ? `${result.identifier.kind} ${result.identifier.canonical}` : `! ${result.problem}`;
};

describe('email addresses', () => {
  const cases: [string, string][] = [
    ['jane@example.com', 'email jane@example.com'],
    ['  jane@example.com \n', 'email jane@example.com'],
    ['Jane.Doe@Example.COM', 'email jane.doe@example.com'],
    ['jane+shop@example.com', 'email jane+shop@example.com'],
    ["o'brien@example.com", "email o'brien@example.com"],
    ['a@b-c.co', 'email a@b-c.co'],
    ['jane@mail.example.photography', 'email jane@mail.example.photography'],
    ['jane@bücher.example', 'email jane@xn--bcher-kva.example'],
    ['jane@BÜCHER.example', 'email jane@xn--bcher-kva.example'],
    ['用户@example.com', 'email 用户@example.com'],
    ['jane_doe-x@sub.sub.example.org', 'email jane_doe-x@sub.sub.example.org'],
    [`${'a'.repeat(64)}@example.com`, `email ${'a'.repeat(64)}@example.com`],
    [`${'a'.repeat(65)}@example.com`, '! malformed_email'],
    [`a@${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(63)}.${'e'.repeat(63)}.com`, '! malformed_email'],
    ['jane@', '! malformed_email'],
    ['@example.com', '! malformed_email'],
    ['jane', '! malformed_email'],
    ['jane@example', '! malformed_email'],
    ['jane@@example.com', '! malformed_email'],
    ['jane@example..com', '! malformed_email'],
    ['.jane@example.com', '! malformed_email'],
    ['jane.@example.com', '! malformed_email'],
    ['ja..ne@example.com', '! malformed_email'],
    ['jane@-example.com', '! malformed_email'],
    ['jane@example.com.', '! malformed_email'],
    ['jane doe@example.com', '! malformed_email'],
    ['a@x.com,b@y.com', '! malformed_email'],
    ['a@x.com;b@y.com', '! malformed_email'],
    ['a@x.com b@y.com', '! malformed_email'],
    ['<jane@example.com>', '! malformed_email'],
    ['Jane <jane@example.com>', '! malformed_email'],
    ['jane@127.0.0.1', '! malformed_email'],
    ['jane@[127.0.0.1]', '! malformed_email'],
    ['jane@2130706433', '! malformed_email'],
    ['jane@example.com/evil', '! malformed_email'],
    ['jane@example.com:25', '! malformed_email'],
    ['jane@exa%6dple.com', '! malformed_email'],
    ['ja\u200bne@example.com', '! malformed_email'],
    ['jane\u202e@example.com', '! malformed_email'],
    ['jane＠example.com', '! malformed_email'],
    ['jane@evil.com＠example.com', '! malformed_email'],
    ['a@x\r\nBcc: b@y.com', '! control_characters'],
    ['jane\u0000@example.com', '! control_characters'],
    ['', '! empty'],
    ['   ', '! empty'],
    [`${'a'.repeat(316)}@b.co`, '! too_long'],
  ];
  for (const [text, expected] of cases) test(JSON.stringify(text), () => assert.equal(read(text), expected));

  test('look-alikes of another script never become the same address', () => {
    const plain = canonicalEmail('mike@example.org');
    for (const other of [
      'mıke@example.org',
      'MİKE@example.org',
      'mike@example.org'.replace('k', '\u212a'),
      'ｍike@example.org',
      'miké@example.org',
    ])
      assert.notEqual(canonicalEmail(other), plain, other);
  });

  test('composed and decomposed accents are one address', () => {
    assert.equal(read('ren\u00e9@example.org'), read('rene\u0301@example.org'));
  });

  test('a message goes to the local part as typed and the domain as A-label', () => {
    const result = readIdentifier('Jane@BÜCHER.example', 'US');
    assert.ok(result.ok);
    assert.equal(sendableAddress(result.identifier), 'Jane@xn--bcher-kva.example');
  });

  test('any text is answered, and what is accepted reads back as itself', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.emailAddress()), (text) => {
        const result = readIdentifier(text, 'US');
        if (result.ok)
          assert.equal(read(result.identifier.canonical), `${result.identifier.kind} ${result.identifier.canonical}`);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('phone numbers', () => {
  const cases: [string, string, string][] = [
    ['+1 (212) 555-0123', 'US', 'phone +12125550123'],
    ['212 555 0123', 'US', 'phone +12125550123'],
    ['06 12 34 56 78', 'FR', 'phone +33612345678'],
    ['0033 6 12 34 56 78', 'US', 'phone +33612345678'],
    ['+33 6 12 34 56 78', 'US', 'phone +33612345678'],
    ['٠٦ ١٢ ٣٤ ٥٦ ٧٨', 'FR', 'phone +33612345678'],
    ['06 12 34 56 78', 'US', '! malformed_phone'],
    ['12345', 'US', '! malformed_phone'],
    ['+999 123 456 789', 'US', '! malformed_phone'],
    ['212 555 0123', 'XX', '! unknown_country'],
    ['+44 20 7946 0958', 'XX', 'phone +442079460958'],
  ];
  for (const [text, country, expected] of cases)
    test(`${text} in ${country}`, () => assert.equal(read(text, country), expected));
});

describe('typos that can be seen without looking anything up', () => {
  const cases: [string, string | undefined][] = [
    ['jane@gmial.com', 'jane@gmail.com'],
    ['Jane@gmai.com', 'Jane@gmail.com'],
    ['jane@hotmial.com', 'jane@hotmail.com'],
    ['jane@yahooo.com', 'jane@yahoo.com'],
    ['jane@gmail.com', undefined],
    ['jane@mail.com', undefined],
    ['jane@gmx.de', undefined],
    ['jane@example.com', undefined],
    ['jane@my-shop.example', undefined],
  ];
  for (const [text, expected] of cases)
    test(`${text} -> ${expected}`, () => {
      const result = readIdentifier(text, 'US');
      assert.ok(result.ok);
      assert.equal(suggestEmail(result.identifier), expected);
    });
});

test('a masked identifier keeps what its owner needs to recognise it', () => {
  assert.equal(maskIdentifier({ kind: 'email', canonical: 'jane@example.com' }), 'j***@example.com');
  assert.equal(maskIdentifier({ kind: 'phone', canonical: '+12125550123' }), '+1*****23');
});
