import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSameMac, isSameSecret, isSignedCall, mayBeMac, mayBeSignedCall } from '../../src/rules/signatures.ts';

test('a secret is the same only as a whole', () => {
  assert.ok(isSameSecret('s3cret', 's3cret'));
  for (const given of ['', 's3cre', 's3cret ', 'S3CRET', '\0s3cret']) assert.ok(!isSameSecret(given, 's3cret'));
});

test('a MAC is the same in hexadecimal of either case, of its length and of nothing else', () => {
  const mac = Buffer.from('00ffa1', 'hex');
  for (const hex of ['00ffa1', '00FFA1']) assert.ok(isSameMac(hex, mac));
  for (const hex of ['', '00ff', '00ffa100', '00ffag', ' 00ffa', 'zzzzzz', '0x00ff']) assert.ok(!isSameMac(hex, mac));
});

test('of a header alone is known that no body is signed with it', () => {
  const mac = '0'.repeat(64);
  for (const header of [`t=1000,v1=${mac}`, ` t=1000 , v1=x , v1=${mac}`, `t=700,v1=${mac.toUpperCase()}`])
    assert.ok(mayBeSignedCall(header, 1_000_000), header);
  for (const header of [
    '',
    't=1000',
    `v1=${mac}`,
    `t=699,v1=${mac}`,
    `t=1301,v1=${mac}`,
    `t=-1,v1=${mac}`,
    `t=1000,v1=${mac}0`,
    `t=1000,v1=${mac.slice(1)}g`,
    `t=1000,v0=${mac}`,
    `t=1000,v1=${mac}${','.repeat(1_000)}`,
  ]) {
    assert.ok(!mayBeSignedCall(header, 1_000_000), header);
    assert.ok(!isSignedCall('secret', header, Buffer.from(''), 1_000_000), header);
  }
});

test('what is written like a MAC has its length and its digits', () => {
  for (const hex of ['0'.repeat(64), 'aF'.repeat(32)]) assert.ok(mayBeMac(hex));
  for (const hex of ['', '0'.repeat(63), '0'.repeat(65), 'g'.repeat(64), `${'0'.repeat(64)}\n`])
    assert.ok(!mayBeMac(hex));
});
