import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readJson } from '../../src/rules/read-json.ts';

test('what is no JSON is undefined', () => {
  for (const text of ['', '{', '<html>', '{"a":1}}', 'undefined']) assert.equal(readJson(text), undefined);
  assert.equal(readJson(Buffer.from([0x22, 0xff])), undefined);
  assert.equal(readJson('null'), null);
});

test('a big number keeps its digits where they are asked for, however deep, and others stay numbers', () => {
  const text = '{"token":4912661846655238145,"a":[{"token":4912661846655238146}],"n":7,"s":{"token":"x"}}';
  assert.deepEqual(readJson(text, ['token']), {
    token: '4912661846655238145',
    a: [{ token: '4912661846655238146' }],
    n: 7,
    s: { token: 'x' },
  });
  assert.deepEqual(readJson(Buffer.from('{"token":9007199254740993}')), { token: 9007199254740992 });
});
