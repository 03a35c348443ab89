import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createKeys } from '../src/keys.ts';
import type { KeyPurpose } from '../src/ports.ts';

const OLD = 'the old secret, long enough: 0123456789';
const NEW = 'the new secret, long enough: 9876543210';
const jane = { kind: 'email', canonical: 'jane@example.com' } as const;

const PURPOSES = ['code', 'identifier', 'cancel', 'not-me', 'device'] as const satisfies KeyPurpose[];

describe('keys', () => {
  test('what is signed for one purpose opens under no other', () => {
    const keys = createKeys([NEW, OLD]);
    for (const signing of PURPOSES)
      for (const opening of PURPOSES)
        for (const signed of [keys.sign(signing, 'proof'), createKeys([OLD]).sign(signing, 'proof')])
          assert.equal(keys.open(opening, signed), signing === opening ? 'proof' : undefined, `${signing} ${opening}`);
  });

  test('a signature opens with its own purpose and key only', () => {
    const keys = createKeys([OLD]);
    const signed = keys.sign('cancel', 'proof');
    assert.equal(keys.open('cancel', signed), 'proof');
    assert.equal(keys.open('not-me', signed), undefined);
    assert.equal(createKeys([NEW]).open('cancel', signed), undefined);
    for (const forged of [
      '',
      '.',
      signed.slice(0, -2),
      `${signed}.x`,
      signed.replace(/^./, 'A'),
      `.${signed}`,
      signed.split('.')[0] as string,
    ])
      assert.equal(keys.open('cancel', forged), undefined, forged);
  });

  test('with a new secret in front, what the old one made still holds', () => {
    const before = createKeys([OLD]);
    const after = createKeys([NEW, OLD]);
    assert.equal(after.open('device', before.sign('device', 'x')), 'x');
    assert.notEqual(after.codeKey().id, before.codeKey().id);
    assert.deepEqual(after.codeKeyById(before.codeKey().id), before.codeKey().key);
    assert.equal(after.identifierMac(jane), before.identifierMac(jane), 'counters go on counting');
    assert.equal(createKeys([NEW]).codeKeyById(before.codeKey().id), undefined);
  });

  test('an email and a phone of the same text are not one identifier', () => {
    const keys = createKeys([OLD]);
    assert.notEqual(keys.identifierMac(jane), keys.identifierMac({ kind: 'phone', canonical: jane.canonical }));
  });
});
