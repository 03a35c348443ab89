import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopbackHost } from '../../src/rules/loopback.ts';

test('loopback is known by address, not by spelling', () => {
  for (const host of [
    '127.0.0.1',
    '127.9.9.9',
    '127.255.255.255',
    '[::1]',
    '::1',
    'localhost',
    'LocalHost',
    'a.localhost',
  ])
    assert.ok(isLoopbackHost(host), host);
  for (const host of [
    '127.shop.example',
    '128.0.0.1',
    'localhost.evil.example',
    'notlocalhost',
    '127.256.0.1',
    '127.1',
    '[::2]',
    '::2',
    '',
  ])
    assert.ok(!isLoopbackHost(host), host);
});
