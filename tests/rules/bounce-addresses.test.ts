import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createKeys } from '../../src/keys.ts';
import {
  BOUNCE_LOCAL_MAX,
  bounceAddress,
  messageOfBounceAddress,
  readMessageId,
} from '../../src/rules/bounce-addresses.ts';
import { enhancedStatusIn, replyCodeIn, troubleOf } from '../../src/rules/bounces.ts';

const SECRET = 'the secret of this test, 32 bytes and more';
const keys = createKeys([SECRET]);
const SETTING = 'bounces@shop.example';
const ids = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('base64url'));

describe('the return path of a message', () => {
  test('names it, in any case that servers make of it, and fits a local part', () => {
    fc.assert(
      fc.property(ids, (id) => {
        const address = bounceAddress(SETTING, id, keys) ?? '';
        assert.match(address, /^bounces\+[a-z2-7]{42}@shop\.example$/);
        for (const written of [address, address.toUpperCase(), ` ${address}`])
          assert.equal(messageOfBounceAddress(SETTING, written, keys), id);
      }),
    );
    const longest = bounceAddress(`${'b'.repeat(BOUNCE_LOCAL_MAX)}@shop.example`, 'A'.repeat(22), keys) ?? '';
    assert.equal(longest.lastIndexOf('@'), 64);
  });

  test('one changed letter names nothing', () => {
    const id = Buffer.alloc(16, 7).toString('base64url');
    const address = bounceAddress(SETTING, id, keys) ?? '';
    const start = 'bounces+'.length;
    for (let at = start; at < address.indexOf('@'); at += 1)
      for (const letter of 'abz27') {
        const changed = `${address.slice(0, at)}${letter}${address.slice(at + 1)}`;
        if (changed !== address) assert.equal(messageOfBounceAddress(SETTING, changed, keys), undefined, changed);
      }
  });

  test('nor does another key, another domain, another mailbox, or half a token', () => {
    const address = bounceAddress(SETTING, Buffer.alloc(16, 7).toString('base64url'), keys) ?? '';
    assert.equal(messageOfBounceAddress(SETTING, address, createKeys([`not ${SECRET}`])), undefined);
    assert.equal(messageOfBounceAddress('bounces@other.example', address, keys), undefined);
    assert.equal(messageOfBounceAddress('returns@shop.example', address, keys), undefined);
    for (const forged of ['', '@', SETTING, 'bounces+@shop.example', address.replace(/.{10}@/, '@'), `x${address}`])
      assert.equal(messageOfBounceAddress(SETTING, forged, keys), undefined, forged);
  });

  test('is known across a rotation of the secret', () => {
    const id = Buffer.alloc(16, 9).toString('base64url');
    const address = bounceAddress(SETTING, id, keys) ?? '';
    const rotated = createKeys([`new ${SECRET}`, SECRET]);
    assert.equal(messageOfBounceAddress(SETTING, address, rotated), id);
  });

  test('an id that is none of ours has none', () => {
    for (const id of ['', 'short', 'A'.repeat(23), '!'.repeat(22)])
      assert.equal(bounceAddress(SETTING, id, keys), undefined);
  });
});

test('a Message-ID is read with its brackets or without, and nothing else is', () => {
  const known = { providerId: '<AbC_-1.x@shop.example>', messageId: 'AbC_-1.x' };
  for (const text of ['<AbC_-1.x@shop.example>', ' AbC_-1.x@shop.example '])
    assert.deepEqual(readMessageId(text), known);
  for (const text of ['', 'AbC', '<a@b> <c@d>', '<a@b@c>', '<a b@c>', `<${'a'.repeat(65)}@b>`])
    assert.equal(readMessageId(text), undefined, text);
});

describe('what a bounce says', () => {
  test('which codes mean that there is no mailbox', () => {
    for (const code of ['5.1.1', '5.1.2', '5.1.3', '5.1.6', '5.1.10', '5.2.1'])
      assert.deepEqual(troubleOf(code), { trouble: 'no-mailbox' }, code);
    for (const code of ['5.0.0', '5.1.0', '5.1.8', '5.1.11', '5.2.2', '5.4.1', '5.7.1', '4.1.1', undefined])
      assert.deepEqual(troubleOf(code), {}, code ?? 'none');
  });

  test('codes are found in sentences, addresses and versions are not taken for them', () => {
    assert.equal(enhancedStatusIn('smtp; 550 5.1.1 <jane@a.example>: unknown'), '5.1.1');
    assert.equal(enhancedStatusIn('smtp;550-5.1.10 domain'), '5.1.10');
    assert.equal(enhancedStatusIn('from 10.5.1.1 refused'), undefined);
    assert.equal(enhancedStatusIn('[5.1.1.7] refused'), undefined);
    assert.equal(replyCodeIn('smtp; 550 No such user'), '550');
    assert.equal(replyCodeIn('smtp; host 192.0.2.550x said 1550'), undefined);
  });
});
