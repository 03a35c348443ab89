/** What becomes of a name that is typed or pasted. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { composedName } from '../../src/rules/normal-form.ts';

describe('a name', () => {
  const cases: [typed: string, name: string | undefined][] = [
    ['  Jane Doe ', 'Jane Doe'],
    ['Zoe\u0308', 'Zo\u00eb'],
    ['\u200fדנה\u200f', 'דנה'],
    ['Ja\u00adne\u200b\ufeff', 'Jane'],
    // Persian and Malayalam need their joiners.
    ['علی\u200cرضا', 'علی\u200cرضا'],
    ['ന\u0d4d\u200d', 'ന\u0d4d\u200d'],
    ['\u200b\u2060\u200e', ''],
    ['\u200d\u200c', ''],
    ['\u0301', ''],
    ['李', '李'],
    ['x'.repeat(401), undefined],
  ];
  for (const [typed, name] of cases)
    test(JSON.stringify(typed).slice(0, 40), () => assert.equal(composedName(typed), name));
});
