import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  findLinkToken,
  isHelpWord,
  isLinkToken,
  isStopWord,
  LINK_TOKEN_BYTES,
  linkTokenOf,
} from '../../src/rules/link-tokens.ts';

const token = linkTokenOf(randomBytes(LINK_TOKEN_BYTES));
const other = linkTokenOf(randomBytes(LINK_TOKEN_BYTES));

describe('a link token', () => {
  test('has at least 128 bits and fits what every messenger carries', () => {
    assert.ok(LINK_TOKEN_BYTES * 8 >= 128);
    assert.match(token, /^[A-Za-z0-9_-]{1,64}$/);
    assert.ok(isLinkToken(token));
    assert.throws(() => linkTokenOf(Buffer.alloc(15)), RangeError);
  });

  test('is found wherever a person leaves it', () => {
    for (const text of [token, `LINK ${token}`, `hi, ${token}!`, `“${token}”`, `${token}\nthanks`, `${token} ${token}`])
      assert.equal(findLinkToken(text), token, text);
  });

  test('is not found where it was cut, lengthened, or is one of two', () => {
    for (const text of ['', 'LINK', token.slice(1), `${token}x`, `x${token}`, `${token} ${other}`, 'a'.repeat(33)])
      assert.equal(findLinkToken(text), undefined, text);
  });

  test('is found in any words around it that hold no other', () =>
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), fc.string({ maxLength: 30 }), (before, after) =>
        assert.equal(findLinkToken(`${before} ${token} ${after}`), token),
      ),
    ));
});

describe('a word that stops', () => {
  for (const text of [
    'STOP',
    ' stop ',
    'Stop.',
    'stop!!',
    '/stop',
    'STOP ALL',
    'opt-out',
    'Unsubscribe',
    'BAJA',
    'ARRÊT',
    'arre\u0302t',
    'стоп',
    'Στοπ',
    'İPTAL',
    'IPTAL',
    '停止',
    '退订。',
    'إيقاف',
    '\u200fהסר',
  ])
    test(`'${text}' stops`, () => assert.ok(isStopWord(text)));

  for (const text of [
    '',
    '.',
    'stop it please',
    "don't stop",
    'stopwatch',
    'non-stop',
    'START',
    'the end',
    '482913',
    `stop${' '.repeat(80)}`,
  ])
    test(`'${text}' does not`, () => assert.ok(!isStopWord(text)));
});

describe('a word that asks for help', () => {
  for (const text of ['help', '/help', ' HELP! ', '/start']) test(`'${text}' does`, () => assert.ok(isHelpWord(text)));
  for (const text of ['', 'help me', 'stop', `/start ${token}`, `help${' '.repeat(80)}`])
    test(`'${text}' does not`, () => assert.ok(!isHelpWord(text)));
});
