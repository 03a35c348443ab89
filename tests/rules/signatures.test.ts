import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSameMac, isSameSecret } from '../../src/rules/signatures.ts';

test('a secret is the same only as a whole', () => {
  assert.ok(isSameSecret('s3cret', 's3cret'));
  for (const given of ['', 's3cre', 's3cret ', 'S3CRET', '\0s3cret']) assert.ok(!isSameSecret(given, 's3cret'));
});

test('a MAC is the same in hexadecimal of either case, of its length and of nothing else', () => {
  const mac = Buffer.from('00ffa1', 'hex');
  for (const hex of ['00ffa1', '00FFA1']) assert.ok(isSameMac(hex, mac));
  for (const hex of ['', '00ff', '00ffa100', '00ffag', ' 00ffa', 'zzzzzz', '0x00ff']) assert.ok(!isSameMac(hex, mac));
});
