import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { getCountries } from 'libphonenumber-js/max';
import {
  canonicalEmail,
  dependsOnCountry,
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
    ['"jane doe"@example.com', 'email "jane doe"@example.com'],
    ['"Jane.Doe"@example.com', 'email "jane.doe"@example.com'],
    ['"a@b"@example.com', 'email "a@b"@example.com'],
    ["!#$%&'*+-/=?^_`{|}~@example.com", "email !#$%&'*+-/=?^_`{|}~@example.com"],
    ['jane+a+b@example.com', 'email jane+a+b@example.com'],
    ['+12015550101@example.com', 'email +12015550101@example.com'],
    ['2015550101@example.com', 'email 2015550101@example.com'],
    ['jane@123.com', 'email jane@123.com'],
    ['jane@example.international', 'email jane@example.international'],
    ['jane@example.vermögensberatung', 'email jane@example.xn--vermgensberatung-pwb'],
    ['jane@例え.テスト', 'email jane@xn--r8jz45g.xn--zckzah'],
    ['jane@xn--r8jz45g.xn--zckzah', 'email jane@xn--r8jz45g.xn--zckzah'],
    ['jane@faß.de', 'email jane@xn--fa-hia.de'],
    [`jane@${'b'.repeat(63)}.com`, `email jane@${'b'.repeat(63)}.com`],
    [`jane@${'b'.repeat(64)}.com`, '! malformed_email'],
    ['"jane@example.com', '! malformed_email'],
    ['jane(home)@example.com', '! malformed_email'],
    ['jane\\@home@example.com', '! malformed_email'],
    ['jane@example.c', '! malformed_email'],
    ['jane@example.123', '! malformed_email'],
    ['jane@exa_mple.com', '! malformed_email'],
    ['mailto:jane@example.com', '! malformed_email'],
    ['jane@example.com?subject=x', '! malformed_email'],
    ['2015jane', '! malformed_email'],
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
    ['201 555 0101', 'US', 'phone +12015550101'],
    ['201.555.0101', 'US', 'phone +12015550101'],
    ['201/555-0101', 'US', 'phone +12015550101'],
    ['1 201 555 0101', 'US', 'phone +12015550101'],
    ['011 44 20 7946 0018', 'US', 'phone +442079460018'],
    ['+1\u00a0201\u00a0555\u20110101', 'GB', 'phone +12015550101'],
    ['+1201555\u200b0101', 'GB', 'phone +12015550101'],
    ['\u202a+12015550101\u202c', 'XX', 'phone +12015550101'],
    ['＋１ ２０１ ５５５ ０１０１', 'GB', 'phone +12015550101'],
    ['００１ ２０１ ５５５ ０１０１', 'XX', 'phone +12015550101'],
    ['٠٠٤٩ ١٥١ ٢٣٤٥٦٧٨٩', 'US', 'phone +4915123456789'],
    ['۰۰۴۹ ۱۵۱ ۲۳۴۵۶۷۸۹', 'XX', 'phone +4915123456789'],
    ['+٤٩ ١٥١ ٢٣٤٥٦٧٨٩', 'US', 'phone +4915123456789'],
    ['(+44) 20 7946 0018', 'XX', 'phone +442079460018'],
    ['(0044) 20 7946 0018', 'XX', 'phone +442079460018'],
    ['+44 (0)20 7946 0018', 'US', 'phone +442079460018'],
    ['0151/23456789', 'DE', 'phone +4915123456789'],
    ['8 (912) 345-67-89', 'RU', 'phone +79123456789'],
    ['0412 345 678', 'AU', 'phone +61412345678'],
    ['090-1234-5678', 'JP', 'phone +819012345678'],
    ['98765 43210', 'IN', 'phone +919876543210'],
    ['138 0013 8000', 'CN', 'phone +8613800138000'],
    ['11 91234-5678', 'BR', 'phone +5511912345678'],
    ['+39 06 698 12345', 'US', 'phone +390669812345'],
    ['112', 'DE', '! malformed_phone'],
    ['+1 201 555 01012', 'US', '! malformed_phone'],
    ['+1234567890123456', 'US', '! malformed_phone'],
    ['+', 'US', '! malformed_phone'],
    ['tel:+1-201-555-0101', 'XX', 'phone +12015550101'],
    ['TEL:(201) 555-0101', 'US', 'phone +12015550101'],
    ['tel:+12015550101;ext=5', 'US', '! phone_extension'],
    ['tel:jane@example.com', 'US', '! malformed_email'],
    ['+1 201 555 0101 ext. 5', 'US', '! phone_extension'],
    ['+1 201 555 0101 x5', 'US', '! phone_extension'],
    ['201 555 0101 extension 12', 'XX', '! phone_extension'],
    ['+12015550101;ext=5', 'US', '! phone_extension'],
    ['+1 201 555 0101 #5', 'US', '! phone_extension'],
    ['+1 201 555 0101, 5', 'US', '! phone_extension'],
    ['+49 30 901820 Durchwahl 5', 'DE', '! phone_extension'],
    ['+7 495 123-45-67 доб. 5', 'RU', '! phone_extension'],
    ['٢٠١ ٥٥٥ ٠١٠١ تحويلة ٥', 'US', '! phone_extension'],
    ['201 555 0101 (home)', 'US', '! phone_extension'],
    ['06 12 34 56 78', 'US', '! malformed_phone'],
    ['12345', 'US', '! malformed_phone'],
    ['+999 123 456 789', 'US', '! malformed_phone'],
    ['212 555 0123', 'XX', '! unknown_country'],
    ['+44 20 7946 0958', 'XX', 'phone +442079460958'],
  ];
  for (const [text, country, expected] of cases)
    test(`${text} in ${country}`, () => assert.equal(read(text, country), expected));
});

describe('numbers as people dial abroad', () => {
  const cases: [string, string, string][] = [
    ['001 65 8234 5678', 'SG', 'phone +6582345678'],
    ['٠٠١ ٦٥ ٨٢٣٤ ٥٦٧٨', 'SG', 'phone +6582345678'],
    ['(001) 44 7911 123456', 'SG', 'phone +447911123456'],
    ['0065 8234 5678', 'SG', 'phone +6582345678'],
    ['0011 44 7400 123456', 'AU', 'phone +447400123456'],
    ['0044 7400 123456', 'AU', 'phone +447400123456'],
    ['001 852 6123 4567', 'HK', 'phone +85261234567'],
    ['00700 82 10 2000 0000', 'KR', 'phone +821020000000'],
    ['00 21 44 7400 123456', 'BR', 'phone +447400123456'],
    ['009 57 321 1234567', 'CO', 'phone +573211234567'],
    ['8~10 44 7400 123456', 'RU', 'phone +447400123456'],
    ['00 290 8999', 'TJ', 'phone +992002908999'],
    // Freephone of Japan begins with 00 itself; who types these means abroad, though people there dial 010.
    ['00374 77 123456', 'JP', 'phone +37477123456'],
    ['0066 81 234 5678', 'JP', 'phone +66812345678'],
    ['001 65 8234 5678', 'XX', 'phone +16582345678'],
    ['001 201 555 0101 ext. 5', 'SG', '! phone_extension'],
    ['0011 44 7400 123456', 'US', '! malformed_phone'],
  ];
  for (const [text, country, expected] of cases)
    test(`${text} in ${country}`, () => assert.equal(read(text, country), expected));

  test('the country is asked about whatever has no plus sign', () => {
    for (const typed of ['201 555 0101', '001 65 8234 5678', '٠٠٤٩ ١٥١ ٢٣٤٥٦٧٨٩', '8~10 44 7400 123456'])
      assert.equal(dependsOnCountry(typed), true, typed);
    for (const typed of [
      '+6582345678',
      ' (+65) 8234 5678',
      '＋６５ ８２３４ ５６７８',
      '\u202a+6582345678\u202c',
      'jane@example.com',
    ])
      assert.equal(dependsOnCountry(typed), false, typed);
  });

  test('what is read with a plus sign is the same in every country', () => {
    const countries = [...getCountries(), 'XX'];
    const anyCountry = fc.constantFrom(...countries);
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 6, maxLength: 15 });
    fc.assert(
      fc.property(
        fc.constantFrom('', '+', '00', '001', '0011', '00700'),
        digits,
        anyCountry,
        anyCountry,
        (prefix, number, one, other) => {
          const found = readIdentifier(prefix + number, one);
          if (!found.ok) return;
          assert.equal(read(found.identifier.canonical, other), `phone ${found.identifier.canonical}`);
          if (!dependsOnCountry(prefix + number))
            assert.equal(read(prefix + number, other), read(prefix + number, one));
        },
      ),
      { numRuns: 2_000 },
    );
  });
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
